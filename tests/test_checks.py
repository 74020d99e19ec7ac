"""The report as a whole: verdicts of each rule, and what stops a publication."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from checksubjects import codes, dataset_of, found

from checks import CHECKS, VERSION, check
from checks.verdicts import DECIDED
from harvester.model import Effect, Report, Rule, RuleSet, Verdict
from harvester.records import from_json, to_json

BLOCKING = ("C01", "C02", "C04", "C05", "C13", "C15", "C17", "C18", "C21")
RULES = RuleSet(
    "nd47-2020",
    "NĐ 47/2020",
    "Decree 47/2020",
    date(2020, 5, 25),
    None,
    True,
    {
        "cc-by-4.0": "cc-by-4.0",
        "https://creativecommons.org/licenses/by/4.0/": "cc-by-4.0",
        "dữ liệu mở nghệ an": "vn-nd47",
    },
    (r"\bnc\b", r"phi thương mại", r"xin phép", r"\bnd\b"),
    (
        *(Rule(id, id, id, "", id in BLOCKING, "file") for id in (*DECIDED, "C99")),
        Rule("C06", "", "", "", True, "time"),
        Rule("C03", "", "", "", True, "portal"),
    ),
)
WHOLE: dict[str, Any] = {
    "agency": "so-xay-dung",
    "creator": "Sở Xây dựng",
    "publisher": "Sở Xây dựng",
    "description": "Danh sách công trình, cung cấp miễn phí, không thu phí khai thác.",
    "issued": date(2025, 3, 1),
    "licence": "CC-BY-4.0",
    "frequency": "hằng năm",
    "theme": "xây dựng",
    "contact": "sxd@nghean.gov.vn",
    "period_end": date(2024, 12, 31),
}
TABLE = "mã,tên\n1,Cầu A\n2,Cầu B\n"


def report_of(folder: Path, text: str = TABLE, **changed: Any) -> Report:
    return check(*dataset_of(folder, {"a.csv": text}, **{**WHOLE, **changed}), RULES)


def test_good_data_meets_every_rule_and_has_no_finding(tmp_path: Path):
    report = report_of(tmp_path)
    assert report.findings == ()
    assert {rule: verdict for rule, verdict in report.verdicts.items() if verdict is not Verdict.MET} == {
        "C99": Verdict.UNKNOWN
    }
    assert set(report.verdicts) == {*DECIDED, "C99"}  # those of the portal and of time are others' to decide
    assert (report.effect, report.licence, report.checks_version) == (Effect.NONE, "cc-by-4.0", VERSION)


def test_a_report_survives_the_pipe_and_the_store(tmp_path: Path):
    report = report_of(tmp_path, "mã,tên\n1\n", licence="")
    assert from_json(Report, to_json(report)) == report


@pytest.mark.parametrize(
    ("field", "code"),
    [("description", "MET-004"), ("issued", "MET-003")],
)
def test_a_missing_required_field_is_not_met_but_stops_nothing(tmp_path: Path, field: str, code: str):
    report = report_of(tmp_path, **{field: None if field == "issued" else ""})
    assert codes(report.findings, "C21") == [code]
    assert report.verdicts["C21"] is Verdict.NOT_MET
    assert report.effect is Effect.NONE


def test_all_six_required_fields_are_asked_for(tmp_path: Path):
    dataset, files = dataset_of(tmp_path, {"a.csv": TABLE})
    report = check(replace(dataset, title=" ", identifier=""), files, RULES)
    assert codes(report.findings, "C21") == [f"MET-00{n}" for n in range(1, 8)]


def test_other_fields_are_advised_only(tmp_path: Path):
    report = report_of(tmp_path, theme="", frequency="")
    assert found(report, "MET-007").message.render("vi") == "Phần mô tả nên bổ sung: chủ đề, tần suất cập nhật."
    assert report.verdicts["C21"] is Verdict.MET


@pytest.mark.parametrize(
    "licence", ["CC-BY-4.0", " cc-by-4.0 ", "http://creativecommons.org/licenses/by/4.0", "Dữ liệu mở Nghệ An"]
)
def test_an_accepted_licence_is_met(tmp_path: Path, licence: str):
    report = report_of(tmp_path, licence=licence)
    assert report.verdicts["C13"] is Verdict.MET
    assert report.licence in ("cc-by-4.0", "vn-nd47")


@pytest.mark.parametrize(
    ("licence", "code", "effect"),
    [
        ("", "LIC-001", Effect.NONE),
        ("Theo quy định hiện hành", "LIC-002", Effect.NONE),
        ("CC BY-NC 4.0", "LIC-003", Effect.REFUSE),
        ("Chỉ dùng cho mục đích phi thương mại", "LIC-003", Effect.REFUSE),
        ("Phải xin phép trước khi dùng", "LIC-003", Effect.REFUSE),
    ],
)
def test_only_a_licence_that_forbids_free_use_stops_a_publication(
    tmp_path: Path, licence: str, code: str, effect: Effect
):
    report = report_of(tmp_path, licence=licence)
    assert codes(report.findings, "C13") == [code]
    assert report.verdicts["C13"] is Verdict.NOT_MET
    assert (report.effect, report.licence) == (effect, "")
    assert "cc-by-4.0" in found(report, code).remedy.render("vi")


@pytest.mark.parametrize(
    "changed",
    [
        {"fee": "500.000 đồng/bộ"},
        {"description": "Liên hệ mua dữ liệu tại Sở"},
        {"description": "Có thu phí khai thác"},
    ],
)
def test_a_price_is_not_met_wherever_it_is_said(tmp_path: Path, changed: dict[str, str]):
    report = report_of(tmp_path, **changed)
    assert codes(report.findings, "C04") == ["MET-010"]
    assert report.verdicts["C04"] is Verdict.NOT_MET
    assert report.effect is Effect.NONE


@pytest.mark.parametrize("fee", ["", "0", "0 đồng", "Miễn phí", "Không", "không thu phí", "free", "None"])
def test_free_of_charge_is_no_price(tmp_path: Path, fee: str):
    assert report_of(tmp_path, fee=fee).verdicts["C04"] is Verdict.MET


@pytest.mark.parametrize(
    "description",
    ["Bảng giá đất năm 2025", "Danh mục phí, lệ phí", "Mức thu phí tham quan di tích", "Giá bán lẻ xăng dầu"],
)
def test_data_about_prices_is_free_all_the_same(tmp_path: Path, description: str):
    assert report_of(tmp_path, description=description).verdicts["C04"] is Verdict.MET


def test_without_metadata_its_rules_are_unknown(tmp_path: Path):
    report = check(*dataset_of(tmp_path, {"a.csv": TABLE}), RULES, metadata=False)
    assert [report.verdicts[rule] for rule in ("C04", "C13", "C21")] == [Verdict.UNKNOWN] * 3
    assert report.findings == ()


def test_a_dataset_without_a_file_is_refused(tmp_path: Path):
    report = check(*dataset_of(tmp_path, {}, **WHOLE), RULES)
    assert report.effect is Effect.REFUSE
    assert report.verdicts["C01"] is Verdict.NOT_MET
    assert report.verdicts["C15"] is Verdict.UNKNOWN


def test_combinations_that_single_people_out_are_for_a_person_to_decide(tmp_path: Path):
    assert report_of(tmp_path, "Giới tính,Dân tộc,Số người\nNam,Kinh,5\n").verdicts["C16"] is Verdict.UNKNOWN


def test_admin_codes_are_unknown_and_district_codes_have_ended(tmp_path: Path):
    assert report_of(tmp_path, "Mã xã,Tên\n16681,A\n").verdicts["C20"] is Verdict.UNKNOWN
    old = report_of(tmp_path, "Mã huyện,Tên\n412,A\n")
    new = report_of(tmp_path, "Mã huyện,Tên\n412,A\n", period_end=date(2025, 9, 30))
    assert (old.verdicts["C20"], new.verdicts["C20"]) == (Verdict.UNKNOWN, Verdict.NOT_MET)
    assert codes(new.findings, "C20") == ["FMT-027"]


def test_every_check_is_in_the_table_and_tells_its_rule(tmp_path: Path):
    assert all(check.__doc__ and check.__doc__.startswith("C") for check in CHECKS.values())
