"""Records for tests, each whole and valid; say only what the test is about."""

import hashlib
from collections.abc import Mapping
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from harvester.i18n import Text
from harvester.model import (
    Agency,
    Dataset,
    Finding,
    Level,
    Place,
    Publication,
    PublishedFile,
    Report,
    Resource,
    Severity,
    Table,
    Tombstone,
    Verdict,
)
from publishers import Site

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "</title></textarea><svg/onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "{name.__class__} {0}",
    "data:text/html,<script>alert(1)</script>",
)
"""Texts that would run, or be filled in, on a page that trusted them."""

CSV = "ma,ten\n1,Trường THPT Huỳnh Thúc Kháng\n2,Trường THPT Hà Huy Tập\n"


def agency(id: str = "NA-P-SGDDT", slug: str = "", name: str = "Sở Giáo dục và Đào tạo", **more: Any) -> Agency:
    fields: dict[str, Any] = {
        "name_en": "Department of Education and Training",
        "level": Level.PROVINCE,
        "valid_from": None,
        "valid_to": None,
        "successor_ids": (),
        "code": "",
        "source": "test",
        "verified": True,
    }
    return Agency(id=id, slug=slug or id.lower(), name_vi=name, **(fields | more))


def dataset(title: str = "Danh sách trường trung học phổ thông", **more: Any) -> Dataset:
    fields: dict[str, Any] = {
        "source": "so-giao-duc",
        "identifier": title,
        "resources": (Resource("truong.csv", "/nowhere/truong.csv", encoding="utf-8"),),
        "agency": "NA-P-SGDDT",
        "creator": "Phòng Giáo dục trung học",
        "description": "Mã trường và tên trường trên địa bàn tỉnh.",
        "issued": date(2024, 1, 15),
        "modified": date(2024, 6, 1),
        "frequency": "hằng năm",
        "licence": "CC-BY-4.0",
        "keywords": ("giáo dục", "trường học"),
        "theme": "Giáo dục đào tạo",
        "spatial": "Nghệ An",
        "period_start": date(2023, 9, 1),
        "period_end": date(2024, 5, 31),
        "contact": "Văn phòng Sở, vanphong@example.gov.vn",
        "landing_page": "https://example.gov.vn/truong",
    }
    return Dataset(title=title, **(fields | more))


def finding(code: str = "MET-004", severity: Severity = Severity.WARNING, **more: Any) -> Finding:
    fields: dict[str, Any] = {
        "message": Text("The column {column} has no description.", {"column": "ten"}),
        "remedy": Text("Describe it in dataset.yaml.", {}),
        "rule": "C22",
        "place": Place("truong.csv", row=1, column="ten"),
    }
    return Finding(code, severity, **(fields | more))


def report(*findings: Finding, **more: Any) -> Report:
    fields: dict[str, Any] = {
        "checks_version": "1",
        "verdicts": {"C01": Verdict.MET},
        "tables": (Table("truong.csv", {}, {"fields": []}, 2, tuple(tuple(r.split(",")) for r in CSV.split())),),
    }
    return Report(findings=findings, **(fields | more))


def published_file(folder: Path, key: str = "truong.csv", content: str | bytes = CSV, **more: Any) -> PublishedFile:
    """A file whose kept copy is written below `folder` under its hash, as the store of files does."""
    content = content.encode() if isinstance(content, str) else content
    sha256 = hashlib.sha256(content).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / sha256
    if not path.exists():
        path.write_bytes(content)
    fields: dict[str, Any] = {
        "id": str(uuid5(NAMESPACE_URL, key)),
        "name": key,
        "title": "Danh sách trường",
        "format": "CSV",
        "media_type": "text/csv",
        "schema": {"fields": [{"name": "ma", "type": "integer"}, {"name": "ten", "type": "string"}]},
    }
    return PublishedFile(key=key, sha256=sha256, bytes=len(content), path=path, **(fields | more))


def publication(*files: PublishedFile, name: str = "so-giao-duc-truong-1a2b3c", **more: Any) -> Publication:
    fields: dict[str, Any] = {
        "version": 1,
        "agency": agency(),
        "dataset": dataset(),
        "report": report(),
        "licence": "CC-BY-4.0",
        "licence_title": "Creative Commons Ghi công 4.0",
    }
    return Publication(name=name, files=files, **(fields | more))


def tombstone(name: str = "so-giao-duc-truong-1a2b3c", **more: Any) -> Tombstone:
    fields: dict[str, Any] = {
        "title": "Danh sách trường trung học phổ thông",
        "agency": agency(),
        "reason": "Cơ quan đề nghị gỡ vì số liệu sai",
        "day": date(2024, 7, 1),
    }
    return Tombstone(name=name, **(fields | more))


def target_figures(*agencies: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """One target of the `stats` JSON, its counts taken from `agencies`."""
    counts = {verdict.value: sum(a["verdict"] == verdict.value for a in agencies) for verdict in Verdict}
    whole = max(len(agencies), 1)
    low, high = 100 * counts["met"] / whole, 100 * (counts["met"] + counts["unknown"]) / whole
    fields: dict[str, Any] = {
        "id": "cv-5517",
        "title": "20 % cơ quan cấp tỉnh, cấp huyện mở dữ liệu",
        "legal_source": "Công văn 5517/UBND-TH ngày 03/7/2024 của UBND tỉnh Nghệ An",
        "due": "2024-07-31",
        "share": 0.2,
        "in_scope": len(agencies),
        "needed": -(-len(agencies) // 5),
        "percent": {"low": low, "high": high},
        "agencies": list(agencies),
    }
    return fields | counts | more


def agency_figures(of: Agency, verdict: Verdict = Verdict.UNKNOWN, *obstacles: str, **more: Any) -> dict[str, Any]:
    """One agency of a target of the `stats` JSON."""
    fields: dict[str, Any] = {
        "id": of.id,
        "name": of.name_vi,
        "level": of.level.value,
        "verdict": verdict.value,
        "lenient_verdict": verdict.value,
        "datasets": 0,
        "obstacles": [{"rule": None, "dataset": None, "text": text} for text in obstacles],
    }
    return fields | more


def statistics(*targets: Mapping[str, Any]) -> dict[str, Any]:
    return {"as_of": "2024-07-31", "known_at": None, "illustration": False, "targets": list(targets)}


def site(*agencies: Agency, **more: Any) -> Site:
    agencies = agencies or (agency(),)
    figures = statistics(target_figures(*(agency_figures(a) for a in agencies)))
    fields: dict[str, Any] = {
        "title": "Cổng dữ liệu mở tỉnh Nghệ An",
        "illustration": False,
        "as_of": date(2024, 7, 31),
        "statistics": figures,
        "statistics_en": figures,
    }
    return Site(agencies=agencies, **(fields | more))


def active_parts(page: str) -> list[str]:
    """What in a page would run: scripts that are not files of the portal, handlers, addresses that are code."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            values = dict(attrs)
            if tag in ("iframe", "object", "embed", "style", "form") or (tag == "script" and not values.get("src")):
                found.append(tag)
            addresses = [(values.get(key) or "").strip().lower() for key in ("href", "src")]
            found.extend(address for address in addresses if address.startswith(("javascript:", "data:", "vbscript:")))
            found.extend(key for key in values if key.startswith("on") or key == "style")

    Reader().feed(page)
    return found
