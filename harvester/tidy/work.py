"""What the limited child does: read a file, tidy it, write the tables and the report."""

from pathlib import Path
from typing import Any

from harvester.i18n import Language
from harvester.tidy.marking import mark
from harvester.tidy.reading import Unreadable, read
from harvester.tidy.report import Tidied, Warning_
from harvester.tidy.tidying import tidied
from harvester.tidy.writing import Headers, write, write_report


def tidy(path: Path, *, name: str = "", sheet: str = "", answers: dict[str, str] | None = None) -> Tidied:
    """The tables of the file at `path`, called `name`; a refused result when it cannot be read."""
    try:
        book = read(path, name or path.name)
    except Unreadable as unreadable:
        warning = Warning_(unreadable.code, unreadable.why)
        return Tidied(refused=unreadable.code, why=unreadable.why, warnings=(warning,), clean=False)
    return tidied(book, sheet=sheet, answers=answers)


def tidy_to(
    path: str,
    folder: str,
    *,
    name: str,
    sheet: str,
    answers: dict[str, str],
    headers: Headers,
    language: Language,
    marked: bool,
) -> dict[str, Any]:
    """Tidy the file at `path` into `folder`, its report beside the tables as report.json.

    The messages of its warnings come back as sentences, to be shown in any language.
    """
    found = tidy(Path(path), name=name, sheet=sheet, answers=answers)
    write(found, Path(folder), headers)
    write_report(found, Path(folder, "report.json"), language)
    if marked and not found.refused:
        mark(Path(path), name, found, Path(folder, "marked.xlsx"), language)
    messages = [warning.message.to_json() for warning in found.warnings]
    return {"clean": found.clean, "already": found.already, "messages": messages}
