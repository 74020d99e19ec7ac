"""The target on a screen: the headline, then who meets it, and for the others the first thing in the way."""

from collections.abc import Iterator, Sequence, Set

from rich.console import RenderableType
from rich.text import Text as Ink

from harvester.i18n import Text, say
from harvester.ink import Data, Pen, advice, pen_for, table
from harvester.options import Common

ORDER = ("met", "not_met", "unknown")
VERDICT_STYLES = {"met": "bold green", "not_met": "red", "unknown": "yellow"}
NAMED = 5
"""Communes named in a row before the others are only counted."""


def stats(data: Data, common: Common) -> Iterator[RenderableType]:
    """Every target with its agencies, as of a day."""
    pen = pen_for(common)
    if data["illustration"]:
        yield pen(say("ILLUSTRATION: some hand-overs counted here are invented for the demo."), "bold black on yellow")
    basis = data.get("basis")
    if basis and not basis.get("verified", True):
        yield pen(
            say("The rules of this day ({basis}) were not compared with the text of the law.", basis=basis["title"]),
            "yellow",
        )
    counted = say(
        "As of the end of {day}; last fact recorded: {known}.",
        day=pen.day(data["as_of"]),
        known=pen.moment(data["known_at"]),
    )
    yield pen(counted, "dim")
    listed: set[str] = set()
    for target in data["targets"]:
        yield from _target(pen, target, listed)
        listed |= {agency["id"] for agency in target["agencies"]}
    if data.get("unassigned"):
        yield Ink()
        yield pen(
            say("{n} datasets belong to no agency since theirs ended; see --json.", n=len(data["unassigned"])), "yellow"
        )
    if not data["known_at"]:
        yield from advice(pen, [say("Nothing has been collected yet: opendata run")])


def _target(pen: Pen, target: Data, listed: Set[str]) -> Iterator[RenderableType]:
    """One target; agencies `listed` under an earlier one are only counted."""
    yield Ink()
    yield pen(target["title"], "bold")
    yield pen(say("{source}; due {due}", source=target["legal_source"], due=pen.day(target["due"])), "dim")
    yield from _headline(pen, target)
    if target.get("note"):
        yield pen(target["note"], "dim")
    again = [agency for agency in target["agencies"] if agency["id"] in listed]
    others = [agency for agency in target["agencies"] if agency["id"] not in listed]
    if again:
        yield pen(say("{n} of these agencies are listed above.", n=len(again)), "dim")
    if others:
        yield Ink()
        yield _agencies(pen, others)


def _headline(pen: Pen, target: Data) -> Iterator[RenderableType]:
    if target["met"] is None:
        yield pen(say("No figure has been entered for it yet ([[figures]] in config/targets.toml)."), "yellow")
        return
    missing = max(target["needed"] - target["met"], 0)
    figures = {key: target[key] for key in ("met", "in_scope", "needed", "unknown")}
    figures |= {"percent": _percent(pen, target["percent"]), "missing": missing}
    reached = say("{met}/{in_scope} agencies meet it ({percent}), {needed} needed; not known: {unknown}.", **figures)
    short = say(
        "{met}/{in_scope} agencies meet it ({percent}), {needed} needed, {missing} missing; not known: {unknown}.",
        **figures,
    )
    yield pen(short if missing else reached, "bold red" if missing else "bold green")
    if target.get("document"):
        yield pen(say("By {document}.", document=target["document"]), "dim")


def _percent(pen: Pen, percent: Data) -> str:
    low, high = (pen.number(percent[key], 1) for key in ("low", "high"))
    shown = low if low == high else f"{low}–{high}"
    return f"{shown} %"


def _agencies(pen: Pen, agencies: Sequence[Data]) -> RenderableType:
    """A row for the agencies that stand alike: those that meet it first, those without any dataset last."""
    alike: dict[tuple[int, bool, str], list[Data]] = {}
    for agency in agencies:
        key = ORDER.index(agency["verdict"]), not agency["datasets"], _why(pen, agency)
        alike.setdefault(key, []).append(agency)
    made = table(
        pen,
        (say("Agency"), {"ratio": 5}),
        (say("Result"), {"min_width": 9}),
        (say("Why, and what to do next"), {"ratio": 7}),
    )
    made.expand = True
    for (order, _, why), same in sorted(alike.items(), key=lambda item: item[0][:2]):
        verdict = ORDER[order]
        made.add_row(_names(pen, same), pen(pen.word(verdict), VERDICT_STYLES[verdict]), pen(why))
        made.add_row()
    return made


def _why(pen: Pen, agency: Data) -> str:
    if agency["verdict"] == "met":
        said = say("{n} datasets", n=agency["datasets"])
        document = agency.get("document")
        return pen(say("by {document}", document=document) if document else said).plain
    first = next(iter(agency["obstacles"]), None)
    if first is None:
        return ""
    return f"{first['dataset']}: {first['text']}" if first["dataset"] else first["text"]


def _names(pen: Pen, same: Sequence[Data]) -> Ink:
    """Every agency by name, but of many communes only the first."""
    communes = [agency["name"] for agency in same if agency["level"] == "commune"]
    others = [agency["name"] for agency in same if agency["level"] != "commune"]
    folded = 0 if pen.verbose or len(communes) <= NAMED + 1 else len(communes) - NAMED
    lines = [*others, *communes[: len(communes) - folded]]
    told = Ink("\n").join(pen(name) for name in lines)
    if folded:
        more: Text = say("… and {n} more communes and wards; see --json", n=folded)
        told = Ink.assemble(told, "\n", pen(more, "dim"))
    return told
