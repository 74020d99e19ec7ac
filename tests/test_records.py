"""Every record survives the way into the store and back."""

from datetime import UTC, date, datetime
from pathlib import Path

from harvester.i18n import say
from harvester.ledger import Fact, Observation
from harvester.model import Dataset, Effect, Finding, Place, Report, Resource, Severity, Table, Verdict
from harvester.records import from_json, to_json


def test_a_report_comes_back_equal():
    finding = Finding(
        "TAB-001",
        Severity.ERROR,
        say("{file}: {n} rows on {day}", file=say("file {x}", x="a"), n=3, day=date(2026, 1, 2)),
        say("Mend it."),
        "C05",
        "name",
        Place("a.csv", row=3),
        Effect.REFUSE,
    )
    table = Table("a", {"valid": False}, {"fields": []}, 3, (("x",), ("1",)))
    report = Report("1", (finding,), {"C05": Verdict.NOT_MET}, (table,), "cc-by-4.0")
    assert from_json(Report, to_json(report)) == report


def test_a_dataset_comes_back_equal():
    resource = Resource("a", "https://example.vn/a.csv", schema={"fields": [{"name": "x"}]}, declared_rows=3)
    dataset = Dataset("s", "1", "Tên", (resource,), issued=date(2026, 1, 2), keywords=("y tế",), place=Place("p"))
    assert from_json(Dataset, to_json(dataset)) == dataset


def test_an_observation_comes_back_equal():
    now = datetime(2026, 11, 24, 7, tzinfo=UTC)
    seen = Observation(Fact.SEEN, "name", now, now, 1, {"a": 1})
    assert from_json(Observation, to_json(seen)) == seen


def test_paths_are_paths_again():
    assert from_json(Path, to_json(Path("/a/b"))) == Path("/a/b")
