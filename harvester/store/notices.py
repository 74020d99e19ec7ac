"""Alarms that stand, and the messages about them until they are delivered."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from harvester.i18n import Text
from harvester.ledger import Notice, Raised
from harvester.store import tables
from harvester.store.database import Database, columns

_ALARM = columns(Raised, tables.alarm)
_NOTICE = columns(Notice, tables.notice)
DIGEST = "digest"


class Notices(Database):
    """The part of the store that knows what somebody has to be told."""

    def alarms(self) -> Mapping[str, Raised]:
        """The alarms that stand, by key."""
        with self._reading() as connection:
            return _standing(connection)

    def note_alarms(
        self,
        found: Mapping[str, Raised],
        now: datetime,
        channels: Sequence[str],
        higher: Sequence[str],
        too_long: Callable[[Raised], bool],
    ) -> None:
        """Raise what is new, clear what is gone, escalate what stood `too_long`: one message per change and channel."""
        table = tables.alarm
        with self._writing() as connection:
            before = _standing(connection)
            for key in before.keys() - found.keys():
                connection.execute(delete(table).where(table.c.key == key))
                _tell(connection, "cleared", before[key], channels, now)
                if before[key].escalated:
                    _tell(connection, "cleared", before[key], higher, now)
            for key, alarm in found.items():
                words = {"message": alarm.message.to_json(), "remedy": alarm.remedy.to_json()}
                if key not in before:
                    connection.execute(insert(table).values({**vars(alarm), **words}))
                    _tell(connection, "raised", alarm, channels, now)
                    continue
                connection.execute(update(table).where(table.c.key == key).values(words))
                if higher and too_long(before[key]):
                    connection.execute(update(table).where(table.c.key == key).values(escalated=now))
                    _tell(connection, "escalated", before[key], higher, now)

    def last_digest(self) -> datetime | None:
        """When digests were last written."""
        with self._reading() as connection:
            return _last_digest(connection)

    def add_digests(self, bodies: Sequence[Mapping[str, Any]], last: datetime | None, now: datetime) -> None:
        """Write digests, unless somebody else did since `last`."""
        with self._writing() as connection:
            if _last_digest(connection) == last and bodies:
                rows = [_row("mail", DIGEST, body, now) for body in bodies]
                connection.execute(insert(tables.notice), rows)

    def waiting(self, now: datetime) -> tuple[Notice, ...]:
        """Messages to be tried now, oldest first."""
        table = tables.notice.c
        rows = select(*_NOTICE).where(table.sent.is_(None), table.next_try <= now).order_by(table.id).limit(100)
        with self._reading() as connection:
            return tuple(Notice(*row) for row in connection.execute(rows))

    def undelivered(self, tries: int) -> tuple[Notice, ...]:
        """Messages that were tried at least so often and did not arrive."""
        table = tables.notice.c
        rows = select(*_NOTICE).where(table.sent.is_(None), table.tries >= tries).order_by(table.id).limit(100)
        with self._reading() as connection:
            return tuple(Notice(*row) for row in connection.execute(rows))

    def tried(self, notice: int, sent: datetime | None, next_try: datetime, problem: str = "") -> None:
        """What came of one try."""
        table = tables.notice
        change = {"sent": sent, "next_try": next_try, "problem": problem, "tries": table.c.tries + 1}
        with self._writing() as connection:
            connection.execute(update(table).where(table.c.id == notice).values(**change))


def _standing(connection: Connection) -> dict[str, Raised]:
    rows = connection.execute(select(*_ALARM))
    return {row.key: Raised(**{**row._mapping, **_words(row)}) for row in rows}


def _words(row: Any) -> dict[str, Text]:
    return {"message": Text.from_json(row.message), "remedy": Text.from_json(row.remedy)}


def _last_digest(connection: Connection) -> datetime | None:
    newest = select(func.max(tables.notice.c.at)).where(tables.notice.c.change == DIGEST)
    return connection.execute(newest).scalar()


def _tell(connection: Connection, change: str, alarm: Raised, channels: Sequence[str], now: datetime) -> None:
    words = {"message": alarm.message.to_json(), "remedy": alarm.remedy.to_json(), "since": alarm.since}
    body = {"kind": alarm.kind, "code": alarm.code, "subject": alarm.subject, **words}
    rows = [_row(channel, change, body, now) for channel in channels]
    if rows:
        connection.execute(insert(tables.notice), rows)


def _row(channel: str, change: str, body: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return {"channel": channel, "change": change, "body": body, "at": now, "tries": 0, "next_try": now, "problem": ""}
