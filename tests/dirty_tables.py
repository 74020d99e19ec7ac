"""Random tables for the differential test: a schema, a dialect and a file that breaks them in every way we know."""

import codecs
import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

TYPES = [
    "string",
    "string",
    "string",
    "integer",
    "integer",
    "number",
    "number",
    "date",
    "date",
    "datetime",
    "boolean",
    "year",
    "time",
    "any",
    "yearmonth",
]
RARE = ("geopoint", "duration", "array", "object", "geojson", "list")
GOOD: dict[str, list[str]] = {
    "string": [
        "tinh",
        "huyện",
        "xã Nam Đàn",
        "A,B",
        'nói "có"',
        "NA-00123",
        "NA-1",
        "x",
        "an\nbình",
        "0",
        "  ",
        "Sở, ban",
    ],
    "integer": ["0", "1", "7", "42", "-5", "100", "99", "007", "123456789012345678", "2024"],
    "number": ["0", "1.5", "-3.25", "100", "99.99", "0.10", ".5", "5.", "1000000", "3,5", "1.234,5"],
    "date": ["2024-02-29", "2023-12-31", "2024-01-05", "1999-01-01", "05/01/2024", "31.12.2023"],
    "datetime": ["2024-02-29T10:00:00Z", "2023-12-31T23:59:59", "2024-01-01T00:00:00Z", "2024-01-01T08:00:00+07:00"],
    "time": ["10:00:00", "23:59:59", "08:30:00Z", "00:00:00"],
    "boolean": ["true", "false", "1", "0", "TRUE", "có", "không"],
    "year": ["2024", "1999", "2000", "0001"],
    "yearmonth": ["2024-01", "2023-12"],
    "any": ["a", "1", "", "2024-01-01"],
}
BAD = [
    *("", " ", "-", "x", "n/a", "NA", "null", "1_000", " 7", "7 ", "+7", "٣", "1e5", "NaN", "Infinity", "-inf"),
    *("nan(1)", "0x1F", "1e999999999", "9999999999999999999999", "--1", "1-2", "1.2.3", ".", "-.5", "2023-02-29"),
    *("0000-01-01", "2024-1-5", "2024-13-01", "2024-01-05 ", "24:00:00", "2024-01-01T24:00:00", "12345", "-999"),
    *("2024-01-01 10:00:00", "2024-01-01T10:00:60Z", "999", "True", "tỉnh", "e\u0302\u0301", "a" * 40, "\ufeff"),
    *("\u00a0", "\u2028", "3.0", "1.50", "01.5", "100.0"),
]
PATTERNS = [
    *(r"[A-Z]{2}-\d{5}", r"[a-z]+", r"a|b", r"\w+", r"[^,]*", r"NA-[0-9]+|x", r".*", r"(xã|huyện).*", r"(?i)na-.*"),
    *(r"x(?=y)|tinh", r"\d{,3}", r"[\d-]+", r"[^\d]+", r"\S+", r"(a)\1", r"x$", r"^NA.*", r"[a-zà-ỹ ]+", r"[-a-z]*"),
    r"x?x*",
]
NUMBERS: list[dict[str, Any]] = [
    {"decimalChar": ","},
    {"decimalChar": ",", "groupChar": "."},
    {"groupChar": ","},
    {"bareNumber": False},
    {"floatNumber": True},
    {"groupChar": "."},
]
ODD_CSV: list[tuple[float, dict[str, Any]]] = [
    (0.04, {"quoteChar": "'"}),
    (0.04, {"escapeChar": "\\"}),
    (0.05, {"skipInitialSpace": True}),
    (0.05, {"doubleQuote": False}),
]
MISSING = [["", "-"], ["-999", "n/a"], [], ["", "NA", "999"], ["0"], [""]]


@dataclass(frozen=True)
class Case:
    """One file and how it is to be judged."""

    content: bytes
    suffix: str
    schema: dict[str, Any] | None
    dialect: dict[str, Any] | None
    encoding: str | None
    limit: int
    block: int


def case(seed: int) -> Case:
    """The case of this seed; two in a row share a schema, as files of one agency do."""
    r = random.Random(seed // 2)
    width = r.choice([1, 2, 3, 3, 4, 6])
    fields = [_field(r, f"c{number}") for number in range(width)]
    schema: dict[str, Any] = {"fields": fields}
    if r.random() < 0.95:
        schema["$schema"] = "https://datapackage.org/profiles/2.0/tableschema.json"
    if r.random() < 0.35:
        schema["primaryKey"] = [field["name"] for field in r.sample(fields, r.choice([1, 1, min(2, width)]))]
    if r.random() < 0.15:
        schema["missingValues"] = r.choice(MISSING)
    if r.random() < 0.1:
        schema["fieldsMatch"] = r.choice(["equal", "subset", "superset", "partial"])
    r = random.Random(seed)
    rows = _rows(r, fields)
    header = _header(r, [field["name"] for field in fields])
    suffix, dialect = ".csv", _dialect(r)
    if r.random() < 0.05:
        suffix, dialect = ".tsv", None
    delimiter = "\t" if suffix == ".tsv" else (dialect or {}).get("csv", {}).get("delimiter", r.choice(",,,;\t|"))
    text = _text(r, [header, *rows], delimiter)
    content, encoding = _encoded(r, text)
    limit = r.choice([0, 0, 1000, 1, 2, 3, 10])
    given = None if r.random() < 0.12 else schema
    return Case(content, suffix, given, dialect, encoding, limit, r.choice([64, 200, 1000, 1 << 18]))


def _field(r: random.Random, name: str) -> dict[str, Any]:
    kind = r.choice(RARE) if r.random() < 0.05 else r.choice(TYPES)
    field: dict[str, Any] = {"name": name, "type": kind}
    constraints: dict[str, Any] = {}
    if r.random() < 0.25:
        constraints["required"] = r.random() < 0.9
    if r.random() < 0.2 and kind not in RARE:
        constraints["unique"] = True
    if kind in ("integer", "number", "date", "datetime", "time", "year") and r.random() < 0.4:
        for bound in r.sample(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"], r.choice([1, 2])):
            constraints[bound] = r.choice(GOOD[kind][:4] + ([1, 0, 99, 1.5] if kind == "number" else []))
    if kind in GOOD and r.random() < 0.12:
        constraints["enum"] = r.sample(GOOD[kind], 3) if len(GOOD[kind]) > 3 else GOOD[kind]
    if kind == "string":
        if r.random() < 0.3:
            constraints["pattern"] = r.choice(PATTERNS)
        if r.random() < 0.2:
            constraints |= {"minLength": r.choice([0, 1, 2]), "maxLength": r.choice([3, 8, 39])}
        if r.random() < 0.06:
            field["format"] = r.choice(["email", "uri", "uuid", "binary"])
    if kind == "number" and r.random() < 0.3:
        field |= r.choice(NUMBERS)
    if kind == "integer" and r.random() < 0.1:
        field["bareNumber"] = False
    if kind == "boolean" and r.random() < 0.3:
        field |= {"trueValues": ["có", "1"], "falseValues": ["không", ""]}
    if kind in ("date", "datetime", "time") and r.random() < 0.3:
        field["format"] = r.choice(
            ["any", "%d/%m/%Y", "%Y-%m-%d", "%d.%m.%Y", "%H:%M", "%Y%m%d", "%Y-%m-%d %H:%M:%S", "%y"]
        )
    if r.random() < 0.12:
        field["missingValues"] = r.choice(MISSING)
    if constraints:
        field["constraints"] = constraints
    return field


def _rows(r: random.Random, fields: list[dict[str, Any]]) -> list[list[str]]:
    count, dirt = r.choice([0, 1, 3, 8, 20, 60, 130]), r.choice([0, 0, 0.01, 0.05, 0.4])
    counted = r.random() < 0.5
    rows: list[list[str]] = []
    for number in range(count):
        row = []
        for field in fields:
            pool = GOOD.get(field["type"], ["1"])
            key = field.get("constraints", {}).get("unique") or counted
            if r.random() < dirt:
                row.append(r.choice(BAD))
            elif key and field["type"] in ("integer", "number"):
                row.append(str(number + 1))
            elif key and field["type"] == "string" and "enum" not in field.get("constraints", {}):
                row.append(f"NA-{number:05}")
            else:
                row.append(pool[min(r.randrange(len(pool)), r.randrange(len(pool)))])
        if r.random() < dirt / 3:
            row = r.choice([row[:-1], [*row, "thừa"], [*row, ""], [""] * len(row), [], ["-"] * len(row), [row[0]]])
        rows.append(row)
    if rows and r.random() < dirt:
        rows += [list(row) for row in r.choices(rows, k=3)]
    if r.random() < 0.03:
        rows = [row for row in rows for _ in range(2)]
    return rows


def _header(r: random.Random, names: list[str]) -> list[str]:
    chance = r.random()
    if chance < 0.85:
        return names
    spoiled = list(names)
    at = r.randrange(len(names))
    if chance < 0.88:
        spoiled[at] = ""
    elif chance < 0.91:
        spoiled[at] = names[0]
    elif chance < 0.93:
        spoiled.append("thêm")
    elif chance < 0.95:
        spoiled.pop()
    elif chance < 0.97:
        r.shuffle(spoiled)
    elif chance < 0.98:
        spoiled[at] = "nhãn\nhai dòng"
    else:
        spoiled[at] = spoiled[at].upper()
    return spoiled


def _dialect(r: random.Random) -> dict[str, Any] | None:
    if r.random() < 0.6:
        return None
    dialect: dict[str, Any] = {}
    if r.random() < 0.7:
        dialect["csv"] = {"delimiter": r.choice(",;\t|:")}
    for chance, more in (
        (0.06, {"header": False}),
        (0.05, {"headerRows": [2]}),
        (0.03, {"headerRows": [1, 2]}),
        (0.04, {"commentChar": "#"}),
        (0.04, {"skipBlankRows": True}),
        (0.04, {"headerCase": False}),
        (0.03, {"commentRows": [2]}),
    ):
        if r.random() < chance:
            dialect |= more
    for chance, more in ODD_CSV:
        if r.random() < chance:
            dialect.setdefault("csv", {}).update(more)
    return dialect or None


def _text(r: random.Random, rows: list[list[str]], delimiter: str) -> str:
    end, quoting = r.choice(["\n", "\n", "\r\n"]), r.choice(["needed", "needed", "needed", "all", "some"])

    def cell(value: str) -> str:
        needed = any(char in value for char in (delimiter, '"', "\n", "\r"))
        if needed or quoting == "all" or (quoting == "some" and r.random() < 0.5):
            return '"' + value.replace('"', '""') + '"'
        return value

    space = " " if r.random() < 0.02 else ""
    text = end.join((delimiter + space).join(map(cell, row)) for row in rows)
    chance = r.random()
    if chance < 0.8 and rows:
        text += end
    if r.random() < 0.06 and text:
        at = r.randrange(len(text))
        text = text[:at] + r.choice(['"', "\r", "\0", "\n", delimiter, 'a"b', '""', "\r\n", end + end]) + text[at:]
    if r.random() < 0.02:
        text = r.choice(["\n", "Bảng 1" + end, "# ghi chú" + end]) + text
    return text


def _encoded(r: random.Random, text: str) -> tuple[bytes, str | None]:
    chance, told = r.random(), r.random() < 0.7
    if chance < 0.8:
        return text.encode(), "utf-8" if told else None
    if chance < 0.9:
        return codecs.BOM_UTF8 + text.encode(), r.choice(["utf-8-sig", "utf-8", None])
    if chance < 0.93:
        return text.encode("utf-16"), "utf-16"
    if chance < 0.96:
        return text.encode("cp1258", "replace"), "cp1258"
    content = bytearray(text.encode())
    if content:
        content[r.randrange(len(content))] = r.choice([0xFF, 0xC3, 0x80])
    return bytes(content), "utf-8"


@dataclass(frozen=True)
class TypedCase:
    """Rows of typed cells, the header first, and how they are to be judged."""

    rows: list[list[Any]]
    schema: dict[str, Any] | None
    dialect: dict[str, Any] | None
    limit: int


ODD_CELLS: list[Any] = [
    *(None, True, False, 1, 0, 7.0, 7.5, -3, 10**20, -0.0, 0.0, float("nan"), float("inf"), "\ud800"),
    *(datetime(2024, 1, 5), datetime(2024, 1, 5, 3, 4), date(2024, 1, 5), time(3, 4), timedelta(3), [1, 2], {"a": 1}),
]


def typed_case(seed: int) -> TypedCase:
    """The typed case of this seed; two in a row share a schema."""
    r = random.Random(seed // 2)
    fields = [_field(r, f"c{number}") for number in range(r.choice([1, 2, 3, 4]))]
    schema: dict[str, Any] = {"fields": fields}
    if r.random() < 0.3:
        schema["primaryKey"] = [field["name"] for field in r.sample(fields, min(len(fields), r.choice([1, 2])))]
    if r.random() < 0.15:
        schema["missingValues"] = r.choice(MISSING)
    r = random.Random(seed)
    rows: list[list[Any]] = [[_typed(r, cell) for cell in row] for row in _rows(r, fields)]
    header = _header(r, [field["name"] for field in fields])
    dialect = {"header": False} if r.random() < 0.1 else None
    return TypedCase([header, *rows], schema if r.random() < 0.9 else None, dialect, r.choice([0, 0, 1000, 1, 3]))


def _typed(r: random.Random, text: str) -> Any:
    if r.random() < 0.03:
        return r.choice(ODD_CELLS)
    kinds = r.choice(((int, float), (float,), (_moment, _day), (_day,), (_truth,), ()))
    for kind in kinds:
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _truth(text: str) -> bool | None:
    return {"true": True, "false": False, "": None}.get(text, text == "1")


def in_a_workbook(cell: Any) -> Any:
    """The cell, or another where a workbook cannot hold it."""
    if isinstance(cell, list | dict) or cell != cell or cell == float("inf"):
        return "?"
    if isinstance(cell, str):
        cell = "".join(char for char in cell if char == "\n" or (ord(char) > 31 and not 0xD800 <= ord(char) < 0xE000))
        return {"x": "#DIV/0!"}.get(cell, cell)
    return cell
