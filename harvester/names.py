"""Names: legal on every portal and every disk, right for Vietnamese, and comparable as people compare them."""

import difflib
import hashlib
import re
import unicodedata
from collections.abc import Iterable

NAME_LIMIT = 100
"""Longest dataset name CKAN accepts (ckan.model.package.PACKAGE_NAME_MAX_LENGTH)."""

_HEX = 6
_ETH = str.maketrans("ÐðƉɖ", "ĐđĐđ")
"""Letters that look like Đ but are Icelandic or African; they come from old keyboards and fonts."""

_D = str.maketrans("Đđ", "Dd")

_TONE_BEFORE = re.compile("(o|u)([\u0300\u0301\u0303\u0309\u0323])(?:(?<=o.)([ae])|(?<=u.)(y))(?![\u0300-\u036f])")
"""In NFD: a tone on the first vowel of oa, oe, uy ("hòa"); the other school puts it on the second ("hoà")."""

_RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d")  # device names, on Windows with any extension


def slug(text: str, limit: int = 60) -> str:
    """`text` in [a-z0-9-], at most `limit` characters, never empty: "Đường Hồ Chí Minh" → "duong-ho-chi-minh".

    Text without any Latin letter or digit gives "x" and hex digits of its hash, always the same for the same text.
    """
    letters = unicodedata.normalize("NFKD", text.translate(_ETH).translate(_D).casefold())
    words = re.findall("[a-z0-9]+", "".join(c for c in letters if not unicodedata.combining(c)))
    return "-".join(words)[:limit].strip("-") or f"x{_hex(unicodedata.normalize('NFC', text))}"[:limit]


def frozen_name(agency_slug: str, title: str, source: str, identifier: str) -> str:
    """The name a dataset gets when it is first seen and keeps for ever; legal on CKAN, at most 100 characters.

    The six hex digits stand for (source, identifier) and survive any shortening, so that two datasets
    of one agency with one title stay apart.
    """
    readable = f"{slug(agency_slug)}-{slug(title)}"[: NAME_LIMIT - _HEX - 1].rstrip("-")
    return f"{readable}-{_hex(source + chr(0) + identifier)}"


def fold(text: str) -> str:
    """The key by which two spellings of one Vietnamese text are equal: keeps diacritics, forgets the rest.

    Forgets case, spacing, Unicode form, Ð for Đ, and the two schools of tone placement (hòa = hoà, thủy = thuỷ). The
    tone goes to the second vowel, which is right in closed syllables too: Hoàng Mai stays as it is.
    """
    letters = unicodedata.normalize("NFD", " ".join(text.translate(_ETH).casefold().split()))
    return unicodedata.normalize("NFC", _TONE_BEFORE.sub(r"\1\3\4\2", letters))


def plain(text: str) -> str:
    """`fold` without diacritics: "Hòa Sơn" and "Hoa Sơn" become equal, so a match on it alone proves nothing."""
    letters = unicodedata.normalize("NFD", fold(text).translate(_D))
    return unicodedata.normalize("NFC", "".join(c for c in letters if not unicodedata.combining(c)))


def nearest(word: str, candidates: Iterable[str]) -> str:
    """The candidate that `word` was probably meant to be, "" if none is near."""
    by_plain: dict[str, str] = {}
    for candidate in candidates:
        by_plain.setdefault(plain(candidate), candidate)
    found = difflib.get_close_matches(plain(word[:NAME_LIMIT]), by_plain, n=1)
    return by_plain[found[0]] if found else ""


def file_name(title_or_name: str, extension: str) -> str:
    """An ASCII file name of at most 80 characters that every operating system accepts: "so-lieu-2024.csv"."""
    ending = "".join(f".{slug(part, 8)}" for part in extension.split(".") if part)[:20].rstrip("-.")
    stem = title_or_name.strip()
    if ending and stem.lower().endswith(ending):
        stem = stem[: -len(ending)]
    stem = slug(stem, 80 - len(ending))
    return f"{f'tep-{stem}' if _RESERVED.fullmatch(stem) else stem}{ending}"


def _hex(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HEX]
