"""The sieve and Frictionless alone give one report, to the last note, on random dirty tables.

`SIEVE_CASES` sets how many (CI: 20 000 and more), `SIEVE_SEED` where they begin.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dirty_tables
import numpy as np
import openpyxl
import pytest

from checks import blocks, keys, patterns, tables
from checks.arrow import strings
from checks.blocks import Doubt
from checks.many import Crew, Job
from checks.tables import TableSource, validate
from checks.typed import TypedTable

CASES = int(os.environ.get("SIEVE_CASES", "600"))
SEED = int(os.environ.get("SIEVE_SEED", "0"))
PARTS = 8
TEXT = {"fields": [{"name": "ma", "type": "integer"}, {"name": "ten", "type": "string"}]}


def told(source: TableSource | Path, engine: str, **options: Any) -> Any:
    """The report but for its seconds, or the error that Frictionless itself ends in."""
    try:
        return tables.told(validate(source, engine=engine, **options))
    except Exception as error:
        return type(error).__name__, str(error)


def both(tmp_path: Path, case: dirty_tables.Case) -> tuple[Any, Any]:
    path = tmp_path / f"bang{case.suffix}"
    path.write_bytes(case.content)
    options = {"schema": case.schema, "dialect": case.dialect, "encoding": case.encoding, "limit_errors": case.limit}
    return told(path, "fast", **options), told(path, "frictionless", **options)


@pytest.mark.parametrize("part", range(PARTS))
def test_both_engines_give_one_report_of_a_csv_file(part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(SEED + part, SEED + CASES, PARTS):
        case = dirty_tables.case(seed)
        monkeypatch.setattr(blocks, "FIRST", case.block)
        monkeypatch.setattr(blocks, "SIZE", case.block)
        fast, slow = both(tmp_path, case)
        assert fast == slow, f"seed {seed}"


@pytest.mark.parametrize("part", range(PARTS))
def test_both_engines_give_one_report_of_typed_rows(part: int) -> None:
    for seed in range(SEED + part, SEED + CASES // 2, PARTS):
        case = dirty_tables.typed_case(seed)
        source = TableSource("bang", data=case.rows)
        options = {"schema": case.schema, "dialect": case.dialect, "limit_errors": case.limit}
        fast, slow = told(source, "fast", **options), told(source, "frictionless", **options)
        assert repr(fast) == repr(slow), f"seed {seed}"  # NaN equals NaN in writing


@pytest.mark.parametrize("part", range(PARTS))
def test_both_engines_give_one_report_of_a_workbook(part: int, tmp_path: Path) -> None:
    for seed in range(SEED + part, SEED + CASES // 8, PARTS):
        case = dirty_tables.typed_case(seed)
        path = tmp_path / "bang.xlsx"
        _save(path, case.rows, write_only=seed % 2 == 0)
        source = TableSource("bang.xlsx", path, "xlsx", "Bảng" if seed % 5 else None)
        options = {"schema": case.schema, "dialect": case.dialect, "limit_errors": case.limit}
        fast, slow = told(source, "fast", **options), told(source, "frictionless", **options)
        assert repr(fast) == repr(slow), f"seed {seed}"


def _save(path: Path, rows: list[list[Any]], *, write_only: bool) -> None:
    book = openpyxl.Workbook(write_only=write_only)
    sheet = book.create_sheet("Bảng") if write_only else book.active
    assert sheet is not None
    sheet.title = "Bảng"
    for row in rows:
        sheet.append([dirty_tables.in_a_workbook(cell) for cell in row])
    book.save(path)


def test_the_sieve_really_judges_most_of_these_cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged = []
    scan = TypedTable.scan
    monkeypatch.setattr(TypedTable, "scan", lambda self, *options: judged.append(1) or scan(self, *options))
    for seed in range(40):
        told(TableSource("bang", data=dirty_tables.typed_case(seed).rows), "fast")
    assert len(judged) > 30


def test_an_error_in_the_last_of_many_rows_is_found_with_its_row_number(tmp_path: Path) -> None:
    path = tmp_path / "dai.csv"
    path.write_text("ma,ten\n" + "".join(f"{n},tên {n}\n" for n in range(60_000)) + "sai,x\n")
    fast, slow = told(path, "fast", schema=TEXT), told(path, "frictionless", schema=TEXT)
    assert fast == slow
    assert fast["tasks"][0]["errors"][0]["rowNumber"] == 60_002


def test_engine_frictionless_never_starts_the_sieve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("the sieve was asked")

    monkeypatch.setattr(tables, "_sieved", refuse)
    path = tmp_path / "bang.csv"
    path.write_text("ma,ten\n1,a\n")
    assert validate(path, schema=TEXT, engine="frictionless").valid


def test_auto_starts_the_sieve_when_enough_bytes_came(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started = tables._Started()
    monkeypatch.setattr(tables, "_started", started)
    path = tmp_path / "bang.csv"
    path.write_text("ma,ten\n" + "1,a\n" * 1_000)
    source = TableSource("bang.csv", path)
    assert not tables._pays(source, "auto")
    assert tables._pays(source, "fast")
    assert any(tables._pays(source, "auto") for _ in range(tables.WORTHWHILE // path.stat().st_size + 1))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'a,b\n1,x"y"\n', "a quote within a cell"),
        (b'a,b\n1,"x\n', "not closed"),
        (b"a,b\n1,x\ry\n", "carriage"),
        (b"a,b\n1,\0\n", "NUL"),
    ],
)
def test_what_csv_readers_read_differently_is_left_to_frictionless(content: bytes, why: str) -> None:
    with pytest.raises(Doubt, match=why):
        blocks.prove_regular(content, b",")


@pytest.mark.parametrize("pattern", [r"[A-Z]{2}-\d{5}", "a|b", r"(xã|huyện).*", "[^,]*", r"[\d-]+", "x?"])
def test_a_plain_pattern_may_be_asked_of_arrow(pattern: str) -> None:
    assert patterns.for_arrow(pattern)


@pytest.mark.parametrize(
    "pattern", [r"(?i)na", r"x(?=y)", r"\d{,3}", r"[^\d]+", r"\D", r"(a)\1", r"\bx", r"[[:alpha:]]"]
)
def test_a_pattern_with_another_meaning_in_arrow_is_not(pattern: str) -> None:
    assert patterns.for_arrow(pattern) is None


def test_repeated_keys_are_found_whatever_their_order_and_sign() -> None:
    ledger = keys.Ledger()
    low, high = -(2**63), 2**63 - 1
    ledger.add(np.array([high, low], dtype=np.int64), None, 0)  # their difference overflows
    ledger.add(np.array([high], dtype=np.int64), None, 2)
    assert ledger.repeated().tolist() == [0, 2]


def test_equal_texts_have_equal_keys_whatever_stands_around_them() -> None:
    texts = ["", "a", "tên", "NA-00001", "x" * 40, "a"]
    column = keys.keys_of("string")
    assert column is not None
    found = column(keys.Text.of(strings(texts)))
    assert found.tolist() == [keys.key_of(text) for text in texts]
    assert len(set(found.tolist())) == 5


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000, 1_500_000_000))
from checks import tables
report = tables._sieved(tables._source(sys.argv[1]), None, None, "utf-8", 1000)
print("none" if report is None else report[0].stats["errors"], "pandas" in sys.modules)
"""


def test_the_sieve_works_in_a_child_with_limits_and_imports_no_pandas(tmp_path: Path) -> None:
    path = tmp_path / "dai.csv"
    path.write_text("ma,ten\n" + "".join(f"{n},tên {n}\n" for n in range(100_000)))
    environment = dict(os.environ) | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "False"]


def test_several_processes_answer_in_order(tmp_path: Path) -> None:
    jobs = []
    for number in range(7):
        path = tmp_path / f"{number}.csv"
        path.write_text("ma,ten\n" + "1,a\n" * number + "x,a\n" * (number % 2))
        jobs.append(Job(path, TEXT, encoding="utf-8", engine="fast"))
    with Crew(2) as crew:
        answers = list(crew.judge(iter(jobs)))
    assert [answer["tasks"][0]["place"] for answer in answers] == [job.path.name for job in jobs]
    assert [answer["stats"]["errors"] for answer in answers] == [0, 1, 0, 1, 0, 1, 0]
