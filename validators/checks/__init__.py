"""The checks: is this dataset open data by the rules? Findings are data; only `run` decides what follows.

Files may be hostile: outside of tests call `checks.child.Judge`, which runs `check` in a process with limits.
"""

from collections.abc import Callable, Iterator, Mapping

from checks import contents, metadata, personal, secret
from checks.grids import open_file
from checks.subject import Subject
from checks.tables import judge
from checks.verdicts import verdicts
from harvester.model import Dataset, Files, Finding, Report, RuleSet, Table

VERSION = "1"
"""Of the checks; raise it with every change that could change a verdict, so that stored files are judged again."""

Check = Callable[[Subject], Iterator[Finding]]

CHECKS: Mapping[str, Check] = {
    "files": contents.file_findings,
    "readable": contents.readable,
    "rows": contents.rows,
    "tables": contents.table_errors,
    "unseen": contents.unseen,
    "personal": personal.personal_data,
    "sensitive": personal.sensitive_classes,
    "secret": secret.secret_markings,
    "hidden": contents.hidden_parts,
    "admin_codes": contents.admin_codes,
    "text": contents.well_written,
    "required_fields": metadata.required_fields,
    "price": metadata.price,
    "licence": metadata.terms_of_use,
}
_OF_METADATA = frozenset({"required_fields", "price", "licence"})


def check(
    dataset: Dataset,
    files: Files,
    rules: RuleSet | None,
    *,
    engine: str = "auto",
    limit_errors: int = 1000,
    metadata: bool = True,
) -> Report:
    """The report over one dataset: its findings, the verdict of every rule decided by files, its tables.

    `limit_errors` per table, 0 for all; `metadata` False leaves the description unjudged (its rules stay unknown).
    """
    subject = _open(dataset, files, rules, engine, limit_errors)
    chosen = [check for name, check in CHECKS.items() if metadata or name not in _OF_METADATA]
    findings = tuple(finding for check in chosen for finding in check(subject))
    return Report(VERSION, findings, verdicts(subject, findings, metadata), subject.tables, _licence(subject))


def _licence(subject: Subject) -> str:
    return metadata.licence_of(subject.dataset, subject.rules)


def _open(dataset: Dataset, files: Files, rules: RuleSet | None, engine: str, limit_errors: int) -> Subject:
    opened = tuple(open_file(resource, files[resource.key]) for resource in dataset.resources if resource.key in files)
    missing = tuple(resource for resource in dataset.resources if resource.key not in files)
    tables: list[Table] = []
    findings: list[Finding] = []
    for file in (each for each in opened if not each.resource.original):
        for number, sheet in enumerate(file.sheets):
            table, found = judge(file, sheet, first=number == 0, engine=engine, limit_errors=limit_errors)
            tables.append(table)
            findings += found
    return Subject(dataset, opened, missing, rules, tuple(tables), tuple(findings))
