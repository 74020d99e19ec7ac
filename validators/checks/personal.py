"""Columns that name people (C15), and sensitive facts beside them (C17).

Headers say more than values: a header of the dictionary gives up to 3 points, values of its pattern up to 3, a person
in a neighbouring column 2; 4 points refuse, 2 or 3 ask a person. Definitions: Law 91/2025/QH15, Decree 356/2025 Điều 3, 4.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from checks import identifiers as ids
from checks.subject import SAMPLE, Opened, Sheet, Subject, column_letters
from checks.words import fold, masked
from harvester.i18n import Text, say
from harvester.model import Effect, Finding, Place, Severity

REFUSE, ASK = 4, 2
_FEW = 5  # values without a telling header decide only in this number
_HEADERS = 20  # first rows in which the header is looked for


class Trait(Enum):
    """What a column tells of a person."""

    CITIZEN = "citizen"  # citizen number, CCCD
    OLD_ID = "old_id"  # CMND, nine digits
    NAME = "name"
    OFFICIAL = "official"  # the name of somebody who acts for an organisation
    BIRTH = "birth"
    HOME = "home"
    PHONE = "phone"
    EMAIL = "email"
    TAX = "tax"  # of a person
    INSURANCE = "insurance"
    HEALTH_CARD = "health_card"
    BANK = "bank"
    PLATE = "plate"
    PASSPORT = "passport"


@dataclass(frozen=True)
class Personal:
    """One column that tells of people."""

    column: int  # 1-based
    header: str
    trait: Trait
    score: int  # REFUSE and more: sure; ASK: in doubt
    share: float  # of its values that look like it
    example: str  # masked


_AGGREGATE = re.compile(
    r"\b(so luong|ty le|ti le|tong|so nguoi|so ho\b|so the|so luot|so truong hop|binh quan|trung binh|mat do|co cau|count|total|rate|number of|so can bo|so lao dong)\b|%"
)
_WORDS: tuple[tuple[Trait, re.Pattern[str]], ...] = tuple(
    (trait, re.compile(rf"\b(?:{words})\b"))
    for trait, words in (
        (
            Trait.CITIZEN,
            "cccd|can cuoc|so dinh danh|ma dinh danh (?:ca nhan|cong dan)|ddcn|sddcn|so giay to(?: tuy than)?|citizen id|national id|identity (?:card|number)|id card",
        ),
        (Trait.OLD_ID, "cmnd|cmt|cmtnd|chung minh(?: nhan dan| thu)?"),
        (Trait.PASSPORT, "ho chieu|passport"),
        (Trait.HEALTH_CARD, "bhyt|bao hiem y te|health insurance"),
        (Trait.INSURANCE, "(?:so|ma|ma so|so so) (?:bhxh|bao hiem xa hoi)|bhxh|social insurance"),
        (Trait.TAX, "(?:mst|ma so thue) (?:ca nhan|tncn)|mst cn|personal tax"),
        (Trait.BANK, "so tai khoan|stk|so tk|bank account"),
        (Trait.PLATE, "bien so(?: xe)?|bien kiem soat|bks|so xe|license plate|plate number"),
        (
            Trait.BIRTH,
            "ngay(?: thang)?(?: nam)? sinh(?! hoat)|nam sinh|sinh ngay|sinh nam|ntns|date of birth|birth ?(?:date|day|year)|year of birth|dob",
        ),
        (
            Trait.HOME,
            "thuong tru|tam tru|que quan|nguyen quan|ho khau|noi o|cho o|noi cu tru|dia chi nha|home address|noi sinh",
        ),
        (Trait.EMAIL, "e ?mail|thu dien tu|hop thu"),
        (Trait.PHONE, "dien thoai|sdt|so dt|dtdd|dt|di dong|mobile|phone|tel|zalo"),
        (
            Trait.OFFICIAL,
            "nguoi dai dien|dai dien phap luat|giam doc|chu tich|hieu truong|thu truong|truong phong|nguoi (?:lien he|phu trach|dung dau|phat ngon|ky)|can bo phu trach|nghe nhan|representative|director|contact person",
        ),
        (
            Trait.NAME,
            "ho (?:va |& )?(?:chu )?(?:dem )?(?:va )?ten|ho ten|full ?name|ho dem|ten (?:nguoi|chu ho|chu ho kinh doanh|hoc sinh|sinh vien|benh nhan|cong dan|can bo|ca nhan|doi tuong|nan nhan|con|cha|me|bo|vo|chong)\\b.*|chu ho|benh nhan|hoc sinh|nguoi nop ho so|nguoi huong|person name|patient name",
        ),
    )
)
_HOTLINE = re.compile(
    r"\b(hotline|duong day nong|tong dai|fax|truc ban|truc|co quan|van phong|don vi|van thu|ban tiep)\b"
)
_ORGANISATION = re.compile(
    r"\b(co quan|don vi|ten truong|truong|tram|benh vien|doanh nghiep|cong ty|co so|hop tac xa|htx|ubnd|to chuc|chi cuc|cua hang|khach san|ngan hang|chu dau tu|nha thuoc|agency|organi[sz]ation|company|school|hospital|so nganh|phong ban|van phong|ten co|ten xa|xa phuong)\b"
)
_SENSITIVE = re.compile(
    r"\b(dan toc|ton giao|benh (?:an|ly|tat|chinh|kem theo|nen)|(?:ten|loai|mac|tien su) benh|chan doan|khuyet tat|tien an|tien su|an tich|toi danh|tien su|ho ngheo|can ngheo|dien ngheo|hiv|tam than|nghien|nhom mau|xu huong tinh duc|quan diem chinh tri|ethnicity|religion|diagnosis|disability)\b"
)
_SURNAMES = frozenset(
    "nguyen tran le pham hoang huynh phan vu vo dang bui do ho ngo duong ly dinh truong cao mai ha dao lam luong luu thai vuong trinh doan "
    "ta to chu quach vi lo lu moong va lau cu kha luc la hua tang phung ton ".split()
)
_NAME = re.compile(r"[^\W\d_]+(?: [^\W\d_]+){1,4}")
_FREE_NAMES = frozenset({"ten", "name", "ca nhan", "nguoi", "doi tuong", "hoten", "thanh vien", ""})
_PERSON_IN_TEXT = re.compile(
    r"(?:cccd|cmnd|c[aă]n c[uư][oớ]c|[đd][iị]nh danh)\D{0,25}(?<!\d)(\d{12}|\d{9})(?!\d)", re.IGNORECASE
)


def _is_name(value: str) -> bool:
    text = value.strip()
    return bool(_NAME.fullmatch(text)) and fold(text).split(" ")[0] in _SURNAMES and (text.istitle() or text.isupper())


_LOOKS: dict[Trait, Callable[[str], bool]] = {
    Trait.CITIZEN: lambda v: (
        ids.is_citizen_number(ids.compact(v)) or ids.is_citizen_number_without_zeros(ids.compact(v))
    ),
    Trait.OLD_ID: lambda v: ids.has_digits(v, 8, 9) or ids.is_citizen_number(ids.compact(v)),
    Trait.NAME: _is_name,
    Trait.OFFICIAL: _is_name,
    Trait.BIRTH: ids.is_date,
    Trait.HOME: lambda v: any(c.isalpha() for c in v),
    Trait.PHONE: ids.is_mobile,
    Trait.EMAIL: ids.is_private_mail,
    Trait.TAX: lambda v: ids.has_digits(v, 10, 13),
    Trait.INSURANCE: lambda v: ids.has_digits(v, 9, 10),
    Trait.HEALTH_CARD: lambda v: ids.is_health_card(v) or ids.has_digits(v, 10, 10),
    Trait.BANK: lambda v: ids.has_digits(v, 6, 19),
    Trait.PLATE: ids.is_plate,
    Trait.PASSPORT: ids.is_passport,
}
_NUMBERS = frozenset(
    {
        Trait.CITIZEN,
        Trait.OLD_ID,
        Trait.TAX,
        Trait.INSURANCE,
        Trait.HEALTH_CARD,
        Trait.BANK,
        Trait.PLATE,
        Trait.PASSPORT,
    }
)


def trait_of(header: str) -> Trait | None:
    """What the header says its column tells of a person; None for counts and everything else."""
    words = fold(header)
    if not words or len(words) > 80 or _AGGREGATE.search(words):
        return None
    return next((trait for trait, pattern in _WORDS if pattern.search(words)), None)


def header_row(rows: Sequence[Sequence[str]]) -> int:
    """The index of the row that holds the headers: the first one unless a later one tells more of persons."""
    told = [sum(trait_of(cell) is not None for cell in row) for row in rows[:_HEADERS]]
    best = max(told, default=0)
    return told.index(best) if best >= 2 and told[0] < best else 0


def personal_columns(rows: Sequence[Sequence[str]]) -> list[Personal]:
    """The columns of a table (header among the first rows) that tell of people, with their scores."""
    top = header_row(rows)
    if len(rows) <= top + 1:
        return []
    width = max(len(row) for row in rows[top:])
    headers = [*rows[top], *[""] * width][:width]
    columns = [[row[i].strip() for row in rows[top + 1 :] if i < len(row) and row[i].strip()] for i in range(width)]
    traits = [
        trait_of(header) or _told_by_values(header, column) for header, column in zip(headers, columns, strict=True)
    ]
    organisation = any(_ORGANISATION.search(fold(header)) for header in headers)
    found = []
    for i, (header, trait, column) in enumerate(zip(headers, traits, columns, strict=True)):
        if trait is None or not column:
            continue
        fitting = [value for value in column if _LOOKS[trait](value)]
        share = len(fitting) / len(column)
        others = {other for j, other in enumerate(traits) if j != i and columns[j]}
        score = _score(trait, header, share, others, organisation)
        if score >= ASK:
            found.append(Personal(i + 1, header, trait, score, share, masked((fitting or column)[0])))
    return found


def _told_by_values(header: str, values: Sequence[str]) -> Trait | None:
    """What the values of a column say whose header says nothing; None unless they are many and nearly all agree."""
    if len(values) < _FEW or _AGGREGATE.search(fold(header)):
        return None
    numbers = [ids.compact(value) for value in values]
    citizens = [number for number in numbers if ids.is_citizen_number(number)]
    years = {ids.birth_year(number) for number in citizens}
    if len(citizens) > len(values) / 2 and len(years) > max(1, min(3, len(values) // 3)):
        return Trait.CITIZEN
    eaten = [
        number.zfill(12) for number in numbers if ids.is_citizen_number_without_zeros(number) and len(number) == 11
    ]
    if len(eaten) > len(values) * 0.9 and len({ids.birth_year(number) for number in eaten}) > 2:
        return Trait.CITIZEN
    likely = ((Trait.HEALTH_CARD, ids.is_health_card), (Trait.EMAIL, ids.is_private_mail), (Trait.PHONE, ids.is_mobile))
    for trait, looks in likely:
        if sum(map(looks, values)) > len(values) * (0.9 if trait is Trait.PHONE else 0.5):
            return trait if trait is not Trait.PHONE or any(v.lstrip("'")[:1] in "0+" for v in values) else None
    if fold(header) in _FREE_NAMES and sum(map(_is_name, values)) > len(values) * 0.7:
        return Trait.NAME
    return None


def _score(trait: Trait, header: str, share: float, others: set[Trait | None], organisation: bool) -> int:
    """The points of one column; `others` are the traits of its neighbours."""
    said = trait_of(header) is trait
    person = bool(others & {Trait.NAME, Trait.BIRTH, Trait.CITIZEN, Trait.OLD_ID})
    points = round(3 * share)
    if trait in _NUMBERS:
        if points == 0:
            return 0  # "Ngày cấp CCCD", "Có BHYT": not the number itself
        doubtful = organisation and not person and trait in (Trait.BANK, Trait.PLATE, Trait.TAX)
        return 3 if doubtful else (3 if said else 1) + points + 2 * person
    if trait is Trait.NAME:
        return (2 if share >= 0.3 or said and share >= 0.1 else 0) + 2 * bool(
            others - {Trait.NAME, Trait.OFFICIAL, None}
        )
    if trait is Trait.OFFICIAL:
        return 2 if share >= 0.3 else 0
    if trait is Trait.BIRTH:
        return (1 + (share > 0.5) if share >= 0.3 else 0) + 2 * bool(others & {Trait.NAME, Trait.HOME, Trait.CITIZEN})
    if trait is Trait.HOME:
        return (1 if share >= 0.5 else 0) + 3 * person
    return _contact_score(trait, header, share, person, bool(others & {Trait.OFFICIAL}), organisation)


def _contact_score(trait: Trait, header: str, share: float, person: bool, official: bool, organisation: bool) -> int:
    """Phones and mailboxes: of a person beside a name, of an agency beside an organisation."""
    if share < 0.1:
        return 0
    if person:
        return REFUSE
    if _HOTLINE.search(fold(header)):
        return 0
    if official:
        return 3 if share >= 0.3 else 0
    if organisation:
        return 0
    return 3 if share >= 0.5 else 0


def personal_data(subject: Subject) -> Iterator[Finding]:
    """C15: a finding for each column that tells of people, and for identity numbers inside texts."""
    for opened in subject.files:
        for sheet in opened.sheets:
            for column in personal_columns(sheet.rows):
                yield _finding(opened, sheet, column)
            yield from _in_texts(opened, sheet)


def _finding(opened: Opened, sheet: Sheet, found: Personal) -> Finding:
    sure = found.score >= REFUSE
    header = found.header if trait_of(found.header) else found.header[:60]
    place = Place(opened.name, sheet.name, None, header or None, column_letters(found.column))
    told = say(
        "Column “{column}” holds {trait} ({percent} % of the values, such as {example}).",
        column=header or column_letters(found.column),
        trait=_CALLED[found.trait],
        percent=round(100 * found.share),
        example=found.example,
    )
    if sheet.count > SAMPLE:
        told = say("{finding} Judged on {n} of {all} rows.", finding=told, n=len(sheet.rows), all=sheet.count)
    return Finding(
        "PER-001" if sure else "PER-002",
        Severity.ERROR if sure else Severity.WARNING,
        told,
        say("Delete the column, or publish counts instead of persons. Open data must not name anyone.")
        if sure
        else say(
            "Delete the column; or a person in charge records by which law these persons may be named (opendata decide)."
        ),
        "C15",
        place=place,
        effect=Effect.REFUSE if sure else Effect.HOLD,
    )


def _in_texts(opened: Opened, sheet: Sheet) -> Iterator[Finding]:
    for number, row in zip(sheet.numbers, sheet.rows, strict=True):
        for column, cell in enumerate(row, 1):
            match = _PERSON_IN_TEXT.search(cell) if len(cell) > 12 else None
            if match and (len(match[1]) == 9 or ids.is_citizen_number(match[1])):
                yield Finding(
                    "PER-003",
                    Severity.ERROR,
                    say(
                        "Row {row} holds an identity number inside a text ({example}).",
                        row=number,
                        example=masked(match[1]),
                    ),
                    say("Delete the number from the text, and look for others like it."),
                    "C15",
                    place=Place(opened.name, sheet.name, number, None, f"{column_letters(column)}{number}"),
                    effect=Effect.REFUSE,
                )
                return


_KEYS = frozenset({Trait.NAME, Trait.CITIZEN, Trait.OLD_ID, Trait.HEALTH_CARD, Trait.INSURANCE, Trait.PASSPORT})


def sensitive_classes(subject: Subject) -> Iterator[Finding]:
    """C17: ethnic origin, religion, illness, disability, crime, poverty in the same table as a person's name or number."""
    for opened in subject.files:
        for sheet in opened.sheets:
            persons = [found for found in personal_columns(sheet.rows) if found.trait in _KEYS]
            headers = sheet.rows[header_row(sheet.rows)] if sheet.rows else ()
            told = [h for h in headers if _SENSITIVE.search(fold(h)) and not _AGGREGATE.search(fold(h)) and len(h) < 80]
            if persons and told:
                yield Finding(
                    "PER-010",
                    Severity.ERROR,
                    say(
                        "Column “{column}” tells a sensitive fact about the persons in column “{person}”.",
                        column=told[0],
                        person=persons[0].header,
                    ),
                    say("Publish counts by area instead, never a list of persons."),
                    "C17",
                    place=Place(opened.name, sheet.name, None, told[0]),
                    effect=Effect.REFUSE,
                )


_CALLED: dict[Trait, Text] = {
    Trait.CITIZEN: say("citizen numbers (CCCD)"),
    Trait.OLD_ID: say("identity card numbers (CMND)"),
    Trait.NAME: say("names of persons"),
    Trait.OFFICIAL: say("names of representatives"),
    Trait.BIRTH: say("dates of birth"),
    Trait.HOME: say("home addresses or places of origin"),
    Trait.PHONE: say("private phone numbers"),
    Trait.EMAIL: say("private e-mail addresses"),
    Trait.TAX: say("tax numbers of persons"),
    Trait.INSURANCE: say("social insurance numbers"),
    Trait.HEALTH_CARD: say("health insurance numbers"),
    Trait.BANK: say("bank accounts"),
    Trait.PLATE: say("vehicle plates"),
    Trait.PASSPORT: say("passport numbers"),
}
