"""Making datasets out of a few bytes, for the tests of the checks."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl

from checks import check
from harvester.model import Dataset, Files, Finding, Report, Resource, StoredFile


def stored(folder: Path, name: str, content: bytes | str) -> tuple[Resource, StoredFile]:
    data = content.encode() if isinstance(content, str) else content
    sha256 = hashlib.sha256(data).hexdigest()
    path = folder / sha256
    path.write_bytes(data)
    return Resource(name.partition(".")[0], f"/handed-over/{name}"), StoredFile(sha256, len(data), path)


def dataset_of(folder: Path, contents: dict[str, bytes | str], **fields: Any) -> tuple[Dataset, Files]:
    made = [stored(folder, name, content) for name, content in contents.items()]
    dataset = Dataset("s", "id", "Tên bộ dữ liệu", tuple(resource for resource, _ in made), **fields)
    return dataset, {resource.key: file for resource, file in made}


def judged(folder: Path, name: str, content: bytes | str, **fields: Any) -> Report:
    return check(*dataset_of(folder, {name: content}, **fields), None)


def codes(findings: Sequence[Finding], rule: str = "") -> list[str]:
    return [finding.code for finding in findings if not rule or finding.rule == rule]


def found(report: Report, code: str) -> Finding:
    return next(finding for finding in report.findings if finding.code == code)


def workbook(folder: Path, sheets: dict[str, list[list[Any]]]) -> tuple[openpyxl.Workbook, Path]:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    path = folder / "made.xlsx"
    book.save(path)
    return book, path
