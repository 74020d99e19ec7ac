"""The options every command takes, before or after its name; the reader's language; the values options may have.

Typer takes an option only where it was declared. So the common ones are taken out of the command line first, wherever
they stand; what is wrong with them (`--lang fr`, `-C` without a folder) is left for the parser to
complain about.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path

from harvester.errors import UsageRefused
from harvester.i18n import Language, say
from harvester.model import ZONE, end_of_day

FLAGS = {
    "--json": "json",
    "-q": "quiet",
    "--quiet": "quiet",
    "-v": "verbose",
    "--verbose": "verbose",
    "--debug": "debug",
}
VALUED = {"-C": "workspace", "--workspace": "workspace", "--lang": "lang"}
COMMON = {*FLAGS, *VALUED}
LANGUAGES: tuple[Language, ...] = ("vi", "en")


@dataclass(frozen=True)
class Common:
    """The common options as they were given."""

    language: Language
    workspace: Path | None = None
    json: bool = False
    quiet: bool = False
    verbose: bool = False
    debug: bool = False


def hoist(
    argv: Sequence[str], environ: Mapping[str, str], takes_value: Collection[str] = ()
) -> tuple[Common, list[str]]:
    """The common options of a command line, and what is left of it for the parser.

    `takes_value` are the options of commands that swallow the next word: in `--title --json` the title is "--json".
    Nothing after `--` is an option.
    """
    found: dict[str, str] = {}
    rest: list[str] = []
    words = list(argv)
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=") if word.startswith("--") else (word[:2], word[2:], word[2:])
        if word == "--":
            rest += [word, *words]
            break
        if word in FLAGS:
            found[FLAGS[word]] = word
        elif name in VALUED and (equals or (words and not words[0].startswith("-"))):
            value = value if equals else words.pop(0)
            if value in LANGUAGES or (value and name != "--lang"):
                found[VALUED[name]] = value
            else:
                rest += [name, value]
        else:
            rest.append(word)
            if word in takes_value and words:
                rest.append(words.pop(0))
    return _common(found, environ), rest


def _common(found: Mapping[str, str], environ: Mapping[str, str]) -> Common:
    asked = found.get("lang")
    return Common(
        language=next((language for language in LANGUAGES if language == asked), language_of(environ)),
        workspace=Path(found["workspace"]) if "workspace" in found else None,
        json="json" in found,
        quiet="quiet" in found,
        verbose="verbose" in found,
        debug="debug" in found,
    )


def language_of(environ: Mapping[str, str]) -> Language:
    """The language of the locale: English where it says `en…`, else Vietnamese (`C`, `POSIX` and nothing included)."""
    chosen = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return "en" if chosen.lower().startswith("en") else "vi"


def day(option: str, given: str) -> date:
    """A day given to an option: `2026-11-24` or `24/11/2026`. Raises UsageRefused."""
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(given, form).date()
        except ValueError:
            continue
    raise UsageRefused(
        "USE-001",
        say("“{given}” is not a day that {option} understands.", given=given, option=option),
        say("Write year-month-day, for example 2026-11-24."),
    )


def moment(option: str, given: str) -> datetime:
    """A time given to an option, in UTC: a day's end, or `2026-11-24T07:00+07:00`. Raises UsageRefused."""
    if re.fullmatch(r"[\d/-]{8,10}", given):
        return end_of_day(day(option, given))
    try:
        read = datetime.fromisoformat(given)
    except ValueError:
        raise UsageRefused(
            "USE-002",
            say("“{given}” is not a time that {option} understands.", given=given, option=option),
            say("Write a day, or a day and time such as 2026-11-24T07:00+07:00."),
        ) from None
    return (read if read.tzinfo else read.replace(tzinfo=ZONE)).astimezone(UTC)


def whole_number(option: str, given: str, least: int = 0) -> int:
    """A whole number given to an option, at least `least`. Raises UsageRefused."""
    if re.fullmatch(r"[0-9]{1,9}", given) and int(given) >= least:
        return int(given)
    raise UsageRefused(
        "USE-003",
        say("“{given}” is not a number that {option} understands.", given=given, option=option),
        say("Write a whole number, {least} or more.", least=least),
    )


def one_of(option: str, given: str, words: Sequence[str]) -> str:
    """`given` if it is one of `words`. Raises UsageRefused, naming the nearest."""
    if given in words:
        return given
    nearest = get_close_matches(given.lower(), words, 1)
    raise UsageRefused(
        "USE-004",
        say("“{given}” is not a value of {option}.", given=given, option=option),
        say("Did you mean “{word}”?", word=nearest[0])
        if nearest
        else say("Choose one of: {words}.", words=", ".join(words)),
    )
