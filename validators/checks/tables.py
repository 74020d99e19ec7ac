"""Frictionless on one table: the only door to it. Local paths only, no network, nothing trusted, no pandas."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks.columns import Personal
from checks.subject import WORKBOOKS, Kind, Opened, Sheet
from checks.tablefindings import findings_of
from checks.words import fold, shown
from harvester.i18n import say
from harvester.model import Finding, Place, Severity, StoredFile, Table

if TYPE_CHECKING:
    import frictionless

PREVIEW = 20  # rows shown of a table
_ALL_ERRORS = 10**9
_STUMBLES = (ArithmeticError, ValueError, TypeError, AttributeError, LookupError, OSError, RecursionError, re.error)
TESTED = "5.21."
"""The Frictionless whose report the sieve is known to give; any other judges alone."""
WORTHWHILE = 512 << 10
"""Bytes a process judges before it starts the sieve: what Frictionless takes for them, the start takes too."""
SAMPLED = 100
"""One file in so many, by its hash, is judged by both engines."""
_CELL_BYTES = 8  # of a typed cell, about what it takes in a CSV file
_SAMPLED_BYTES = 4 << 20  # longer ones would take Frictionless too long


@dataclass(frozen=True)
class TableSource:
    """One table for Frictionless: a local file, or rows read by us where Frictionless cannot read the file."""

    name: str  # as its owner knows it
    path: Path | None = None
    format: str = "csv"
    sheet: str | None = None
    data: Sequence[Sequence[Any]] | None = None  # header first


class _NoNetwork:
    """In place of a requests session: a table is never fetched."""

    def __getattr__(self, name: str) -> Any:
        raise PermissionError("a table is read from local files only")


def validate(
    source: TableSource | Path | str,
    *,
    schema: Mapping[str, Any] | None = None,
    dialect: Mapping[str, Any] | None = None,
    encoding: str | None = None,
    limit_errors: int = 1000,
    engine: str = "auto",
) -> "frictionless.Report":
    """Frictionless' report over one local table.

    `schema` and `dialect` are descriptors (inferred when None), `limit_errors` 0 means all. `engine`: "frictionless"
    is Frictionless alone, "fast" its report by the sieve wherever that can be proven the same, "auto" the sieve where
    it pays. Never raises for what is wrong with the table.
    """
    return _validated(_source(source), schema, dialect, encoding, limit_errors, engine)[0]


def _validated(
    source: TableSource,
    schema: Mapping[str, Any] | None,
    dialect: Mapping[str, Any] | None,
    encoding: str | None,
    limit_errors: int,
    engine: str,
) -> "tuple[frictionless.Report, dict[str, Any]]":
    """The report, and the schema that was inferred (empty when it came to none, or one was given)."""
    from frictionless import FrictionlessException, Report, system
    from frictionless.errors import SourceError

    limit = limit_errors or _ALL_ERRORS
    used: dict[str, Any] = {}
    with system.use_context(http_session=_NoNetwork()):
        try:
            judged = _sieved(source, schema, dialect, encoding, limit) if _pays(source, engine) else None
            if judged is None:
                resource = _resource(source, schema, dialect, encoding)
                judged = resource.validate(limit_errors=limit), resource
            report, resource = judged
            used = {} if schema else dict(resource.schema.to_descriptor())
        except FrictionlessException as refused:  # a schema, dialect or path that is none
            report = Report.from_validation(time=0, errors=[refused.error, *refused.reasons])
        except _STUMBLES as error:
            # cells that its own readers stumble over, such as "sNaN"
            note = f"reading failed: {type(error).__name__}"
            report = Report.from_validation(time=0, errors=[SourceError(note=note)])
    return report, used


def _pays(source: TableSource, engine: str) -> bool:
    """Whether the sieve is worth its start."""
    from frictionless import settings

    if engine == "frictionless" or not settings.VERSION.startswith(TESTED):
        return False
    if source.data is None and (source.path is None or not source.path.is_file()):
        return False
    return engine == "fast" or _started.by(_size(source))


def _size(source: TableSource) -> int:
    if source.data is not None:
        return _CELL_BYTES * sum(map(len, source.data[:1])) * len(source.data)
    return source.path.stat().st_size if source.path else 0


class _Started:
    """Whether the sieve is started: from as many bytes on as its start is worth, in one file or in many."""

    judged = 0

    def by(self, size: int) -> bool:
        self.judged += size
        return self.judged >= WORTHWHILE


_started = _Started()


def _sieved(
    source: TableSource,
    schema: Mapping[str, Any] | None,
    dialect: Mapping[str, Any] | None,
    encoding: str | None,
    limit: int,
) -> "tuple[frictionless.Report, Any] | None":
    """Frictionless' report by the sieve, and its resource; None where it cannot vouch for it."""
    from checks import arrow
    from checks.blocks import Doubt
    from checks.sieve import FedDialect, SievedTable, known

    arrow.use_plain_memory()
    kept = known(schema) if schema else None
    resource = _resource(source, kept.schema if kept else None, dialect, encoding, (SievedTable, FedDialect))
    resource._limit, resource._known = limit, kept
    try:
        return resource.validate(limit_errors=limit), resource
    except (Doubt, MemoryError, RuntimeError, *_STUMBLES):
        return None  # Frictionless alone will say it, if it is the table's fault


def _source(source: TableSource | Path | str) -> TableSource:
    if isinstance(source, TableSource):
        return source
    path = Path(source)
    return TableSource(path.name, path, path.suffix.lower().lstrip(".") or "csv")


def _resource(
    source: TableSource,
    schema: "Mapping[str, Any] | frictionless.Schema | None",
    dialect: Mapping[str, Any] | None,
    encoding: str | None,
    kinds: tuple[Any, Any] | None = None,
) -> Any:
    from frictionless import Dialect, Schema
    from frictionless.formats.excel import ExcelControl
    from frictionless.resources import TableResource

    table, dialects = kinds or (TableResource, Dialect)
    described = dialects.from_descriptor(dict(dialect)) if dialect else dialects()
    if source.sheet is not None and source.data is None:
        described.controls = [c for c in described.controls if not isinstance(c, ExcelControl)]
        described.add_control(ExcelControl(sheet=source.sheet))
    options: dict[str, Any] = {"name": "table", "dialect": described}
    if schema:
        options["schema"] = schema if isinstance(schema, Schema) else Schema.from_descriptor(dict(schema))
    if encoding:
        options["encoding"] = encoding
    if source.data is not None or source.path is None:
        return table(data=[list(row) for row in source.data or ()], **options)
    return table(
        path=source.path.name, basepath=str(source.path.parent), scheme="file", format=source.format, **options
    )


def judge(
    opened: Opened, sheet: Sheet, *, first: bool, engine: str, limit_errors: int
) -> tuple[Table, tuple[Finding, ...]]:
    """One table's record and findings, its personal values masked; a declared schema is that of the `first` sheet."""
    resource = opened.resource
    personal = frozenset(found.column for found in sheet.personal)
    source = TableSource(opened.name, opened.stored.path, _FORMATS.get(opened.kind, ""), sheet.name, sheet.data)
    dialect = resource.dialect if opened.kind not in WORKBOOKS or opened.kind is Kind.XLSX else None
    schema = resource.schema if first and resource.schema else None
    encoding = opened.encoding or None
    report, used = _validated(source, schema, dialect, encoding, limit_errors, engine)
    place = Place(opened.name, sheet.name)
    differing: list[Finding] = []
    if engine != "frictionless" and _sampled(opened.stored):
        alone, used = _validated(source, schema, dialect, encoding, limit_errors, "frictionless")
        differing = [_differing(place)] if told(alone) != told(report) else []
        report = alone
    descriptor = _nameless(_safe(report.to_descriptor(), opened.name, personal), sheet)
    rows = _rows_read(report, sheet)
    table = Table(
        resource.key,
        descriptor,
        dict(schema) if schema else _nameless(used, sheet),
        rows,
        preview(sheet, personal),
        sheet.name or "",
    )
    findings = [*differing, *findings_of(descriptor, place, opened.kind in WORKBOOKS)]
    findings += _stopped(descriptor, place, limit_errors)
    return table, tuple(findings)


def _sampled(stored: StoredFile) -> bool:
    return stored.bytes <= _SAMPLED_BYTES and int(stored.sha256[:8] or "1", 16) % SAMPLED == 0


def told(report: "frictionless.Report") -> dict[str, Any]:
    """What a report says, without the seconds it took."""
    descriptor: dict[str, Any] = report.to_descriptor()
    for stats in [descriptor["stats"], *(task["stats"] for task in descriptor["tasks"])]:
        stats.pop("seconds", None)
    return descriptor


def _differing(place: Place) -> Finding:
    return Finding(
        "TAB-091",
        Severity.WARNING,
        say("The fast judging of “{file}” differs from Frictionless' own, which is used.", file=place.file),
        say('Set engine = "frictionless" under [validation] in portal.toml, and report this file.'),
        place=place,
    )


_FORMATS = {Kind.CSV: "csv", Kind.TSV: "csv", Kind.XLSX: "xlsx"}


def _rows_read(report: "frictionless.Report", sheet: Sheet) -> int:
    stopped = any("limit" in warning for task in report.tasks for warning in task.warnings)
    counted = sum(int(task.stats.get("rows") or 0) for task in report.tasks)
    return max(sheet.count - 1, 0) if stopped or not counted else counted


def _stopped(descriptor: Mapping[str, Any], place: Place, limit: int) -> Iterator[Finding]:
    errors = [error for task in descriptor["tasks"] for error in task["errors"]]
    if limit and len(errors) >= limit:
        row = max((error.get("rowNumber") or 1 for error in errors), default=1)
        yield Finding(
            "TAB-090",
            Severity.INFO,
            say("Judging of “{file}” stopped at row {row}, after {n} errors.", file=place.file, row=row, n=limit),
            say("Correct these first, or judge on with --limit-errors 0."),
            "C05",
            place=Place(place.file, place.sheet, row),
        )


def _safe(descriptor: dict[str, Any], name: str, personal: frozenset[int]) -> dict[str, Any]:
    """The report without this machine's paths, without personal values, the same at every run (no seconds)."""
    descriptor["stats"]["seconds"] = 0
    for task in descriptor["tasks"]:
        task["place"] = name
        task["stats"]["seconds"] = 0
        task["name"] = fold(name).replace(" ", "-") or "table"
        for error in task["errors"]:
            _mask_error(error, personal)
    for error in descriptor["errors"]:
        _mask_error(error, personal)
    return descriptor


def _nameless(descriptor: Any, sheet: Sheet) -> Any:
    """The descriptor without personal values that stand in the header's place, in a table without a header."""
    values = {sheet.header[found.column - 1]: found.header for found in sheet.personal if _is_value(sheet, found)}
    return _replaced(descriptor, values) if values else descriptor


def _is_value(sheet: Sheet, found: Personal) -> bool:
    return found.column <= len(sheet.header) and sheet.header[found.column - 1] != found.header and found.masked


def _replaced(descriptor: Any, values: Mapping[str, str]) -> Any:
    if isinstance(descriptor, dict):
        return {key: _replaced(value, values) for key, value in descriptor.items()}
    if isinstance(descriptor, list):
        return [_replaced(value, values) for value in descriptor]
    if isinstance(descriptor, str):
        for value, mask in values.items():
            descriptor = descriptor.replace(value, mask)
    return descriptor


def _mask_error(error: dict[str, Any], personal: frozenset[int]) -> None:
    cells = [str(cell) for cell in error.get("cells", ())]
    safe = [shown(cell, index in personal) for index, cell in enumerate(cells, 1)]
    known = dict(zip(cells, safe, strict=True))
    if "cells" in error:
        error["cells"] = safe
    if "cell" in error:
        error["cell"] = known.get(str(error["cell"]), shown(str(error["cell"])))
    changed = {cell: mask for cell, mask in known.items() if cell and cell != mask}
    for key in ("message", "note"):
        for cell, mask in changed.items():
            error[key] = error[key].replace(cell, mask)
        error[key] = shown(error[key])


def preview(sheet: Sheet, personal: frozenset[int]) -> tuple[tuple[str, ...], ...]:
    """The header and the first rows; cells cut, personal ones masked."""
    header, *rows = sheet.rows[: PREVIEW + 1] or [()]
    header = tuple(_nameless(list(header), sheet))
    masked_rows = [tuple(shown(cell, column in personal) for column, cell in enumerate(row, 1)) for row in rows]
    return (tuple(shown(cell) for cell in header), *masked_rows)
