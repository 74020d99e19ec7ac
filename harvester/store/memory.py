"""What is remembered to save work: reports by content, what servers said of their files, what people answered."""

import json
import zlib
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from harvester.ledger import Validators
from harvester.model import Report
from harvester.records import from_json, to_json
from harvester.store import tables
from harvester.store.database import Database, columns, put

_VALIDATORS = columns(Validators, tables.validators)


class Memory(Database):
    """The part of the store that could be lost without harm."""

    def keep_report(self, content_key: str, checks_version: str, report: Report) -> None:
        """Keep the report on one content by one version of the checks; kept again, the later one stays."""
        body = zlib.compress(json.dumps(to_json(report), separators=(",", ":")).encode())
        with self._writing() as connection:
            row = {"content_key": content_key, "checks_version": checks_version, "body": body}
            put(connection, tables.report, [row])

    def report(self, content_key: str, checks_version: str) -> Report | None:
        """The report kept, or None: then the content is to be judged (again)."""
        table = tables.report.c
        kept = select(table.body).where(table.content_key == content_key, table.checks_version == checks_version)
        with self._reading() as connection:
            body = connection.execute(kept).scalar()
        try:
            return None if body is None else from_json(Report, json.loads(zlib.decompress(body)))
        except (KeyError, TypeError, ValueError, zlib.error):
            return None  # written by code with another Report: judging again replaces it

    def validators(self, address: str) -> Validators | None:
        """What the server said of the file at `address` when it was last fetched whole."""
        with self._reading() as connection:
            row = connection.execute(select(*_VALIDATORS).where(tables.validators.c.address == address)).first()
        return Validators(*row) if row else None

    def remember(self, validators: Mapping[str, Validators]) -> None:
        """Keep what servers said, by address."""
        with self._writing() as connection:
            put(connection, tables.validators, [{"address": at, **vars(said)} for at, said in validators.items()])

    def answers(self, dataset: str) -> Mapping[str, str]:
        """What a person answered about the workbook of a dataset (agency/key), by question."""
        table = tables.answer.c
        with self._reading() as connection:
            rows = connection.execute(select(table.question, table.answer).where(table.dataset == dataset))
            return {row.question: row.answer for row in rows}

    def keep_answers(self, dataset: str, answers: Mapping[str, str], now: datetime) -> None:
        """Keep answers; a later one to the same question takes its place."""
        rows = [{"dataset": dataset, "question": q, "answer": a, "answered_at": now} for q, a in answers.items()]
        with self._writing() as connection:
            put(connection, tables.answer, rows)
