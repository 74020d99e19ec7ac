"""Markings of state secrets and internal papers (C18). What was found is never copied into a message."""

import re
import unicodedata
from collections.abc import Iterator

from checks.subject import Opened, Subject, cell_name
from harvester.i18n import say
from harvester.model import Effect, Finding, Place, Severity

_WORDS = (
    "TUYỆT MẬT|TỐI MẬT|MẬT|TÀI LIỆU MẬT|TÀI LIỆU THU HỒI|(?:CHỈ )?LƯU HÀNH NỘI BỘ"
    "|TUYET MAT|TOI MAT|TAI LIEU MAT|(?:CHI )?LUU HANH NOI BO"
)
_STAMP = re.compile(rf"\W*(?:(?:ĐỘ|MỨC) (?:ĐỘ )?MẬT\s*:\s*)?(?:{_WORDS})\W*", re.IGNORECASE)
_IN_NAME = re.compile(
    r"(?:^|[\s_\-.(\[])"
    r"(?:(?:tuyệt|tối)[\s_-]*mật|(?:tuyet|toi)[\s_-]*mat|tài[\s_-]*liệu[\s_-]*(?:mật|thu[\s_-]*hồi)|tai[\s_-]*lieu[\s_-]*mat"
    r"|lưu[\s_-]*hành[\s_-]*nội[\s_-]*bộ|luu[\s_-]*hanh[\s_-]*noi[\s_-]*bo|MẬT)"
    r"(?=$|[\s_\-.)\]])(?![\s_-]*(?:ong|độ|do|khẩu|khau|mã|ma|mía|mia)\b)"
)
_FOOTER_CODES = re.compile(r'&(?:"[^"]*"|K[0-9A-F]{6}|\d+|[A-Z])')


def is_stamp(cell: str) -> bool:
    """Whether the cell or line is a marking and nothing else, in capitals ("MẬT", "ĐỘ MẬT: TỐI MẬT").

    "Mật ong", "bảo mật", "MẬT ĐỘ", "BÍ MẬT KINH DOANH" are not.
    """
    if len(cell) > 60 or len(cell) < 3:
        return False
    text = unicodedata.normalize("NFC", cell)
    return text.upper() == text and any(_STAMP.fullmatch(line.strip()) for line in text.splitlines())


def _in_name(name: str) -> bool:
    text = unicodedata.normalize("NFC", name)
    followed = re.sub(r"(?<=MẬT).*", lambda rest: rest[0].lower(), text)  # "MẬT ONG": what follows decides
    return bool(_IN_NAME.search(followed) or _IN_NAME.search(text.lower()))


def secret_markings(subject: Subject) -> Iterator[Finding]:
    """C18: markings in cells, sheet names, file names, document properties, headers and footers, metadata."""
    for title in (subject.dataset.title, *subject.dataset.description.splitlines()):
        if is_stamp(title):
            yield _marked(Place(), say("the description"))
    for opened in subject.files:
        yield from _in_file(opened)


def _in_file(opened: Opened) -> Iterator[Finding]:
    if _in_name(opened.name):
        yield _marked(Place(opened.name), say("the file name"))
    for name, text in opened.texts.items():
        if any(is_stamp(line.strip()) for line in _FOOTER_CODES.sub("\n", text).splitlines()):
            yield _marked(Place(opened.name), say("the document's properties, header or footer ({part})", part=name))
    for sheet in opened.sheets:
        if sheet.name and (is_stamp(sheet.name) or _in_name(sheet.name)):
            yield _marked(Place(opened.name, sheet.name), say("the name of a sheet"))
        if sheet.stamps:
            row, column = sheet.stamps[0]
            place = Place(opened.name, sheet.name, row, None, cell_name(row, column))
            yield _marked(place, say("cell {cell}", cell=cell_name(row, column)))


def _marked(place: Place, where: object) -> Finding:
    return Finding(
        "SEC-001",
        Severity.ERROR,
        say("A marking of secret or internal papers stands in {where}.", where=where),
        say("Do not publish it. Hand it to the person in charge of state secrets: only they may open it."),
        "C18",
        place=place,
        effect=Effect.REFUSE,
    )
