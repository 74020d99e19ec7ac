"""What people do to one dataset: publish, withdraw, roll back, decide."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from workspaces import Clock, hand_over, make_workspace, opened, tree

import checks
from harvester.by_hand import decide, publish, rollback, withdraw
from harvester.errors import PolicyRefused, UsageRefused
from harvester.ledger import Decision
from harvester.model import Outcome, Verdict
from harvester.portal import statistics
from harvester.results import Plan, PublishResult
from harvester.run import run
from harvester.stats import to_json


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "w")


def yes(plan: Plan) -> bool:
    return True


def no(plan: Plan) -> bool:
    return False


def steward_file(folder: Path, rows: str = "ma,ten\n1,Một\n", title: str = "Danh mục thuốc") -> Path:
    """A file with its description, as a steward has it."""
    place = folder / "cua-toi"
    place.mkdir(exist_ok=True)
    (place / "dataset.yaml").write_text(
        f"title: {title}\ndescription: Danh mục thuốc thiết yếu.\nlicence: CC-BY-4.0\nfrequency: một lần\n"
        "modified: 2026-10-01\n",
        "utf-8",
    )
    (place / "thuoc.csv").write_text(rows, "utf-8")
    return place


def publish_it(folder: Path, clock: Clock, path: Path, confirm=yes, **options) -> PublishResult:
    with opened(folder, clock) as workspace:
        agency = workspace.config.register.resolve("so-y-te", date(2026, 11, 24))
        return publish(workspace, path, agency, clock, confirm=confirm, judge=checks.check, **options)


def test_a_file_is_published_and_the_same_again_is_unchanged(folder: Path, clock: Clock):
    path = steward_file(folder)
    first = publish_it(folder, clock, path)
    assert (first.outcome, first.version, first.exit_code) == (Outcome.PUBLISHED, 1, 0)
    assert first.writes > 0
    again = publish_it(folder, clock, path)
    assert (again.outcome, again.version, again.writes) == (Outcome.UNCHANGED, 1, 0)


def test_the_next_file_of_the_same_title_is_the_next_version(folder: Path, clock: Clock):
    publish_it(folder, clock, steward_file(folder))
    result = publish_it(folder, clock, steward_file(folder, rows="ma,ten\n1,Một\n2,Hai\n"))
    assert (result.outcome, result.version) == (Outcome.PUBLISHED, 2)
    assert result.plan is not None and result.plan.changes


def test_a_nearly_equal_title_is_a_question_that_yes_does_not_answer(folder: Path, clock: Clock):
    publish_it(folder, clock, steward_file(folder))
    renamed = steward_file(folder, title="Danh mục thuốc.")
    renamed.joinpath("dataset.yaml").write_text(
        renamed.joinpath("dataset.yaml").read_text("utf-8").replace("Danh mục thuốc.", "Danh mục các thuốc"), "utf-8"
    )
    held = publish_it(folder, clock, renamed)
    assert (held.outcome, held.exit_code, held.writes) == (Outcome.HELD, 5, 0)
    assert [finding.code for finding in held.findings if finding.code.startswith("RUN")] == ["RUN-016"]
    answered = publish_it(folder, clock, renamed, key="danh-muc-thuoc")
    assert (answered.outcome, answered.version) == (Outcome.PUBLISHED, 2)


def test_no_means_nothing_written(folder: Path, clock: Clock):
    result = publish_it(folder, clock, steward_file(folder), confirm=no)
    assert (result.outcome, result.writes) == (Outcome.HELD, 0)
    assert not list((folder / "portal").glob("dataset/*"))


def test_a_dry_run_shows_the_difference_and_writes_nothing(folder: Path, clock: Clock):
    path = steward_file(folder)
    before = tree(folder)
    with opened(folder, clock, writing=False) as workspace:
        agency = workspace.config.register.resolve("so-y-te", date(2026, 11, 24))
        result = publish(workspace, path, agency, clock, confirm=no, judge=checks.check, dry_run=True)
    assert (result.outcome, result.exit_code) == (Outcome.PUBLISHED, 0)
    assert result.plan is not None and result.plan.new
    assert tree(folder) == before


def test_a_broken_file_is_invalid_data_and_identity_numbers_are_policy(folder: Path, clock: Clock):
    assert publish_it(folder, clock, steward_file(folder, rows="")).exit_code == 1
    people = "ho_ten,so_cccd\n" + "".join(f"Nguyễn Văn {c},0400900{i:05d}\n" for i, c in enumerate("ABCDEFGH"))
    refused = publish_it(folder, clock, steward_file(folder, rows=people, title="Danh sách hộ"))
    assert (refused.outcome, refused.exit_code) == (Outcome.REFUSED, 5)
    assert "040090000001" not in str(refused.to_json("vi"))


def test_withdrawn_is_gone_for_readers_and_stays_so_whatever_the_source_does(folder: Path, clock: Clock):
    hand_over(folder, "a")
    name = _run(folder, clock)["a"]
    with opened(folder, clock) as workspace:
        result = withdraw(workspace, name, "Có số điện thoại", clock, confirm=yes)
        assert (result.outcome, result.exit_code) == (Outcome.WITHDRAWN, 0)
        seen = workspace.publisher.read_back(name)
    assert seen is None or seen.withdrawn
    assert not list((folder / "portal" / "versions").rglob("*.csv"))
    _run(folder, clock)
    hand_over(folder, "a", rows="ma,ten\n5,Năm\n")
    _run(folder, clock)
    assert not list((folder / "portal" / "versions").rglob("*.csv"))


def test_a_withdrawn_dataset_comes_back_by_rollback(folder: Path, clock: Clock):
    hand_over(folder, "a")
    name = _run(folder, clock)["a"]
    with opened(folder, clock) as workspace:
        withdraw(workspace, name, "nhầm", clock, confirm=yes)
        result = rollback(workspace, name, None, "đã kiểm tra", clock, confirm=yes, judge=checks.check)
        assert (result.outcome, result.version) == (Outcome.PUBLISHED, 2)
        seen = workspace.publisher.read_back(name)
    assert seen is not None and not seen.withdrawn


def test_a_rollback_holds_until_the_source_changes(folder: Path, clock: Clock):
    hand_over(folder, "a", rows="ma,ten\n1,Một\n")
    name = _run(folder, clock)["a"]
    hand_over(folder, "a", rows="ma,ten\n1,Sai\n")
    _run(folder, clock)
    with opened(folder, clock) as workspace:
        assert rollback(workspace, name, None, "sai số liệu", clock, confirm=yes, judge=checks.check).version == 3
    _run(folder, clock)
    assert "Một" in _served(folder, name)
    hand_over(folder, "a", rows="ma,ten\n1,Đúng\n")
    _run(folder, clock)
    assert "Đúng" in _served(folder, name)


def test_a_version_that_was_never_there_cannot_come_back(folder: Path, clock: Clock):
    hand_over(folder, "a")
    name = _run(folder, clock)["a"]
    with opened(folder, clock) as workspace, pytest.raises(UsageRefused, match="RUN-004"):
        rollback(workspace, name, 7, "x", clock, confirm=yes, judge=checks.check)


def test_nobody_withdraws_another_agencys_dataset(folder: Path, clock: Clock):
    hand_over(folder, "a")
    name = _run(folder, clock)["a"]
    portal = folder / "config" / "portal.toml"
    portal.write_text('agencies = ["NA-P-STC"]\n' + portal.read_text("utf-8"), "utf-8")
    with opened(folder, clock) as workspace, pytest.raises(PolicyRefused):
        withdraw(workspace, name, "x", clock, confirm=yes)


def test_an_official_result_enters_by_a_decision(folder: Path, clock: Clock):
    decision = Decision(
        "NA-P-SYT", "", Verdict.MET, "BC 12/BC-UBND", "Trần A", "Báo cáo chính thức", date(2024, 6, 1), None, clock()
    )
    with opened(folder, clock) as workspace:
        decide(workspace, decision, clock)
        target = to_json(statistics(workspace, date(2024, 6, 30)), "vi")["targets"][0]
    assert (target["in_scope"], target["needed"], target["met"], target["unknown"]) == (42, 9, 1, 41)


def test_a_decision_about_a_dataset_names_a_rule(folder: Path, clock: Clock):
    hand_over(folder, "a")
    name = _run(folder, clock)["a"]
    decision = Decision(name, "", Verdict.MET, "1", "A", "x", date(2026, 1, 1), None, clock())
    with opened(folder, clock) as workspace:
        with pytest.raises(UsageRefused):
            decide(workspace, decision, clock)
        decide(workspace, replace(decision, rule="C16"), clock)


def test_a_held_dataset_goes_out_by_a_decision_and_a_later_one_takes_it_back(folder: Path, clock: Clock):
    names = "ho_ten\n" + "".join(f"Nguyễn Văn {letter}\n" for letter in "ABCDEFGH")
    hand_over(folder, "a", rows=names.replace("ho_ten", "Họ và tên nghệ nhân"))
    name = _run(folder, clock)["a"]
    with opened(folder, clock) as workspace:
        known = workspace.store.named(name)
        assert known is not None and known.outcome is Outcome.HELD
        allowed = Decision(name, "C15", Verdict.MET, "QĐ 1", "A", "x", date(2026, 1, 1), None, clock())
        decide(workspace, allowed, clock)
        clock.pass_by(minutes=1)
        decide(workspace, replace(allowed, verdict=Verdict.NOT_MET, recorded_at=clock()), clock)
    _run(folder, clock)
    with opened(folder, clock) as workspace:
        known = workspace.store.named(name)
        assert known is not None and (known.outcome, known.version) == (Outcome.HELD, 0)
        clock.pass_by(minutes=1)
        decide(workspace, replace(allowed, recorded_at=clock()), clock)
    _run(folder, clock)
    with opened(folder, clock) as workspace:
        known = workspace.store.named(name)
        assert known is not None and (known.outcome, known.version) == (Outcome.PUBLISHED, 1)


def _run(folder: Path, clock: Clock) -> dict[str, str]:
    with opened(folder, clock) as workspace:
        result = run(workspace, (), clock, judge=checks.check)
    return {dataset.identifier: dataset.name for source in result.sources for dataset in source.datasets}


def _served(folder: Path, name: str) -> str:
    (file,) = (folder / "portal" / "dataset" / name).glob("*.csv")
    return file.read_text("utf-8")
