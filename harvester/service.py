"""When to run: what is due is computed from the ledger and attempted, by cron (`run --due`) or by `opendata serve`.

The scheduler only says "please look what is due" every few seconds. What must be right, that no source runs twice at
once and none is lost, lies in the ledger, so any number of services, crons and people may ask at the same time.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor  # type: ignore[import-untyped]
from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]
from apscheduler.triggers.interval import IntervalTrigger  # type: ignore[import-untyped]

from harvester import due as schedule
from harvester.alarms import examine, note, note_digests
from harvester.config import Config
from harvester.errors import ConfigurationError, OpendataError, RunLocked
from harvester.i18n import say
from harvester.lease import hold, is_free, ledger_row
from harvester.ledger import RunState
from harvester.model import ZONE, Source
from harvester.notices import deliver
from harvester.portal import observe
from harvester.publishing import heal
from harvester.results import RunResult
from harvester.retention import prune
from harvester.run import Progress, run
from harvester.schedule import next_times
from harvester.settle import Judge
from harvester.stopping import Stop
from harvester.workspace import Clock, Workspace

log = logging.getLogger(__name__)

EVERY = 15
"""Seconds between two looks at what is due."""
SIDE_BY_SIDE = 4
"""Runs under way at once: a slow source holds up only those it was due with."""
AT_ONCE = 64
"""Sources of one run; what is more is due at the next look, so that no run's row grows without end."""
PATIENCE = 8.0
"""Seconds after a stop in which runs end by themselves; the contract with systemd is ten."""
WATCH = 60
"""Seconds between two looks at what should worry somebody."""
RECONCILE = "reconcile"
NIGHTLY = "40 3 * * *"
"""When the portal is compared with the ledger and the ledger pruned."""
DEAF = timedelta(minutes=5)
"""A service that has not looked for so long is not well."""


def due_now(workspace: Workspace, now: datetime) -> tuple[Source, ...]:
    """The approved sources that are due, the longest overdue first."""
    config, attempts = workspace.config, workspace.store.attempts()
    coming = schedule.coming(config.sources, attempts, config.calendar, now)
    return tuple(source for at, source in coming if at <= now)


def run_due(
    workspace: Workspace,
    clock: Clock,
    *,
    judge: Judge | None = None,
    progress: Progress | None = None,
    stopping: Stop | None = None,
    limit: int | None = None,
) -> RunResult:
    """Finish what a killed command left, then run what is due; nothing is written when nothing is due.

    Safe to call as often as one likes, from any number of processes. Raises RunLocked when all that is due is being
    run by others, and what `run` raises.
    """
    healed = heal(workspace, clock)[0]
    wanted = due_now(workspace, clock())
    free = tuple(source for source in wanted if is_free(workspace, f"source:{source.id}", clock))
    if wanted and not free:
        raise RunLocked(
            "SVC-001",
            say("All that is due is being run by another command: {names}.", names=", ".join(s.id for s in wanted[:5])),
            say("Nothing needs to be done: what is due is attempted again after it."),
        )
    if not free:
        return RunResult(None, (), healed=healed)
    names = tuple(source.id for source in free[:limit])
    result = run(
        workspace,
        names,
        clock,
        judge=judge,
        progress=progress,
        due=lambda source: _still(workspace, source, clock),
        stopping=stopping,
    )
    return replace(result, healed=result.healed + healed)


def _still(workspace: Workspace, source: Source, clock: Clock) -> bool:
    return source in due_now(workspace, clock())


def nightly(workspace: Workspace, clock: Clock) -> bool:
    """Once a night, whoever asks: compare the portal with the ledger, forget what need not be kept; False: not now."""
    last = workspace.store.last_run(RECONCILE)
    slot = next(iter(next_times(NIGHTLY, last.started, 1)), None) if last else clock()
    if slot is None or slot > clock():
        return False
    with ledger_row(workspace, RECONCILE, clock) as row, hold(workspace, "portal:", row, clock):
        observe(workspace, row, clock)
        summary = prune(workspace, clock()).to_json()
        workspace.store.finish_run(row, RunState.OK, {"pruned": summary}, clock())
    return True


@dataclass
class Service:
    """Everything that goes on by itself in one workspace; the clock is handed in, so that a test can turn it."""

    workspace: Workspace
    clock: Clock
    load: Callable[[], Config]
    judge: Judge | None = None
    stopping: Stop = field(default_factory=Stop)
    looked: datetime | None = None  # when last at what is due
    mistake: ConfigurationError | None = None  # why the newest config/ is not used
    _under_way: int = 0
    _idle: threading.Condition = field(default_factory=threading.Condition)

    def look(self) -> None:
        """Run what is due; what stands in the way is logged and looked at again the next time."""
        self.looked = self.clock()
        self._guarded(
            "look", lambda: run_due(self.workspace, self.clock, judge=self.judge, stopping=self.stopping, limit=AT_ONCE)
        )

    def watch(self) -> None:
        """By night the round; then note which alarms stand, and deliver what must be told."""
        self._guarded("round", lambda: nightly(self.workspace, self.clock))
        self._guarded("watch", self._watch)

    def reload(self) -> bool:
        """Take the configuration as it now is; a wrong one is not taken, and why is logged, shown and alarmed."""
        try:
            config = self.load()
            if config.portal != self.workspace.config.portal:
                raise ConfigurationError(
                    "SVC-002",
                    say("config/portal.toml was changed; a running service does not change its portal."),
                    say("Start the service again: systemctl restart opendata"),
                )
            self.workspace.store.record_revisions(config.documents, self.clock())
        except ConfigurationError as error:
            self.mistake = error
            log.error("the configuration stays as it was: %s: %s", error.code, error.message)
            return False
        self.workspace, self.mistake = replace(self.workspace, config=config), None
        log.info("the configuration was read again: %d sources", len(config.sources))
        return True

    def scheduler(self) -> BackgroundScheduler:
        """A scheduler that does all this by the clock on the wall; nothing of it is stored."""
        made = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(SIDE_BY_SIDE + 4)},
            job_defaults={"misfire_grace_time": None, "coalesce": True},
            timezone=ZONE,
        )
        every = IntervalTrigger(seconds=EVERY, timezone=ZONE)
        made.add_job(self.look, every, id="look", max_instances=SIDE_BY_SIDE, next_run_time=datetime.now(ZONE))
        made.add_job(self.watch, IntervalTrigger(seconds=WATCH, timezone=ZONE), id="watch")
        return made

    def stop(self, patience: float = PATIENCE) -> bool:
        """Let what is under way end where it can be taken up again; False if something would not end in time."""
        self.stopping.set()
        with self._idle:
            return self._idle.wait_for(lambda: not self._under_way, patience)

    def _watch(self) -> None:
        note(self.workspace, examine(self.workspace, self.clock(), self.mistake), self.clock())
        note_digests(self.workspace, self.clock())
        deliver(self.workspace, self.clock)

    def _guarded(self, name: str, work: Callable[[], object]) -> None:
        """One job: errors of ours are said in a line, a bug keeps its traceback; the next time comes all the same."""
        if self.stopping.is_set():
            return
        with self._idle:
            self._under_way += 1
        try:
            work()
        except RunLocked as error:
            log.debug("%s: %s", name, error.message)
        except OpendataError as error:
            log.error("%s: %s: %s", name, error.code, error.message)
        except KeyboardInterrupt:
            log.info("%s was stopped; it is taken up again when the service starts", name)
        except Exception:
            log.exception("%s met a bug", name)
        finally:
            with self._idle:
                self._under_way -= 1
                self._idle.notify_all()
