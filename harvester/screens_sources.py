"""What people read when a source is added."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text as Ink

from harvester.i18n import say
from harvester.ink import Data, advice, findings, indented, pen_for, table
from harvester.options import Common


def found(data: Data, common: Common) -> Iterator[RenderableType]:
    """What is at an address: kind, number, a preview, and whose it would be."""
    pen = pen_for(common)
    counted = say("at least {n}", n=data["datasets"]) if data["more"] else say("{n}", n=data["datasets"])
    told = say(
        "Found: {kind} at {address}, datasets: {counted}.", kind=data["kind"], address=data["address"], counted=counted
    )
    yield pen(told, "bold")
    if not data["complete"] and not data["more"]:
        yield pen(say("Not everything it holds could be listed; see the notes below."), "yellow")
    if data["preview"]:
        made = table(
            pen, (say("Dataset"), {"ratio": 3}), (say("Agency"), {"ratio": 2}), (say("Files"), {"justify": "right"})
        )
        made.expand = True
        for each in data["preview"]:
            whose = pen(
                each["agency"] or each["publisher"] or "–", "" if each["agency"] or data["agency"] else "yellow"
            )
            made.add_row(pen(each["title"]), whose, pen(pen.number(each["resources"])))
        yield Ink()
        yield made
    unmapped = [each for each in data["publishers"] if not each["agency"]]
    if unmapped and not data["agency"]:
        yield Ink()
        yield pen(say("Publishers that are no agency of the register; their datasets would be held:"), "yellow")
        for each in unmapped:
            near = say("{name} (nearest: {near})", name=each["name"], near=each["nearest"] or "–")
            yield indented(pen(near))
    yield from findings(pen, data["findings"])


def source_written(data: Data, common: Common) -> Iterator[RenderableType]:
    """Where the new source's file is, and what to do with it."""
    pen = pen_for(common)
    yield pen(say("Written: {file}", file=data["path"]), "bold")
    lines = [
        say("Look through it; map the publishers that are left."),
        say("Try it: opendata run {name} --dry-run", name=data["id"]),
        say("Allow unattended runs: approved = true, with approved_by and approved_on."),
    ]
    yield from advice(pen, lines)
