"""How long tidying a workbook takes beside pandas (openpyxl) and Frictionless, and what memory it needs.

    python benchmarks/tidy.py [--rows 100000] [--rounds 3]

Each reader runs in a fresh process, the three by turns; times are seconds of computing (user and system), so that other
work on the machine counts less. `tidy` does all of its work: reading, understanding, writing CSV and report.
"""

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import openpyxl

HEADER = ["STT", "Mã", "Tên đơn vị", "Địa bàn", "Ngày cấp", "Diện tích (ha)", "Số hộ", "Doanh thu", "Loại", "Ghi chú"]
MEASURE = "import resource as r; u = r.getrusage(r.RUSAGE_SELF); print(u.ru_utime + u.ru_stime, u.ru_maxrss // 1024)"
READERS = {
    "tidy": (
        "from harvester.tidy.work import tidy_to; "
        "tidy_to({path!r}, {folder!r}, name='a.xlsx', sheet='', answers={{}}, headers='label', "
        "language='vi', marked=False)"
    ),
    "pandas (openpyxl)": "import pandas; pandas.read_excel({path!r}, engine='openpyxl')",
    "Frictionless": "import frictionless; assert frictionless.validate({name!r}).tasks",
}


def workbook(path: Path, rows: int) -> None:
    """A workbook of ten columns of every kind."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Dữ liệu")
    sheet.append(HEADER)
    number = random.Random(1)
    for i in range(rows):
        sheet.append(
            [
                i + 1,
                f"{i:06d}",
                f"Cơ sở sản xuất số {i}",
                f"Phường {i % 40}",
                f"{i % 28 + 1:02d}/{i % 12 + 1:02d}/2024",
                round(number.random() * 100, 2),
                number.randrange(1000),
                number.randrange(10**9),
                "Loại " + "ABC"[i % 3],
                "" if i % 3 else "đã kiểm tra",
            ]
        )
    book.save(path)


def measure(reader: str, path: Path) -> tuple[float, int]:
    """Seconds of computing and peak memory in MB of one reader in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        code = READERS[reader].format(path=str(path), folder=folder, name=path.name) + "; " + MEASURE
        place = path.parent if reader == "Frictionless" else None  # it takes no absolute paths
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=place)
    seconds, memory = done.stdout.split()[-2:]
    return float(seconds), int(memory)


def main() -> None:
    """Print a line for each reader, then the memory of `tidy` at several sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.xlsx")
        workbook(path, asked.rows)
        runs = [{reader: measure(reader, path) for reader in READERS} for _ in range(asked.rounds)]
        mine = statistics.median(run["tidy"][0] for run in runs)
        print(f"{asked.rows} rows × {len(HEADER)} columns, {path.stat().st_size >> 20} MB, median of {asked.rounds}")
        for reader in READERS:
            seconds = statistics.median(run[reader][0] for run in runs)
            memory = statistics.median(run[reader][1] for run in runs)
            print(f"{reader:20} {seconds:7.2f} s {memory:6.0f} MB   tidy is {seconds / mine:4.1f}× as fast")
        for rows in (asked.rows // 4, asked.rows // 2, asked.rows):
            workbook(path, rows)
            print(f"tidy at {rows:7} rows: {measure('tidy', path)[1]} MB")


if __name__ == "__main__":
    main()
