"""How long it takes to read a large catalogue of others, and how much memory: data.json and JSON-LD, N datasets each.

    python benchmarks/catalogues.py [--datasets 5000 50000]

Each catalogue is written to disk and read in a process of its own, as `run` lists it, datasets thrown away as they
come. Measured: seconds, seconds of CPU (truer on a busy machine) and peak memory (VmHWM) of the whole process; a
catalogue of ten shows what the program needs anyway.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

READ = """
import os
import sys
from pathlib import Path
from harvester.fetch import Fetcher
from harvester.files import FileStore
from harvester.model import Dataset, Listing, Source
from harvester.sources import SOURCES

kind, folder, name = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
count, complete = 0, False
with Fetcher(FileStore(folder / "files")) as fetcher:
    for item in SOURCES[kind](Source("s", kind, name, agency="a"), fetcher, folder):
        count += isinstance(item, Dataset)
        complete = isinstance(item, Listing) and item.complete
cpu = sum(os.times()[:2])
memory = next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
print(count, int(complete), memory, round(cpu * 10))
"""


def pod(number: int) -> dict[str, Any]:
    """A dataset of DCAT-US 1.1 of an ordinary size."""
    return {
        "@type": "dcat:Dataset",
        "identifier": f"https://data.example.gov.vn/dataset/{number}",
        "title": f"Danh sách trạm y tế số {number}",
        "description": "Tên, địa chỉ, số giường và số bác sĩ của các trạm y tế xã, cập nhật theo quý. " * 6,
        "keyword": ["y tế", "trạm y tế", "xã", f"vùng {number % 130}"],
        "modified": "2026-03-31",
        "publisher": {"@type": "org:Organization", "name": "Sở Y tế"},
        "contactPoint": {"@type": "vcard:Contact", "fn": "Văn thư", "hasEmail": "mailto:vanthu@example.gov.vn"},
        "accessLevel": "public",
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "accrualPeriodicity": "R/P3M",
        "distribution": [
            {
                "@type": "dcat:Distribution",
                "downloadURL": f"https://data.example.gov.vn/files/{number}.{ending}",
                "mediaType": media_type,
            }
            for ending, media_type in (("csv", "text/csv"), ("json", "application/json"))
        ],
    }


def dcat(number: int) -> dict[str, Any]:
    """The same in DCAT-AP."""
    same = pod(number)
    return {
        "@id": same["identifier"],
        "@type": "dcat:Dataset",
        "dct:title": {"@value": same["title"], "@language": "vi"},
        "dct:description": {"@value": same["description"], "@language": "vi"},
        "dcat:keyword": [{"@value": word, "@language": "vi"} for word in same["keyword"]],
        "dct:modified": {"@value": same["modified"], "@type": "xsd:date"},
        "dct:publisher": {"@id": "https://data.example.gov.vn/so-y-te", "foaf:name": "Sở Y tế"},
        "dct:license": {"@id": same["license"]},
        "dcat:distribution": [
            {
                "@id": f"{file['downloadURL']}#file",
                "@type": "dcat:Distribution",
                "dcat:downloadURL": {"@id": file["downloadURL"]},
                "dcat:mediaType": {"@id": f"https://www.iana.org/assignments/media-types/{file['mediaType']}"},
            }
            for file in same["distribution"]
        ],
    }


def write(kind: str, count: int, path: Path) -> None:
    """A catalogue of `count` datasets."""
    make, key = (pod, "dataset") if kind == "data_json" else (dcat, "dcat:dataset")
    head: dict[str, Any] = {"conformsTo": "https://project-open-data.cio.gov/v1.1/schema"}
    if kind == "dcat":
        terms = {"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/"}
        terms |= {"foaf": "http://xmlns.com/foaf/0.1/", "xsd": "http://www.w3.org/2001/XMLSchema#"}
        head = {"@context": terms, "@id": "https://data.example.gov.vn/", "@type": "dcat:Catalog"}
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head)[:-1] + f', "{key}": [')
        for number in range(count):
            file.write((",\n" if number else "\n") + json.dumps(make(number), ensure_ascii=False))
        file.write("\n]}\n")


def measure(kind: str, count: int, folder: Path) -> None:
    """Print one line."""
    path = folder / f"{kind}-{count}.json{'ld' if kind == 'dcat' else ''}"
    write(kind, count, path)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", READ, kind, str(folder), path.name], stdout=subprocess.PIPE, text=True, check=True
    )
    seconds = time.monotonic() - began
    found, complete, memory, cpu = map(int, done.stdout.split())
    if (found, complete) != (count, 1):
        raise SystemExit(f"{kind}: {found} of {count} datasets, complete: {complete}")
    size = path.stat().st_size / 2**20
    used = f"{seconds:8.1f} s ({cpu / 10:.1f} s of CPU) {memory / 1024:8.0f} MB at most"
    print(f"{kind:10} {count:8,} datasets {size:7.1f} MB {used}", flush=True)
    path.unlink()


def main() -> None:
    """Measure each kind for each number of datasets."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--datasets", type=int, nargs="+", default=[5_000, 50_000])
    options.add_argument("--kinds", nargs="+", default=["data_json", "dcat"])
    chosen = options.parse_args()
    with TemporaryDirectory() as folder:
        for kind in chosen.kinds:
            for count in (10, *chosen.datasets):
                measure(kind, count, Path(folder))


if __name__ == "__main__":
    main()
