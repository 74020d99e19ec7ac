"""What scheduling costs: N sources due at once, found and claimed one after the other from the ledger.

    python benchmarks/service.py [--sources 1000 10000] [--database postgresql://…]

For each N: the look that finds them all, then for each source the lease, the attempt's begin and end and the release,
as a run does them; median, 95th percentile and slowest, transactions, and the look when nothing is due. Beside it
stands APScheduler's own SQLAlchemy job store with as many jobs due at once: the time in which its scheduler hands out
all of them, and what its own store costs for each. (It must not be shared by schedulers and pickles what it stores,
which is why it is not used.)
"""

import argparse
import statistics
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import event

from harvester.due import coming
from harvester.ledger import SourceState
from harvester.model import Source
from harvester.store import Store
from harvester.working_days import Calendar

NOW = datetime(2026, 11, 24, 5, tzinfo=UTC)


def ours(number: int, database: str) -> dict[str, float]:
    """Seconds and counts of our own way."""
    sources = tuple(
        Source(f"s{n:05}", "folder", "x", schedule=f"{n % 60} 2 * * *", approved=True) for n in range(number)
    )
    with Store.open(database, NOW) as store:
        statements = count(store._engine)
        began = time.perf_counter()
        due = [source for at, source in coming(sources, store.attempts(), Calendar(), NOW) if at <= NOW]
        first_look = time.perf_counter() - began
        run = store.begin_run("run", "benchmark", NOW).id
        each, before = [], statements[0]
        for source in due:
            began = time.perf_counter()
            lease = store.claim(f"source:{source.id}", run, "here:1", NOW)
            store.begin_attempt(source.id, lease, NOW)
            store.end_attempt(source.id, lease, SourceState.OK, NOW)
            store.release(lease)
            each.append(time.perf_counter() - began)
        asked = statements[0] - before
        again = NOW + timedelta(seconds=15)
        coming(sources, store.attempts(), Calendar(), again)
        began = time.perf_counter()
        left = [source for at, source in coming(sources, store.attempts(), Calendar(), again) if at <= again]
        idle_look = time.perf_counter() - began
    assert (len(due), left) == (number, [])
    each.sort()
    return {
        "look when all are due, s": first_look,
        "claim to release, median ms": statistics.median(each) * 1000,
        "claim to release, p95 ms": each[int(0.95 * number)] * 1000,
        "slowest ms": each[-1] * 1000,
        "all, s": sum(each),
        "statements a source": asked / number,
        "look when none is due, s": idle_look,
    }


def theirs(number: int, database: str) -> dict[str, float]:
    """The same with APScheduler's job store: all jobs due at once, each doing nothing."""
    store = SQLAlchemyJobStore(url=database if "://" in database else f"sqlite:///{database}")
    options = {"misfire_grace_time": None, "coalesce": True}
    scheduler = BackgroundScheduler(
        jobstores={"default": store}, executors={"default": ThreadPoolExecutor(8)}, job_defaults=options, timezone=UTC
    )
    scheduler.start(paused=True)
    statements = count(store.engine)
    began = time.perf_counter()
    for n in range(number):
        scheduler.add_job(
            nothing, "cron", id=f"s{n:05}", hour=2, next_run_time=datetime.now(UTC) - timedelta(seconds=1)
        )
    added = time.perf_counter() - began
    DONE.clear()
    WANTED[0], LEFT[0], before = number, number, statements[0]
    began = time.perf_counter()
    scheduler.resume()
    DONE.wait(600)
    took = time.perf_counter() - began
    asked = statements[0] - before
    scheduler.shutdown(wait=False)
    return {
        "add, s": added,
        "hand out all, s": took,
        "a job, mean ms": took / number * 1000,
        "statements a job": asked / number,
    }


DONE, LOCK, WANTED, LEFT = threading.Event(), threading.Lock(), [0], [0]


def nothing() -> None:
    """A job."""
    with LOCK:
        LEFT[0] -= 1
        if LEFT[0] == 0:
            DONE.set()


def count(engine: object) -> list[int]:
    """How many statements the engine was given."""
    number = [0]

    def seen(*_: object) -> None:
        number[0] += 1

    event.listen(engine, "before_cursor_execute", seen)
    return number


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sources", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--database", default="", help="an empty PostgreSQL database (else a new SQLite file)")
    parser.add_argument("--beside", type=int, default=10_000, help="at most so many jobs in APScheduler's store")
    options = parser.parse_args()
    for number in options.sources:
        with TemporaryDirectory() as folder:
            print(f"{number} sources due at once")
            for name, value in ours(number, options.database or str(Path(folder) / "state.db")).items():
                print(f"  {name:32}{value:10.3f}")
            print("APScheduler's SQLAlchemy job store")
            for name, value in theirs(min(number, options.beside), str(Path(folder) / "jobs.db")).items():
                print(f"  {name:32}{value:10.3f}")


if __name__ == "__main__":
    main()
