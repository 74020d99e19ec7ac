"""What people read of a cleaning: each table, what was dropped, changed and found, and what is asked."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.text import Text as Ink

from harvester.i18n import Text, say
from harvester.ink import Data, Pen, advice, indented, pen_for, table
from harvester.options import Common

TYPES: Mapping[str, Text] = {
    "string": say("text"),
    "integer": say("whole number"),
    "number": say("number"),
    "date": say("day"),
    "datetime": say("time and day"),
    "yearmonth": say("month"),
    "year": say("year"),
    "time": say("time of day"),
}
WHY: Mapping[str, Text] = {
    "group": say("headings of groups (now a column)"),
    "total": say("totals"),
    "note": say("notes and signatures"),
    "empty": say("empty rows"),
    "repeated-header": say("repeated headers"),
    "of-which": say("“Trong đó” (now a column)"),
}
RULES: Mapping[str, Text] = {
    "number": say("numbers written plainly"),
    "date": say("days in the form year-month-day"),
    "excel-serial": say("day numbers of Excel made days"),
    "day-month-exchanged": say("day and month exchanged"),
    "missing-marker": say("marks for “no value” left empty"),
    "lost-leading-zero": say("leading zeros restored"),
    "legacy-encoding": say("old font code made Unicode"),
    "unicode-form": say("letters and marks put together"),
    "lookalike-letter": say("look-alike letters replaced"),
    "spaces": say("spaces removed"),
    "merged-cells": say("merged cells filled"),
    "formula-error": say("failed formulas left empty"),
    "unit-in-cell": say("units moved to the header"),
    "percent": say("shares written as shown"),
    "binary-noise": say("digits that are noise removed"),
}
PREVIEWED = 3


def tidy(data: Data, common: Common) -> Iterator[RenderableType]:
    """The report as a screen."""
    pen = pen_for(common)
    if data["refused"]:
        yield pen(say("Refused: {why}", why=data["message"]), "bold red")
        return
    for entry in data["tables"]:
        yield from _table(pen, entry, data["output"])
    yield from _changes(pen, data["changes"], common.verbose)
    yield from _warnings(pen, data["warnings"], data["questions"])
    yield from advice(pen, _next(data))


def template(data: Data, common: Common) -> Iterator[RenderableType]:
    """Where the template is."""
    pen = pen_for(common)
    yield pen(say("A template for “{title}” is in {file}.", title=data["title"], file=data["output"]), "bold")
    yield from advice(pen, [say("Fill it in, then: opendata publish {file} --agency A", file=data["output"])])


def cleaning(data: Data, pen: Pen) -> Iterator[RenderableType]:
    """In the plan of a publication: what was made of a workbook; columns and warnings stand elsewhere there."""
    yield Ink()
    for entry in data["tables"]:
        told = say("Made from {range}: {rows} rows", range=_where(entry), rows=entry["rows"])
        yield pen(told, "bold")
        yield from _dropped(pen, entry)
    yield from _changes(pen, data["changes"], pen.verbose)


def question(asked: Data, common: Common) -> Iterator[RenderableType]:
    """One question with its choices."""
    pen = pen_for(common)
    told = QUESTIONS.get(asked["code"], say("How is this column to be read?"))
    yield pen(say("Column “{column}”: {question}", column=asked["column"] or "", question=told), "bold yellow")
    for number, choice in enumerate(asked["choices"], 1):
        yield indented(pen(f"{number}  {pen.word(choice, CHOICES)}"))


QUESTIONS: Mapping[str, Text] = {
    "ambiguous-number": say("is “1.234” a thousand and more, or one and a fraction?"),
    "mixed-number-format": say("numbers of two kinds stand here; which is meant where it is not clear?"),
    "ambiguous-date": say("which number is the day?"),
    "header-row": say("which row of the sheet names the columns?"),
}
CHOICES: Mapping[str, Text] = {
    "1.234,5": say("1.234,5: dots group thousands, a comma begins decimals"),
    "1,234.5": say("1,234.5: commas group thousands, a dot begins decimals"),
    "day-first": say("day first, then month"),
    "month-first": say("month first, then day"),
    "swapped": say("the true days of the spreadsheet have day and month exchanged"),
}


def _table(pen: Pen, entry: Data, output: str) -> Iterator[RenderableType]:
    told = say(
        "{file}: {rows} rows from {range}", file=f"{output}/{entry['file']}", rows=entry["rows"], range=_where(entry)
    )
    yield pen(told, "bold")
    if entry["title"]:
        yield indented(pen(entry["title"], "dim"))
    wide = max(5, min(max((len(column["label"]) for column in entry["fields"]), default=0), 30))
    made = table(
        pen,
        (say("Column"), {"width": wide}),  # else long values leave no room for it
        (say("Type"), {"width": 11}),
        (say("First values"), {"no_wrap": True, "overflow": "ellipsis", "ratio": 1}),
    )
    made.expand = True
    for number, column in enumerate(entry["fields"]):
        first = " · ".join(row[number] for row in entry["preview"][:PREVIEWED])
        made.add_row(pen(column["label"]), pen(pen.word(column["type"], TYPES), "dim"), pen(first.replace("\n", " ")))
    yield indented(made)
    yield from _dropped(pen, entry)
    yield Ink()


def _dropped(pen: Pen, entry: Data) -> Iterator[RenderableType]:
    counted = Counter(row["why"] for row in entry["dropped_rows"])
    for why, times in counted.items():
        rows = [str(row["row"]) for row in entry["dropped_rows"] if row["why"] == why]
        told = say("{why}: {n} rows ({rows})", why=pen.word(why, WHY), n=times, rows=_some(rows))
        yield indented(pen(told, "dim"))


def _where(entry: Data) -> str:
    return f"{entry['sheet']}!{entry['range']}" if entry["sheet"] and len(entry["parts"]) == 1 else str(entry["range"])


def _some(rows: Sequence[str]) -> str:
    return ", ".join(rows[:6]) + (" …" if len(rows) > 6 else "")


def _changes(pen: Pen, changes: Sequence[Data], verbose: bool) -> Iterator[RenderableType]:
    if not changes:
        return
    yield pen(say("What was changed ({n} cells; every one is in the report)", n=len(changes)), "bold")
    made = table(pen, (say("Rule"), {}), (say("Cells"), {"justify": "right"}), (say("For example"), {}))
    for rule, times in Counter(change["rule"] for change in changes).most_common():
        of_it = [change for change in changes if change["rule"] == rule]
        for number, change in enumerate(of_it if verbose else of_it[:1]):
            example = f"{change['cell']}: {_short(change['before'])} → {_short(change['after'])}"
            made.add_row(
                pen(pen.word(rule, RULES) if not number else ""),
                pen(pen.number(times) if not number else ""),
                pen(example),
            )
    yield indented(made)
    yield Ink()


def _short(value: str) -> str:
    value = value.replace("\n", " ")
    return "“”" if not value else value if len(value) <= 24 else value[:23] + "…"


def _warnings(pen: Pen, warnings: Sequence[Data], questions: Sequence[Data]) -> Iterator[RenderableType]:
    open_ = [question for question in questions if question["answer"] is None]
    if not warnings:
        yield pen(say("Nothing else to look at."), "green")
    else:
        yield pen(say("To look at ({n})", n=len(warnings)), "bold yellow")
    for warning in warnings:
        place = [warning["table"], warning["column"]]
        if warning["row"]:
            place.append(say("row {row}", row=str(warning["row"])).render(pen.language))
        where = ", ".join(part for part in place if part)
        yield indented(pen(f"• {where + ': ' if where else ''}{warning['message']}"))
        yield indented(pen(warning["code"], "dim"), 4)
    if open_:
        yield Ink()
        yield pen(say("Questions that only you can answer ({n})", n=len(open_)), "bold yellow")
    for question in open_:
        choices = " | ".join(question["choices"]) or "–"
        yield indented(pen(f"• {question['table']}, {question['column'] or ''}: {choices} ({question['code']})"))


def _next(data: Data) -> Iterator[Text]:
    if any(warning["code"] == "personal-data" for warning in data["warnings"]):
        yield say("Delete the columns about persons before publishing.")
    if any(question["answer"] is None for question in data["questions"]):
        yield say("Publish it at a terminal to answer the questions; the answers are kept for next time.")
    yield say("Read the tables, then: opendata publish {file} --agency A", file=data["file"])
