"""How much faster the sieve is than Frictionless alone, with the same report: side by side, in one run.

    python benchmarks/validation.py [CASE …] [--rows 1000000] [--runs 3]

Every measurement is a process of its own in which the libraries are imported and nothing else was done ("cold"; of the
sieve also a second judging in the same process, "warm"). The engines take turns, so that a busy machine slows all of
them; figures are medians, the spread is (largest − smallest) / median, memory is the peak of the process (VmHWM) and
CPU that of all its threads. A report that differs from Frictionless' own ends the benchmark. Beside them stands the
parse limit: the file read into text columns and nothing judged (a workbook: by calamine).
"""

import argparse
import csv
import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parent.parent
SCHEMA: dict[str, Any] = {
    "primaryKey": ["id"],
    "fields": [
        {"name": "id", "type": "integer", "constraints": {"required": True, "minimum": 1}},
        {"name": "amount", "type": "number", "constraints": {"minimum": 0, "maximum": 100_000_000}},
        {"name": "name", "type": "string", "constraints": {"minLength": 2, "maxLength": 80}},
        {"name": "issued", "type": "date"},
        {"name": "updated", "type": "datetime"},
        {"name": "active", "type": "boolean"},
        {"name": "level", "type": "string", "constraints": {"enum": ["tinh", "huyen", "xa"]}},
        {"name": "code", "type": "string", "constraints": {"pattern": r"[A-Z]{2}-\d{5}"}},
        {"name": "uid", "type": "string", "constraints": {"unique": True}},
        {"name": "agency", "type": "string", "constraints": {"required": True}},
    ],
}
WIDE = {"fields": [{"name": f"c{n}", "type": ("integer", "number", "date", "string")[n % 4]} for n in range(200)]}
LONG = {
    "fields": [{"name": "id", "type": "integer"}, {"name": "text", "type": "string", "constraints": {"minLength": 5}}]
}
KEYLESS = {"fields": [field | {"constraints": {}} for field in SCHEMA["fields"]]}
FAMILIES, GIVEN = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng"), ("An", "Bình", "Cường", "Dũng", "Giang", "Hà")
WRONG = ("", "x", "-1", "99/99/2024", "tỉnh", "1")


def clean_rows(count: int, bad: float = 0.0, seed: int = 1) -> Iterator[list[str]]:
    """Rows for SCHEMA, a share `bad` of the cells wrong."""
    r = random.Random(seed)
    for n in range(1, count + 1):
        name = f"{r.choice(FAMILIES)} {r.choice(GIVEN)} {n % 977}" + (", Vinh" if n % 10 == 0 else "")
        day = f"20{r.randrange(10, 25)}-{r.randrange(1, 13):02}-{r.randrange(1, 29):02}"
        clock = f"{r.randrange(24):02}:{r.randrange(60):02}:{r.randrange(60):02}"
        row = [str(n), f"{r.randrange(10**9) / 100:.2f}", f'"{name}"' if n % 100 == 0 else name, day, f"{day}T{clock}Z"]
        row += [r.choice(("true", "false")), r.choice(("tinh", "huyen", "xa")), f"NA-{r.randrange(10**5):05}"]
        row += [f"{n * 2654435761 % 2**32:08x}-{n:08x}", "Sở Tài chính"]
        if bad:
            row = [r.choice(WRONG) if r.random() < bad else cell for cell in row]
        yield row


def wide_rows(count: int) -> Iterator[list[str]]:
    """Rows for WIDE."""
    for n in range(count):
        yield [(str(n + c), f"{n}.{c}", "2024-01-05", f"ô {c}")[c % 4] for c in range(200)]


def long_rows(count: int) -> Iterator[list[str]]:
    """Rows for LONG: two thousand characters, quoted, with line ends."""
    text = 'Điều 1. Phạm vi, "đối tượng"\nĐiều 2. Giải thích từ ngữ ' * 35
    for n in range(count):
        yield [str(n), f"{text}{n}"]


def write(path: Path, header: list[str], rows: Iterator[list[str]], **options: Any) -> None:
    """A CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, **{"lineterminator": "\n", **options})
        writer.writerow(header)
        writer.writerows(rows)


def write_workbook(path: Path, count: int) -> None:
    """The same table with typed cells."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Bảng")
    sheet.append(names(SCHEMA))
    for row in clean_rows(count):
        day, moment = date.fromisoformat(row[3]), datetime.fromisoformat(row[4][:-1])
        sheet.append([int(row[0]), float(row[1]), row[2], day, moment, row[5] == "true", *row[6:]])
    book.save(path)


def names(schema: dict[str, Any]) -> list[str]:
    """Its fields."""
    return [field["name"] for field in schema["fields"]]


def make(case: str, folder: Path, rows: int) -> tuple[Path, dict[str, Any], int]:
    """The file (or folder) of a case, its schema and its error limit (0: all)."""
    path, tenth, few = folder / f"{case}.csv", max(rows // 10, 1000), max(rows // 50, 200)
    head = names(SCHEMA)
    if case == "clean":
        write(path, head, clean_rows(rows))
    elif case == "keyless":
        write(path, head, clean_rows(rows))
        return path, KEYLESS, 0
    elif case in ("bad-0.1%", "bad-0.1%-limit-1000"):
        write(path, head, clean_rows(rows, 0.001))
        return path, SCHEMA, 1000 if "limit" in case else 0
    elif case == "bad-2%":
        write(path, head, clean_rows(tenth, 0.02))
    elif case == "quoted":
        write(path, head, clean_rows(tenth), quoting=csv.QUOTE_ALL)
    elif case == "crlf":
        write(path, head, clean_rows(tenth), lineterminator="\r\n")
    elif case == "wide":
        write(path, names(WIDE), wide_rows(few))
        return path, WIDE, 0
    elif case == "long-text":
        write(path, names(LONG), long_rows(few))
        return path, LONG, 0
    elif case == "all-wrong":
        write(path, head, ([*row[:3], "05/01/2024", *row[4:]] for row in clean_rows(tenth)))
        return path, SCHEMA, 1000
    elif case == "hopeless":
        write(path, head, ([*row[:3], "05/01/2024", *row[4:]] for row in clean_rows(few)))
    elif case == "xlsx":
        path = path.with_suffix(".xlsx")
        write_workbook(path, tenth)
    elif case == "small-files":
        path = folder / case
        path.mkdir(exist_ok=True)
        for n in range(300):
            write(path / f"{n:03}.csv", head, clean_rows(300, seed=n))
    return path, SCHEMA, 0


CASES = ("clean", "keyless", "bad-0.1%", "bad-0.1%-limit-1000", "bad-2%", "quoted", "crlf", "wide", "long-text")
CASES += ("all-wrong", "hopeless", "small-files", "xlsx")  # fmt: skip
ENGINES = ("frictionless", "fast", "parse")

# ---------------------------------------------------------------- one measurement, in a process of its own


def measure(engine: str, path: Path, schema: dict[str, Any], limit: int) -> None:
    """Judge, and print what it took."""
    run = _parse if engine == "parse" else _judge
    _warm(engine, path.suffix)
    figures, peak = [], 0
    for _ in range(2 if engine == "fast" else 1):
        wall, cpu = time.perf_counter(), time.process_time()
        told = run(engine, path, schema, limit)
        figures.append((time.perf_counter() - wall, time.process_time() - cpu))
        peak = peak or _peak()
    print(json.dumps({"cold": figures[0][0], "cpu": figures[0][1], "warm": figures[-1][0], "rss": peak, "told": told}))


def _peak() -> int:
    """The process' peak memory until now, in MB."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) // 1024


def _warm(engine: str, suffix: str) -> None:
    if engine == "parse":
        import pyarrow.csv  # noqa: F401
    else:
        import frictionless.formats  # noqa: F401

        from checks import tables  # noqa: F401
    if engine == "fast":
        from checks import sieve  # noqa: F401


def _judge(engine: str, path: Path, schema: dict[str, Any], limit: int) -> str:
    from checks import tables

    encoding = None if path.suffix == ".xlsx" else "utf-8"
    options: dict[str, Any] = {"schema": schema, "encoding": encoding, "limit_errors": limit}
    if path.is_dir():
        reports = [tables.validate(file, **options, engine=engine) for file in sorted(path.iterdir())]
    else:
        reports = [tables.validate(path, **options, engine=engine)]
    said = json.dumps([tables.told(report) for report in reports], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _parse(engine: str, path: Path, schema: dict[str, Any], limit: int) -> str:
    import pyarrow as pa
    from pyarrow import csv as arrow

    if path.suffix == ".xlsx":
        from python_calamine import CalamineWorkbook

        for _ in CalamineWorkbook.from_path(path).get_sheet_by_index(0).iter_rows():
            continue
        return ""
    text = arrow.ConvertOptions(column_types=dict.fromkeys(names(schema), pa.string()))
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        with arrow.open_csv(
            file, parse_options=arrow.ParseOptions(newlines_in_values=True), convert_options=text
        ) as rows:
            for _ in rows:
                continue
    return ""


def crew(path: Path, schema: dict[str, Any], runs: int) -> dict[str, Any]:
    """The folder of small files by two processes that were started before."""
    sys.path[:0] = [str(ROOT), str(ROOT / "validators")]
    from checks.many import Crew, Job

    jobs = [Job(file, schema, encoding="utf-8", limit_errors=0, engine="fast") for file in sorted(path.iterdir())]
    seconds = []
    with Crew(2) as workers:
        for _ in workers.judge(jobs[:4]):
            continue
        for _ in range(runs):
            start = time.perf_counter()
            told = [answer["valid"] for answer in workers.judge(jobs)]
            seconds.append(time.perf_counter() - start)
    return {"seconds": seconds, "valid": all(told) and len(told) == len(jobs)}


# ---------------------------------------------------------------- the table


def main() -> None:
    """Measure the cases and print a table."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("cases", nargs="*", default=CASES, metavar="CASE", help=", ".join(CASES))
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.measure:
        engine, path, schema, limit = chosen.measure
        measure(engine, Path(path), json.loads(schema), int(limit))
        return
    print(f"{chosen.rows:,} rows, {chosen.runs} runs, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    heads = "".join(f"{head:>9}" for head in ("cold s", "spread", "warm s", "CPU s", "MB"))
    print(f"{'case':<20} {'engine':<13}{heads}   times faster: cold, warm, CPU", flush=True)
    with TemporaryDirectory() as folder:
        for case in chosen.cases:
            _compare(case, Path(folder), chosen.rows, chosen.runs)
    print(f"load {os.getloadavg()[0]:.1f}")


def _compare(case: str, folder: Path, rows: int, runs: int) -> None:
    path, schema, limit = make(case, folder, rows)
    found: dict[str, list[dict[str, Any]]] = {engine: [] for engine in ENGINES}
    for _ in range(runs):
        for engine in ENGINES:
            found[engine].append(_measured(engine, path, schema, limit))
    told = {each["told"] for engine in ENGINES[:2] for each in found[engine]}
    if len(told) != 1:
        raise SystemExit(f"{case}: the reports differ")
    slow = found["frictionless"]
    for engine in ENGINES:
        ratios = [_median(slow, "cold") / _median(found[engine], key) for key in ("cold", "warm")]
        ratios.append(_median(slow, "cpu") / _median(found[engine], "cpu"))
        _print(case, engine, found[engine], ratios)
    if path.is_dir():
        two = crew(path, schema, runs)
        middle = statistics.median(two["seconds"])
        ratio = _median(slow, "cold") / middle
        print(f"{case:<20} {'2 processes':<13}{'':18}{middle:9.3f}{'':18}   {ratio:.1f}", flush=True)
        for file in path.iterdir():
            file.unlink()
    else:
        path.unlink()


def _measured(engine: str, path: Path, schema: dict[str, Any], limit: int) -> dict[str, Any]:
    environment = dict(os.environ) | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'validators'}"}
    command = [sys.executable, __file__, "--measure", engine, str(path), json.dumps(schema), str(limit)]
    figures: dict[str, Any] = json.loads(
        subprocess.run(command, env=environment, check=True, capture_output=True).stdout
    )
    return figures


def _median(figures: list[dict[str, Any]], key: str) -> float:
    return statistics.median(each[key] for each in figures)


def _print(case: str, engine: str, figures: list[dict[str, Any]], ratios: list[float]) -> None:
    cold = [each["cold"] for each in figures]
    spread = (max(cold) - min(cold)) / statistics.median(cold)
    print(
        f"{case:<20} {engine:<13}{_median(figures, 'cold'):9.3f}{spread:9.0%}{_median(figures, 'warm'):9.3f}"
        f"{_median(figures, 'cpu'):9.3f}{_median(figures, 'rss'):9.0f}   "
        + ", ".join(f"{ratio:.1f}" for ratio in ratios),
        flush=True,
    )


if __name__ == "__main__":
    main()
