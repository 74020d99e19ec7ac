"""Kind `inventory`: the spreadsheet in which a province lists its datasets, as provinces write them."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from catalogues import row, workbook
from reading import read_text

from harvester.errors import SourceChanged

APPENDIX = ["TT", "Tên dữ liệu", "Cơ quan chủ trì\ncung cấp", "Kỳ nhập liệu", "Định dạng, hình thức chia sẻ", "Ghi chú"]


def test_an_appendix_with_group_rows_is_read(tmp_path: Path):
    content = workbook(
        ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)"],
        ["I", "Lĩnh vực y tế"],
        [1, "Danh sách trạm y tế", "Sở Y tế", "Hằng quý", "API, Excel"],
        [2, "Danh sách nhà thuốc", "Sở Y tế", "Hằng năm", "Excel"],
        ["II", "Lĩnh vực giáo dục"],
        [3, "Danh sách trường học", "Sở Giáo dục và Đào tạo", "Năm học", "Excel"],
        [None, "Tổng cộng", None, None, 3],
        headers=APPENDIX,
    )
    result = read_text("inventory", "pl.xlsx", content, tmp_path)
    assert (result.codes, result.complete) == ([], True)
    assert [(d.title, d.publisher, d.theme, d.frequency) for d in result.datasets.values()] == [
        ("Danh sách trạm y tế", "Sở Y tế", "Lĩnh vực y tế", "Hằng quý"),
        ("Danh sách nhà thuốc", "Sở Y tế", "Lĩnh vực y tế", "Hằng năm"),
        ("Danh sách trường học", "Sở Giáo dục và Đào tạo", "Lĩnh vực giáo dục", "Năm học"),
    ]
    assert next(iter(result.datasets)) == "so-y-te/danh-sach-tram-y-te"


def test_a_group_row_may_name_the_agency(tmp_path: Path):
    headers = ["Số TT", "Tên tập dữ liệu", "Link"]
    content = workbook(
        ["A", "Sở Y tế"], [1, "Trạm", "a.csv"], ["B", "UBND xã Hưng Nguyên"], [2, "Chợ"], headers=headers
    )
    result = read_text("inventory", "pl.xlsx", content, tmp_path)
    assert [(d.title, d.publisher) for d in result.datasets.values()] == [
        ("Trạm", "Sở Y tế"),
        ("Chợ", "UBND xã Hưng Nguyên"),
    ]


def test_merged_cells_count_for_every_row_they_span(tmp_path: Path):
    first, second = row("a"), row("b")
    second[3] = None
    result = read_text("inventory", "pl.xlsx", workbook(first, second, merged="D4:D5"), tmp_path)
    assert {d.publisher for d in result.datasets.values()} == {"Sở Nội vụ"}


def test_days_links_and_formats(tmp_path: Path):
    headers = ["TEN BO DU LIEU", "Ngày cập nhật (dd/mm/yyyy)", "Định dạng", "Liên kết"]
    content = workbook(
        ["A", datetime(2026, 3, 31), "Excel", "https://x.vn/a?id=1\nhttps://x.vn/b.csv"],
        ["B", "31/03/2026", "", "con/c.json"],
        headers=headers,
    )
    first, second = read_text("inventory", "pl.xlsx", content, tmp_path).datasets.values()
    assert first.modified == second.modified == date(2026, 3, 31)
    assert [r.format for r in first.resources] == ["XLSX", "CSV"]
    assert [r.address for r in second.resources] == [str(tmp_path / "con/c.json")]


def test_what_is_not_used_is_said(tmp_path: Path):
    headers = ["Tên bộ dữ liệu", "Cơ quan chủ trì", "Màu sắc"]
    content = workbook(["A", "Sở Y tế", "đỏ"], headers=headers, more={"An": "hidden", "Khac": "visible"})
    result = read_text("inventory", "pl.xlsx", content, tmp_path)
    assert (sorted(result.codes), result.complete) == (["KND-030", "KND-030", "KND-031"], True)


def test_a_row_without_title_is_named_by_its_line(tmp_path: Path):
    result = read_text("inventory", "pl.xlsx", workbook(row("a"), [2, "", None, "Sở Y tế", "", "Hằng năm"]), tmp_path)
    assert (result.codes, result.complete) == (["KND-001"], False)
    assert result.findings[0].place and result.findings[0].place.row == 5


@pytest.mark.parametrize("content", [b"PK\3\4 broken", b"\xd0\xcf\x11\xe0 broken", b"<html>", b"\0\1\2", b"", b'a,"b'])
def test_what_is_no_spreadsheet_is_refused(tmp_path: Path, content: Any):
    with pytest.raises(SourceChanged):
        read_text("inventory", "pl.xlsx", content, tmp_path)
