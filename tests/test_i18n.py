"""Every sentence a user may read exists in Vietnamese, with the same gaps, and the compiled catalogues are current."""

import ast
import io
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from harvester.i18n import DOMAINS, Text, number

ROOT = Path(__file__).parent.parent
CATALOGUES = sorted(ROOT.glob("harvester/locale/vi/LC_MESSAGES/*.po"))
SOURCES = [p for folder in ("harvester", "publishers", "validators") for p in sorted((ROOT / folder).rglob("*.py"))]


def sentences(path: Path) -> list[str]:
    """The literal ids of every `say(…)` in a module."""
    calls = (n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call))
    said = [c for c in calls if isinstance(c.func, ast.Name) and c.func.id == "say" and c.args]
    for call in said:
        assert isinstance(call.args[0], ast.Constant), f"{path.name}:{call.lineno}: say() takes a literal"
    return [c.args[0].value for c in said if isinstance(c.args[0], ast.Constant)]


def gaps(sentence: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", sentence))


def translations() -> dict[str, str]:
    known: dict[str, str] = {}
    for path in CATALOGUES:
        with path.open("rb") as file:
            known |= {str(m.id): str(m.string) for m in read_po(file) if m.id and m.string}
    return known


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_sentence_is_said_in_vietnamese(path: Path):
    known = translations()
    assert [s for s in sentences(path) if s and s not in known] == []


def test_translations_fill_the_same_gaps():
    assert {s: t for s, t in translations().items() if gaps(s) != gaps(t)} == {}


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda p: p.stem)
def test_compiled_catalogues_are_current(path: Path):
    """`.ci/messages` compiles them."""
    assert path.stem in DOMAINS
    with path.open("rb") as file:
        compiled = io.BytesIO()
        write_mo(compiled, read_po(file))
    assert path.with_suffix(".mo").read_bytes() == compiled.getvalue()


def test_values_are_shown_in_the_readers_convention():
    text = Text("{n} · {d} · {t}", {"n": 1234, "d": date(2026, 11, 4), "t": datetime(2026, 11, 4, 7, 5, tzinfo=UTC)})
    assert text.render("vi") == "1.234 · 04/11/2026 · 07:05 04/11/2026"
    assert text.render("en") == "1,234 · 4 Nov 2026 · 07:05 4 Nov 2026"
    assert number(1234.5, "vi", 1) == "1.234,5"


def test_a_sentence_inside_a_sentence_is_translated_with_it():
    inner = Text("inner {x}", {"x": 1})
    assert Text("outer: {inner}", {"inner": inner}).render("vi") == "outer: inner 1"
