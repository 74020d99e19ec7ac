"""What a file is by its bytes, how it is written, and what is said of a broken one."""

import hashlib
import io
import json
import unicodedata
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from checksubjects import codes, dataset_of, found, judged, workbook
from hypothesis import given
from hypothesis import strategies as st

from checks import check
from checks.encoding import written
from checks.formats import recognise
from checks.subject import Kind
from harvester.model import Effect, Verdict

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 504
TABLE = "mã,tên\n1,Cửa Lò\n2,Nghĩa Đàn\n"


def zipped(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), text)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", Kind.EMPTY),
        (b"\xef\xbb\xbf\r\n  ", Kind.EMPTY),
        (b"a,b\n1,2\n", Kind.CSV),
        (b"a\tb\n1\t2\n", Kind.TSV),
        (TABLE.encode("utf-16"), Kind.CSV),
        (TABLE.encode("utf-8-sig"), Kind.CSV),
        (b"<!DOCTYPE html><html>", Kind.HTML),
        (b"\n <!-- x --> <HTML lang=vi>", Kind.HTML),
        (b"<?xml version='1.0'?><a/>", Kind.XML),
        (b'[{"a": 1}]', Kind.JSON),
        (b'{"type": "FeatureCollection", "features": []}', Kind.GEOJSON),
        (b"%PDF-1.7", Kind.PDF),
        (b"\xff\xd8\xff\xe0", Kind.IMAGE),
        (b"PAR1....", Kind.PARQUET),
        (b"Rar!\x1a\x07", Kind.ARCHIVE),
        (OLE + "Workbook".encode("utf-16-le"), Kind.XLS),
        (OLE + "EncryptedPackage".encode("utf-16-le"), Kind.LOCKED),
        (OLE + "WordDocument".encode("utf-16-le"), Kind.DOCUMENT),
        (zipped(xl__workbook_dot_xml="<a/>"), Kind.XLSX),
        (zipped(word__document_dot_xml="<a/>"), Kind.DOCUMENT),
        (zipped(mimetype="application/vnd.oasis.opendocument.spreadsheet"), Kind.ODS),
        (zipped(a_dot_csv="x"), Kind.ZIP),
        (b"PK\x03\x04 cut off", Kind.CUT),
        (bytes(range(256)) * 4, Kind.BINARY),
    ],
)
def test_a_file_is_known_by_its_bytes(tmp_path: Path, content: bytes, kind: Kind):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert recognise(path) is kind


@given(st.binary(max_size=300))
def test_any_bytes_are_something(tmp_path_factory: pytest.TempPathFactory, content: bytes):
    path = tmp_path_factory.getbasetemp() / "bytes"
    path.write_bytes(content)
    assert isinstance(recognise(path), Kind)
    written(path)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", b"", "FMT-001"),
        ("a.csv", b"<html><form>login</form>", "FMT-002"),
        ("a.csv", b"%PDF-1.4", "FMT-003"),
        ("a.xlsx", b"a,b\n1,2\n", "FMT-003"),
        ("a.json", b"a,b\n1,2\n", "FMT-003"),
        ("a.json", b'[{"a": 1}, {"a"', "FMT-004"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": [', "FMT-004"),
        ("a.xml", b"<a><b>1</b>", "FMT-004"),
        ("a.xml", b'<!DOCTYPE a [<!ENTITY x "y">]><a><b>&x;</b><b>1</b></a>', "FMT-004"),
        ("a.xlsx", OLE + "EncryptedPackage".encode("utf-16-le"), "FMT-005"),
        ("a.csv", b"a,b\n", "FMT-018"),
        ("a.csv", "a,b\n1,Cửa Lò".encode()[:-1], "FMT-004"),
        ("a.csv", b"a,b\n1,2\n" + b"3,C\xe9ng h\xdfa x\xb7 h\xe9i\n", "FMT-014"),
        ("a.json", b"[" * 100_000, "FMT-004"),
        ("a.xlsx", b"PK\x03\x04 cut off", "FMT-031"),
    ],
)
def test_what_is_no_data_is_refused_and_the_rule_not_met(tmp_path: Path, name: str, content: bytes, code: str):
    report = judged(tmp_path, name, content)
    assert found(report, code).effect is Effect.REFUSE
    assert found(report, code).place.file == name
    assert report.verdicts["C05"] is Verdict.NOT_MET


@pytest.mark.parametrize("content", [b"%PDF-1.4", b"\x89PNG\r\n\x1a\n", zipped(word__document_dot_xml="<a/>")])
def test_pictures_and_papers_alone_are_no_open_data(tmp_path: Path, content: bytes):
    report = judged(tmp_path, "a", content)
    assert report.verdicts["C01"] is report.verdicts["C02"] is Verdict.NOT_MET
    assert report.verdicts["C15"] is Verdict.UNKNOWN  # nobody looked inside
    assert report.effect is Effect.REFUSE


def test_a_paper_beside_the_table_does_no_harm_but_was_not_looked_into(tmp_path: Path):
    report = check(*dataset_of(tmp_path, {"a.csv": TABLE, "b.pdf": b"%PDF-1.4"}), None)
    assert report.verdicts["C01"] is report.verdicts["C02"] is report.verdicts["C05"] is Verdict.MET
    assert report.effect is Effect.NONE
    assert report.verdicts["C15"] is Verdict.UNKNOWN


@pytest.mark.parametrize("name", ["README.md", "ghi chú.txt", "thuyết minh"])
def test_running_text_is_no_table(tmp_path: Path, name: str):
    text = (
        "# Thuyết minh\n\n"
        + "Số liệu do Sở tổng hợp từ báo cáo của các xã, phường, có đối chiếu với Cục Thống kê.\n\nHết.\n"
    )
    assert judged(tmp_path, name, text).verdicts["C01"] is Verdict.NOT_MET


@pytest.mark.parametrize("text", [TABLE, "mã\n1\n2\n", "mã|tên\n1|" + "x" * 200 + "\n2|y\n"])
def test_a_table_needs_no_name_to_be_one(tmp_path: Path, text: str):
    assert judged(tmp_path, "ghi chú.txt", text).verdicts["C01"] is Verdict.MET


def ods(content: str) -> bytes:
    head = '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    head += 'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    head += 'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
    tail = "</office:spreadsheet></office:body></office:document-content>"
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", head + content + tail)
    return buffer.getvalue()


def ods_row(*cells: object, hidden: bool = False) -> str:
    number, text = 'float" office:value="{0}"', 'string"'
    made = "".join(
        f'<table:table-cell office:value-type="{(number if isinstance(cell, int) else text).format(cell)}>'
        f"<text:p>{cell}</text:p></table:table-cell>"
        for cell in cells
    )
    seen = ' table:visibility="collapse"' if hidden else ""
    return f"<table:table-row{seen}>{made}</table:table-row>"


def test_an_open_document_sheet_is_read_and_its_hidden_rows_are_told(tmp_path: Path):
    rows = ods_row("mã", "tên") + ods_row(1, "Cửa Lò") + ods_row(2, "Vinh", hidden=True)
    report = judged(tmp_path, "a.ods", ods(f'<table:table table:name="Xã">{rows}</table:table>'))
    assert report.tables[0].preview == (("mã", "tên"), ("1", "Cửa Lò"), ("2", "Vinh"))
    assert [field["type"] for field in report.tables[0].schema["fields"]] == ["integer", "string"]
    assert codes(report.findings) == ["FMT-021", *(f"MET-00{n}" for n in range(2, 6)), "MET-007"]
    assert report.verdicts["C02"] is report.verdicts["C05"] is Verdict.MET


def test_an_excel_workbook_is_readable_and_passes_with_a_warning(tmp_path: Path):
    _, path = workbook(tmp_path, {"a": [["mã", "số"], [1, 2]]})
    report = judged(tmp_path, "a.xlsx", path.read_bytes())
    assert codes(report.findings, "C02") == ["FMT-008"]
    assert report.verdicts["C01"] is report.verdicts["C02"] is report.verdicts["C05"] is Verdict.MET


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_is_read_in_every_form(tmp_path: Path, encoding: str):
    content = "\ufeff" * (encoding == "utf-16-be") + TABLE
    report = judged(tmp_path, "a.csv", content.encode(encoding))
    assert report.verdicts["C05"] is report.verdicts["C24"] is Verdict.MET
    assert report.tables[0].preview == (("mã", "tên"), ("1", "Cửa Lò"), ("2", "Nghĩa Đàn"))
    assert report.tables[0].report["valid"]


def windows_1258(text: str) -> bytes:
    """As Windows wrote Vietnamese: letter, then tone."""
    out = []
    for letter in text:
        try:
            out.append(letter.encode("cp1258"))
        except UnicodeEncodeError:
            parts = unicodedata.normalize("NFD", letter)
            tones = [p for p in parts if p in "\u0300\u0301\u0303\u0309\u0323"]
            base = unicodedata.normalize("NFC", "".join(p for p in parts if p not in tones))
            out.append((base + "".join(tones)).encode("cp1258"))
    return b"".join(out)


def test_windows_1258_is_read_with_a_warning(tmp_path: Path):
    report = judged(tmp_path, "a.csv", windows_1258(TABLE))
    assert codes(report.findings, "C24") == ["FMT-016"]
    assert report.verdicts["C24"] is Verdict.NOT_MET
    assert report.verdicts["C05"] is Verdict.MET
    assert unicodedata.normalize("NFC", report.tables[0].preview[1][1]) == "Cửa Lò"


def test_letters_and_marks_apart_are_a_warning(tmp_path: Path):
    report = judged(tmp_path, "a.csv", unicodedata.normalize("NFD", TABLE))
    assert codes(report.findings, "C24") == ["FMT-026"]


def test_twice_encoded_text_is_a_warning(tmp_path: Path):
    report = judged(tmp_path, "a.csv", "a,b\n1,Nghá»‡ An\n")
    assert found(report, "FMT-025").place.row == 2


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ({"declared_bytes": 3}, "FMT-011"),
        ({"declared_hash": "sha256:" + "0" * 64}, "FMT-012"),
        ({"declared_hash": "0" * 32}, "FMT-012"),
        ({"declared_rows": 3}, "FMT-013"),
    ],
)
def test_what_is_declared_must_be_true(tmp_path: Path, declared: dict[str, object], code: str):
    dataset, files = dataset_of(tmp_path, {"a.csv": TABLE})
    lying = replace(dataset, resources=(replace(dataset.resources[0], **declared),))
    report = check(lying, files, None)
    assert codes(report.findings, "C05") == [code]
    assert report.verdicts["C05"] is Verdict.NOT_MET
    assert report.effect is Effect.NONE  # weighs in the count only


def test_true_declarations_pass(tmp_path: Path):
    data = TABLE.encode()
    dataset, files = dataset_of(tmp_path, {"a.csv": data})
    for declared in (f"sha256:{hashlib.sha256(data).hexdigest()}", hashlib.md5(data).hexdigest()):
        resource = replace(dataset.resources[0], declared_hash=declared, declared_bytes=len(data), declared_rows=2)
        assert codes(check(replace(dataset, resources=(resource,)), files, None).findings, "C05") == []


def test_a_missing_file_is_unknown_not_refused(tmp_path: Path):
    dataset, files = dataset_of(tmp_path, {"a.csv": TABLE, "b.csv": TABLE})
    report = check(dataset, {"a": files["a"]}, None)
    assert report.verdicts["C05"] is report.verdicts["C15"] is Verdict.UNKNOWN
    assert report.effect is Effect.NONE


def test_what_a_workbook_hides_is_told(tmp_path: Path):
    book, path = workbook(tmp_path, {"a": [["mã", "số", "ghi"], [1, 2, 3], [4, 5, 6]], "b": [["x"], [1]]})
    book["a"].row_dimensions[3].hidden = True
    book["a"].column_dimensions["C"].hidden = True
    book["b"].sheet_state = "veryHidden"
    book.save(path)
    report = judged(tmp_path, "a.xlsx", path.read_bytes())
    assert codes(report.findings, "C19") == ["FMT-021", "FMT-020"]
    assert found(report, "FMT-021").message.values["n"] == 2
    assert report.verdicts["C19"] is Verdict.NOT_MET
    assert report.effect is Effect.NONE


def test_a_cell_that_a_spreadsheet_would_run_is_told(tmp_path: Path):
    report = judged(tmp_path, "a.csv", 'a,b\n-5,+84 238\n"=HYPERLINK(""http://x"")",- Nam\n')
    assert found(report, "FMT-022").place.cell == "A3"
    assert found(report, "FMT-022").message.values["n"] == 1


JSON_TABLES = [
    [{"mã": 1, "tên": "Vinh"}],
    [["mã", "tên"], [1, "Vinh"]],
    {"data": [{"mã": 1, "tên": "Vinh"}]},
    {"result": {"total": 1, "records": [{"mã": 1, "tên": "Vinh"}]}},
    {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "geometry": None, "properties": {"mã": 1, "tên": "Vinh"}}],
    },
]


@pytest.mark.parametrize("content", JSON_TABLES)
def test_records_are_found_in_json(tmp_path: Path, content: object):
    report = judged(tmp_path, "a.json", json.dumps(content))
    assert report.tables[0].preview == (("mã", "tên"), ("1", "Vinh"))
    assert report.verdicts["C01"] is report.verdicts["C05"] is Verdict.MET


def test_records_are_found_in_xml_and_parquet(tmp_path: Path):
    import pyarrow
    from pyarrow import parquet

    assert judged(tmp_path, "a.xml", "<a><b><x>1</x></b><b><x>2</x></b></a>").tables[0].rows == 2
    parquet.write_table(pyarrow.table({"x": [1, 2]}), tmp_path / "t")
    report = judged(tmp_path, "a.parquet", (tmp_path / "t").read_bytes())
    assert report.tables[0].preview == (("x",), ("1",), ("2",))
