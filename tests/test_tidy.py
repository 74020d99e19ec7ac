"""`opendata tidy`: hostile files, what is asked and answered, the marked copy, the command's answers."""

import json
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from workbook_maker import Case, Sheet, write

from harvester.tidy.apart import tidy_apart
from harvester.tidy.cells import Area, Book, Fault, Grid
from harvester.tidy.columns import decide
from harvester.tidy.marking import mark
from harvester.tidy.reading import read
from harvester.tidy.tidying import tidied
from harvester.tidy.work import tidy
from harvester.tidy.xlsx import read as read_xlsx

FOLDER = Path(__file__).parent / "data" / "workbooks"


def made(path: Path, lines: str, **more) -> Path:
    write(Case(path.name, (Sheet("Sheet1", lines, **more),)), path)
    return path


# ---------------------------------------------------------------- files that are refused


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.xlsx", b"%PDF-1.7 ...", "not-a-workbook"),
        ("a.xlsx", b"<html><body>Login</body></html>", "not-a-workbook"),
        ("a.xlsx", b"", "no-table"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), "not-a-workbook"),
        ("a.csv", b"\x00\x01\x02\x03" * 100, "not-a-workbook"),
        ("a.csv", b"\n\n\n", "no-table"),
        ("a.txt", "Kính gửi: Sở Nội vụ\nThực hiện công văn số 12.\n".encode(), "no-table"),
    ],
)
def test_what_is_no_workbook_is_refused_with_a_reason(tmp_path: Path, name: str, content: bytes, code: str):
    path = tmp_path / name
    path.write_bytes(content)
    found = tidy(path)
    assert (found.refused, found.tables) == (code, ())
    assert [w.code for w in found.warnings if w.code == code] == [code]


def test_a_cut_workbook_is_refused(tmp_path: Path):
    path = made(tmp_path / "a.xlsx", "Tên|Số\na|1\nb|2")
    path.write_bytes(path.read_bytes()[:-200])
    assert tidy(path).refused == "not-a-workbook"


def test_a_cell_at_the_far_end_is_a_bomb(tmp_path: Path):
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "Tên", 1
    book.save(path)
    assert tidy(path).refused == "bomb"


def test_entities_are_a_bomb(tmp_path: Path):
    path = made(tmp_path / "a.xlsx", "Tên|Số\na|1")
    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]>'
    rewritten(path, "xl/worksheets/sheet1.xml", lambda content: entity + content.partition(b"?>")[2])
    assert tidy(path).refused == "bomb"


def rewritten(path: Path, part: str, change) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = change(parts[part])
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_a_child_that_breaks_a_limit_refuses_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from checks.child import ParseLimits
    from harvester.tidy import apart

    monkeypatch.setattr(apart, "LIMITS", ParseLimits(memory=30_000_000))
    (tmp_path / "out").mkdir()
    path = made(tmp_path / "a.xlsx", "Tên|Số\na|1\nb|2")
    result = tidy_apart(path, tmp_path / "out")
    assert result.report["refused"] is True
    assert result.report["tables"] == []


# ---------------------------------------------------------------- sheets written in other ways


def test_a_sheet_with_prefixes_reads_the_same(tmp_path: Path):
    path = made(tmp_path / "a.xlsx", "STT|Tên|Ngày|Số\n1|Một|d:2024-03-05|1.5\n2|Hai|d:2024-03-06|2", merges="A1:A1")
    plain = read_xlsx(path).grids[0]

    def prefixed(content: bytes) -> bytes:
        text = content.decode().replace("<", "<x:").replace("<x:/", "</x:").replace("<x:?", "<?")
        return text.replace("xmlns=", "xmlns:x=").replace("</x:sheetData>", "<!-- c --></x:sheetData>").encode()

    rewritten(path, "xl/worksheets/sheet1.xml", prefixed)
    assert read_xlsx(path).grids[0].rows == plain.rows


# ---------------------------------------------------------------- questions and answers


def test_an_answer_is_used_next_time():
    cells = ["1.234", "2.500"]
    asked = decide("Số tiền", cells)
    assert [q.code for q in asked.questions] == ["ambiguous-number"]
    assert asked.values == cells
    answered = decide("Số tiền", cells, answer="1.234,5")
    assert (answered.values, answered.questions[0].answer) == (["1234", "2500"], "1.234,5")
    assert decide("Số tiền", cells, answer="1,234.5").values == ["1.234", "2.500"]


def test_true_days_exchanged_by_a_locale_are_put_right_only_when_told():
    cells = [date(2024, 3, 5), "25/03/2024"]
    assert decide("Ngày cấp", cells).values == ["2024-03-05", "25/03/2024"]
    assert decide("Ngày cấp", cells, answer="swapped").values == ["2024-05-03", "2024-03-25"]
    assert decide("Ngày cấp", cells, answer="day-first").values == ["2024-03-05", "2024-03-25"]


def test_a_row_of_headers_that_a_person_names_is_taken():
    grid = Grid("S", [[5, 7], [1, 2], [3, 4]])
    assert [q.code for q in tidied(Book((grid,))).questions] == ["header-row"]
    told = tidied(Book((grid,)), answers={"header-row/": "1"})
    assert [f.label for f in told.tables[0].fields] == ["5", "7"]
    assert told.tables[0].rows == (("1", "2"), ("3", "4"))


# ---------------------------------------------------------------- columns


@pytest.mark.parametrize(
    ("label", "cells", "values"),
    [
        ("Số", ["1.234,5", "2.000"], ["1234.5", "2000"]),
        ("Số", ["1,234.5", "2,000"], ["1234.5", "2000"]),
        ("Số", ["1 234 567", "12"], ["1234567", "12"]),
        ("Số", ["(1.234,5)", "-3,2"], ["-1234.5", "-3.2"]),
        ("Số", [1, "x", "…", 2], ["1", "", "", "2"]),
        ("Mã", ["01", "02"], ["01", "02"]),
        ("Ngày", ["3/7/2024", "15-08-2024"], ["2024-07-03", "2024-08-15"]),
        ("Ngày cấp", [45000, 45001], ["2023-03-15", "2023-03-16"]),
        ("Ghi chú", ["x", "đạt", ""], ["x", "đạt", ""]),
        ("Tỷ lệ", [Fault("#DIV/0!"), 0.5], ["", "0.5"]),
        ("Năm", [2020, 2021], ["2020", "2021"]),
        ("Tên", ["1.234", "Chợ Vinh", "Chợ Ga"], ["1.234", "Chợ Vinh", "Chợ Ga"]),
    ],
)
def test_a_column_is_decided_from_all_its_cells(label: str, cells: list, values: list[str]):
    assert decide(label, cells).values == values


def test_personal_values_are_masked_in_the_report(tmp_path: Path):
    from harvester.tidy.writing import report

    found = tidy(FOLDER / "26-ca-nhan.xlsx")
    told = json.dumps(report(found, "vi"), ensure_ascii=False)
    assert not found.refused
    assert all(
        value not in told for value in ("Nguyễn Văn An", "040058001234", "40049002345", "1958-02-15", "15/02/1958")
    )


def test_hidden_content_and_names_keep_the_original_back():
    table = [["Tên", "Số"], ["a", 1], ["b", 2]]
    assert tidied(Book((Grid("S", table),))).clean
    assert not tidied(Book((Grid("S", table, hidden_rows={2}),))).clean
    assert not tidied(Book((Grid("S", [*table, [], ["Nguyễn Văn An"]]),))).clean
    assert not tidied(Book((Grid("S", table),), author=True)).clean


def test_a_merge_over_the_whole_width_is_no_header():
    grid = Grid("S", [["BÁO CÁO"], ["Tên", "Số"], ["a", 1], ["b", 2]], merges=[Area(1, 1, 1, 2)])
    (table,) = tidied(Book((grid,))).tables
    assert ([f.label for f in table.fields], len(table.rows)) == (["Tên", "Số"], 2)


# ---------------------------------------------------------------- the marked copy, the command


def test_the_marked_copy_colours_the_cells_and_explains_them(tmp_path: Path):
    path = FOLDER / "12-ngay-sai.xlsx"
    mark(path, path.name, tidy(path), tmp_path / "m.xlsx", "vi")
    book = openpyxl.load_workbook(tmp_path / "m.xlsx")
    assert book.sheetnames == ["Giải thích", "Cấp phép"]
    assert book["Cấp phép"]["C3"].fill.fgColor.rgb.endswith("FFFF99")
    assert book["Giải thích"]["D2"].value == (
        "Ô C3 (cột “Ngày cấp”): “31/02/2025” không phải ngày hợp lệ, được giữ nguyên. "
        "Nhập dạng ngày/tháng/năm, ví dụ 28/02/2025."
    )


def test_a_formula_in_a_text_does_not_run_in_the_marked_copy(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("Tên,Ngày\n=HYPERLINK(1),31/02/2024\nb,28/02/2024\n", "utf-8")
    mark(path, path.name, tidy(path), tmp_path / "m.xlsx", "en")
    cells = [cell for sheet in openpyxl.load_workbook(tmp_path / "m.xlsx") for row in sheet for cell in row]
    assert [cell.value for cell in cells if cell.data_type == "f"] == []


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    from harvester.cli import main

    code = main(list(words))
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command_writes_tables_package_and_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file, out = FOLDER / "01-co-so-kham-chua-benh.xlsx", tmp_path / "out"
    code, said, _ = run(capsys, "tidy", str(file), "--output", str(out), "--json", "--headers", "id")
    told = json.loads(said)
    assert (code, told["refused"], told["reason"]) == (0, False, None)
    assert sorted(path.name for path in out.iterdir()) == ["1.csv", "datapackage.json", "report.json"]
    assert (out / "1.csv").read_text("utf-8").splitlines()[0] == "ten_co_so,dia_chi,so_giuong_benh,ngay_cap_phep"
    schema = json.loads((out / "datapackage.json").read_text("utf-8"))["resources"][0]["schema"]
    assert [field["type"] for field in schema["fields"]] == ["string", "string", "integer", "date"]
    assert told["tables"] == json.loads((out / "report.json").read_text("utf-8"))["tables"]


def test_a_refusal_exits_5_and_leaves_its_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    report = tmp_path / "r.json"
    words = ("--output", str(tmp_path / "out"), "--report", str(report), "--lang", "vi")
    code, said, _ = run(capsys, "tidy", str(FOLDER / "27-mat.xlsx"), *words)
    assert code == 5
    assert "MẬT" not in said
    assert json.loads(report.read_text("utf-8"))["reason"] == "secret-marking"
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(capsys, "tidy", str(tmp_path / "none.xlsx"))[0] == 2


def test_reading_keeps_what_the_sheet_shows(tmp_path: Path):
    lines = "*STT|Tên|Ngày\n~1|Một|d:2024-03-05\n2|Hai|d:2024-03-06"
    grid = read(made(tmp_path / "a.xlsx", lines, hidden_columns="B")).grids[0]
    assert (grid.bold_rows, grid.hidden_rows, grid.hidden_columns) == ({1}, {2}, {2})
