"""A cleaning in the limited child, since files may be hostile: what it wrote is fetched from a folder of its own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.child import Ended, Judge, ParseLimits
from harvester.i18n import Language, Text, say
from harvester.tidy.report import Tidied, Warning_
from harvester.tidy.writing import Headers, write_report

LIMITS = ParseLimits(memory=3_000_000_000, file_size=2 << 30)
"""More than for checking: the tables are written in the child."""


@dataclass(frozen=True)
class Result:
    """What a cleaning left in its folder: tables, `datapackage.json`, `report.json`."""

    folder: Path
    report: Mapping[str, Any]  # the contract's
    clean: bool = False  # the original may be published beside the tables
    already: bool = False  # the file is a tidy table as it is
    messages: tuple[Text, ...] = ()  # of its warnings, in their order

    @property
    def schemas(self) -> list[dict[str, Any]]:
        """The Table Schema of each table."""
        package = json.loads((self.folder / "datapackage.json").read_text("utf-8"))
        return [resource["schema"] for resource in package["resources"]]

    @property
    def refused(self) -> str:
        """The reason's code, "" if tables were written."""
        return str(self.report["reason"] or "")


def tidy_apart(
    path: Path,
    folder: Path,
    *,
    name: str = "",
    sheet: str = "",
    answers: Mapping[str, str] | None = None,
    headers: Headers = "label",
    language: Language = "vi",
    marked: bool = False,
) -> Result:
    """Tidy the file at `path`, called `name` by its owner, into the empty `folder`.

    A file that breaks a limit is refused. `marked`: also a copy of the workbook with the cells coloured, marked.xlsx.
    """
    asked = {
        "name": name or path.name,
        "sheet": sheet,
        "answers": dict(answers or {}),
        "headers": headers,
        "language": language,
        "marked": marked,
    }
    try:
        with Judge(LIMITS) as child:
            told = child.call("harvester.tidy.work:tidy_to", path=str(path.absolute()), folder=str(folder), **asked)
    except Ended as ended:
        why = say("The file could not be read: {why}", why=ended.told)
        told = {"clean": False, "already": False, "messages": [why.to_json()]}
        code = "unreadable" if ended.code == "PAR-005" else "bomb"
        refused = Tidied(refused=code, why=why, warnings=(Warning_(code, why),), clean=False)
        write_report(refused, folder / "report.json", language)
    report = json.loads((folder / "report.json").read_text("utf-8"))
    return Result(folder, report, told["clean"], told["already"], tuple(map(Text.from_json, told["messages"])))
