"""From a written description to the fields of a record: what is understood is taken, what is not becomes a finding.

A bad field never costs the record; it is left empty, and the finding names file, line, key, value and what to write.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from harvester.i18n import Text, say
from harvester.model import ZONE, Finding, Place, Severity
from harvester.names import nearest
from harvester.sources.descriptors import Descriptor

LONGEST = 100_000  # characters of a description; titles and names are held to SHORT
SHORT = 1_000
MOST = 200  # keywords of one dataset
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(T.*)?|(\d{1,2})/(\d{1,2})/(\d{4})")
_DIGITS = re.compile(r"\d{7,}")
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_YEARS = range(1900, 2200)  # leaves out 0000 and Buddhist years such as 2566


class Fields:
    """The values of one description, taken out one by one; `findings` collects what was wrong with them.

    `names` gives the writer's own word for a key where it is not ours; `prefix` where in the file we are.
    """

    def __init__(
        self,
        descriptor: Descriptor,
        dataset: str,
        *,
        prefix: str = "",
        names: Mapping[str, str] | None = None,
        findings: list[Finding] | None = None,
    ) -> None:
        self._descriptor = descriptor
        self._dataset = dataset
        self._prefix = prefix
        self._names = names or {}
        self.findings: list[Finding] = [] if findings is None else findings

    def inside(self, values: Mapping[str, Any], prefix: str) -> "Fields":
        """The fields of a part, such as one resource; its findings join ours."""
        part = Descriptor(self._descriptor.file, values, self._descriptor.lines)
        return Fields(part, self._dataset, prefix=self._prefix + prefix, findings=self.findings)

    def value(self, key: str) -> Any:
        """As written; None if absent or empty."""
        value = self._descriptor.values.get(key)
        return None if value in ("", [], {}) else value

    def text(self, key: str, limit: int = SHORT) -> str:
        """A text in NFC on the whole, control characters removed, cut at `limit` characters."""
        value = self.value(key)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self.note(key, "SRC-021", say("it is no text"), say("Write one text after “{key}:”.", key=self._name(key)))
            return ""
        text = cleaned(str(value))
        if len(text) > limit:
            self.note(
                key,
                "SRC-024",
                say("it is longer than {limit} characters and was cut", limit=limit),
                say("Write a shorter text."),
                Severity.WARNING,
            )
        return text[:limit]

    def url(self, key: str) -> str:
        """An http(s) address."""
        text = self.text(key)
        if text and not re.match(r"https?://[^\s/]", text, re.IGNORECASE):
            self.note(
                key,
                "SRC-023",
                say("“{value}” is no web address", value=masked(text)),
                say("Write an address that begins with https://."),
            )
            return ""
        return text

    def day(self, key: str) -> date | None:
        """A day written YYYY-MM-DD (a time after it counts in Asia/Ho_Chi_Minh) or dd/mm/yyyy."""
        text = self.text(key)
        if not text:
            return None
        day = day_of(text)
        if day is None:
            self.note(
                key,
                "SRC-022",
                say("“{value}” is no day", value=masked(text)),
                say("Write the day as 2026-03-31 or 31/03/2026."),
            )
        return day

    def number(self, key: str) -> int | None:
        """A count, zero or more."""
        value = self.value(key)
        if value is None:
            return None
        if isinstance(value, bool) or not re.fullmatch(r"\d{1,18}", str(value)):
            self.note(key, "SRC-025", say("it is no whole number"), say("Write digits only, such as 1250."))
            return None
        return int(value)

    def words(self, key: str) -> tuple[str, ...]:
        """A list of short texts, or one text with commas or semicolons between; repeated ones once."""
        value = self.value(key)
        if isinstance(value, str):
            value = re.split("[,;]", value)
        if value is None:
            return ()
        if not isinstance(value, list) or any(isinstance(word, list | dict) for word in value):
            self.note(key, "SRC-021", say("it is no list of words"), say("Write one phrase a line, after “- ”."))
            return ()
        words = dict.fromkeys(cleaned(str(word))[:SHORT] for word in value if word)
        words.pop("", None)
        if len(words) > MOST:
            self.note(
                key,
                "SRC-024",
                say("there are more than {limit}; the others were left out", limit=MOST),
                say("Keep those that help to find the dataset."),
                Severity.WARNING,
            )
        return tuple(words)[:MOST]

    def mapping(self, key: str) -> Mapping[str, Any] | None:
        """A group of keys, such as a schema."""
        value = self.value(key)
        if value is None or isinstance(value, dict):
            return value
        self.note(key, "SRC-021", say("it is no group of keys"), say("Write its keys below it, indented."))
        return None

    def parts(self, key: str, limit: int) -> list[tuple[int, Mapping[str, Any]]]:
        """A list of groups, such as resources, each with its place from 0; those that are none are noted."""
        value = self.value(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.note(key, "SRC-021", say("it is no list"), say("Write one entry a line, after “- ”."))
            return []
        if len(value) > limit:
            self.note(
                key,
                "SRC-024",
                say("there are more than {limit}; the others were left out", limit=limit),
                say("Divide it into several datasets."),
            )
        for position, part in enumerate(value[:limit], 1):
            if not isinstance(part, dict):
                why = say("entry {position} is no group of keys", position=position)
                self.note(key, "SRC-021", why, say("Write its keys below it, indented."))
        return [(place, part) for place, part in enumerate(value[:limit]) if isinstance(part, dict)]

    def unknown(self, keys: Iterable[str]) -> None:
        """Note every key that is not one of `keys`, with the nearest that is."""
        keys = set(keys)
        for key in self._descriptor.values:
            if key not in keys:
                near = nearest(key, sorted(keys))
                remedy = say("Did you mean “{near}”?", near=near) if near else say("Remove it, or correct the word.")
                self.note(key, "SRC-020", say("this key is not known and was not used"), remedy, Severity.WARNING)

    def note(self, key: str, code: str, why: Text, remedy: Text, severity: Severity = Severity.ERROR) -> None:
        """Add a finding about `key`."""
        name, file = masked(self._prefix + self._name(key)), self._descriptor.file
        line = self._descriptor.lines.get(self._prefix + key)
        where = say("{file}, line {line}", file=file, line=line) if line else say("{file}", file=file)
        message = say("{where}, “{key}”: {why}.", where=where, key=name, why=why)
        place = Place(file, row=line, column=name)
        self.findings.append(Finding(code, severity, message, remedy, dataset=self._dataset, place=place))

    def _name(self, key: str) -> str:
        return self._names.get(key, key)


def day_of(text: str) -> date | None:
    """The day that `text` writes, or None; see `Fields.day`."""
    found = _DAY.fullmatch(text)
    try:
        if found is None:
            return None
        if found[4]:
            moment = datetime.fromisoformat(text)
            day = moment.astimezone(ZONE).date() if moment.tzinfo else moment.date()
        elif found[1]:
            day = date(int(found[1]), int(found[2]), int(found[3]))
        else:
            day = date(int(found[7]), int(found[6]), int(found[5]))
    except (ValueError, OverflowError):
        return None
    return day if day.year in _YEARS else None


def cleaned(text: str) -> str:
    """`text` in NFC, without control characters and half surrogates, and without space around it."""
    return _UNFIT.sub("", unicodedata.normalize("NFC", text)).strip()


def masked(text: str) -> str:
    """`text` fit for a message: at most 80 characters, long numbers (which may be personal) hidden in their middle."""
    return _DIGITS.sub(lambda found: found[0][:3] + "*" * (len(found[0]) - 5) + found[0][-2:], text[:80])
