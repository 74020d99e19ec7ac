"""What somebody must know, as states: each stands from a time on until its cause is gone, and is told once each way.

Codes: ALM-001 a source overdue, ALM-002 a source that keeps failing, ALM-003 a retirement held, ALM-004 the portal
differs from the ledger, ALM-005 the disk, ALM-006 the portal's key, ALM-007 an agency overdue, ALM-008 a configuration
that is not used, ALM-009 messages that cannot be delivered.
"""

import base64
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from harvester import due as schedule
from harvester.errors import OpendataError
from harvester.i18n import Language, Text, say
from harvester.ledger import Fact, Raised
from harvester.model import ZONE, Outcome, Verdict
from harvester.portal import statistics
from harvester.schedule import next_times
from harvester.workspace import Workspace

HELD = "RUN-021"  # the finding of a run that would have retired too much
OVERDUE_RULES = frozenset({"C06", "C07"})
UNDELIVERED = 5
"""Tries after which a message that does not arrive is itself an alarm."""


@dataclass(frozen=True)
class Alarm:
    """One thing that is not as it should be now."""

    kind: str
    code: str
    subject: str
    message: Text
    remedy: Text

    @property
    def key(self) -> str:
        """What it is known by from one look to the next."""
        return f"{self.kind}:{self.subject}"


def examine(workspace: Workspace, now: datetime, mistake: OpendataError | None = None) -> tuple[Alarm, ...]:
    """Everything that is not as it should be at `now`; `mistake` is why the newest configuration is not used."""
    found = [
        *_sources(workspace, now),
        *_held(workspace),
        *_drifted(workspace, now),
        *_disk(workspace),
        *_token(workspace, now),
        *_agencies(workspace, now),
        *_undelivered(workspace),
    ]
    if mistake is not None:
        message = say(
            "The configuration was changed but is wrong; the service works with the old one: {why}", why=mistake.message
        )
        found.append(Alarm("configuration", "ALM-008", "", message, mistake.remedy))
    return tuple(found)


def note(workspace: Workspace, alarms: Sequence[Alarm], now: datetime) -> None:
    """Remember which alarms stand; for each that is new or gone, and each that stood too long, a message to send."""
    alarming, calendar = workspace.config.alarming, workspace.config.calendar
    channels = [name for name, there in (("mail", alarming.mail), ("webhook", alarming.webhook)) if there]
    standing = {alarm.key: _raised(alarm, now) for alarm in alarms}
    today = now.astimezone(ZONE).date()

    def too_long(alarm: Raised) -> bool:
        days = calendar.between(alarm.since.astimezone(ZONE).date(), today)
        return alarm.escalated is None and days >= alarming.escalate_working_days

    higher = ["mail-up"] if alarming.mail and alarming.mail.escalate_to else []
    workspace.store.note_alarms(standing, now, channels, higher, too_long)


def note_digests(workspace: Workspace, now: datetime) -> None:
    """When the digest's time has passed since the last, a message to each agency that has an address."""
    alarming = workspace.config.alarming
    if not (alarming.mail and alarming.digest and alarming.digest_to):
        return
    last = workspace.store.last_digest()
    slots = next_times(alarming.digest, last, 1) if last else ()
    if last is not None and (not slots or slots[0] > now):
        return
    bodies = [body for agency in alarming.digest_to if (body := digest(workspace, agency, now))]
    workspace.store.add_digests(bodies, last, now)


def digest(workspace: Workspace, agency: str, now: datetime) -> Mapping[str, Any] | None:
    """What one agency (id, slug or name) is told: its datasets, what is refused, waits or is overdue; None: unknown."""
    day = now.astimezone(ZONE).date()
    found = workspace.config.register.named(agency)
    if found is None:
        return None
    counted = statistics(workspace, day)
    result = next((each for each in counted.agencies if each.agency.id == found.id), None)
    known = tuple(workspace.store.datasets(agency=found.id))
    overdue = {j.name for j in counted.datasets if j.agency == found.id and _is_overdue(j.verdicts)}
    return {
        "agency": found.id,
        "name": found.name_vi,
        "verdict": result.verdict.value if result else Verdict.UNKNOWN.value,
        "counts": {o.value: n for o, n in Counter(k.outcome for k in known if k.outcome).items()},
        "datasets": [
            {"title": k.title, "outcome": k.outcome.value if k.outcome else "", "overdue": k.name in overdue}
            for k in known
            if k.name in overdue or k.outcome in (Outcome.REFUSED, Outcome.HELD, Outcome.FAILED)
        ],
        "obstacles": [o.text("vi") for o in result.obstacles][:20] if result else [],
    }


def to_json(alarm: Alarm, since: datetime, language: Language) -> dict[str, Any]:
    """An alarm as `opendata alarms --json` shows it."""
    return {
        "kind": alarm.kind,
        "code": alarm.code,
        "subject": alarm.subject,
        "since": since.astimezone(ZONE).isoformat(),
        "message": alarm.message.render(language),
        "remedy": alarm.remedy.render(language),
    }


def _raised(alarm: Alarm, now: datetime) -> Raised:
    return Raised(alarm.key, alarm.kind, alarm.code, alarm.subject, alarm.message, alarm.remedy, now)


# ---------------------------------------------------------------- what is looked at


def _sources(workspace: Workspace, now: datetime) -> Iterator[Alarm]:
    alarming, attempts = workspace.config.alarming, workspace.store.attempts()
    for at, source in schedule.coming(workspace.config.sources, attempts, workspace.config.calendar, now):
        attempt = attempts.get(source.id)
        if now - at >= timedelta(hours=alarming.overdue_hours) and attempt is not None:
            message = say(
                "{source} has been due since {since} and was not run.", source=source.id, since=at.astimezone(ZONE)
            )
            yield Alarm("run_overdue", "ALM-001", source.id, message, _LOOK_AT_SERVICE)
        if attempt is not None and attempt.failures >= alarming.failing and source.approved:
            message = say("{source} failed {n} times in a row.", source=source.id, n=attempt.failures)
            yield Alarm("source_failing", "ALM-002", source.id, message, _ask_owner(workspace, source.id))


_LOOK_AT_SERVICE = say("See whether the service runs (systemctl status opendata), then: opendata run --due")


def _ask_owner(workspace: Workspace, source: str) -> Text:
    last = workspace.store.last_source_run(source)
    findings = last.summary.get("findings", ()) if last else ()
    why = next((finding["message"] for finding in findings if finding.get("severity") == "error"), "")
    if why:
        return say("The last time: {why} Ask the owner of the source.", why=str(why)[:300])
    return say("See “opendata runs” for what happened, and ask the owner of the source.")


def _held(workspace: Workspace) -> Iterator[Alarm]:
    for source in workspace.config.sources:
        last = workspace.store.last_source_run(source.id)
        for finding in last.summary.get("findings", ()) if last else ():
            if finding.get("code") == HELD:
                message = say("Datasets that {source} no longer offers wait for a person.", source=source.id)
                remedy = say("Ask the agency. If it is meant: opendata withdraw NAME for each of them.")
                yield Alarm("retirement_held", "ALM-003", source.id, message, remedy)
                break


def _drifted(workspace: Workspace, now: datetime) -> Iterator[Alarm]:
    """By what was last read back: a dataset that should be there and was not found."""
    lost = []
    shown = {known.name: known for known in workspace.store.datasets() if known.version}
    for facts in workspace.store.facts(now):
        known = shown.get(facts.name)
        if known is None or known.outcome is Outcome.WITHDRAWN:
            continue
        last = next((o for o in reversed(facts.observations) if o.fact is Fact.READ_BACK), None)
        if last is not None and last.value["verdicts"].get("C11") == Verdict.NOT_MET.value:
            lost.append(known)
    if lost:
        names = "; ".join(known.title[:60] for known in lost[:3])
        message = say("{n} datasets that should be on the portal are not there: {names}.", n=len(lost), names=names)
        remedy = say(
            "Look who removed them. To put one back: opendata rollback NAME; to leave it off: opendata withdraw NAME"
        )
        yield Alarm("portal_drifted", "ALM-004", "", message, remedy)


def _disk(workspace: Workspace) -> Iterator[Alarm]:
    free = shutil.disk_usage(workspace.folder).free >> 20
    if free < workspace.config.alarming.free_megabytes:
        message = say("Only {n} MB are free on the workspace's disk.", n=free)
        yield Alarm("disk", "ALM-005", "", message, say("Make room, or run “opendata prune”."))


def _token(workspace: Workspace, now: datetime) -> Iterator[Alarm]:
    """A CKAN API token is a JWT; its end, if it has one, can be read without its secret."""
    ends = token_ends(workspace.environment.ckan_api_key)
    if ends is not None and ends - now < timedelta(days=workspace.config.alarming.token_days):
        message = say("The portal's API key ends on {day}.", day=ends.astimezone(ZONE).date())
        yield Alarm(
            "token", "ALM-006", "", message, say("Make a new one on the portal and put it into CKAN_API_KEY_FILE.")
        )


def token_ends(token: str) -> datetime | None:
    """When a token says that it ends; None if it does not say."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        return None


def _agencies(workspace: Workspace, now: datetime) -> Iterator[Alarm]:
    counted = statistics(workspace, now.astimezone(ZONE).date())
    late = Counter(judged.agency for judged in counted.datasets if _is_overdue(judged.verdicts))
    names = workspace.config.register.by_id
    for agency, number in sorted(late.items()):
        if agency in names:
            message = say("{n} datasets of {agency} are overdue.", n=number, agency=names[agency].name_vi)
            remedy = say("Ask the agency for the new version, or for a confirmation that nothing has changed.")
            yield Alarm("agency_overdue", "ALM-007", agency, message, remedy)


def _is_overdue(verdicts: Mapping[str, Verdict]) -> bool:
    return any(verdicts.get(rule) is Verdict.NOT_MET for rule in OVERDUE_RULES)


def _undelivered(workspace: Workspace) -> Iterator[Alarm]:
    stuck = workspace.store.undelivered(UNDELIVERED)
    if stuck:
        message = say("{n} messages could not be delivered: {why}", n=len(stuck), why=stuck[0].problem[:200])
        yield Alarm("delivery", "ALM-009", "", message, say("Correct [mail] or [webhook] in config/alarms.toml."))
