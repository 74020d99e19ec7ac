"""Small builders of the records that counting reads: facts with two clocks, rules, agencies, decisions."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

from harvester import records
from harvester.config import Config
from harvester.i18n import Text
from harvester.ledger import DatasetFacts, Decision, Fact, Observation
from harvester.model import ZONE, Agency, Finding, Level, Portal, Rule, RuleSet, Severity, Target, Verdict
from harvester.registry import Register

PORTAL_RULES = ("C03", "C11", "C12")
TIME_RULES = ("C06", "C07", "C08", "C09")
PERSON_RULES = ("C16",)
BLOCKING = {"C01", "C02", "C03", "C04", "C05", "C06", "C07", "C11", "C12", "C13", "C15", "C17", "C18", "C21"}
"""The blocking rules of design 10."""


def day(text: str) -> date:
    return date.fromisoformat(text)


def moment(text: str) -> datetime:
    """`2026-11-01` (09:00) or `2026-11-01T23:30`, in Asia/Ho_Chi_Minh, as aware UTC."""
    local = datetime.fromisoformat(text) if "T" in text else datetime.combine(date.fromisoformat(text), time(9))
    return local.replace(tzinfo=ZONE).astimezone(UTC)


def rule(id: str) -> Rule:
    kinds = {"portal": PORTAL_RULES, "time": TIME_RULES, "person": PERSON_RULES}
    kind = next((kind for kind, ids in kinds.items() if id in ids), "file")
    return Rule(id, f"Tiêu chí {id}", f"Rule {id}", "Điều 17", id in BLOCKING, kind, f"sửa {id}", f"mend {id}")


def rule_set(*also_blocking: str, valid_from: str = "2020-05-25", verified: bool = True) -> RuleSet:
    rules = tuple(rule(f"C{n:02}") for n in range(1, 25))
    rules = tuple(replace(r, blocking=r.blocking or r.id in also_blocking) for r in rules)
    return RuleSet("nd-47-2020", "NĐ 47/2020", "Decree 47/2020", day(valid_from), None, verified, {}, (), rules)


def observation(fact: Fact, valid: str, recorded: str = "", **value: Any) -> Observation:
    return Observation(fact, "", moment(valid), moment(recorded or valid), 1, value)


def collected(on: str, key: str = "k1", recorded: str = "", **described: Any) -> Observation:
    """New or changed content, yearly, changed on the day it was seen unless `described` otherwise."""
    value = {"title": "Bệnh viện", "modified": on[:10], "issued": None, "period_end": None}
    value |= {"frequency": "hằng năm", "licence": "cc-by", "files_key": key} | described
    return observation(Fact.COLLECTED, on, recorded, content_key=key, **value)


def checked(
    on: str, key: str = "k1", recorded: str = "", findings: tuple[Finding, ...] = (), **verdicts: str
) -> Observation:
    """A report: every file rule met but for `verdicts`, such as C15="not_met"."""
    file_rules = {r.id: "met" for r in rule_set().rules if r.decided_by == "file"}
    value = {"checks_version": "1", "verdicts": file_rules | verdicts, "findings": records.to_json(findings)}
    return observation(Fact.CHECKED, on, recorded, content_key=key, **value)


def found(rule: str, message: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding("TST-001", severity, Text(message, {}), rule=rule)


def seen(on: str, key: str = "k1", recorded: str = "") -> Observation:
    return observation(Fact.SEEN, on, recorded, content_key=key)


def published(on: str, key: str = "k1", recorded: str = "", version: int = 1) -> Observation:
    return observation(Fact.PUBLISHED, on, recorded, version=version, content_key=key)


def withdrawn(on: str, recorded: str = "") -> Observation:
    return observation(Fact.WITHDRAWN, on, recorded, reason="sai số liệu", by="person")


def read_back(on: str, recorded: str = "", **verdicts: str) -> Observation:
    """What an anonymous reader finds: the portal rules met but for `verdicts`."""
    return observation(Fact.READ_BACK, on, recorded, verdicts=dict.fromkeys(PORTAL_RULES, "met") | verdicts)


def unreachable(on: str, recorded: str = "") -> Observation:
    return read_back(on, recorded, **dict.fromkeys(PORTAL_RULES, "unknown"))


def listed(on: str, recorded: str = "", complete: bool = True) -> Observation:
    return observation(Fact.LISTED, on, recorded, complete=complete, datasets=1)


def outcome(on: str, outcome: str, *findings: Finding) -> Observation:
    return observation(Fact.OUTCOME, on, outcome=outcome, findings=records.to_json(findings))


def open_dataset(on: str) -> tuple[Observation, ...]:
    """A dataset collected, found good, published and read back on one day: met."""
    return collected(on), checked(on), published(on), read_back(on)


def dataset(*observations: Observation, agency: str = "A", name: str = "d1", source: str = "kho") -> DatasetFacts:
    named = tuple(replace(o, dataset=name) for o in observations)
    return DatasetFacts(name, "title as last collected", agency, source, named)


def decision(subject: str, rule: str, verdict: Verdict, since: str, until: str = "", recorded: str = "") -> Decision:
    expires = day(until) if until else None
    at = moment(recorded or since)
    return Decision(subject, rule, verdict, "QĐ 12/QĐ-UBND", "Trần A", "đã xét", day(since), expires, at)


def agency(id: str, level: Level = Level.PROVINCE, since: str = "", until: str = "", *successors: str) -> Agency:
    start, end = (day(text) if text else None for text in (since, until))
    return Agency(id, id.lower(), f"Sở {id}", f"Department {id}", level, start, end, successors, "", "", True)


def target(*levels: Level, share: float = 0.2, **fields: Any) -> Target:
    due, within = day("2024-07-31"), frozenset(levels or (Level.PROVINCE,))
    return Target("cv-5517", "Chỉ tiêu", "Target", "CV 5517", due, share, within, **fields)


def configured(
    agencies: tuple[Agency, ...],
    targets: tuple[Target, ...],
    rule_sets: tuple[RuleSet, ...] = (rule_set(),),
    illustration: bool = False,
) -> Config:
    portal = Portal("catalogue", "Dữ liệu mở", illustration=illustration)
    return Config(portal, Register(agencies), targets, rule_sets, (), (), {})
