"""The demo shows what it says it shows, on any day, and nothing in it is special."""

import re
import shutil
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import onserver
import pytest
import yaml
from workspaces import Clock, tree

from harvester.demo import DemoResult, demo, intended
from harvester.demo.layout import DATA, lay_out, render
from harvester.errors import ConfigurationError, UsageRefused
from harvester.ledger import RunState
from harvester.model import ZONE, Verdict
from harvester.portal import statistics
from harvester.records import to_json
from harvester.run import run
from harvester.starting import initialise
from harvester.stats import to_json as stats_json
from harvester.workspace import open_workspace

DAY = date(2026, 11, 24)
BANNER = re.compile("minh (họa|hoạ)|illustration", re.IGNORECASE)
INVENTED = [p for p in (DATA / "ban-giao").rglob("dataset.yaml") if "don-vi-bien-tap" not in p.parts]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> DemoResult:
    return demo(tmp_path_factory.mktemp("demo") / "opendata-demo", "catalogue", Clock())


def test_every_hand_over_has_its_intended_outcome_and_then_changes_nothing(shown: DemoResult):
    assert [str(surprise) for surprise in shown.surprises] == []
    assert shown.exit_code == 0
    assert [each.state for each in shown.runs] == [RunState.OK, RunState.OK]
    assert sum(len(source.datasets) for source in shown.runs[0].sources) == len(intended())


def test_the_outcomes_together_show_all_that_can_become_of_a_hand_over():
    first = {each.outcome.value for each in intended()}
    assert first | {each.later.value for each in intended()} == {"published", "unchanged", "refused", "held"}
    assert {each.rule for each in intended()} >= {"C05", "C13", "C15", "C18"}


def test_the_agencies_are_counted_with_their_reasons(shown: DemoResult):
    target = next(each for each in stats_json(shown.statistics, "en")["targets"] if each["id"] == "cv-5517-2024")
    verdicts = {each["id"]: each["verdict"] for each in target["agencies"]}
    met = {id for id, verdict in verdicts.items() if verdict == Verdict.MET.value}
    assert met == {"NA-P-SYT", "NA-P-SGDDT", "NA-P-SCT", "NA-P-SVHTTDL"}
    late = next(each for each in target["agencies"] if each["id"] == "NA-P-SNNMT")
    assert {"C05", "C07"} <= {obstacle["rule"] for obstacle in late["obstacles"]}


def test_what_nobody_of_the_province_published_counts_for_nobody(shown: DemoResult):
    for target in stats_json(shown.statistics, "en")["targets"]:
        assert not any("don-vi-bien-tap" in each["id"] for each in target["agencies"])


def test_every_page_and_figure_says_that_it_is_an_illustration(shown: DemoResult):
    pages = list((shown.folder / "portal").rglob("*.html"))
    assert shown.portal_page in pages and shown.target_page in pages
    silent = [page for page in pages if not BANNER.search(page.read_text("utf-8"))]
    assert silent == []
    assert stats_json(shown.statistics, "vi")["illustration"] is True


def test_the_same_files_by_hand_give_the_same_figures_datasets_and_portal(shown: DemoResult, tmp_path: Path):
    by_hand, clock = tmp_path / "w", Clock()
    initialise(by_hand, "catalogue")
    for part in ("sources", "portal.toml"):
        copy = shutil.copytree if part == "sources" else shutil.copyfile
        if part == "sources":
            shutil.rmtree(by_hand / "config" / part, ignore_errors=True)
        copy(shown.folder / "config" / part, by_hand / "config" / part)
    shutil.copytree(shown.folder / "ban-giao", by_hand / "ban-giao")
    with open_workspace(by_hand, {}, clock) as workspace:
        run(workspace, (), clock)
        figures = stats_json(statistics(workspace, DAY), "vi")
        datasets = to_json(tuple(workspace.store.datasets()))
    with open_workspace(shown.folder, {}, clock) as workspace:
        assert to_json(tuple(workspace.store.datasets())) == datasets
    assert figures == stats_json(shown.statistics, "vi")
    assert tree(by_hand / "portal") == tree(shown.folder / "portal")


def test_again_on_its_own_folder_it_goes_on(tmp_path: Path):
    clock = Clock(datetime(2028, 2, 29, 23, tzinfo=UTC))
    first = demo(tmp_path / "d", "catalogue", clock)
    handed_over = tree(first.folder / "ban-giao")
    clock.pass_by(hours=3)
    again = demo(tmp_path / "d", "catalogue", clock)
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert [str(s) for s in (*first.surprises, *again.surprises)] == []
    assert tree(first.folder / "ban-giao") == handed_over
    assert [each.run for each in (*first.runs, *again.runs)] == [1, 2, 3, 4]


@pytest.mark.parametrize("what", ["a file", "a folder with a file", "somebody's workspace"])
def test_what_is_there_already_is_left_untouched(what: str, tmp_path: Path):
    there = tmp_path / "there"
    if what == "a file":
        there.write_text("mine")
    elif what == "a folder with a file":
        there.mkdir()
        (there / "mine").write_text("mine")
    else:
        initialise(there, "catalogue")
    before = tree(tmp_path)
    with pytest.raises(UsageRefused, match="DEM-003"):
        demo(there, "catalogue", Clock())
    assert tree(tmp_path) == before


def test_the_current_folder_is_never_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageRefused, match="DEM-002"):
        demo(Path(), "catalogue", Clock())
    assert list(tmp_path.iterdir()) == []
    lay_out(tmp_path / "demo", "catalogue", DAY)
    monkeypatch.chdir(tmp_path / "demo")
    with pytest.raises(UsageRefused, match="DEM-002"):
        demo(Path(), "catalogue", Clock())


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigurationError, match="DEM-004"):
        demo(tmp_path / "file" / "demo", "catalogue", Clock())
    assert (tmp_path / "file").read_text() == "mine"


def test_a_kind_of_portal_that_does_not_exist_yet_is_a_mistake_of_configuration(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="DEM-001"):
        demo(tmp_path / "d", "nothing", Clock())
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_lay_out_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("harvester.demo.layout._zip", interrupted)
    with pytest.raises(KeyboardInterrupt):
        lay_out(tmp_path / "d", "catalogue", DAY)
    assert list(tmp_path.iterdir()) == []


def test_dates_are_told_from_the_day_the_demo_is_made():
    assert (
        render("{{day}} {{day-24}} {{day+7}} {day} {{date}}", DAY) == "2026-11-24 2026-10-31 2026-12-01 {day} {{date}}"
    )


@pytest.mark.parametrize("day", [DAY, date(2028, 2, 29), date(2027, 1, 1)])
def test_no_gap_is_left_open_and_the_same_day_gives_the_same_bytes(day: date, tmp_path: Path):
    for name in ("a", "b"):
        lay_out(tmp_path / name, "catalogue", day)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    open_gaps = [path for path in (tmp_path / "a").rglob("*") if path.is_file() and b"{{day" in path.read_bytes()]
    assert open_gaps == []
    with zipfile.ZipFile(tmp_path / "a" / "ban-giao" / "so-cong-thuong.zip") as archive:
        described = yaml.safe_load(archive.read("cho/dataset.yaml"))
    assert described["modified"] == day - timedelta(days=44)


@pytest.mark.parametrize("path", INVENTED, ids=lambda path: path.parent.name)
def test_what_is_invented_says_so(path: Path):
    assert "Dữ liệu minh họa: số liệu tự đặt" in path.read_text("utf-8")


def test_the_boundaries_name_their_author_and_are_no_legal_ones():
    for name in ("ranh-gioi-xa-phuong", "ranh-gioi-huyen-cu"):
        described = yaml.safe_load((DATA / "ban-giao" / "don-vi-bien-tap" / name / "dataset.yaml").read_text("utf-8"))
        assert described["licence"] == "MIT"
        assert "thanglequoc/vietnamese-provinces-database" in described["description"]
        assert "không phải ranh giới pháp lý" in described["description"]


def test_the_ledger_of_a_real_workspace_is_never_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENDATA_DATABASE", f"sqlite:///{tmp_path / 'real.db'}")
    result = demo(tmp_path / "d", "catalogue", Clock(), language="en")
    assert (onserver.SERVER or (tmp_path / "d" / "state.db").exists()) and not (tmp_path / "real.db").exists()
    assert Path(result.portal_page).is_file() and Path(result.target_page).is_file()


def test_the_samples_are_small():
    small = [p for p in DATA.rglob("*") if p.is_file() and not p.name.startswith("ranh-gioi")]
    assert sum(path.stat().st_size for path in small) < 300_000


def test_the_clock_and_the_day_agree():
    assert Clock()().astimezone(ZONE).date() == DAY
