"""What `runs`, `schedule` and `alarms` answer: the ledger as JSON for people and programs."""

from datetime import datetime
from typing import Any

from harvester import due as schedule
from harvester.alarms import Alarm, to_json
from harvester.errors import UsageRefused
from harvester.i18n import Language, say
from harvester.ledger import Attempt, Run, RunState, SourceRun
from harvester.model import ZONE, Source
from harvester.schedule import times
from harvester.workspace import Workspace

COUNTED = ("listed", "new", "changed", "unchanged", "missing", "published", "refused", "held", "withdrawn", "failed")


def runs(workspace: Workspace, limit: int, now: datetime) -> dict[str, Any]:
    """The last runs, newest first."""
    return {"runs": [_run(run, now) for run in workspace.store.runs(limit)]}


def story(workspace: Workspace, number: int, now: datetime) -> dict[str, Any]:
    """One run, whole: what was listed, changed, refused, why, how long. Raises UsageRefused."""
    run = workspace.store.run(number)
    if run is None:
        raise UsageRefused(
            "SVC-030",
            say("There is no run {number} (any more).", number=str(number)),
            say("“opendata runs” lists them."),
        )
    kept = {source["id"]: source for source in run.summary.get("sources", ())}
    fared = {fared.source: fared for fared in workspace.store.source_runs(number)}
    sources = [_source(id, kept.get(id), fared.get(id)) for id in {**kept, **fared}]
    return {
        **_run(run, now),
        "error": run.summary.get("error"),
        "sources": sources,
        "dataset": run.summary.get("dataset"),
        "findings": run.summary.get("findings", []),
    }


def planned(workspace: Workspace, now: datetime, count: int) -> dict[str, Any]:
    """When each approved source runs next, the soonest first; and those that never run by themselves."""
    store, config = workspace.store, workspace.config
    attempts = store.attempts()
    coming = schedule.coming(config.sources, attempts, config.calendar, now)
    idle = {source.id for source in config.sources} - {source.id for _, source in coming}
    return {
        "now": _iso(now),
        "sources": [_planned(workspace, source, at, attempts.get(source.id), now, count) for at, source in coming],
        "idle": sorted(idle),
    }


def standing(workspace: Workspace, alarms: tuple[Alarm, ...], now: datetime, language: Language) -> dict[str, Any]:
    """The alarms that stand, those that stand longest first."""
    since = workspace.store.alarms()
    found = [(since[alarm.key].since if alarm.key in since else now, alarm) for alarm in alarms]
    return {
        "alarms": [to_json(alarm, at, language) for at, alarm in sorted(found, key=lambda pair: (pair[0], pair[1].key))]
    }


def _planned(
    workspace: Workspace, source: Source, at: datetime, attempt: Attempt | None, now: datetime, count: int
) -> dict[str, Any]:
    calendar = workspace.config.calendar if source.working_days else None
    later: list[datetime] = []
    for time in times(source.schedule, max(at, now)):
        if len(later) >= count - 1:
            break
        if calendar is None or calendar.works(time.date()):
            later.append(time)
    return {
        "id": source.id,
        "schedule": source.schedule,
        "working_days": source.working_days,
        "due": at <= now,
        "next_runs": [_iso(max(at, now)), *map(_iso, later)],
        "failures": attempt.failures if attempt and attempt.ended else 0,
        "last_attempt": _iso(attempt.started) if attempt else None,
        "last_state": attempt.state.value if attempt and attempt.state else None,
    }


def _run(run: Run, now: datetime) -> dict[str, Any]:
    ended = run.ended or (now if run.state is RunState.RUNNING else run.started)
    counts = list(run.summary.get("sources", ()))
    return {
        "run": run.id,
        "purpose": run.purpose,
        "asked_by": run.asked_by,
        "state": run.state.value,
        "started": _iso(run.started),
        "ended": _iso(run.ended) if run.ended else None,
        "seconds": round((ended - run.started).total_seconds(), 1),
        "counts": {name: sum(source.get(name, 0) for source in counts) for name in COUNTED},
    }


def _source(id: str, told: dict[str, Any] | None, fared: SourceRun | None) -> dict[str, Any]:
    summary = told or (fared.summary if fared else {})
    state = fared.state.value if fared else summary.get("state")
    counts = {name: summary.get(name, 0) for name in COUNTED}
    return {
        "id": id,
        "state": state,
        **counts,
        "findings": summary.get("findings", []),
        "datasets": summary.get("datasets", []),
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(ZONE).isoformat(timespec="seconds")
