"""What column headers say of persons: the dictionary behind C15 and C17, over folded words (no marks, lower case)."""

import re
from collections.abc import Sequence
from enum import Enum

from checks.words import fold
from harvester.i18n import Text, say

_FIRST = 20  # rows in which the header is looked for, below titles
_LONG = 80  # characters; a longer cell is a text, no header


class Trait(Enum):
    """What a column tells of a person."""

    CITIZEN = "citizen"  # citizen number, CCCD
    OLD_ID = "old_id"  # CMND, nine digits
    PASSPORT = "passport"
    HEALTH_CARD = "health_card"
    INSURANCE = "insurance"
    TAX = "tax"  # of a person
    BANK = "bank"
    PLATE = "plate"
    BIRTH = "birth"
    HOME = "home"
    EMAIL = "email"
    PHONE = "phone"
    OFFICIAL = "official"  # the name of somebody who acts for an organisation
    NAME = "name"


CALLED: dict[Trait, Text] = {
    Trait.CITIZEN: say("citizen numbers (CCCD)"),
    Trait.OLD_ID: say("identity card numbers (CMND)"),
    Trait.PASSPORT: say("passport numbers"),
    Trait.HEALTH_CARD: say("health insurance numbers"),
    Trait.INSURANCE: say("social insurance numbers"),
    Trait.TAX: say("tax numbers of persons"),
    Trait.BANK: say("bank accounts"),
    Trait.PLATE: say("vehicle plates"),
    Trait.BIRTH: say("dates of birth"),
    Trait.HOME: say("home addresses or places of origin"),
    Trait.EMAIL: say("private e-mail addresses"),
    Trait.PHONE: say("private phone numbers"),
    Trait.OFFICIAL: say("names of representatives"),
    Trait.NAME: say("names of persons"),
}


def _words(*phrases: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(phrases)})\b")


_PERSON = (
    "nguoi|chu ho|chu ho kinh doanh|hoc sinh|hoc vien|sinh vien|benh nhan|cong dan|can bo|ca nhan|doi tuong"
    "|nan nhan|con|cha|me|bo|vo|chong|tre|tre em|thi sinh|khach hang|lao dong|nhan vien|vien chuc|cong chuc"
    "|hoi vien|thanh vien|dang vien|doan vien|tac gia"
)
_DICTIONARY: dict[Trait, re.Pattern[str]] = {
    Trait.CITIZEN: _words(
        "cccd|can cuoc|so dinh danh|ma dinh danh (?:ca nhan|cong dan)|ddcn|sddcn|so giay to(?: tuy than)?",
        "citizen id|national id|identity (?:card|number)|id card",
    ),
    Trait.OLD_ID: _words("cmnd|cmt|cmtnd|chung minh(?: nhan dan| thu)?"),
    Trait.PASSPORT: _words("ho chieu|passport"),
    Trait.HEALTH_CARD: _words("bhyt|bao hiem y te|health insurance"),
    Trait.INSURANCE: _words("bhxh|(?:so|ma|ma so|so so) bao hiem xa hoi|social insurance"),
    Trait.TAX: _words("(?:mst|ma so thue) (?:ca nhan|tncn|cn)|personal tax"),
    Trait.BANK: _words("so tai khoan|stk|so tk|bank account"),
    Trait.PLATE: _words("bien so(?: xe)?|bien kiem soat|bks|license plate|plate number"),
    Trait.BIRTH: _words(
        "ngay(?: thang)?(?: nam)? sinh(?! hoat)|nam sinh|sinh (?:ngay|nam)|ntns",
        "date of birth|birth ?(?:date|day|year)|year of birth|dob",
    ),
    Trait.HOME: _words(
        "thuong tru|tam tru|que quan|nguyen quan|ho khau|noi (?:o|sinh)|cho o|noi cu tru|dia chi nha|so nha",
        "home address|place of birth",
    ),
    Trait.EMAIL: _words("e ?mail|thu dien tu|hop thu"),
    Trait.PHONE: _words("dien thoai|sdt|so dt|dtdd|dt|di dong|mobile|phone|tel|zalo"),
    Trait.OFFICIAL: _words(
        "nguoi dai dien|dai dien phap luat|giam doc|chu tich|hieu truong|thu truong|truong phong",
        "nguoi (?:lien he|phu trach|dung dau|phat ngon|ky)|can bo phu trach|nghe nhan",
        "representative|director|contact person",
    ),
    Trait.NAME: _words(
        "ho (?:va )?(?:chu )?(?:dem )?(?:va )?ten|hoten|full ?name|ho dem|person name|patient name",
        rf"(?:ten|danh sach) (?:{_PERSON})",
        "chu ho|benh nhan|hoc sinh|sinh vien|nguoi (?:nop ho so|huong|nhan|benh)",
    ),
}
_COUNTED = _words(
    "so luong|ty le|ti le|tong|so (?:nguoi|ho(?! chieu| khau)|luot|truong hop|can bo|lao dong)",
    "so (?:hoc sinh|benh nhan|tre|sinh vien)",
    "binh quan|trung binh|mat do|co cau|count|total|rate|number of|nhom|do tuoi|si so|dinh muc",
)
_HOTLINE = _words(
    "hotline|duong day nong|tong dai|fax|truc|truc ban|co quan|van phong|don vi|van thu|tiep (?:dan|nhan)|phan anh"
)
_ORGANISATION = _words(
    "co quan|don vi|ten truong|truong|tram|benh vien|doanh nghiep|cong ty|co so|hop tac xa|htx|ubnd|to chuc",
    "chi cuc|cua hang|khach san|ngan hang|chu dau tu|nha thuoc|so nganh|phong ban|van phong|ten xa|xa phuong",
    "agency|organi[sz]ation|company|school|hospital",
)
_SENSITIVE = _words(
    "dan toc|ton giao|benh (?:an|ly|tat|chinh|kem theo|nen)|(?:ten|loai|mac) benh|chan doan|khuyet tat",
    "tien (?:an|su)|an tich|toi danh|ho ngheo|can ngheo|dien ngheo|hiv|tam than|nghien|nhom mau",
    "xu huong tinh duc|quan diem chinh tri|ethnicity|religion|diagnosis|disability",
)


def _folded(header: str) -> str:
    """The header's words, those of a camelCase name apart."""
    return fold(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header))


def trait_of(header: str) -> Trait | None:
    """What the header says its column tells of a person; None for counts, texts and everything else."""
    if not header or len(header) > _LONG or is_count(header):
        return None
    words = _folded(header)
    return next((trait for trait, pattern in _DICTIONARY.items() if pattern.search(words)), None)


def is_count(header: str) -> bool:
    """Whether the header counts people instead of naming them ("Số người", "Tỷ lệ cấp CCCD (%)")."""
    words = _folded(header)
    return bool(_COUNTED.search(words)) or "%" in words


def is_hotline(header: str) -> bool:
    """Whether the number or mailbox is an office's by its header."""
    return bool(_HOTLINE.search(_folded(header)))


def names_organisation(header: str) -> bool:
    """Whether its rows are organisations."""
    return bool(_ORGANISATION.search(_folded(header)))


def is_sensitive(header: str) -> bool:
    """Whether it tells a sensitive fact (NĐ 356/2025 Điều 4, and poverty) that is no count."""
    return len(header) <= _LONG and not is_count(header) and bool(_SENSITIVE.search(_folded(header)))


def header_row(rows: Sequence[Sequence[str]]) -> int:
    """The index of the row that holds the headers: the first one unless a later one tells more of persons."""
    told = [sum(trait_of(cell) is not None for cell in row) for row in rows[:_FIRST]]
    best = max(told, default=0)
    return told.index(best) if best >= 2 and told[0] < best else 0
