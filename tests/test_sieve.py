"""The sieve and Frictionless alone give one report, to the last note, on random dirty tables.

`SIEVE_CASES` sets how many (CI: 20 000 and more), `SIEVE_SEED` where they begin.
"""

import os
from pathlib import Path
from typing import Any

import dirty_tables
import pytest

from checks import blocks
from checks.tables import validate

CASES = int(os.environ.get("SIEVE_CASES", "1200"))
SEED = int(os.environ.get("SIEVE_SEED", "0"))
PARTS = 8


def told(path: Path, engine: str, **options: Any) -> Any:
    """The report but for its seconds, or the error that Frictionless itself ends in."""
    try:
        report = validate(path, engine=engine, **options).to_descriptor()
    except Exception as error:
        return type(error).__name__, str(error)
    for stats in [report["stats"], *(task["stats"] for task in report["tasks"])]:
        stats.pop("seconds")
    return report


def both(tmp_path: Path, case: dirty_tables.Case) -> tuple[Any, Any]:
    path = tmp_path / f"bang{case.suffix}"
    path.write_bytes(case.content)
    options = {"schema": case.schema, "dialect": case.dialect, "encoding": case.encoding, "limit_errors": case.limit}
    return told(path, "fast", **options), told(path, "frictionless", **options)


@pytest.mark.parametrize("part", range(PARTS))
def test_both_engines_give_one_report(part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(SEED + part, SEED + CASES, PARTS):
        case = dirty_tables.case(seed)
        monkeypatch.setattr(blocks, "FIRST", case.block)
        monkeypatch.setattr(blocks, "SIZE", case.block)
        fast, slow = both(tmp_path, case)
        assert fast == slow, f"seed {seed}"
