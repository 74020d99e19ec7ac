"""Every screen in both languages at 80 columns, with names as long as they get; data cannot steer the terminal."""

import io
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from harvester import screens
from harvester.i18n import Language, Text, say
from harvester.ink import clean
from harvester.ledger import SourceState
from harvester.model import (
    Agency,
    Change,
    Dataset,
    Finding,
    Level,
    Outcome,
    Place,
    Publication,
    PublishedFile,
    Report,
    Severity,
    Table,
)
from harvester.options import Common
from harvester.progress import Bars
from harvester.results import Plan

LONG = "Danh sách cơ sở sản xuất, kinh doanh thực phẩm đủ điều kiện an toàn thực phẩm trên địa bàn tỉnh Nghệ An"
AGENCY = "Ban Quản lý Khu bảo tồn thiên nhiên và Vườn quốc gia miền Tây Nghệ An"
NAME = "so-nong-nghiep-va-moi-truong-danh-sach-co-so-san-xuat-e85a38"
PLACE = {"file": "ho-ngheo.xlsx", "sheet": "Xã Kim Liên", "row": 1217, "column": "Ngày cấp", "cell": "B1217"}


def finding(code: str = "TAB-001", severity: str = "error", **more: Any) -> dict[str, Any]:
    message = "Ô B17 (cột 'Ngày cấp'): '31/02/2025' không phải ngày hợp lệ."
    told = {"rule": "C05", "dataset": NAME, "place": PLACE, "message": message, "remedy": "Nhập dạng ngày/tháng/năm."}
    return {"code": code, "severity": severity, **told, **more}


def source(id: str = "so-nong-nghiep-va-moi-truong-tinh", state: str = "ok", **more: Any) -> dict[str, Any]:
    counts = ["listed", "new", "changed", "unchanged", "missing", "published", "refused", "held", "files_failed"]
    dataset = {"title": LONG, "identifier": "a", "name": NAME, "resources": 2, "outcome": "refused"}
    return {"id": id, "state": state, **dict.fromkeys(counts, 12345), "datasets": [dataset], "findings": [], **more}


def agency(number: int, verdict: str = "not_met", level: str = "province", **more: Any) -> dict[str, Any]:
    told = {"rule": "C13", "dataset": LONG, "text": "Không nêu giấy phép (C13): Ghi giấy phép mở."}
    obstacles = [] if verdict == "met" else [told]
    name = f"{AGENCY} {number}"
    shown = {"id": f"A{number}", "name": name, "level": level, "verdict": verdict, "datasets": 1}
    return {**shown, "obstacles": obstacles, **more}


def target(agencies: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "id": "cv-5517",
        "title": "20 % cơ quan nhà nước cấp tỉnh, cấp huyện mở dữ liệu và cung cấp dữ liệu mở theo quy định",
        "legal_source": "Công văn 5517/UBND-TH ngày 03/7/2024 của Uỷ ban nhân dân tỉnh Nghệ An",
        "due": "2024-07-31",
        "in_scope": 15,
        "needed": 3,
        "met": 2,
        "not_met": 12,
        "unknown": 1,
        "percent": {"low": 13.333333, "high": 20.0},
        "agencies": agencies,
        **more,
    }


def statistics(*targets: dict[str, Any], **more: Any) -> dict[str, Any]:
    known = "2026-11-24T14:50:00+07:00"
    return {"as_of": "2026-11-24", "known_at": known, "illustration": True, "targets": list(targets), **more}


OFFICES = [agency(1, "met"), agency(2), agency(3, "unknown")]
NOTHING = {"rule": "C11", "dataset": "", "text": "Chưa biết bộ dữ liệu nào của cơ quan (C11): Đăng lên cổng."}
COMMUNES = [agency(n, level="commune", datasets=0, obstacles=[NOTHING]) for n in range(10, 133)]
UNVERIFIED = {"id": "x", "title": "Luật Giao dịch điện tử 2023 và Nghị định 194/2025/NĐ-CP", "verified": False}
STATS = statistics(
    target(OFFICES, note=LONG),
    target([*OFFICES, *COMMUNES]),
    target([], met=None, needed=None, in_scope=None, unknown=None, percent={"low": None, "high": None}),
    basis=UNVERIFIED,
    unassigned=[{}],
)
RUN = {
    "run": 1234,
    "state": "partial",
    "healed": 2,
    "sources": [
        source(findings=[finding(), finding(), finding("LIC-001", "warning", place=None)]),
        source("b", "failed", findings=[finding("NET-001", "info", rule=None, remedy="")]),
    ],
}
HASH = "f" * 64
RECEIPT = {
    "dataset": NAME,
    "outcome": "published",
    "url": "https://data.nghean.gov.vn/dataset/" + NAME,
    "version": 12,
    "writes": 1,
    "findings": [finding()],
    "files": [{"name": "danh-sach.csv", "bytes": 123456, "hash": HASH}],
}
DATASETS = {
    "datasets": [
        {
            "id": NAME,
            "title": LONG,
            "agency": "NA-P-X",
            "agency_name": AGENCY,
            "outcome": outcome,
            "version": version,
            "url": "",
            "last_changed": "2026-11-24T14:50:00+07:00",
        }
        for outcome, version in (("published", 12), ("refused", 0), ("withdrawn", 3))
    ]
}
SOURCES = {
    "sources": [
        {
            "id": "so-nong-nghiep-va-moi-truong-tinh-nghe-an",
            "agency": "NA-P-X",
            "agency_name": AGENCY,
            "kind": "datapackage",
            "approved": approved,
            "last_run": last,
            "last_state": state,
            "next_runs": coming,
        }
        for approved, last, state, coming in (
            (True, "2026-11-24T14:50:00+07:00", "refused", ["2026-11-25T02:00:00+07:00"]),
            (False, None, None, []),
        )
    ]
}
DOCTOR = {
    "checks": [
        {"name": "python", "status": "ok", "message": "Python 3.11.7", "remedy": ""},
        {"name": "disk", "status": "warn", "message": LONG, "remedy": LONG},
        {"name": "configuration", "status": "fail", "message": LONG, "remedy": LONG},
    ]
}
CHECK = {
    "path": "ban-giao/" + NAME,
    "findings": [finding(), finding("X-1", "warning"), finding("X-2", "info")],
    "tables": [{"file": "danh-sach.csv", "report": {"tasks": [{"stats": {"rows": 10000, "fields": 12, "errors": 3}}]}}],
}
DECISION = {
    "subject": NAME,
    "rule": "C15",
    "verdict": "not_met",
    "document": "Công văn 123/STTTT-CNTT ngày 01/10/2026",
    "author": "Nguyễn Thị Minh Khai",
    "reason": LONG,
    "valid_from": "2026-10-01",
    "expires": "2027-01-31",
}
DEMO = {
    "runs": [RUN, RUN],
    "stats": STATS,
    "surprises": [LONG],
    "portal": "/home/opendata-demo/portal/index.html",
    "target": "/home/opendata-demo/portal/target.html",
    "next": "opendata stats -C opendata-demo",
}
INIT = {"workspace": "thu-muc", "portal": "catalogue", "written": ["thu-muc/config/portal.toml"]}
ERROR = {"code": "CFG-003", "message": LONG, "remedy": LONG, "place": PLACE}
CASES: Mapping[str, tuple[Any, Any]] = {
    "init": (screens.init, INIT),
    "run": (screens.run, RUN),
    "run without sources": (screens.run, {"run": None, "state": "ok", "sources": []}),
    "receipt": (screens.receipt, RECEIPT),
    "receipt of a refusal": (screens.receipt, {**RECEIPT, "outcome": "refused"}),
    "check": (screens.check, CHECK),
    "check without findings": (screens.check, {**CHECK, "findings": []}),
    "stats": (screens.stats, STATS),
    "stats of nothing": (screens.stats, statistics(target(OFFICES), known_at=None)),
    "demo": (screens.demo, DEMO),
    "datasets": (screens.datasets, DATASETS),
    "no datasets": (screens.datasets, {"datasets": []}),
    "sources": (screens.sources, SOURCES),
    "no sources": (screens.sources, {"sources": []}),
    "doctor": (screens.doctor, DOCTOR),
    "decision": (screens.decision, DECISION),
    "failure": (screens.failure, ERROR),
}


def shown(renderables: Iterable[Any], colour: bool = False) -> str:
    console = Console(file=io.StringIO(), width=80, markup=False, emoji=False, highlight=False, force_terminal=colour)
    for renderable in renderables:
        console.print(renderable, crop=False)
    return console.file.getvalue()  # type: ignore[attr-defined]


def on_screen(name: str, language: Language = "vi", **options: bool) -> str:
    screen, data = CASES[name]
    return shown(screen(data, Common(language, **options)))


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("name", CASES)
def test_a_screen_fits_80_columns(name: str, language: Language):
    for options in ({}, {"verbose": True}, {"quiet": True}):
        lines = on_screen(name, language, **options).splitlines()
        copied = [line for line in lines if line.strip().startswith(("http", "/")) or line.strip() == NAME]
        assert [line for line in lines if cell_len(line.rstrip()) > 80 and line not in copied] == []
        assert lines


@pytest.mark.parametrize("name", CASES)
def test_a_screen_says_the_same_in_another_language(name: str):
    assert on_screen(name, "vi") != on_screen(name, "en")


def test_the_headline_of_a_target_is_one_sentence():
    said = "2/15 cơ quan đạt (13,3–20,0 %), cần 3, còn thiếu 1; chưa rõ 1."
    assert said in on_screen("stats")
    assert "2/15 agencies meet it (13.3–20.0 %), 3 needed, 1 missing; not known: 1." in on_screen("stats", "en")
    reached = shown(screens.stats(statistics(target(OFFICES, met=3)), Common("en")))
    assert "3 needed; not known" in reached


def test_many_communes_alike_are_folded_and_only_listed_once():
    text = on_screen("stats")
    assert "… và 118 xã, phường nữa" in text
    assert "3 cơ quan trong số này đã nêu ở trên" in text
    assert text.count("Nghệ An 1\n") <= 1
    assert "xã, phường nữa" not in on_screen("stats", verbose=True)


def test_agencies_that_meet_the_target_come_first_and_those_without_data_last():
    told = shown(screens.stats(statistics(target([*COMMUNES[:2], *OFFICES])), Common("vi")))
    rows = [told.index(word) for word in (" đạt ", "(C13)", "(C11)")]
    assert rows == sorted(rows)


def test_a_demo_and_unverified_rules_are_named_above_every_figure():
    lines = on_screen("stats").splitlines()
    assert lines[0].startswith("MINH HỌA")
    assert "chưa được đối chiếu" in " ".join(lines[:4])


def test_findings_of_one_kind_are_told_once_unless_all_are_asked_for():
    assert "… và 1 nơi nữa cùng loại" in on_screen("run")
    assert on_screen("run").count("31/02/2025") < on_screen("run", verbose=True).count("31/02/2025")
    assert "trang tính Xã Kim Liên, cột Ngày cấp, ô B1217" in " ".join(on_screen("run").split())


def test_a_run_says_at_once_how_many_datasets_were_stopped():
    assert "Trong 2 bộ dữ liệu: 2 bị từ chối, 0 chờ quyết định, 0 không lấy được." in on_screen("run")


def test_quiet_leaves_the_advice_out():
    assert "Việc tiếp theo" in on_screen("run")
    assert "Việc tiếp theo" not in on_screen("run", quiet=True)


def test_a_receipt_keeps_what_is_copied_on_one_line():
    lines = [line.strip() for line in on_screen("receipt").splitlines()]
    assert {NAME, RECEIPT["url"], HASH} <= set(lines)


def test_a_trial_says_that_nothing_was_written():
    for outcome in ("published", "withdrawn"):
        told = shown(screens.receipt({**RECEIPT, "outcome": outcome, "dry_run": True}, Common("vi")))
        assert "chạy thử, chưa ghi gì" in told


def test_data_cannot_steer_the_terminal():
    evil = "x\x1b[2J\x07[bold]đỏ[/]\u202eabc\r"
    assert clean(evil) == "x�[2J�[bold]đỏ[/]�abc�"
    dataset = {**DATASETS["datasets"][0], "title": evil}
    told = shown(screens.datasets({"datasets": [dataset]}, Common("vi")))
    assert "\x1b" not in told
    assert "[bold]đỏ[/]" in told


# ---------------------------------------------------------------- the plan

OFFICE = Agency("NA-P-X", "x", AGENCY, "Management Board", Level.PROVINCE, None, None, (), "", "", True)


def coming(columns: int = 3, new: bool = False) -> Plan:
    header = tuple(f"cot_{number}" for number in range(columns))
    fields = [{"name": name, "type": "string"} for name in header]
    rows = (header, *(tuple(f"giá trị dài {row}.{number}" for number in range(columns)) for row in range(20)))
    dataset = Dataset("publish", "a/b", LONG, (), frequency="hằng năm", description=LONG, modified=date(2026, 1, 1))
    file = PublishedFile("1", "k", "danh-sach.csv", "", "CSV", "text/csv", HASH, 123456, Path("x"))
    report = Report("1", (), {}, (Table("k.csv", {}, {"fields": fields}, 12345, rows),))
    warning = Finding("LIC-001", Severity.WARNING, say("No licence is stated."), rule="C13", place=Place("k.csv"))
    changes = (Change("title", "Cũ", LONG), Change("key", "", "abc"), Change("file danh-sach.csv", "a" * 200, "b"))
    publication = Publication(NAME, 2, OFFICE, dataset, (file,), report, "")
    return Plan(NAME, LONG, new, changes, (warning,), publication)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("columns", [0, 3, 50])
def test_a_plan_fits_80_columns_however_wide_the_table(columns: int, language: Language):
    lines = shown(screens.plan(coming(columns), Common(language))).splitlines()
    assert [line for line in lines if cell_len(line.rstrip()) > 80] == []


def test_a_plan_shows_columns_types_first_values_difference_and_findings():
    told = shown(screens.plan(coming(30), Common("vi")))
    for word in ("cot_0", "string", "giá trị dài 0.0", "… và 10 cột nữa", "12.345 dòng", "Mục thay đổi", "LIC-001"):
        assert word in told
    assert "key" not in told
    assert "key" in shown(screens.plan(coming(), Common("vi", verbose=True)))
    assert "Mục thay đổi" not in shown(screens.plan(coming(new=True), Common("vi")))


def test_a_withdrawal_is_planned_too():
    plan = replace(coming(), publication=None)
    assert "Sẽ gỡ khỏi cổng" in shown(screens.plan(plan, Common("vi")))


# ---------------------------------------------------------------- progress


def test_progress_has_a_line_for_each_source_and_starts_again_with_it():
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=80, color_system=None)
    with Bars(console, "vi") as bars:
        bars.source_started("so-y-te")
        bars.settled("so-y-te", LONG, Outcome.PUBLISHED)
        bars.settled("so-y-te", LONG, Outcome.REFUSED)
        bars.source_ended("so-y-te", SourceState.PARTIAL)
    told = stream.getvalue()
    assert "một phần: xong 2, công bố 1, từ chối 1" in told
    with bars:
        bars.source_started("so-y-te")
        bars.source_ended("so-y-te", SourceState.OK)
    assert stream.getvalue().splitlines()[-1].count("so-y-te") <= 1
    assert Text("", {}).render("vi") == ""
