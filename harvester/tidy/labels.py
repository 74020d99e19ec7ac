"""The names of the columns of a tidy table: labels with units, and short ASCII ids."""

import re
from collections.abc import Iterable, Sequence

from checks.words import fold
from harvester.tidy.headers import Label
from harvester.tidy.words import bare, without_unit

GROUP, OF_WHICH, SHEET = "Nhóm", "Trong đó", "Trang tính"
"""Labels of the columns made of group headings, of "Trong đó" and of sheet names."""

_TIMES = re.compile(r"(?:nam|thang|quy|ngay)(?: [a-z ]+)?")
_COUNTS = re.compile(r"so (?:luong|ho|nguoi|luot|xa|thon|truong|lop|du an|cong trinh)\b")
_SHARES = re.compile(r"\b(?:ty|ti) le\b|\bco cau\b|\btoc do\b|\bchi so\b")
_MONEY = re.compile(r"đồng|vnđ|usd", re.I)
_LONGEST_ID = 40


def unit_and_levels(label: Label) -> tuple[list[str], str]:
    """The levels of a header without their unit, and the unit of the innermost one that has it."""
    levels, unit = [], ""
    for level in label.levels:
        text, found = without_unit(level)
        if text:
            levels.append(bare(text))
        unit = found or unit
    return levels, label.unit or unit


def named(levels: Sequence[str], unit: str) -> str:
    """The label: levels joined by " - ", the unit in brackets at the end."""
    label = " - ".join(levels)
    return f"{label} ({unit})" if unit and label else label or unit


def takes_unit(label: str, unit: str) -> bool:
    """Whether the unit above the table is that of a column of numbers: not of years, shares, or counts beside money."""
    words = fold(label.rpartition(" - ")[2])
    if "%" in label or _SHARES.search(fold(label)) or _TIMES.fullmatch(words):
        return False
    return not (_COUNTS.match(words) and _MONEY.search(unit))


def distinct(labels: Sequence[str]) -> tuple[list[str], list[int]]:
    """The labels with no two alike ("Số hộ", "Số hộ (2)"), and the positions of those that had to be changed."""
    taken: set[str] = set()
    found, changed = [], []
    for position, label in enumerate(labels):
        unique, number = label, 1
        while unique in taken:
            number += 1
            unique = f"{label} ({number})"
        if unique != label:
            changed.append(position)
        taken.add(unique)
        found.append(unique)
    return found, changed


def ids(labels: Iterable[str]) -> list[str]:
    """Short ASCII names, no two alike: "Diện tích - Lúa (ha)" → "dien_tich_lua_ha"."""
    taken: set[str] = set()
    found = []
    for position, label in enumerate(labels, 1):
        short = _short(fold(label.replace("%", " phan tram ")).replace("%", "").split())
        if not short or not short[0].isalpha():
            short = f"c_{short}".rstrip("_") if short else f"cot_{position}"
        unique, number = short, 1
        while unique in taken:
            number += 1
            unique = f"{short}_{number}"
        taken.add(unique)
        found.append(unique)
    return found


def _short(words: list[str]) -> str:
    kept = ""
    for word in words:
        longer = f"{kept}_{word}" if kept else word
        if len(longer) > _LONGEST_ID and kept:
            break
        kept = longer
    return kept[:_LONGEST_ID]
