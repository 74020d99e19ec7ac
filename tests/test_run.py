"""The main job: what becomes of datasets over runs, and what never happens."""

from datetime import date
from pathlib import Path

import pytest
from workspaces import Clock, hand_over, make_workspace, opened, tree

import checks
from harvester.errors import PortalUnavailable, UsageRefused
from harvester.i18n import say
from harvester.lease import hold
from harvester.ledger import RunState, SourceState
from harvester.model import Outcome
from harvester.results import RunResult, SourceResult
from harvester.run import run


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "w")


def run_once(folder: Path, clock: Clock, *names: str, dry_run: bool = False) -> RunResult:
    with opened(folder, clock, writing=not dry_run) as workspace:
        return run(workspace, names, clock, judge=checks.check, dry_run=dry_run)


def only(result: RunResult) -> SourceResult:
    (source,) = result.sources
    return source


def outcomes(result: RunResult) -> dict[str, str]:
    return {d.identifier: d.outcome.value for source in result.sources for d in source.datasets}


def name_of(result: RunResult, identifier: str) -> str:
    return next(d.name for source in result.sources for d in source.datasets if d.identifier == identifier)


def test_what_passes_is_published_and_the_same_again_changes_nothing(folder: Path, clock: Clock):
    hand_over(folder, "benh-vien")
    first = run_once(folder, clock)
    assert outcomes(first) == {"benh-vien": "published"}
    assert (first.state, first.exit_code) == (RunState.OK, 0)
    shown = tree(folder / "portal")
    assert any(path.startswith("dataset/so-y-te-danh-sach-benh-vien-") for path in shown)
    clock.pass_by(minutes=5)
    again = run_once(folder, clock)
    assert outcomes(again) == {"benh-vien": "unchanged"}
    assert tree(folder / "portal") == shown


def test_a_changed_file_is_a_new_version_under_the_same_resource_id(folder: Path, clock: Clock):
    hand_over(folder, "benh-vien")
    name = name_of(run_once(folder, clock), "benh-vien")
    with opened(folder, clock) as workspace:
        before = workspace.publisher.read_back(name)
    hand_over(folder, "benh-vien", rows="ma,ten\n1,Một\n")
    assert outcomes(run_once(folder, clock)) == {"benh-vien": "published"}
    with opened(folder, clock) as workspace:
        after = workspace.publisher.read_back(name)
    assert before and after
    assert (before.version, after.version) == (1, 2)
    assert [f.id for f in before.files] == [f.id for f in after.files]
    assert [f.sha256 for f in before.files] != [f.sha256 for f in after.files]


def test_a_refused_dataset_stays_refused_with_its_findings_and_its_exit_code(folder: Path, clock: Clock):
    hand_over(folder, "rong", rows="")
    for _ in range(2):
        result = run_once(folder, clock)
        assert outcomes(result) == {"rong": "refused"}
        assert result.exit_code == 1
        assert any(finding.effect.value == "refuse" for finding in only(result).findings)
    assert not list((folder / "portal").glob("dataset/*"))


def test_a_new_version_that_is_refused_leaves_the_previous_one_standing(folder: Path, clock: Clock):
    hand_over(folder, "benh-vien")
    name = name_of(run_once(folder, clock), "benh-vien")
    hand_over(folder, "benh-vien", rows="")
    assert outcomes(run_once(folder, clock)) == {"benh-vien": "refused"}
    with opened(folder, clock) as workspace:
        seen = workspace.publisher.read_back(name)
    assert seen is not None and seen.version == 1


def test_a_file_that_cannot_be_had_fails_its_dataset_and_not_its_source(folder: Path, clock: Clock):
    hand_over(folder, "benh-vien")
    name = name_of(run_once(folder, clock), "benh-vien")
    described = folder / "ban-giao" / "so-y-te" / "benh-vien" / "dataset.yaml"
    described.write_text(described.read_text("utf-8") + "resources:\n  - path: khong-co.csv\n", "utf-8")
    result = run_once(folder, clock)
    assert outcomes(result) == {"benh-vien": "failed"}
    assert (only(result).state, only(result).files_failed, result.exit_code) == (SourceState.OK, 1, 1)
    with opened(folder, clock) as workspace:
        seen = workspace.publisher.read_back(name)
    assert seen is not None and seen.version == 1


def test_what_is_gone_is_retired_only_after_two_complete_runs_a_day_apart(folder: Path, clock: Clock):
    for name in ("a", "b", "c"):
        hand_over(folder, name, rows=f"ma,ten\n1,{name}\n")
    run_once(folder, clock)
    _remove(folder, "c")
    assert only(run_once(folder, clock)).missing == 1
    clock.pass_by(hours=23)
    assert "c" not in outcomes(run_once(folder, clock))
    clock.pass_by(hours=1)
    assert outcomes(run_once(folder, clock))["c"] == "withdrawn"
    assert outcomes(run_once(folder, clock)) == {"a": "unchanged", "b": "unchanged"}


def test_an_empty_listing_retires_nothing(folder: Path, clock: Clock):
    hand_over(folder, "a")
    run_once(folder, clock)
    _remove(folder, "a")
    for _ in range(3):
        clock.pass_by(days=2)
        result = run_once(folder, clock)
        assert Outcome.WITHDRAWN.value not in outcomes(result).values()
    with opened(folder, clock) as workspace:
        assert workspace.store.live("so-y-te") == 1


def test_too_many_gone_at_once_are_held(folder: Path, clock: Clock):
    for number in range(8):
        hand_over(folder, f"d{number}", rows=f"ma,ten\n1,{number}\n")
    run_once(folder, clock)
    for number in range(6):
        _remove(folder, f"d{number}")
    run_once(folder, clock)
    clock.pass_by(days=2)
    result = run_once(folder, clock)
    assert only(result).number(Outcome.HELD) == 6
    assert any(finding.code == "RUN-021" for finding in only(result).findings)


def test_a_renamed_folder_is_the_same_dataset(folder: Path, clock: Clock):
    hand_over(folder, "a")
    hand_over(folder, "b", rows="ma,ten\n9,Chín\n")
    name = name_of(run_once(folder, clock), "b")
    source = folder / "ban-giao" / "so-y-te"
    (source / "b").rename(source / "b-moi")
    result = run_once(folder, clock)
    assert name_of(result, "b-moi") == name
    assert only(result).missing == 0


def test_a_dataset_removed_from_the_portal_by_hand_is_not_put_back_unasked(folder: Path, clock: Clock):
    hand_over(folder, "a")
    name = name_of(run_once(folder, clock), "a")
    (folder / "portal" / "dataset" / name).unlink()
    assert outcomes(run_once(folder, clock)) == {"a": "held"}


def test_a_workspace_acts_only_for_the_agencies_it_may(folder: Path, clock: Clock):
    portal = folder / "config" / "portal.toml"
    portal.write_text('agencies = ["NA-P-STC"]\n' + portal.read_text("utf-8"), "utf-8")
    hand_over(folder, "a")
    result = run_once(folder, clock)
    assert outcomes(result) == {"a": "refused"}
    assert [finding.code for finding in only(result).findings] == ["RUN-011"]


def test_a_dry_run_writes_nothing_and_exits_as_the_real_one(folder: Path, clock: Clock):
    hand_over(folder, "a")
    hand_over(folder, "rong", rows="")
    before = tree(folder)
    result = run_once(folder, clock, dry_run=True)
    assert outcomes(result) == {"a": "published", "rong": "refused"}
    assert result.exit_code == 1
    assert tree(folder) == before


def test_a_source_that_another_holds_is_skipped(folder: Path, clock: Clock):
    hand_over(folder, "a")
    with opened(folder, clock) as workspace:
        row = workspace.store.begin_run("run", "test", clock())
        with hold(workspace, "source:so-y-te", row.id, clock):
            result = run(workspace, (), clock, judge=checks.check)
    assert only(result).state is SourceState.SKIPPED
    assert result.exit_code == 6


def test_a_source_that_does_not_exist_is_named(folder: Path, clock: Clock):
    with pytest.raises(UsageRefused, match="so-y-t"):
        run_once(folder, clock, "so-y-t")


def test_sources_side_by_side_give_the_same_as_one_by_one(tmp_path: Path, clock: Clock):
    agencies = {"so-y-te": "so-y-te", "so-tai-chinh": "so-tai-chinh", "so-du-lich": "so-van-hoa-the-thao-va-du-lich"}
    folder = make_workspace(tmp_path / "w", agencies)
    for source in agencies:
        for number in range(3):
            hand_over(folder, f"d{number}", rows=f"ma,ten\n{number},{source}\n", source=source)
    result = run_once(folder, clock)
    assert [len(source.datasets) for source in result.sources] == [3, 3, 3]
    assert result.exit_code == 0
    assert len(list((folder / "portal" / "dataset").iterdir())) == 9


def test_a_source_that_is_not_there_fails_alone(tmp_path: Path, clock: Clock):
    folder = make_workspace(tmp_path / "w", {"so-y-te": "so-y-te", "so-tai-chinh": "so-tai-chinh"})
    hand_over(folder, "a")
    (folder / "ban-giao" / "so-tai-chinh").rmdir()
    result = run_once(folder, clock)
    assert {s.id: s.state for s in result.sources} == {
        "so-y-te": SourceState.OK,
        "so-tai-chinh": SourceState.FAILED,
    }
    assert (result.state, result.exit_code) == (RunState.PARTIAL, 1)


def no_portal(*arguments: object) -> None:
    raise PortalUnavailable("CAT-001", say("The disk is full."), say("Free some space."))


@pytest.mark.parametrize("call", ["find", "publish", "read_back"])
def test_while_the_portal_is_away_datasets_wait_and_then_go_out(folder: Path, clock: Clock, monkeypatch, call: str):
    hand_over(folder, "a")
    hand_over(folder, "b", rows="ma,ten\n9,Chín\n")
    with monkeypatch.context() as cut:
        cut.setattr(f"publishers.catalogue.Catalogue.{call}", no_portal)
        result = run_once(folder, clock)
    assert outcomes(result) == {"a": "failed", "b": "failed"}
    assert (only(result).state, only(result).files_failed, result.exit_code) == (SourceState.OK, 0, 4)
    assert result.to_json("vi")["portal"]["code"] == "CAT-001"
    assert set(outcomes(run_once(folder, clock)).values()) <= {"published", "unchanged"}
    with opened(folder, clock) as workspace:
        assert {seen.version for seen in workspace.publisher.listing()} == {1}
        assert workspace.store.open_entries() == ()


def test_pages_that_cannot_be_written_do_not_undo_what_was_published(folder: Path, clock: Clock, monkeypatch):
    hand_over(folder, "a")
    with monkeypatch.context() as cut:
        cut.setattr("publishers.catalogue.Catalogue.present", no_portal)
        result = run_once(folder, clock)
    assert (outcomes(result), result.exit_code) == ({"a": "published"}, 4)
    assert run_once(folder, clock).exit_code == 0


def test_a_journal_entry_the_portal_refuses_for_good_is_given_up(folder: Path, clock: Clock, monkeypatch):
    hand_over(folder, "a")
    with monkeypatch.context() as cut:
        cut.setattr("publishers.catalogue.Catalogue.read_back", no_portal)
        name = name_of(run_once(folder, clock), "a")
    place = folder / "portal" / "dataset" / name
    place.unlink()
    place.mkdir()
    (place / "index.html").write_text("not ours", "utf-8")
    assert outcomes(run_once(folder, clock)) == {"a": "refused"}
    assert (place / "index.html").read_text("utf-8") == "not ours"
    with opened(folder, clock) as workspace:
        assert workspace.store.open_entries() == ()


def test_figures_follow_the_run(folder: Path, clock: Clock):
    from harvester.portal import statistics
    from harvester.stats import to_json

    with opened(folder, clock) as workspace:
        target = to_json(statistics(workspace, date(2026, 11, 24)), "vi")["targets"][0]
    assert (target["in_scope"], target["needed"], target["unknown"]) == (15, 3, 15)
    hand_over(folder, "a")
    run_once(folder, clock)
    with opened(folder, clock) as workspace:
        target = to_json(statistics(workspace, date(2026, 11, 24)), "vi")["targets"][0]
    assert (target["met"], target["not_met"], target["unknown"]) == (1, 14, 0)


def _remove(folder: Path, name: str) -> None:
    for path in (folder / "ban-giao" / "so-y-te" / name).iterdir():
        path.unlink()
    (folder / "ban-giao" / "so-y-te" / name).rmdir()
