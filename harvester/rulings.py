"""How each rule is decided for one dataset on one day: by the check, the portal, the calendar, or a person.

Every rule has three outcomes, and unknown is never counted as "no" (design 10). Pure functions over dated facts;
a day is the end of that day in Asia/Ho_Chi_Minh.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from checks import freshness
from harvester import records
from harvester.i18n import Text, say
from harvester.ledger import Decision, Fact, Observation
from harvester.model import ZONE, Finding, Rule, Severity, Verdict, end_of_day

HANDED_OVER = "publish"
"""The source of what a person hands over. Seeing it again, unchanged, is that person's "không thay đổi" (NĐ 47
Điều 20.3); a harvester that sees an unchanged dataset confirms nothing, else nothing would ever be overdue."""


@dataclass(frozen=True)
class Ruling:
    """One rule's verdict for one dataset, and why, unless it is met."""

    verdict: Verdict
    reason: Text | None = None
    step: Text | None = None  # what to do about it; None: the rule's own remedy


def _unknown(reason: Text, step: Text | None = None) -> Ruling:
    """Unknown; unless `step` says more, there is nothing for the agency to do."""
    return Ruling(Verdict.UNKNOWN, reason, step or say("nothing to do for the agency; the next run looks again"))


# ---------------------------------------------------------------- what is known on a day


def as_of(observations: Iterable[Observation], day: date, known_at: datetime | None = None) -> tuple[Observation, ...]:
    """The facts true by the end of `day` and recorded by `known_at` (None: ever), in the order they became true."""
    end = end_of_day(day)
    seen = (o for o in observations if o.valid_at <= end and (known_at is None or o.recorded_at <= known_at))
    return tuple(sorted(seen, key=lambda o: (o.valid_at, o.recorded_at)))


def complete_listing(portal: Sequence[Observation]) -> Observation | None:
    """The last complete listing of the portal among its facts; an incomplete one proves no absence."""
    return _last(portal, lambda o: o.fact is Fact.LISTED and bool(o.value["complete"]))


def carries(observation: Observation | None, day: date, carry_days: int) -> bool:
    """Whether `observation` still speaks for `day`: at most `carry_days` after the day it was made."""
    return observation is not None and day <= _local(observation.valid_at) + timedelta(days=carry_days)


def in_force(decisions: Iterable[Decision], subject: str, day: date) -> dict[str, Decision]:
    """The decisions about `subject` that hold on `day`, by rule; of several, the one recorded last."""
    holding = [d for d in decisions if d.subject == subject and d.valid_from <= day <= (d.expires or date.max)]
    return {d.rule: d for d in sorted(holding, key=lambda d: d.recorded_at)}


@dataclass(frozen=True)
class Case:
    """What is known of one dataset on one day, as the rules ask for it."""

    day: date
    carry_days: int  # how long what was seen of the portal speaks for the days after it
    handed_over: bool  # by a person, not harvested
    observations: tuple[Observation, ...]  # as of the day
    listed: Observation | None  # the portal's last complete listing

    def last(self, fact: Fact, content_key: str | None = None) -> Observation | None:
        """The last fact of a kind; with `content_key`, of that content."""
        return _last(self.of(fact), lambda o: content_key in (None, o.value.get("content_key")))

    def of(self, fact: Fact) -> Sequence[Observation]:
        """All facts of a kind, in the order they became true."""
        return self._by_fact.get(fact, ())

    @cached_property
    def _by_fact(self) -> Mapping[Fact, Sequence[Observation]]:
        by_fact: dict[Fact, list[Observation]] = {}
        for observation in self.observations:
            by_fact.setdefault(observation.fact, []).append(observation)
        return by_fact

    @cached_property
    def standing(self) -> Observation | None:
        """The last PUBLISHED or WITHDRAWN; None: never on the portal."""
        return _last(self.observations, lambda o: o.fact in (Fact.PUBLISHED, Fact.WITHDRAWN))

    @property
    def live_content(self) -> str | None:
        """The key of the content readers find on the portal; None: none."""
        standing = self.standing
        return str(standing.value["content_key"]) if standing and standing.fact is Fact.PUBLISHED else None

    @cached_property
    def readings(self) -> Sequence[Observation]:
        """What readers found since the last withdrawal; what they found before it is gone."""
        gone = max((n for n, o in enumerate(self.observations) if o.fact is Fact.WITHDRAWN), default=-1)
        return [o for o in self.observations[gone + 1 :] if o.fact is Fact.READ_BACK]

    def last_reading(self, rule: str) -> Observation | None:
        """The last definite reading of a portal rule."""
        return _last(self.readings, lambda o: o.value["verdicts"].get(rule, "unknown") != "unknown")


def _last(observations: Sequence[Observation], wanted: Callable[[Observation], bool]) -> Observation | None:
    return next((o for o in reversed(observations) if wanted(o)), None)


def _local(moment: datetime) -> date:
    return moment.astimezone(ZONE).date()


# ---------------------------------------------------------------- one rule


def rule_on(rule: Rule, case: Case, decision: Decision | None) -> Ruling:
    """Decide one rule; a person's decision in force comes before anything observed."""
    if decision is not None:
        return Ruling(decision.verdict, say("Decided by {document}", document=decision.document))
    return DECIDED_BY[rule.decided_by](rule, case)


def _by_file(rule: Rule, case: Case) -> Ruling:
    """From the check of what readers find on the portal; where they find nothing, of what was last handed over."""
    checked = case.last(Fact.CHECKED, case.live_content)
    if checked is None:
        return _unknown(say("Not checked yet"))
    verdict = Verdict(checked.value["verdicts"].get(rule.id, "unknown"))
    found = [f for f in checked.value["findings"] if f["rule"] == rule.id]
    worst = min(found, key=lambda f: f["severity"] != Severity.ERROR.value, default=None)
    return _explained(verdict, records.from_json(Finding, worst) if worst else None)


def _by_portal(rule: Rule, case: Case) -> Ruling:
    """From what an anonymous reader last found; what was never put there is not there, if the listing says so."""
    reading, standing = case.last_reading(rule.id), case.standing
    if reading is not None:
        if carries(reading, case.day, case.carry_days):
            return Ruling(Verdict(reading.value["verdicts"][rule.id]))
        since = _local(reading.valid_at) + timedelta(days=case.carry_days + 1)
        return _unknown(say("Unknown since {day}: the portal could not be read", day=since))
    if case.live_content is not None:
        return _unknown(say("Published, not yet read back"))
    if not carries(case.listed, case.day, case.carry_days):
        return _unknown(say("Unknown: the portal was not listed whole lately"))
    if standing is not None:
        return Ruling(Verdict.NOT_MET, say("Off the portal since {day}", day=_local(standing.valid_at)))
    return Ruling(Verdict.NOT_MET, say("Not on the portal"))


def _by_time(rule: Rule, case: Case) -> Ruling:
    """From dated facts, at the day: an unchanged dataset costs no check and still becomes overdue."""
    judge, collected = TIME_RULES.get(rule.id), case.last(Fact.COLLECTED, case.live_content)
    if judge is None:
        return _explained(Verdict.UNKNOWN, None)
    if collected is None:
        return _unknown(say("Not collected yet"))
    return _explained(*judge(case, collected))


def _by_person(rule: Rule, case: Case) -> Ruling:
    reason = say("A person must decide; no decision is recorded")
    return _unknown(reason, say("record the decision with `opendata decide`"))


def _explained(verdict: Verdict, finding: Finding | None) -> Ruling:
    """A check's verdict in the words of its finding; what is not met is mended as the rule says."""
    if verdict is Verdict.UNKNOWN:
        return _unknown(finding.message, finding.remedy) if finding else _unknown(say("Not decided by the checks"))
    return Ruling(verdict, finding.message if finding and verdict is Verdict.NOT_MET else None)


DECIDED_BY: Mapping[str, Callable[[Rule, Case], Ruling]] = {
    "file": _by_file,
    "time": _by_time,
    "portal": _by_portal,
    "person": _by_person,
}
"""Who decides a rule (`Rule.decided_by`), causes first: obstacles are told in this order."""


def _newest(case: Case, collected: Observation) -> tuple[Verdict, Finding | None]:
    frequency, changed = freshness.frequency(collected.value["frequency"]), _last_change(case, collected)
    confirmed = _last_confirmation(case, collected) if frequency is freshness.Frequency.ON_CHANGE else None
    return freshness.newest(
        case.day,
        period_end=_day(collected, "period_end"),
        modified=max(changed, confirmed or changed),
        frequency=frequency,
    )


def _kept(case: Case, collected: Observation) -> tuple[Verdict, Finding | None]:
    return freshness.kept(
        case.day,
        last_change=_last_change(case, collected),
        last_confirmation=_last_confirmation(case, collected),
        frequency=freshness.frequency(collected.value["frequency"]),
    )


TIME_RULES: Mapping[str, Callable[[Case, Observation], tuple[Verdict, Finding | None]]] = {
    "C06": _newest,
    "C07": _kept,
}
"""The rules about time that are decided so far; the others stay unknown."""


def _last_change(case: Case, collected: Observation) -> date:
    """When the data became what it is: the day declared for it, else the day we first saw it.

    A stamp left standing does not make changed data old; a correction of its description does not make it new.
    """
    history = case.of(Fact.COLLECTED)
    first, *later = history[: history.index(collected) + 1]
    changed, before = _declared(first) or _local(first.valid_at), first
    for after in later:
        if _stamp(after) not in (None, _stamp(before)):
            changed = _declared(after) or changed
        elif after.value["files_key"] != before.value["files_key"]:
            changed = _local(after.valid_at)
        before = after
    return changed


def _last_confirmation(case: Case, collected: Observation) -> date | None:
    seen = case.last(Fact.SEEN, collected.value["content_key"]) if case.handed_over else None
    return _local(seen.valid_at) if seen else None


def _stamp(collected: Observation) -> date | None:
    return _day(collected, "modified") or _day(collected, "issued")


def _declared(collected: Observation) -> date | None:
    """The declared day of change, else of issue; a day after we saw it cannot be true, and counts as that day."""
    stamp = _stamp(collected)
    return min(stamp, _local(collected.valid_at)) if stamp else None


def _day(collected: Observation, field: str) -> date | None:
    stored = collected.value[field]
    return date.fromisoformat(stored) if stored else None
