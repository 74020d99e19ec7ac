"""Sentences for people: written once in English, shown in the reader's language.

A message travels through the product as a `Text` (a gettext id and its values) and becomes words only
where somebody reads it, so that one stored finding can be shown in Vietnamese and in English.
"""

import gettext
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

Language = Literal["vi", "en"]
Value = "str | int | float | date | Text"

LOCALE = Path(__file__).parent / "locale"
DOMAINS = (
    "config",
    "collect",
    "check",
    "portal",
    "count",
    "store",
    "run",
    "cli",
    "demo",
    "ckan",
    "kinds",
    "tidy",
    "service",
)
"""One gettext catalogue for each part of the product: harvester/locale/vi/LC_MESSAGES/<domain>.po."""


@dataclass(frozen=True)
class Text:
    """A sentence in gettext form: `id` is the English text with `{named}` gaps, `values` fills them.

    Integers and floats are shown with the reader's separators, dates in the reader's order; pass a `str`
    where that is not wanted (years, codes).
    """

    id: str
    values: Mapping[str, Any]

    def render(self, language: Language) -> str:
        """The sentence in `language`; English where no translation exists."""
        sentence = _catalogue(language).gettext(self.id) if self.id else ""
        return sentence.format(**{name: _shown(value, language) for name, value in self.values.items()})

    def __str__(self) -> str:
        return self.render("en")

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that `from_json` reads back."""
        return {"id": self.id, "values": {name: _to_json(value) for name, value in self.values.items()}}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Text":
        """The Text that `to_json` wrote."""
        return cls(stored["id"], {name: _from_json(value) for name, value in stored["values"].items()})


def say(id: str, **values: Any) -> Text:
    """A Text; the marker that the extraction of messages looks for. Use a literal string."""
    return Text(id, values)


def number(value: int | float, language: Language, decimals: int | None = None) -> str:
    """A number in the reader's convention: `1.234,5` in Vietnamese, `1,234.5` in English."""
    shown = f"{value:,}" if decimals is None else f"{value:,.{decimals}f}"
    return shown.translate(str.maketrans(",.", ".,")) if language == "vi" else shown


def day(value: date, language: Language) -> str:
    """A day in the reader's convention: `24/11/2026` in Vietnamese, `24 Nov 2026` in English."""
    return f"{value:%d/%m/%Y}" if language == "vi" else f"{value.day} {value:%b %Y}"


def _shown(value: Any, language: Language) -> str:
    if isinstance(value, Text):
        return value.render(language)
    if isinstance(value, bool) or not isinstance(value, int | float | date):
        return str(value)
    if isinstance(value, datetime):
        return f"{value:%H:%M} {day(value.date(), language)}"
    return day(value, language) if isinstance(value, date) else number(value, language)


def _to_json(value: Any) -> Any:
    if isinstance(value, Text):
        return {"text": value.to_json()}
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    return {"day": value.isoformat()} if isinstance(value, date) else value


def _from_json(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "text" in value:
        return Text.from_json(value["text"])
    return datetime.fromisoformat(value["time"]) if "time" in value else date.fromisoformat(value["day"])


@cache
def _catalogue(language: Language) -> gettext.NullTranslations:
    first, *rest = (gettext.translation(name, LOCALE, [language], fallback=True) for name in DOMAINS)
    for other in rest:
        first.add_fallback(other)
    return first
