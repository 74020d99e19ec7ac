"""What the limited child does: read a file, tidy it, write the tables and the report."""

from pathlib import Path
from typing import Any

from harvester.i18n import Language
from harvester.tidy.reading import Unreadable, read
from harvester.tidy.report import Tidied, Warning_
from harvester.tidy.tidying import tidied
from harvester.tidy.writing import Headers, write, write_report


def tidy(path: Path, *, sheet: str = "", answers: dict[str, str] | None = None) -> Tidied:
    """The tables of the file at `path`; a refused result when it cannot be read."""
    try:
        book = read(path)
    except Unreadable as unreadable:
        warning = Warning_(unreadable.code, unreadable.why)
        return Tidied(refused=unreadable.code, why=unreadable.why, warnings=(warning,), clean=False)
    return tidied(book, sheet=sheet, answers=answers)


def tidy_to(
    path: str, folder: str, *, sheet: str, answers: dict[str, str], headers: Headers, language: Language
) -> dict[str, Any]:
    """Tidy the file at `path` into `folder`, its report beside the tables as report.json."""
    found = tidy(Path(path), sheet=sheet, answers=answers)
    write(found, Path(folder), headers)
    write_report(found, Path(folder, "report.json"), language)
    return {"refused": found.refused, "clean": found.clean, "already": found.already}
