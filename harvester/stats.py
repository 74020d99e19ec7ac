"""The province's figures on a day, from stored facts: what `stats`, the pages and the exports show.

One pass over the facts; the same facts give the same bytes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from harvester import rulings, targets
from harvester.config import Config
from harvester.i18n import Language, Text, say
from harvester.ledger import DatasetFacts, Decision, Observation
from harvester.model import ZONE, Level, RuleSet, Verdict
from harvester.targets import AgencyResult, DatasetJudgement, TargetCount


@dataclass(frozen=True)
class Statistics:
    """Everything counted on one day, ready to be shown."""

    as_of: date
    known_at: datetime | None  # when the last fact, decision or revision used was recorded; None: there is none
    illustration: bool  # a demo: said wherever these figures are shown
    basis: RuleSet | None  # the rules in force on the day
    targets: tuple[TargetCount, ...]
    agencies: tuple[AgencyResult, ...]  # all in being on the day, in the order of the register
    datasets: tuple[DatasetJudgement, ...]  # by title
    unassigned: tuple[DatasetJudgement, ...]  # those whose agency ended without one successor, by title


def statistics(
    config: Config,
    facts: Iterable[DatasetFacts],
    portal_facts: Iterable[Observation],
    decisions: Iterable[Decision],
    day: date,
    known_at: datetime | None = None,
    revised_at: datetime | None = None,
) -> Statistics:
    """Count every target of `config` on `day` from what had been recorded by `known_at` (None: by now).

    `facts` is consumed once. `revised_at` is when the configuration used was recorded, for `Statistics.known_at`.
    """
    rules, carry_days = config.rules_on(day), config.portal.carry_days
    portal = rulings.as_of(portal_facts, day, known_at)
    listed = rulings.complete_listing(portal)
    ruled = [d for d in decisions if d.valid_from <= day and (known_at is None or d.recorded_at <= known_at)]
    by_subject = _by_subject(ruled)
    judged = (
        targets.dataset_verdicts(f, rules, by_subject.get(f.name, []), day, carry_days, listed, known_at) for f in facts
    )
    datasets = sorted((d for d in judged if d.known_at), key=lambda d: (d.title, d.name))
    held = _by_holder(config, datasets, day)
    whole = rulings.carries(listed, day, carry_days)
    recorded = [revised_at, *(d.known_at for d in datasets)]
    recorded += [*(o.recorded_at for o in portal), *(d.recorded_at for d in ruled)]
    agencies = tuple(
        targets.agency_verdict(a, held.get(a.id, []), rules, by_subject.get(a.id, []), day, whole)
        for a in config.register.in_scope(frozenset(Level) - {Level.OTHER}, day)
    )
    return Statistics(
        as_of=day,
        known_at=max((moment for moment in recorded if moment), default=None),
        illustration=config.portal.illustration,
        basis=rules,
        targets=tuple(targets.count(target, agencies, day) for target in config.targets),
        agencies=agencies,
        datasets=tuple(datasets),
        unassigned=tuple(held.get("", [])),
    )


def _by_subject(decisions: Sequence[Decision]) -> dict[str, list[Decision]]:
    by_subject: dict[str, list[Decision]] = {}
    for decision in decisions:
        by_subject.setdefault(decision.subject, []).append(decision)
    return by_subject


def _by_holder(config: Config, datasets: Sequence[DatasetJudgement], day: date) -> dict[str, list[DatasetJudgement]]:
    """The datasets by the id of the agency they count for on `day`; "": by none."""
    held: dict[str, list[DatasetJudgement]] = {}
    for dataset in datasets:
        agency = config.register.by_id.get(dataset.agency)
        holder = config.register.holder(agency, day) if agency else None
        held.setdefault(holder.id if holder else "", []).append(dataset)
    return held


# ---------------------------------------------------------------- single figures


@dataclass(frozen=True)
class Indicator:
    """One named figure over the statistics."""

    title: Text
    value: Callable[[Statistics], int]


def agencies_met(level: Level, statistics: Statistics) -> int:
    """Agencies of a level with at least one dataset open by the rules."""
    return sum(r.verdict is Verdict.MET for r in statistics.agencies if r.agency.level is level)


def agencies_unknown(statistics: Statistics) -> int:
    """Agencies of which it is not known whether they count."""
    return sum(r.verdict is Verdict.UNKNOWN for r in statistics.agencies)


def datasets_ruled(rule: str, verdict: Verdict, statistics: Statistics) -> int:
    """Datasets with this verdict on one rule."""
    return sum(d.verdicts.get(rule) is verdict for d in statistics.datasets)


def datasets_judged(verdict: Verdict, statistics: Statistics) -> int:
    """Datasets with this verdict over all blocking rules."""
    return sum(d.verdict is verdict for d in statistics.datasets)


def datasets_personal(statistics: Statistics) -> int:
    """Datasets refused because they show personal data (C15) or a sensitive class of it (C17)."""
    return sum(bool(d.refused_for & {"C15", "C17"}) for d in statistics.datasets)


INDICATORS: Mapping[str, Indicator] = {
    "agencies_met_province": Indicator(
        say("Provincial agencies that meet the rules"), partial(agencies_met, Level.PROVINCE)
    ),
    "agencies_met_district": Indicator(
        say("District agencies that meet the rules"), partial(agencies_met, Level.DISTRICT)
    ),
    "agencies_met_commune": Indicator(
        say("Commune agencies that meet the rules"), partial(agencies_met, Level.COMMUNE)
    ),
    "agencies_unknown": Indicator(say("Agencies not known to meet the rules or not"), agencies_unknown),
    "datasets": Indicator(say("Datasets known"), lambda statistics: len(statistics.datasets)),
    "datasets_published": Indicator(say("Datasets found on the portal"), partial(datasets_ruled, "C11", Verdict.MET)),
    "datasets_met": Indicator(say("Datasets open by the rules"), partial(datasets_judged, Verdict.MET)),
    "datasets_unknown": Indicator(
        say("Datasets not known to be open by the rules or not"), partial(datasets_judged, Verdict.UNKNOWN)
    ),
    "datasets_overdue": Indicator(say("Datasets overdue"), partial(datasets_ruled, "C07", Verdict.NOT_MET)),
    "datasets_personal": Indicator(say("Datasets refused for personal data"), datasets_personal),
    "datasets_unassigned": Indicator(
        say("Datasets without an agency since theirs ended"), lambda statistics: len(statistics.unassigned)
    ),
}
"""Every figure that the command, the pages, the API and the exports show, by its stable name."""


# ---------------------------------------------------------------- as JSON


def to_json(statistics: Statistics, language: Language) -> dict[str, Any]:
    """The contract's `stats` object, with names and texts in `language`."""
    return {
        "as_of": statistics.as_of.isoformat(),
        "known_at": statistics.known_at.astimezone(ZONE).isoformat() if statistics.known_at else None,
        "illustration": statistics.illustration,
        "basis": _basis(statistics.basis, language),
        "targets": [_target(count, language) for count in statistics.targets],
        "unassigned": [_dataset(dataset) for dataset in statistics.unassigned],
        "indicators": [
            {"id": id, "title": indicator.title.render(language), "value": indicator.value(statistics)}
            for id, indicator in INDICATORS.items()
        ],
    }


def _basis(rules: RuleSet | None, language: Language) -> dict[str, Any] | None:
    if rules is None:
        return None
    title = rules.title_vi if language == "vi" else rules.title_en
    return {"id": rules.id, "title": title, "verified": rules.verified}


def _target(count: TargetCount, language: Language) -> dict[str, Any]:
    target, vietnamese = count.target, language == "vi"
    return {
        "id": target.id,
        "title": target.title_vi if vietnamese else target.title_en,
        "legal_source": target.legal_source,
        "due": target.due.isoformat(),
        "share": target.share,
        "in_scope": count.in_scope,
        "needed": count.needed,
        "met": count.met,
        "not_met": count.not_met,
        "unknown": count.unknown,
        "percent": {"low": count.low, "high": count.high},
        "fed_by_person": target.fed_by_person,
        "document": count.document or None,
        "note": target.note_vi if vietnamese else target.note_en,
        "agencies": [_agency(result, language) for result in count.agencies],
    }


def _agency(result: AgencyResult, language: Language) -> dict[str, Any]:
    agency = result.agency
    return {
        "id": agency.id,
        "slug": agency.slug,
        "name": agency.name_vi if language == "vi" else agency.name_en,
        "level": agency.level.value,
        "verdict": result.verdict.value,
        "lenient_verdict": result.lenient.value,
        "datasets": result.datasets,
        "document": result.document or None,
        "obstacles": [{"rule": o.rule.id, "dataset": o.dataset, "text": o.text(language)} for o in result.obstacles],
    }


def _dataset(dataset: DatasetJudgement) -> dict[str, Any]:
    return {"id": dataset.name, "title": dataset.title, "agency": dataset.agency, "verdict": dataset.verdict.value}
