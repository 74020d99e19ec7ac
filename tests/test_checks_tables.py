"""Tables: Frictionless' report, in words that say what to type instead."""

import json
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from checksubjects import codes, dataset_of, found, judged, workbook
from openpyxl.styles import PatternFill

from checks import check
from checks.tables import TableSource, validate
from harvester.model import Effect, Report, Severity, Verdict

DAYS = {"fields": [{"name": "ma", "type": "integer"}, {"name": "ngay", "type": "date"}]}


def judged_by(
    folder: Path, text: str | bytes, schema: dict[str, Any] | None, name: str = "a.csv", **options: Any
) -> Report:
    dataset, files = dataset_of(folder, {name: text})
    resource = replace(dataset.resources[0], schema=schema)
    return check(replace(dataset, resources=(resource,)), files, None, **options)


def test_a_wrong_day_is_told_with_its_place_and_what_to_type(tmp_path: Path):
    report = judged_by(tmp_path, "ma,ngay\n1,2025-02-28\n2,31/02/2025\n3,2025-13-01\n", DAYS)
    finding = found(report, "TAB-001")
    assert finding.message.render("vi") == (
        "Dòng 3, cột “ngay”: “31/02/2025” không phải ngày hợp lệ. Lặp lại ở 1 dòng khác, dòng cuối là dòng 4."
    )
    assert finding.remedy.render("vi") == "Nhập ngày theo dạng năm-tháng-ngày, ví dụ 2025-02-28."
    assert finding.place.to_json() == {"file": "a.csv", "sheet": None, "row": 3, "column": "ngay", "cell": None}
    assert report.verdicts["C05"] is Verdict.NOT_MET
    assert report.effect is Effect.NONE  # published all the same, with its finding


def test_a_cell_of_a_workbook_is_named_as_its_user_sees_it(tmp_path: Path):
    rows = [["ma", "ngay"], [1, "2025-02-28"], ["hai", "2025-02-28"]]
    _, path = workbook(tmp_path, {"Ghi chép": rows, "Khác": [["x"], [1]]})
    report = judged_by(tmp_path, path.read_bytes(), DAYS, "a.xlsx")
    place = found(report, "TAB-002").place
    assert (place.sheet, place.row, place.column, place.cell) == ("Ghi chép", 3, "ma", "A3")
    assert [(table.sheet, table.rows) for table in report.tables] == [("Ghi chép", 2), ("Khác", 1)]


def test_formatted_empty_cells_are_no_rows_and_no_columns(tmp_path: Path):
    rows = [["ma", "ngay", "so"], [1, date(2025, 1, 1), 5], [2, date(2025, 1, 2), 6]]
    book, path = workbook(tmp_path, {"a": rows})
    for place in ("A9", "E2"):
        book["a"][place].fill = PatternFill("solid", fgColor="FFFF00")
    book.save(path)
    report = judged(tmp_path, "a.xlsx", path.read_bytes())
    assert codes(report.findings, "C05") == []
    assert report.tables[0].rows == 2
    assert [field["type"] for field in report.tables[0].schema["fields"]] == ["integer", "date", "integer"]


def test_a_cell_in_error_is_told_with_and_without_formatted_cells(tmp_path: Path):
    for formatted in (False, True):
        book, path = workbook(tmp_path, {"a": [["ma", "so"], *([n, n] for n in range(20)), [20, "#DIV/0!"]]})
        if formatted:
            book["a"]["D40"].fill = PatternFill("solid", fgColor="FFFF00")
        book.save(path)
        report = judged(tmp_path, "a.xlsx", path.read_bytes())
        assert found(report, "TAB-002").place.cell == "B22"


FIELDS = [{"name": "ma", "type": "integer"}, {"name": "ten", "type": "string"}]
CASES: list[tuple[str, str, dict[str, Any] | None, str]] = [
    ("blank row", "ma,ten\n1,a\n,\n2,b\n", None, "TAB-005"),
    ("extra cell", "ma,ten\n1,a,x\n", None, "TAB-003"),
    ("missing cell", "ma,ten\n1\n", None, "TAB-004"),
    ("blank label", "ma,\n1,a\n", None, "TAB-006"),
    ("duplicate label", "ma,ma\n1,2\n", None, "TAB-007"),
    ("missing label", "ma\n1\n", {"fields": FIELDS}, "TAB-008"),
    ("extra label", "ma,ten,x\n1,a,b\n", {"fields": FIELDS}, "TAB-009"),
    ("incorrect label", "ma,tên\n1,a\n", {"fields": FIELDS}, "TAB-010"),
    ("primary key", "ma,ten\n1,a\n1,b\n", {"fields": FIELDS, "primaryKey": ["ma"]}, "TAB-012"),
    (
        "unique",
        "ma\n1\n1\n",
        {"fields": [{"name": "ma", "type": "integer", "constraints": {"unique": True}}]},
        "TAB-013",
    ),
    ("required", "ma,ten\n,a\n", {"fields": [FIELDS[0] | {"constraints": {"required": True}}, FIELDS[1]]}, "TAB-020"),
    ("maximum", "ma\n9\n", {"fields": [FIELDS[0] | {"constraints": {"maximum": 5}}]}, "TAB-021"),
    ("number", 'x\n"1.234,5"\n', {"fields": [{"name": "x", "type": "number"}]}, "TAB-002"),
    ("broken schema", "ma\n1\n", {"fields": [{"name": "ma", "type": "nonsense"}]}, "TAB-016"),
]


@pytest.mark.parametrize(("text", "schema", "code"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_an_error_is_told_in_our_words(tmp_path: Path, text: str, schema: dict[str, Any] | None, code: str):
    report = judged_by(tmp_path, text, schema)
    finding = found(report, code)
    assert (finding.rule, finding.severity, finding.effect) == ("C05", Severity.ERROR, Effect.NONE)
    assert finding.remedy.render("vi") not in ("", finding.remedy.render("en"))
    assert report.verdicts["C05"] is Verdict.NOT_MET


def test_a_broken_rule_is_told_with_its_limit(tmp_path: Path):
    schema = {"fields": [FIELDS[0] | {"constraints": {"maximum": 5}}]}
    message = found(judged_by(tmp_path, "ma\n9\n", schema), "TAB-021").message
    assert message.render("en") == "Row 2, column “ma”: “9” breaks the rule maximum = 5 of the schema."


def test_the_limit_of_errors_is_told(tmp_path: Path):
    text = "ma,ngay\n" + "x,2025-01-01\n" * 30
    report = judged_by(tmp_path, text, DAYS, limit_errors=10)
    assert found(report, "TAB-090").place.row == 11
    assert len(report.tables[0].report["tasks"][0]["errors"]) == 10
    assert report.tables[0].rows == 30
    assert "TAB-090" not in codes(judged_by(tmp_path, text, DAYS, limit_errors=0).findings)


def test_a_clean_table_has_no_error_and_a_record(tmp_path: Path):
    report = judged(tmp_path, "Bảng 1.csv", "ma;ten\n1;Cửa Lò\n2;" + "x" * 300 + "\n")
    table = report.tables[0]
    assert table.report["valid"] is True
    assert table.report["tasks"][0]["place"] == "Bảng 1.csv"
    assert [field["type"] for field in table.schema["fields"]] == ["integer", "string"]
    assert table.rows == 2
    assert len(table.preview[2][1]) == 200
    assert str(tmp_path) not in json.dumps(table.report)


def test_a_preview_has_a_header_and_twenty_rows(tmp_path: Path):
    preview = judged(tmp_path, "a.csv", "ma,ten\n" + "1,a\n" * 50).tables[0].preview
    assert len(preview) == 21


def test_email_and_uuid_columns_validate(tmp_path: Path):
    """The PyPI package `validators`, which Frictionless imports for them, is not shadowed by our folder."""
    fields = [{"name": "thu", "type": "string", "format": "email"}, {"name": "id", "type": "string", "format": "uuid"}]
    good = "thu,id\nvanthu@nghean.gov.vn,95ecc380-afe9-11e4-9b6c-751b66dd541e\n"
    assert judged_by(tmp_path, good, {"fields": fields}).verdicts["C05"] is Verdict.MET
    assert codes(judged_by(tmp_path, good + "vanthu,x\n", {"fields": fields}).findings, "C05") == ["TAB-002", "TAB-002"]
    import validators

    assert hasattr(validators, "email")


@pytest.mark.parametrize(
    "schema",
    [
        {
            "fields": [{"name": "ma", "type": "integer"}],
            "foreignKeys": [{"fields": ["ma"], "reference": {"resource": "http://127.0.0.1:9/x", "fields": ["ma"]}}],
        }
    ],
)
def test_nothing_is_fetched(tmp_path: Path, schema: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    def connect(*address: object) -> None:
        raise AssertionError(f"a connection to {address}")

    monkeypatch.setattr("socket.socket.connect", connect)
    judged_by(tmp_path, "ma\n1\n", schema)
    report = validate(TableSource("a.csv", tmp_path / "a.csv"))
    assert not report.valid


def test_a_path_outside_is_not_read(tmp_path: Path):
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    assert not validate(TableSource("x", Path("../secret.csv"))).valid


def test_cells_that_trip_the_reader_are_an_error_not_a_crash(tmp_path: Path):
    schema = {"fields": [{"name": "x", "type": "number", "constraints": {"unique": True}}]}
    assert judged_by(tmp_path, "x\nsNaN\nsNaN\n", schema).verdicts["C05"] is Verdict.NOT_MET


def test_validate_is_frictionless_itself(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("ma,ngay\n1,2025-01-01\nx,2025-01-01\n", "utf-8")
    report = validate(path, schema=DAYS, limit_errors=5, engine="plain")
    assert [error.type for error in report.tasks[0].errors] == ["type-error"]


def test_the_table_door_needs_no_pandas():
    import subprocess

    code = "import sys, checks.tables, frictionless, checks.grids; sys.exit('pandas' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, check=False).returncode
        == 0
    )
