"""What is logged: one line for each event, for people or as JSON, with run, source and dataset; secrets never.

Codes, numbers and names of ours only: what agencies' files say is not logged. What slips in with an exception is
masked all the same: secrets of the environment, identity numbers, telephone numbers, e-mail addresses.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TextIO

from harvester.model import ZONE

FIELDS = ("run", "source", "dataset", "alarm")
SHORTEST = 6
"""Letters of a secret that is looked for; shorter ones would mask half of every line."""
PERSONAL = re.compile(
    r"(?<!\w)(?P<number>\d{12}|\d{9}|(?:0|\+84)[35789]\d{8})(?!\w)|(?P<name>[\w.+-]+)@(?P<host>[\w-]+\.[\w.-]+)"
)


class Redacting(logging.Formatter):
    """Formats a record as one line without secrets."""

    def __init__(self, secrets: Iterable[str] = (), as_json: bool = False) -> None:
        super().__init__()
        self._secrets = sorted({s for s in secrets if len(s) >= SHORTEST}, key=len, reverse=True)
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """One line: JSON, or time, level, message and fields."""
        told = {name: getattr(record, name) for name in FIELDS if getattr(record, name, None) is not None}
        message = self._clean(record.getMessage())
        trace = self._trace(record)
        time = datetime.fromtimestamp(record.created, UTC).astimezone(ZONE).isoformat(timespec="milliseconds")
        if self._as_json:
            line = {"time": time, "level": record.levelname.lower(), "logger": record.name, "message": message}
            line |= {name: self._clean(value) if isinstance(value, str) else value for name, value in told.items()}
            return json.dumps(line | ({"traceback": trace} if trace else {}), ensure_ascii=False)
        fields = "".join(f" {name}={self._clean(str(value))}" for name, value in told.items())
        return f"{time} {record.levelname:<7} {message}{fields}" + (f"\n{trace}" if trace else "")

    def _trace(self, record: logging.LogRecord) -> str:
        lines = "".join(traceback.format_exception(*record.exc_info)).splitlines() if record.exc_info else []
        return "\n".join(map(self._clean, lines))

    def _clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        text = PERSONAL.sub(_masked, text)
        return "".join(c if c.isprintable() else " " for c in text)


def _masked(found: re.Match[str]) -> str:
    if found["number"]:
        return f"{found['number'][:3]}{'*' * (len(found['number']) - 5)}{found['number'][-2:]}"
    return f"{found['name'][:1]}***@{found['host']}"


def configure(level: int, as_json: bool, secrets: Iterable[str], stream: TextIO | None = None) -> None:
    """Log to `stream` (stderr), for the whole process; called by the command line only."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Redacting(secrets, as_json))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("apscheduler").setLevel(max(level, logging.WARNING))
    logging.getLogger("alembic").setLevel(max(level, logging.WARNING))
