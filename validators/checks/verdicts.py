"""From findings to the verdict of each rule: not met if one breaks it, unknown where nothing decides, else met."""

from collections.abc import Collection

from checks import contents
from checks.subject import Kind, Subject
from harvester.model import Effect, Finding, Severity, Verdict

DECIDED = ("C01", "C02", "C04", "C05", "C13", "C15", "C16", "C17", "C18", "C19", "C20", "C21", "C24")
"""The rules that these checks decide."""

ADVICE = frozenset({"FMT-006", "FMT-007", "FMT-008", "MET-007"})
"""Findings that advise without breaking their rule: C01, C02 need one good file, C21 its first six fields."""

_OF_METADATA = frozenset({"C04", "C13", "C21"})
_OF_CONTENT = frozenset({"C15", "C16", "C17", "C18", "C19", "C20", "C24"})


def verdicts(subject: Subject, findings: Collection[Finding], metadata: bool) -> dict[str, Verdict]:
    """The verdict of every rule decided by "file" (without a rule set: of all these checks decide)."""
    wanted = [rule.id for rule in subject.rules.rules if rule.decided_by == "file"] if subject.rules else DECIDED
    against = [f for f in findings if f.severity is not Severity.INFO and f.code not in ADVICE]
    broken = {f.rule for f in against if f.effect is not Effect.HOLD}
    unknown = {f.rule for f in against if f.effect is Effect.HOLD} | _undecided(subject, metadata)
    decided = {
        rule: Verdict.NOT_MET if rule in broken else Verdict.MET for rule in DECIDED if rule not in unknown - broken
    }
    return {rule: decided.get(rule, Verdict.UNKNOWN) for rule in wanted}


def _undecided(subject: Subject, metadata: bool) -> set[str]:
    """Rules that nothing seen can call met."""
    unknown: set[str] = set() if metadata else set(_OF_METADATA)
    if subject.rules is None:
        unknown.add("C13")
    if subject.missing or not subject.files:
        unknown |= {"C01", "C02", "C05"} | _OF_CONTENT
    sheets = [sheet for opened in subject.files for sheet in opened.sheets]
    if any(not opened.sheets for opened in subject.files):
        unknown |= _OF_CONTENT - {"C20"}
    if any(opened.kind is Kind.XLS for opened in subject.files):
        unknown.add("C19")  # its hidden rows are not seen
    if any(contents.quasi_identifiers(sheet) >= 2 for sheet in sheets):
        unknown.add("C16")  # whether a small group can be known again is for a person to say
    if any(map(contents.has_admin_codes, sheets)):
        unknown.add("C20")
    return unknown
