"""The child process: bombs end there, and the next dataset is judged as if nothing had been."""

import io
import os
import signal
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import openpyxl
import pyarrow
import pytest
from checksubjects import codes, dataset_of
from pyarrow import parquet

from checks import check
from checks.child import Judge, ParseLimits
from harvester.model import Effect, Report, Verdict

GOOD = "mã,tên\n1,Cửa Lò\n"
LIMITS = ParseLimits(memory=450_000_000, cpu_seconds=8, wall_seconds=10)


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(LIMITS) as one:
        yield one


def judged(judge: Judge, folder: Path, name: str, content: bytes | str) -> Report:
    return judge(*dataset_of(folder, {name: content}), None)


def still_good(judge: Judge, folder: Path) -> bool:
    return judged(judge, folder, "good.csv", GOOD).verdicts["C05"] is Verdict.MET


def test_the_child_says_what_check_says(judge: Judge, tmp_path: Path):
    dataset, files = dataset_of(tmp_path, {"a.csv": GOOD + "2\n", "b.pdf": b"%PDF-1.4"})
    assert judge(dataset, files, None, limit_errors=5) == check(dataset, files, None, limit_errors=5)


def test_parquet_fits_into_the_memory_of_the_child(judge: Judge, tmp_path: Path):
    parquet.write_table(pyarrow.table({"mã": list(range(1000))}), tmp_path / "t")
    assert judged(judge, tmp_path, "a.parquet", (tmp_path / "t").read_bytes()).tables[0].rows == 1000


def test_one_child_serves_many(judge: Judge, tmp_path: Path):
    still_good(judge, tmp_path)
    first = judge._child
    still_good(judge, tmp_path)
    assert judge._child is first


def workbook_part(part: bytes, name: str = "xl/worksheets/sheet1.xml") -> bytes:
    """A workbook whose part `name` is replaced."""
    plain, made = io.BytesIO(), io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["mã", "tên"])
    book.save(plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            new.writestr(member, part if member == name else old.read(member))
    return made.getvalue()


SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'


def far_cell() -> bytes:
    return workbook_part(
        SHEET % b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    )


def zip_bomb() -> bytes:
    return workbook_part(SHEET % (b'<row r="1"><c r="A1"><v>1</v></c></row>' + b" " * 40_000_000))


def entities() -> bytes:
    lol = b"".join(b'<!ENTITY l%d "%s">' % (i, b"&l%d;" % (i - 1) * 10 if i else b"lol") for i in range(10))
    return b"<?xml version='1.0'?><!DOCTYPE a [" + lol + b"]><a><b><c>&l9;</c></b><b><c>1</c></b></a>"


BOMBS = {
    "far cell": ("a.xlsx", far_cell),
    "zip bomb": ("a.xlsx", zip_bomb),
    "workbook with entities": (
        "a.xlsx",
        lambda: workbook_part(b'<!DOCTYPE a [<!ENTITY x "y">]>' + SHEET % b'<row r="1"><c r="A1"><v>&x;</v></c></row>'),
    ),
    "XML entities": ("a.xml", entities),
    "huge line": ("a.csv", lambda: b"a,b\n" + b"x" * 5_000_000),
    "wide line": ("a.csv", lambda: b"a,b\n" + b"," * 3_000_000),
    "unclosed quote": ("a.csv", lambda: b'a,b\n"' + b"1,2\n" * 500_000),
    "deep JSON": ("a.json", lambda: b"[" * 1_000_000 + b"]" * 1_000_000),
    "much JSON": ("a.json", lambda: b"[" + b"[]," * 7_000_000 + b"[]]"),
    "many parts": ("a.xlsx", lambda: many_parts(5_000)),
}


def many_parts(n: int) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for i in range(n):
            archive.writestr(f"{i}" if i else "xl/workbook.xml", "")
    return made.getvalue()


@pytest.mark.parametrize(("name", "content"), BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_within_the_limits_and_the_next_file_is_judged(
    judge: Judge, tmp_path: Path, name: str, content: Callable[[], bytes]
):
    report = judged(judge, tmp_path, name, content())
    assert report.effect is Effect.REFUSE
    assert report.verdicts["C05"] is Verdict.NOT_MET
    assert still_good(judge, tmp_path)


def test_a_file_that_takes_too_long_names_the_limit(tmp_path: Path):
    with Judge(ParseLimits(wall_seconds=0.4)) as judge:
        os.kill(judge._ready().pid, signal.SIGSTOP)
        report = judged(judge, tmp_path, "a.csv", GOOD)
        assert codes(report.findings) == ["PAR-001"]
        assert (
            report.findings[0].message.render("vi") == "Không kiểm tra được “a.csv”: quá thời gian cho phép (0,4 giây)."
        )
        assert [report.verdicts[rule] for rule in ("C01", "C05", "C15")] == [
            Verdict.NOT_MET,
            Verdict.NOT_MET,
            Verdict.UNKNOWN,
        ]


def test_memory_is_limited(tmp_path: Path):
    with Judge(ParseLimits(memory=250_000_000)) as judge:
        report = judged(judge, tmp_path, "a.json", b"[" + b"[1,2]," * 3_000_000 + b"[1,2]]")
        assert codes(report.findings) == ["PAR-004"]
        assert still_good(judge, tmp_path)


def test_computing_is_limited(tmp_path: Path):
    schema = {"fields": [{"name": "a", "type": "string", "constraints": {"pattern": "(a+)+b"}}]}
    dataset, files = dataset_of(tmp_path, {"a.csv": "a\n" + "a" * 60 + "\n"})
    slow = replace(dataset, resources=(replace(dataset.resources[0], schema=schema),))
    with Judge(ParseLimits(cpu_seconds=0, wall_seconds=20)) as judge:
        assert codes(judge(slow, files, None).findings) == ["PAR-003"]


def test_a_report_that_is_too_long_is_refused(tmp_path: Path):
    with Judge(ParseLimits(output=1000)) as judge:
        assert codes(judged(judge, tmp_path, "a.csv", GOOD).findings) == ["PAR-002"]


def test_threads_take_turns_and_each_gets_its_own_answer(judge: Judge, tmp_path: Path):
    asked = [dataset_of(tmp_path, {f"{n}.csv": GOOD + "9,x\n" * n}) for n in range(6)]
    with ThreadPoolExecutor(3) as threads:
        reports = list(threads.map(lambda one: judge(*one, None), asked))
    assert [report.tables[0].rows for report in reports] == [1, 2, 3, 4, 5, 6]


def test_a_check_that_fails_refuses_the_dataset_and_tells_no_value(
    judge: Judge, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    dataset, files = dataset_of(tmp_path, {"a.csv": GOOD})
    gone = {"a": replace(files["a"], path=tmp_path / "040091000012")}
    report = judge(dataset, gone, None)
    assert codes(report.findings) == ["PAR-005"]
    assert "FileNotFoundError" in report.findings[0].message.render("vi")
    assert "formats.py" in caplog.text
    assert "040091000012" not in caplog.text


def test_a_killed_child_costs_one_dataset(judge: Judge, tmp_path: Path):
    still_good(judge, tmp_path)
    judge._ready().kill()
    judge._ready().wait()
    assert still_good(judge, tmp_path)


def test_the_child_is_replaced_after_so_many_datasets(tmp_path: Path):
    with Judge(ParseLimits(datasets=2)) as judge:
        children = set()
        for _ in range(3):
            assert still_good(judge, tmp_path)
            children.add(judge._child.pid)
        assert len(children) == 2


def test_the_child_ends_with_its_parent(tmp_path: Path):
    judge = Judge(LIMITS)
    assert still_good(judge, tmp_path)
    child = judge._child
    child.stdin.close()  # what the parent's death does
    assert child.wait(timeout=5) == 0
    judge.__exit__(None, None, None)


def test_the_child_inherits_no_secret(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CKAN_API_KEY", "canary")
    with Judge(LIMITS) as judge:
        environment = Path(f"/proc/{judge._ready().pid}/environ")
        assert not environment.exists() or b"canary" not in environment.read_bytes()


def test_a_question_that_was_interrupted_leaves_no_answer_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with Judge(LIMITS) as judge:
        assert still_good(judge, tmp_path)

        def interrupted(answer: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(judge, "_understood", interrupted)
            with pytest.raises(KeyboardInterrupt):
                still_good(judge, tmp_path)
        assert judge._child is None
        assert still_good(judge, tmp_path)
