"""A steward's workbook made fit to publish: tidy tables in its place, the original beside if it is clean."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from checks.subject import name_of
from harvester.files import FileStore
from harvester.i18n import Language, say
from harvester.model import Dataset, Effect, Files, Finding, Place, Resource, Severity, StoredFile
from harvester.tidy.apart import Result, tidy_apart

Ask = Callable[[Mapping[str, Any]], str | None]
"""Puts a question of the report to a person; None: nobody answered."""

TIDIED = (".xlsx", ".xlsm", ".xls", ".ods", ".csv", ".tsv", ".txt")
_NUMBERED = """
hidden-sheet hidden-rows hidden-columns multiple-tables total-mismatch missing-marker mixed-number-format
ambiguous-number unit-in-cell lost-leading-zero ambiguous-date legacy-encoding mixed-encoding unicode-form
lookalike-letter formula-error formula-no-value duplicate-header ragged-rows macro personal-data secret-marking
no-table encrypted not-a-workbook bomb unreadable invalid-date two-digit-year lost-digits not-a-number
missing-header no-header
"""
CODES = {code: f"TDY-{number}" for number, code in enumerate(_NUMBERED.split(), 101)}
"""The finding's code for each code of the report."""

_LEFT_TO_CHECKS = {"personal-data", "secret-marking", "encrypted", "not-a-workbook", "bomb", "unreadable"}
"""What the checks say themselves, of the same file."""


@dataclass(frozen=True)
class Prepared:
    """A dataset whose workbooks were tidied."""

    dataset: Dataset
    files: Files
    findings: tuple[Finding, ...] = ()
    cleanings: tuple[Mapping[str, Any], ...] = ()  # reports, one for each workbook that was changed
    answers: Mapping[str, str] | None = None  # given now


def prepare(
    dataset: Dataset,
    files: Files,
    store: FileStore,
    *,
    known: Mapping[str, str],
    ask: Ask,
    language: Language,
) -> Prepared:
    """`dataset` with each workbook or text file replaced by the tidy tables in it; what is tidy stays byte for byte.

    `known`: what was answered before. A file whose description says how it is to be read (schema, dialect, encoding) is
    left as it is.
    """
    done = Prepared(dataset, files, answers={})
    for resource in dataset.resources:
        if resource.key in files and _is_to_be_tidied(resource):
            with TemporaryDirectory() as folder:
                done = _tidied(done, resource, Path(folder), store, known, ask, language)
    return done


def _is_to_be_tidied(resource: Resource) -> bool:
    described = resource.schema or resource.dialect or resource.encoding or resource.declared_hash
    return (
        PurePosixPath(name_of(resource)).suffix.lower() in TIDIED and not described and resource.declared_rows is None
    )


def _tidied(
    done: Prepared,
    resource: Resource,
    folder: Path,
    store: FileStore,
    known: Mapping[str, str],
    ask: Ask,
    language: Language,
) -> Prepared:
    stored, name = done.files[resource.key], name_of(resource)

    def tidy(into: str, answers: Mapping[str, str]) -> Result:
        (folder / into).mkdir()
        return tidy_apart(stored.path, folder / into, name=name, answers=answers, language=language)

    result = tidy("first", known)
    given = _answers(result.report, ask)
    if given:
        result = tidy("second", {**known, **given})
    answers = {**(done.answers or {}), **given}
    if result.refused:
        return replace(done, findings=(*done.findings, *_refusals(result, name)), answers=answers)
    if result.already:
        return replace(done, answers=answers)
    resources, files = _replaced(done, resource, result, store)
    return Prepared(
        replace(done.dataset, resources=resources),
        files,
        (*done.findings, *_findings(result, name)),
        (*done.cleanings, result.report),
        answers,
    )


def _answers(report: Mapping[str, Any], ask: Ask) -> dict[str, str]:
    """What a person says now to the questions that are open."""
    found = {}
    for question in report["questions"]:
        answer = ask(question) if question["answer"] is None and question["choices"] else None
        if answer is not None:
            found[f"{question['code']}/{question['column'] or ''}"] = answer
    return found


def _replaced(
    done: Prepared, resource: Resource, result: Result, store: FileStore
) -> tuple[tuple[Resource, ...], dict[str, StoredFile]]:
    """The resources and files with the tables in the place of the workbook; the original behind them if it is clean."""
    path = PurePosixPath(resource.key)
    files = {key: file for key, file in done.files.items() if key != resource.key}
    made: list[Resource] = []
    tables = result.report["tables"]
    for number, table in enumerate(tables, 1):
        key = f"{path.stem}.csv" if len(tables) == 1 else f"{path.stem}-{number}.csv"
        files[key] = store.keep(result.folder / table["file"])
        title = table["title"] if len(tables) > 1 else resource.title
        made.append(
            Resource(key, key, title=title, format="CSV", media_type="text/csv", schema=result.schemas[number - 1])
        )
    if result.clean:
        key = f"{path.stem}-goc{path.suffix}"
        files[key] = done.files[resource.key]
        made.append(replace(resource, key=key, address=key, member="", original=True))
    before = list(done.dataset.resources)
    at = before.index(resource)
    return (*before[:at], *made, *before[at + 1 :]), files


# ---------------------------------------------------------------- findings


def _refusals(result: Result, name: str) -> list[Finding]:
    """Why nothing was made of the file, where the checks would not say so themselves."""
    if result.refused in _LEFT_TO_CHECKS:
        return []
    finding = Finding(
        CODES[result.refused],
        Severity.ERROR,
        result.messages[-1],
        say("Put the table on a sheet of its own, with one row of headers above the data."),
        "C05",
        place=Place(name),
        effect=Effect.REFUSE,
    )
    return [finding]


def _findings(result: Result, name: str) -> list[Finding]:
    """What there is to look at, as findings."""
    return [
        Finding(
            CODES[warning["code"]],
            Severity.WARNING,
            message,
            place=Place(name, row=warning["row"], column=warning["column"]),
        )
        for warning, message in zip(result.report["warnings"], result.messages, strict=True)
        if warning["code"] not in _LEFT_TO_CHECKS
    ]
