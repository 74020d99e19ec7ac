"""Which columns of a table tell of people, and how sure that is (C15).

Headers say more than values: a header of the dictionary gives 3 points, values of its pattern up to 3, a person in a
neighbouring column 2; 4 points refuse, 2 or 3 ask a person. Definitions: Law 91/2025/QH15, Decree 356/2025 Điều 3.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from checks import identifiers as ids
from checks.headers import Trait, header_row, is_count, is_hotline, names_organisation, trait_of
from checks.words import fold, masked

REFUSE, ASK = 4, 2
_FEW = 5  # values without a telling header decide only in this number
_TELLING = 0.3  # share of fitting values from which a neighbouring column counts as what its header says


@dataclass(frozen=True)
class Personal:
    """One column that tells of people."""

    column: int  # 1-based
    header: str
    trait: Trait
    score: int  # REFUSE and more: sure; ASK: in doubt
    share: float  # of its values that look like it
    example: str  # masked
    masked: bool = False  # the header itself is such a value: the table has no header


@dataclass(frozen=True)
class _Column:
    """One column, looked at by itself."""

    number: int
    header: str
    said: bool  # by its header
    trait: Trait
    values: tuple[str, ...]  # without empty ones
    fitting: tuple[str, ...]

    @property
    def share(self) -> float:
        return len(self.fitting) / len(self.values)


_SURNAMES = re.compile(
    "nguyen|tran|le|pham|hoang|huynh|phan|vu|vo|dang|bui|do|ho|ngo|duong|ly|dinh|truong|cao|mai|ha|dao|lam|luong|luu"
    "|thai|vuong|trinh|doan|ta|to|chu|quach|vi|lo|lu|moong|va|lau|cu|kha|luc|la|hua|tang|phung|ton|xong|cut|gia|lang"
)
_NAME = re.compile(r"[^\W\d_]+(?: [^\W\d_]+){1,4}")
_NEUTRAL = frozenset({"ten", "name", "ca nhan", "nguoi", "doi tuong", "thanh vien", ""})
_CODE = re.compile(r"\b(ma|mst|code|id|so hieu|thue|serial)\b")


def is_person_name(value: str) -> bool:
    """Two to five capitalised words, the first a Vietnamese surname."""
    text = value.strip()
    if not _NAME.fullmatch(text) or not (text.istitle() or text.isupper()):
        return False
    return _SURNAMES.fullmatch(fold(text.split(" ")[0])) is not None


_LOOKS: dict[Trait, Callable[[str], bool]] = {
    Trait.CITIZEN: lambda value: ids.has_digits(value, 9, 12),
    Trait.OLD_ID: lambda value: ids.has_digits(value, 8, 12),
    Trait.PASSPORT: ids.is_passport,
    Trait.HEALTH_CARD: lambda value: ids.is_health_card(value) or ids.has_digits(value, 10, 10),
    Trait.INSURANCE: lambda value: ids.has_digits(value, 9, 10),
    Trait.TAX: lambda value: ids.has_digits(value, 10, 13),
    Trait.BANK: lambda value: ids.has_digits(value, 6, 19),
    Trait.PLATE: ids.is_plate,
    Trait.BIRTH: ids.is_date,
    Trait.HOME: lambda value: any(letter.isalpha() for letter in value),
    Trait.EMAIL: ids.is_private_mail,
    Trait.PHONE: ids.is_mobile,
    Trait.OFFICIAL: is_person_name,
    Trait.NAME: is_person_name,
}
"""What a value looks like under a header that says so; without one `_told_by_values` asks for more."""

_PERSON = frozenset({Trait.NAME, Trait.BIRTH, Trait.CITIZEN, Trait.OLD_ID})
_CONTACT = frozenset({Trait.PHONE, Trait.EMAIL})
_OF_FIRMS_TOO = frozenset({Trait.BANK, Trait.PLATE, Trait.TAX})


def personal_columns(rows: Sequence[Sequence[str]]) -> tuple[Personal, ...]:
    """The columns of a table (its header among the first rows) that tell of people, with their scores."""
    top = header_row(rows)
    headers, body = (rows[top], rows[top + 1 :]) if rows else ((), ())
    width = max(map(len, rows[top:]), default=0)
    looked = (_column(i + 1, headers[i] if i < len(headers) else "", body) for i in range(width))
    columns = [column for column in looked if column is not None]
    organisation = any(map(names_organisation, headers))
    found = []
    for column in columns:
        others = {other.trait for other in columns if other is not column and other.share >= _TELLING}
        score = _score(column, others, organisation)
        if score >= ASK:
            example = masked((column.fitting or column.values)[0])
            headless = not column.said and _LOOKS[column.trait](column.header)
            header = masked(column.header) if headless else column.header
            found.append(Personal(column.number, header, column.trait, score, column.share, example, headless))
    return tuple(found)


def _column(number: int, header: str, body: Sequence[Sequence[str]]) -> _Column | None:
    """The column if it may tell of people; None if neither its header nor its values say so."""
    values = tuple(row[number - 1].strip() for row in body if number <= len(row) and row[number - 1].strip())
    said = trait_of(header)
    trait = said or _told_by_values(header, values)
    if trait is None or not values:
        return None
    fitting = tuple(value for value in values if _LOOKS[trait](value))
    return _Column(number, header, said is not None, trait, values, fitting)


def _told_by_values(header: str, values: Sequence[str]) -> Trait | None:
    """What the values of a column say whose header says nothing; None unless they are many and most agree."""
    if len(values) < _FEW:
        return None
    if are_citizens([ids.compact(value) for value in values]):
        return Trait.CITIZEN
    if _most(ids.is_health_card, values, 0.5):
        return Trait.HEALTH_CARD
    if _most(ids.is_private_mail, values, 0.5):
        return Trait.EMAIL
    words = fold(header)
    zeros = any(value.lstrip("'(")[:1] in "0+" for value in values)  # a figure has none in front
    if zeros and not is_count(header) and not _CODE.search(words) and _most(ids.is_mobile, values, 0.9):
        return Trait.PHONE
    telling = words in _NEUTRAL or is_person_name(header)  # a name as header: there is no header
    return Trait.NAME if telling and _most(is_person_name, values, 0.7) else None


def _most(looks: Callable[[str], bool], values: Sequence[str], share: float) -> bool:
    return sum(map(looks, values)) > len(values) * share


def are_citizens(numbers: Sequence[str]) -> bool:
    """More than half are possible citizen numbers (of eleven digits, a zero eaten: nearly all) of several birth years.

    One birth year alone, or years in step with the row, is the mark of a code that only looks like it.
    """
    whole = [number for number in numbers if ids.is_citizen_number(number)]
    eaten = [
        number.zfill(12) for number in numbers if len(number) == 11 and ids.is_citizen_number_without_zeros(number)
    ]
    found = whole if len(whole) > len(numbers) / 2 else whole + eaten
    if len(found) <= len(numbers) * (0.5 if found is whole else 0.9):
        return False
    return len({ids.birth_year(number) for number in found}) >= 3


def _score(column: _Column, others: set[Trait], organisation: bool) -> int:
    """The points of one column; `others` are the traits its neighbours tell, `organisation`: rows are organisations."""
    person, share, trait = bool(others & _PERSON), column.share, column.trait
    if trait in _CONTACT:
        return _contact_score(column, person, Trait.OFFICIAL in others, organisation)
    if trait is Trait.OFFICIAL:
        return ASK if share >= _TELLING else 0
    if trait is Trait.NAME:
        beside = bool(others - {Trait.NAME, Trait.OFFICIAL})
        return ASK + 2 * beside if share >= (0.1 if column.said else _TELLING) else 0
    if trait is Trait.BIRTH:
        return ASK + 2 * bool(others & {Trait.NAME, Trait.HOME, Trait.CITIZEN}) if share >= _TELLING else 0
    if trait is Trait.HOME:
        return 1 + 3 * person if share >= 0.5 else 0
    points = round(3 * share)
    if points == 0:
        return 0  # "Ngày cấp CCCD", "Có BHYT": about the number, not the number
    if organisation and not person and trait in _OF_FIRMS_TOO:
        return 3
    return 3 + points + 2 * person if column.said else REFUSE


def _contact_score(column: _Column, person: bool, official: bool, organisation: bool) -> int:
    """Phones and mailboxes: a person's beside a name, an office's beside an organisation."""
    if column.share < 0.1:
        return 0
    if person:
        return REFUSE
    if is_hotline(column.header):
        return 0
    if official:
        return 3 if column.share >= _TELLING else 0
    if organisation:
        private = [value for value in column.values if ids.PRIVATE_MAIL.search(value.lower())]
        return ASK if len(private) > len(column.values) / 2 else 0
    return 3 if column.share >= 0.5 else 0
