"""`opendata check`: what the checks say of files where they lie; nothing is kept, nothing published."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from checks.child import Judge
from harvester import config
from harvester.errors import UsageRefused
from harvester.fetch import Fetcher
from harvester.files import FileStore
from harvester.i18n import Language, say
from harvester.model import ZONE, Agency, Dataset, Finding, Level, Listing, Report, RuleSet, Severity, Source
from harvester.sources import SOURCES, obtain
from harvester.sources.folder import read_dataset

NOBODY = Agency("check", "check", "", "", Level.PROVINCE, None, None, (), "", "", False)
"""Whose data is checked does not matter to the checks."""


@dataclass(frozen=True)
class CheckResult:
    """What was found at a path."""

    path: str
    findings: tuple[Finding, ...]
    reports: tuple[Report, ...]

    @property
    def exit_code(self) -> int:
        """1 if anything is an error, else 0."""
        return 1 if any(finding.severity is Severity.ERROR for finding in self.findings) else 0

    def to_json(self, language: Language) -> dict[str, Any]:
        """The contract's object of `check`."""
        return {
            "path": self.path,
            "findings": [finding.to_json(language) for finding in self.findings],
            "tables": [
                {"file": table.file, "report": table.report} for report in self.reports for table in report.tables
            ],
        }


def check(
    path: Path,
    workspace: Path | None,
    now: datetime,
    *,
    schema: str = "",
    limit_errors: int = 1000,
    engine: str = "auto",
) -> CheckResult:
    """Check the file, folder, ZIP or Data Package at `path` by the rules of today.

    The rules are those of `workspace`, else the packaged ones. A file without any description is judged by its content
    alone. `schema`: a Table Schema file for the tables that declare none. Raises UsageRefused, ConfigurationError,
    SourceError.
    """
    rules = _rules(workspace, now)
    declared = _schema(schema) if schema else None
    findings: list[Finding] = []
    reports: list[Report] = []
    with TemporaryDirectory() as kept, closing(Fetcher(FileStore(Path(kept)))) as fetcher, Judge() as judge:
        for item in _found(path, fetcher):
            if isinstance(item, Finding):
                findings.append(item)
                continue
            dataset = _with_schema(item, declared) if declared else item
            obtained = obtain(dataset, fetcher)
            report = judge(
                dataset,
                obtained.files,
                rules,
                engine=engine,
                limit_errors=limit_errors,
                metadata=_is_described(dataset),
            )
            findings += [*obtained.findings, *report.findings]
            reports.append(report)
    return CheckResult(str(path), tuple(findings), tuple(reports))


def _rules(workspace: Path | None, now: datetime) -> RuleSet | None:
    folder = workspace / "config" if workspace else config.packaged()
    return config.read(config.documents(folder)).rules_on(now.astimezone(ZONE).date())


def _found(path: Path, fetcher: Fetcher) -> Iterator[Dataset | Finding]:
    """Every dataset in a folder or a ZIP; the one that a file is."""
    if path.is_dir() or path.suffix.lower() == ".zip":
        source = Source("check", "folder", str(path.absolute()))
        yield from (item for item in SOURCES["folder"](source, fetcher, Path()) if not isinstance(item, Listing))
        return
    dataset, notes = read_dataset(path, agency=NOBODY, key=path.stem, overrides={}, fetcher=fetcher)
    yield dataset
    yield from notes


def _is_described(dataset: Dataset) -> bool:
    """Whether anything but the file itself describes it: a dataset.yaml, a Data Package."""
    data = {PurePosixPath(resource.member or resource.address).name for resource in dataset.resources}
    return dataset.place is not None and PurePosixPath(dataset.place.file).name not in data


def _with_schema(dataset: Dataset, schema: dict[str, Any]) -> Dataset:
    return replace(dataset, resources=tuple(replace(r, schema=r.schema or schema) for r in dataset.resources))


def _schema(path: str) -> dict[str, Any]:
    remedy = say(
        "Name a JSON file with a Table Schema: {example}", example='{"fields": [{"name": "ma", "type": "string"}]}'
    )
    try:
        read = json.loads(Path(path).read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageRefused(
            "USE-024", say("{path} cannot be read: {reason}.", path=path, reason=reason), remedy
        ) from error
    if not isinstance(read, dict) or not isinstance(read.get("fields"), list):
        raise UsageRefused("USE-025", say("{path} is no Table Schema: it has no list “fields”.", path=path), remedy)
    return read
