"""From dated facts to verdicts: which datasets are open by the rules on a day, and which agencies count.

Pure functions. Every rule has three outcomes, and unknown is never counted as "no" (design 10).
A day is the end of that day in Asia/Ho_Chi_Minh.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from harvester.i18n import Language, Text, say
from harvester.ledger import DatasetFacts, Decision, Fact, Observation
from harvester.model import Agency, Outcome, Rule, RuleSet, Severity, Target, Verdict
from harvester.registry import needed
from harvester.rulings import DECIDED_BY, HANDED_OVER, Case, Ruling, as_of, in_force, rule_on

LENIENT = ("C11", "C01", "C03")
"""The lenient reading: listed on the portal, machine-readable, reachable (domain: provinces count any supply)."""


# ---------------------------------------------------------------- what the answers are made of


@dataclass(frozen=True)
class Obstacle:
    """Why one blocking rule keeps a dataset, or an agency without any, from counting."""

    rule: Rule
    dataset: str  # title; "" when the agency has none
    reason: Text | None  # what is wrong, or why it is unknown; None: the rule's own title says it
    step: Text | None = None  # the smallest next step; None: the rule's own remedy says it

    def text(self, language: Language) -> str:
        """What is wrong, under which rule, and the smallest next step."""
        vietnamese = language == "vi"
        title = self.rule.title_vi if vietnamese else self.rule.title_en
        remedy = self.rule.remedy_vi if vietnamese else self.rule.remedy_en
        reason = (self.reason or say("Not met: {title}", title=title)).render(language).rstrip(". ")
        step = self.step.render(language) if self.step and self.step.id else remedy
        return f"{reason} ({self.rule.id}): {step}" if step else f"{reason} ({self.rule.id})"


@dataclass(frozen=True)
class DatasetJudgement:
    """How one dataset stands on one day under one rule set."""

    name: str
    title: str
    agency: str  # agency id it was collected for
    verdicts: Mapping[str, Verdict]  # by rule id
    obstacles: tuple[Obstacle, ...]  # blocking rules not met, then unknown ones; one told by another left out
    verdict: Verdict
    lenient: Verdict
    outcome: Outcome | None  # of the last run that had it
    refused_for: frozenset[str]  # rules of the errors it was last refused for; empty unless refused
    known_at: datetime | None  # when the last fact used was recorded; None: nothing was known of it


@dataclass(frozen=True)
class AgencyResult:
    """Whether one agency counts on one day."""

    agency: Agency
    verdict: Verdict
    lenient: Verdict
    datasets: int
    obstacles: tuple[Obstacle, ...]  # of the dataset nearest to being met first
    document: str = ""  # of the decision that settled it, if one did


@dataclass(frozen=True)
class TargetCount:
    """A target on a day. Counts are None for a target fed by a person before its first figure."""

    target: Target
    in_scope: int | None
    needed: int | None
    met: int | None
    not_met: int | None
    unknown: int | None
    low: float | None  # percent, 0–100: met of those in scope; None when none is in scope
    high: float | None  # percent, 0–100: if every unknown agency met it
    agencies: tuple[AgencyResult, ...]
    document: str = ""  # that a person's figure comes from


# ---------------------------------------------------------------- one dataset


def dataset_verdicts(
    facts: DatasetFacts,
    rules: RuleSet | None,
    decisions: Iterable[Decision],
    day: date,
    carry_days: int,
    portal_listed: Observation | None,
    known_at: datetime | None = None,
) -> DatasetJudgement:
    """Judge one dataset on `day` by `rules` (None: no law in force, nothing known), decisions before observations.

    `portal_listed` is the portal's last complete listing by that day, which proves absence for `carry_days`; of the
    dataset's facts only those recorded by `known_at` (None: all) are used.
    """
    observations = as_of(facts.observations, day, known_at)
    case = Case(day, carry_days, facts.source == HANDED_OVER, observations, portal_listed)
    decided = in_force(decisions, facts.name, day)
    ruled = rules.rules if rules else ()
    rulings = {rule.id: rule_on(rule, case, decided.get(rule.id)) for rule in ruled}
    verdicts = {id: ruling.verdict for id, ruling in rulings.items()}
    collected, blocking = case.last(Fact.COLLECTED), [rule for rule in ruled if rule.blocking]
    title = str(collected.value["title"]) if collected else facts.name
    outcome, refused_for = _outcome(case)
    return DatasetJudgement(
        name=facts.name,
        title=title,
        agency=facts.agency,
        verdicts=verdicts,
        obstacles=tuple(
            Obstacle(rule, title, rulings[rule.id].reason, rulings[rule.id].step)
            for rule in sorted(blocking, key=lambda rule: _urgency(rule, verdicts[rule.id]))
            if verdicts[rule.id] is not Verdict.MET and not _follows(rule, rulings)
        ),
        verdict=_all([verdicts[rule.id] for rule in blocking]),
        lenient=_all([verdicts.get(id, Verdict.UNKNOWN) for id in LENIENT]),
        outcome=outcome,
        refused_for=refused_for,
        known_at=max((o.recorded_at for o in observations), default=None),
    )


def _all(verdicts: Sequence[Verdict]) -> Verdict:
    """Met when none is not met and none unknown; one "not met" is enough to know."""
    if Verdict.NOT_MET in verdicts:
        return Verdict.NOT_MET
    return Verdict.UNKNOWN if Verdict.UNKNOWN in verdicts or not verdicts else Verdict.MET


def _urgency(rule: Rule, verdict: Verdict) -> tuple[bool, int, str]:
    """What is wrong before what is unknown, and causes (the file) before what follows from them (the portal)."""
    return verdict is Verdict.UNKNOWN, list(DECIDED_BY).index(rule.decided_by), rule.id


def _follows(rule: Rule, rulings: Mapping[str, Ruling]) -> bool:
    """Whether a portal rule fails only because the dataset is not found on the portal, which C11 already tells."""
    listed, ruling = rulings.get("C11"), rulings[rule.id]
    return rule.decided_by == "portal" and rule.id != "C11" and ruling.reason is not None and ruling == listed


def _outcome(case: Case) -> tuple[Outcome | None, frozenset[str]]:
    last = case.last(Fact.OUTCOME)
    if last is None:
        return None, frozenset()
    outcome = Outcome(last.value["outcome"])
    findings = last.value["findings"] if outcome is Outcome.REFUSED else ()
    return outcome, frozenset(f["rule"] for f in findings if f["rule"] and f["severity"] == Severity.ERROR.value)


# ---------------------------------------------------------------- agencies and targets


_NEARNESS = (Verdict.MET, Verdict.UNKNOWN, Verdict.NOT_MET)


def agency_verdict(
    agency: Agency,
    datasets: Sequence[DatasetJudgement],
    rules: RuleSet | None,
    decisions: Iterable[Decision],
    day: date,
    listing_complete: bool,
) -> AgencyResult:
    """Whether `agency` counts on `day`, by its datasets and by a decision about it as a whole, which wins.

    `listing_complete`: the portal was listed whole recently enough, so that having no dataset is known.
    """
    nearest = sorted(datasets, key=lambda d: (_NEARNESS.index(d.verdict), len(d.obstacles), d.title, d.name))
    official = in_force(decisions, agency.id, day).get("")
    lenient = _any([d.lenient for d in datasets], listing_complete)
    return AgencyResult(
        agency=agency,
        verdict=official.verdict if official else _any([d.verdict for d in datasets], listing_complete),
        lenient=Verdict.MET if official and official.verdict is Verdict.MET else lenient,
        datasets=len(datasets),
        obstacles=tuple(o for d in nearest for o in d.obstacles) or _without_dataset(rules, len(datasets), official),
        document=official.document if official else "",
    )


def _any(verdicts: Sequence[Verdict], listing_complete: bool) -> Verdict:
    """Met by one; not met when all fail, or when there is none and the portal's whole listing says so."""
    if Verdict.MET in verdicts:
        return Verdict.MET
    failed = listing_complete if not verdicts else Verdict.UNKNOWN not in verdicts
    return Verdict.NOT_MET if failed else Verdict.UNKNOWN


def _without_dataset(rules: RuleSet | None, datasets: int, official: Decision | None) -> tuple[Obstacle, ...]:
    """What to tell an agency that has no dataset: the portal rule that asks for one."""
    listed = [rule for rule in rules.rules if rule.id == "C11"] if rules else []
    if datasets or official:
        return ()
    return tuple(Obstacle(rule, "", say("No dataset of this agency is known")) for rule in listed)


def count(target: Target, agencies: Sequence[AgencyResult], day: date) -> TargetCount:
    """The target on `day` over the results of the agencies that were in being; a person's figure where it is fed."""
    if target.fed_by_person:
        return _fed(target, day)
    scope = tuple(result for result in agencies if result.agency.level in target.levels)
    met, not_met, unknown = (sum(r.verdict is verdict for r in scope) for verdict in Verdict)
    return TargetCount(
        target=target,
        in_scope=len(scope),
        needed=needed(target.share, len(scope)),
        met=met,
        not_met=not_met,
        unknown=unknown,
        low=_percent(met, len(scope)),
        high=_percent(met + unknown, len(scope)),
        agencies=scope,
    )


def _fed(target: Target, day: date) -> TargetCount:
    """The last figure a person entered by `day`; it knows no "unknown"."""
    figure = max((f for f in target.figures if f.day <= day), key=lambda f: f.day, default=None)
    if figure is None:
        return TargetCount(target, None, None, None, None, None, None, None, ())
    percent = _percent(figure.met, figure.in_scope)
    return TargetCount(
        target=target,
        in_scope=figure.in_scope,
        needed=needed(target.share, figure.in_scope),
        met=figure.met,
        not_met=figure.in_scope - figure.met,
        unknown=0,
        low=percent,
        high=percent,
        agencies=(),
        document=figure.document,
    )


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None
