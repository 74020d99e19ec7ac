"""What one column tells of people, by its header and values alone: one label and how sure that is.

`checks.columns` judges whole tables, where a neighbouring name decides; here there are no neighbours.
"""

import re
from collections.abc import Callable, Iterable
from enum import StrEnum

from checks import identifiers as ids
from checks.columns import are_citizens, is_person_name
from checks.headers import Trait, is_count, is_hotline, trait_of
from checks.words import fold

_DECISIVE = 5  # values that must agree where the header says nothing


class PersonalLabel(StrEnum):
    """What a column holds."""

    CCCD = "cccd"  # citizen number, twelve digits
    CMND = "cmnd"  # old identity card, nine digits
    PHONE = "phone"  # of a person
    EMAIL = "email"  # of a person
    BHXH = "bhxh"  # social or health insurance
    BANK = "bank"  # account
    PLATE = "plate"  # of a vehicle
    PASSPORT = "passport"
    NAME = "name"
    BIRTH_DATE = "birth_date"
    ADDRESS = "address"  # home, place of origin
    HEALTH = "health"
    NONE = "none"


_NOT_A_NAME = re.compile(
    r"\b(?:duong|pho|truong|lop|don vi|co quan|cong ty|doanh nghiep|di tich|den|chua|dinh|nha tho|cong trinh"
    r"|du an|xa|phuong|thon|xom|khoi"
    r"|ban|huyen|song|ho|cau|cho|san pham|co so|tuyen|ten goi|dia danh|dia diem|street|nha van hoa|lang|cum"
    r"|to dan pho|tinh)\b"
)
_PERSONS = re.compile(
    r"\bho (?:va )?ten\b|\bnguoi (?!dan\b|/)|\bchu (?:ho|so huu|co so|doanh nghiep|xe|dat|su dung|rung|tau"
    r"|trang trai|tai khoan|the|nhiem)\b"
    r"|\b(?:tac gia|hoc sinh|sinh vien|hoc vien|thi sinh|benh nhan|giao vien|bac si|can bo|nhan vien|lao dong"
    r"|dai bieu|thanh vien|hoi vien|doan vien"
    r"|dang vien|cong dan|ca nhan|doi tuong|nghe nhan|dai dien|giam doc|chu tich|hieu truong|luat su"
    r"|cong chung vien|vo|chong|cha|me|con|dau moi)\b"
)
_HEALTH = re.compile(
    r"\bchan doan\b|\bbenh (?:ly|nen|su|chinh|kem theo|an|tat|man tinh|di truyen)\b|\btien su\b"
    r"|\btinh trang (?:suc khoe|benh)\b|\bnhom mau\b|\bkhuyet tat\b"
    r"|\bdi ung\b|\bket qua (?:xet nghiem|kham)\b|\bhiv\b|\bphan loai suc khoe\b|\bsuc khoe\b(?!.*\b(?:so"
    r"|tram|trung tam)\b)|\bdiagnosis\b|\bblood\b|\bthuoc dang dung\b"
)
_DISEASE = re.compile(r"^(?:ten |loai |mac )?benh(?: tat)?$|\bbenh mac\b|\bdang tat\b")
_HEALTH_UNIT = re.compile(r"\b(?:benh vien|so luong|so ca|tram|co so|ma)\b")
_HOME = re.compile(
    r"\b(?:dia chi|noi)\b.*\b(?:thuong tru|tam tru|nha|cu tru|gia dinh|ho|nguoi|ca nhan|o hien nay)\b|\bnoi o\b"
)
_BANK = re.compile(
    r"\btai khoan\b(?! ke toan| cap)|\bso tk\b|\btk (?:ngan hang|nhan|so)\b|^tk$|\bstk\b|\bso (?:the )?atm\b"
    r"|\baccount\b|\biban\b"
)
_PLATE = re.compile(r"\bbien (?:so|kiem soat|ks)\b|\bbks\b|\bso xe\b|\bbsx\b|\bplate\b")
_PASSPORT = re.compile(r"\bho chieu\b|\bpassport\b|\bshc\b")
_CARD = re.compile(r"\b(?:bhxh|bhyt)\b|\bbao hiem (?:xa hoi|y te)\b|\bso the\b|\binsurance\b")
_ROLE_MAIL = re.compile(
    r"^(?:info|contact|lienhe|support|admin|vanphong|vanthu|vp|vt|office|sales|cskh|hotro|tuyensinh|tuyendung"
    r"|hr|ketoan|marketing|webmaster|pgd|th|thcs|thpt"
    r"|mn|c[0123]|truong|ubnd|tramyte|tyt|benhvien|bv|cty|htx|congty|hcns|hotline|booking|reservation)[\w.-]*@",
)
_PLATE_WRITTEN = re.compile(r"\d{2}[A-ZĐ]{1,2}\d?[ -]+\d{3}[. ]?\d{1,2}|\d{2}[A-Z]\d?-?\d{3}\.\d{2}")
_GIVEN = re.compile(r"\b(?:Thị|Văn|THỊ|VĂN)\b")


def classify_column(header: str, values: Iterable[object]) -> tuple[PersonalLabel, float]:
    """The label of the column called `header` with these values, and the confidence (0–1).

    Company tax codes, statistical codes, hotlines and mailboxes of agencies are `none`.
    """
    texts = [text for value in values if (text := _text(value)) and any(map(str.isalnum, text))]
    best = max(_candidates(header or "", texts), key=lambda found: found[1], default=(PersonalLabel.NONE, 0.0))
    return best if best[1] >= 0.5 else (PersonalLabel.NONE, round(1 - best[1], 2))


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()


def _share(texts: list[str], looks: Callable[[str], bool]) -> float:
    return sum(map(looks, texts)) / len(texts) if texts else 0.0


def _sure(share: float, least: float = 0.3) -> float:
    """The confidence of a telling header whose values fit by `share`; 0 below the least share."""
    return round(0.6 + 0.4 * share, 2) if share >= least else 0.0


def _candidates(header: str, texts: list[str]) -> Iterable[tuple[PersonalLabel, float]]:
    words, said, counted = fold(header), trait_of(header), is_count(header)
    if not texts:
        return
    yield from _numbers(words, said, texts)
    if counted:
        return
    yield from _contacts(header, words, said, texts)
    yield PersonalLabel.NAME, _name(words, said, texts)
    if said is Trait.BIRTH:
        yield PersonalLabel.BIRTH_DATE, _sure(_share(texts, ids.is_date))
    if said is Trait.HOME or _HOME.search(words):
        yield PersonalLabel.ADDRESS, 0.9 * _share(texts, _is_words)
    yield PersonalLabel.HEALTH, _health(words, texts)


def _numbers(words: str, said: Trait | None, texts: list[str]) -> Iterable[tuple[PersonalLabel, float]]:
    """Numbers of identity, insurance, accounts, vehicles, passports."""
    digits = [ids.compact(text) for text in texts]
    twelve = _share(digits, lambda d: ids.is_citizen_number(d) or ids.is_citizen_number_without_zeros(d))
    nine = _share(digits, lambda d: len(d) in (8, 9) and d.isdigit())
    if said in (Trait.CITIZEN, Trait.OLD_ID):
        whole = _share(digits, lambda d: d.isdigit() and len(d) in (10, 11, 12))
        yield PersonalLabel.CCCD, _sure(whole)
        yield PersonalLabel.CMND, _sure(nine)
    elif len(texts) >= _DECISIVE and are_citizens(digits):
        yield PersonalLabel.CCCD, round(0.5 + 0.5 * twelve, 2)
    if said in (Trait.INSURANCE, Trait.HEALTH_CARD) or _CARD.search(words):
        fits = _share(
            texts, lambda t: ids.is_health_card(t) or (ids.has_digits(t, 10, 10) and "the" not in words.split())
        )
        fits = max(
            fits,
            _share(texts, lambda t: ids.has_digits(t, 10, 10))
            if "bh" in words or "insurance" in words or "bao hiem" in words
            else 0,
        )
        yield PersonalLabel.BHXH, _sure(fits)
    elif len(texts) >= _DECISIVE and (cards := _share(texts, ids.is_health_card)) > 0.5:
        yield PersonalLabel.BHXH, cards
    if said is Trait.BANK or _BANK.search(words):
        yield PersonalLabel.BANK, _sure(_share(texts, lambda t: ids.has_digits(t, 6, 19)), 0.5)
    if said is Trait.PLATE or _PLATE.search(words):
        yield PersonalLabel.PLATE, _sure(_share(texts, ids.is_plate))
    elif (
        len(texts) >= _DECISIVE and (plates := _share(texts, lambda t: bool(_PLATE_WRITTEN.fullmatch(t.upper())))) > 0.7
    ):
        yield PersonalLabel.PLATE, plates
    if said is Trait.PASSPORT or _PASSPORT.search(words):
        yield PersonalLabel.PASSPORT, _sure(_share(texts, ids.is_passport))


def _contacts(header: str, words: str, said: Trait | None, texts: list[str]) -> Iterable[tuple[PersonalLabel, float]]:
    hotline = is_hotline(header) and not _PERSONS.search(words)
    mobile = _share(texts, _has_mobile)
    private = _share(texts, _is_persons_mail)
    if said is Trait.PHONE and not hotline:
        yield PersonalLabel.PHONE, _sure(mobile)
    elif said is None and not re.search(r"\b(?:ma|mst|code|id|so hieu|thue|serial|hotline|nong)\b", words):
        zeros = any(text.lstrip("'(")[:1] in "0+" for text in texts)
        if len(texts) >= _DECISIVE and zeros and not hotline and mobile >= 0.9:
            yield PersonalLabel.PHONE, mobile
    if (said is Trait.EMAIL and private >= 0.3) or (len(texts) >= _DECISIVE and private > 0.5):
        yield PersonalLabel.EMAIL, 0.0 if hotline and private < 0.5 else _sure(private)


def _has_mobile(text: str) -> bool:
    return ids.is_mobile(text) or any(ids.is_mobile(part) for part in re.split(r"[;,/\n]| - ", text))


def _is_persons_mail(text: str) -> bool:
    return ids.is_private_mail(text) and not _ROLE_MAIL.match(text.strip().lower())


def _name(words: str, said: Trait | None, texts: list[str]) -> float:
    share = _share(texts, is_person_name)
    if said is Trait.NAME or (said is Trait.OFFICIAL) or _PERSONS.search(words):
        return _sure(share, 0.3)
    if _NOT_A_NAME.search(words) or len(texts) < _DECISIVE:
        return 0.0
    given = _share(texts, lambda text: bool(_GIVEN.search(text)))
    if share >= 0.7 and (words in ("ten", "name", "", "thong tin", "ghi chu", "danh sach") or given >= 0.2):
        return round(share * 0.9, 2)
    return 0.0


def _is_words(text: str) -> bool:
    return any(letter.isalpha() for letter in text)


def _health(words: str, texts: list[str]) -> float:
    if _HEALTH.search(words):
        return 0.85 * _share(texts, _is_words)
    if _DISEASE.search(words) and not _HEALTH_UNIT.search(words) and len(set(texts)) < len(texts) * 0.9:
        return 0.7 * _share(texts, _is_words)
    return 0.0
