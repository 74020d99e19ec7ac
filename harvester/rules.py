"""The rule sets of config/rules/: one file for each legal basis, exactly one in force on each day."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise

from harvester.documents import Section, mistake
from harvester.errors import ConfigurationError
from harvester.i18n import say
from harvester.model import Rule, RuleSet

DECIDED_BY = ("file", "portal", "time", "person")


def rule_set(id: str, document: Section) -> RuleSet:
    """The rule set of one document. Raises ConfigurationError."""
    document.keys(
        needed=("title_vi", "title_en", "valid_from", "verified", "rules"),
        allowed=("valid_to", "licences", "forbidden_licences"),
    )
    found = RuleSet(
        id=id,
        title_vi=document.text("title_vi"),
        title_en=document.text("title_en"),
        valid_from=document.due("valid_from"),
        valid_to=document.day("valid_to"),
        verified=document.flag("verified"),
        licences=_licences(document.section("licences")),
        forbidden_licences=_patterns(document),
        rules=tuple(_rule(key, section) for key, section in document.section("rules").by_key()),
    )
    if found.valid_to and found.valid_to < found.valid_from:
        message = say("valid_to {end} is before valid_from {start}.", end=found.valid_to, start=found.valid_from)
        raise document.wrong("CFG-006", "valid_to", message, say("Correct one of the two days."))
    return found


def in_force(rule_sets: Iterable[RuleSet]) -> tuple[RuleSet, ...]:
    """The rule sets in order of time, if each takes over the day after the one before it ends.

    Raises ConfigurationError CFG-012 naming the later of two that overlap or leave days without rules.
    """
    ordered = tuple(sorted(rule_sets, key=lambda each: each.valid_from))
    for before, after in pairwise(ordered):
        if before.valid_to is None or before.valid_to >= after.valid_from:
            raise _succession(before, after, overlap=True)
        if before.valid_to + timedelta(days=1) != after.valid_from:
            raise _succession(before, after, overlap=False)
    if ordered and ordered[-1].valid_to:
        message = say("No rules are in force after {end}.", end=ordered[-1].valid_to)
        remedy = say("Take valid_to out, or add the file of the legal basis that follows.")
        raise mistake("CFG-012", f"config/rules/{ordered[-1].id}.toml", 1, "valid_to", message, remedy)
    return ordered


def on(rule_sets: Sequence[RuleSet], day: date) -> RuleSet | None:
    """The rule set in force on `day`; None before the first."""
    return next((each for each in reversed(rule_sets) if each.valid_from <= day), None)


def _licences(section: Section) -> dict[str, str]:
    """Every accepted spelling in lower case → the canonical id it is listed under."""
    accepted: dict[str, str] = {}
    for licence in section.values:
        for spelling in (licence, *section.texts(licence)):
            known = accepted.setdefault(" ".join(spelling.lower().split()), licence)
            if known != licence:
                message = say("“{spelling}” is listed under {known} already.", spelling=spelling, known=known)
                raise section.wrong("CFG-010", licence, message, say("List a spelling under one licence only."))
    return accepted


def _patterns(document: Section) -> tuple[str, ...]:
    patterns = document.texts("forbidden_licences")
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            message = say("`{pattern}` is not a regular expression: {reason}.", pattern=pattern, reason=str(error))
            remedy = say("Put a backslash before signs such as ( or +, or take the pattern out.")
            raise document.wrong("CFG-006", "forbidden_licences", message, remedy) from error
    return patterns


def _rule(id: str, section: Section) -> Rule:
    if not re.fullmatch(r"C\d\d", id):
        message = say("`{rule}` is not the id of a rule.", rule=id[:100])
        raise section.wrong("CFG-006", "", message, say("Rules are called C01 to C99."))
    section.keys(("title_vi", "title_en", "article", "blocking", "decided_by", "remedy_vi", "remedy_en"))
    return Rule(
        id=id,
        title_vi=section.text("title_vi"),
        title_en=section.text("title_en"),
        article=section.text("article"),
        blocking=section.flag("blocking"),
        decided_by=section.word("decided_by", DECIDED_BY),
        remedy_vi=section.text("remedy_vi"),
        remedy_en=section.text("remedy_en"),
    )


def _succession(before: RuleSet, after: RuleSet, overlap: bool) -> ConfigurationError:
    values = {"before": before.id, "after": after.id, "start": after.valid_from}
    message = (
        say("{before} is still in force when {after} begins on {start}.", **values)
        if overlap
        else say("Between {before} and {after}, which begins on {start}, no rules are in force.", **values)
    )
    end = after.valid_from - timedelta(days=1)
    remedy = say("End {before} on {end}.", before=before.id, end=end)
    return mistake("CFG-012", f"config/rules/{before.id}.toml", 1, "valid_to", message, remedy)
