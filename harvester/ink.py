"""What all screens are made of: sentences, tables, findings; data made harmless to a terminal."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text as Ink  # `Text` is our sentence

from harvester import i18n
from harvester.i18n import Language, Text, say
from harvester.options import Common

Data = Mapping[str, Any]

SEVERITIES = ("error", "warning", "info")
STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan", "fail": "bold red", "warn": "yellow", "ok": "green"}
WORDS: Mapping[str, Text] = {
    # outcomes of a dataset
    "published": say("published"),
    "unchanged": say("unchanged"),
    "refused": say("refused"),
    "held": say("waits for a person"),
    "withdrawn": say("withdrawn"),
    "failed": say("could not be reached"),
    # verdicts
    "met": say("meets it"),
    "not_met": say("does not"),
    "unknown": say("not known"),
    # severities, and what `doctor` finds
    "error": say("Error"),
    "warning": say("Warning"),
    "info": say("Note"),
    "ok": say("in order"),
    "warn": say("look at this"),
    "fail": say("must be mended"),
}
SOURCE_STATES: Mapping[str, Text] = {
    "ok": say("done"),
    "partial": say("in part"),
    "failed": say("not reached"),
    "refused": say("no catalogue"),
    "skipped": say("skipped"),
}


@dataclass(frozen=True)
class Pen:
    """Writes for one reader."""

    language: Language
    verbose: bool = False
    quiet: bool = False

    def __call__(self, content: Text | str | int | None, style: str = "") -> Ink:
        """A sentence or a piece of data; data cannot steer the terminal."""
        if content is None:
            return Ink("–", style)
        return Ink(clean(content.render(self.language) if isinstance(content, Text) else str(content)), style)

    def word(self, value: str | None, words: Mapping[str, Text] = WORDS) -> str:
        """The reader's word for an enum value of the JSON."""
        return words[value].render(self.language) if value and value in words else clean(value or "–")

    def day(self, iso: str | None) -> str:
        """A day of the JSON in the reader's order."""
        return i18n.day(date.fromisoformat(iso[:10]), self.language) if iso else "–"

    def moment(self, iso: str | None) -> str:
        """A time of the JSON: hour and day."""
        return f"{datetime.fromisoformat(iso):%H:%M} {self.day(iso)}" if iso else "–"

    def number(self, value: float | None, decimals: int | None = None) -> str:
        """A number of the JSON in the reader's convention."""
        return i18n.number(value, self.language, decimals) if value is not None else "–"


def pen_for(common: Common) -> Pen:
    """A pen for the reader who gave these options."""
    return Pen(common.language, common.verbose, common.quiet)


def clean(text: str) -> str:
    """`text` without what could move the cursor, change colours or turn the reading direction."""
    return "".join(
        c if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else "\N{REPLACEMENT CHARACTER}"
        for c in text
    )


def table(pen: Pen, *headings: tuple[Text | str, Mapping[str, Any]]) -> Table:
    """A table without a frame; each heading with its column's rich options."""
    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1), header_style="bold")
    for heading, options in headings:
        made.add_column(pen(heading), **{"overflow": "fold", **options})
    return made


def indented(renderable: RenderableType, by: int = 2) -> Padding:
    """Moved to the right."""
    return Padding(renderable, (0, 0, 0, by))


def uncut(pen: Pen, text: str, by: int = 2, style: str = "") -> RenderableType:
    """What people copy (an address, an id, a hash): moved to the right, on one line however long it is."""
    line = pen(" " * by + text, style)
    line.no_wrap, line.overflow = True, "ignore"
    return Group(line)  # printed alone, rich would join it into a text that forgets this


def advice(pen: Pen, lines: Iterable[Text]) -> Iterator[RenderableType]:
    """What to do next; nothing with `-q`."""
    told = [] if pen.quiet else list(lines)
    if told:
        yield Ink()
        yield pen(say("What to do next"), "bold")
        yield from (indented(_hung("→ ", pen(line))) for line in told)


def findings(pen: Pen, found: Sequence[Data], titles: Mapping[str, str] | None = None) -> Iterator[RenderableType]:
    """Findings by severity; of one kind the first in full and the number of the others, with `-v` each in full."""
    for severity in SEVERITIES:
        of_it = [finding for finding in found if finding["severity"] == severity]
        if not of_it:
            continue
        yield Ink()
        yield pen(f"{pen.word(severity)} ({pen.number(len(of_it))})", STYLES[severity])
        kinds: dict[Any, list[Data]] = {}
        for number, finding in enumerate(of_it):
            kinds.setdefault(number if pen.verbose else finding["code"], []).append(finding)
        for first, *others in kinds.values():
            yield indented(_finding(pen, first, len(others), titles or {}))


def failure(error: Data, common: Common) -> Iterator[RenderableType]:
    """An error: what is wrong and where, then what to do."""
    pen = pen_for(common)
    yield pen(say("Error {code}: {message}", code=error["code"], message=error["message"]), "bold red")
    where = place(pen, error.get("place"))
    if where:
        yield indented(pen(where, "dim"))
    if error["remedy"]:
        yield indented(_hung("→ ", pen(error["remedy"])))


def place(pen: Pen, where: Data | None) -> str:
    """A place of the JSON in words: "ho-ngheo.xlsx, sheet Xã, cell B17"."""
    if not where:
        return ""
    cell = where.get("cell") or ""
    if cell.isalpha():  # the letter of a column
        return f"{place(pen, {**where, 'cell': None})} ({cell})"
    named = (
        ("sheet", say("sheet {sheet}", sheet=where.get("sheet"))),
        ("column", say("column {column}", column=where.get("column"))),
        ("cell", say("cell {cell}", cell=where.get("cell"))),
        ("row", say("row {row}", row=str(where.get("row")))),
    )
    shown = [text.render(pen.language) for key, text in named if where.get(key) is not None]
    if cell and where.get("row") is not None:
        shown.pop()  # the cell says the row
    return ", ".join([*([where["file"]] if where.get("file") else []), *shown])


def _finding(pen: Pen, finding: Data, others: int, titles: Mapping[str, str]) -> Group:
    rule = f" · {finding['rule']}" if finding.get("rule") else ""
    lines: list[RenderableType] = [_hung("• ", pen(finding["message"]))]
    dataset = titles.get(finding.get("dataset") or "", finding.get("dataset") or "")
    where = " · ".join(part for part in (dataset, place(pen, finding.get("place"))) if part)
    lines.append(indented(pen(f"{finding['code']}{rule}{' · ' if where else ''}{where}", "dim")))
    if finding.get("remedy"):
        lines.append(indented(_hung("→ ", pen(finding["remedy"]))))
    if others:
        lines.append(indented(pen(say("… and {n} more of this kind (all: -v).", n=others), "dim")))
    return Group(*lines)


def _hung(mark: str, text: Ink) -> Table:
    """`text` behind a mark, its further lines under its first."""
    grid = Table.grid()
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Ink(mark, text.style), text)
    return grid
