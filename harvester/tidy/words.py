"""The words of Vietnamese print forms: headings, units, totals, notes, signatures, numbering."""

import re

from checks.words import fold

_PREAMBLE = re.compile(
    r"cong hoa xa hoi|doc lap tu do|^(bieu|mau)( so)?\b.{0,40}\d|^phu luc|^kem theo|ban hanh kem"
    r"|\bngay\b.{0,12}\bthang\b.{0,12}\bnam \d|^ngay thang nam 20|^ky bao cao .|^don vi (bao cao|gui|nhan|tong hop|lap)"
    r"|^ngay (nhan|gui|lap) bao cao"
)
_OFFICE = re.compile(r"(ubnd|uy ban nhan dan|hdnd) (tinh|huyen|thi xa|thanh pho|xa|phuong|thi tran)\b")
_NUMBER_OF_PAPER = re.compile(r"số\s*:|số\s*\d*\s*/[A-ZĐ]", re.I)
_UNIT_LINE = re.compile(r"\b(?:đơn vị(?: tính)?|đvt|dvt|don vi(?: tinh)?|unit)\s*[:：]\s*(.+?)\s*\)?\s*$", re.I)
_UNIT = re.compile(
    r"(?:(?:nghin|ngan|trieu|ty|ti|1000|1 000|10\^?\d) ?)*(?:dong|vnd|usd|eur|nguoi|ho|khau|ha|m|m2|m3|km|km2"
    r"|cm|mm|tan|ta|yen|kg|gam|g"
    r"|con|cai|chiec|bo|luot|luot nguoi|luot khach|truong|lop|phong|hoc sinh|giuong|giuong benh|co so|vu|cay"
    r"|kwh|mw|kw|lit|l|ml|ca|cap"
    r"|diem|nam|thang|ngay|gio|thon|xom|xa|dn|doanh nghiep|htx|dt|quyen|san pham|sp|hecta|mg l|mg|°c|do c"
    r"|m2 nguoi|tan ha|ta ha"
    r"|nguoi km2|lan|cong|bai|ho so|can|cong trinh|du an|to|hoc vien|can bo|giao vien|benh nhan|phieu|trieu"
    r"|ty|nghin|mb|gb)?"
)
_UNIT_IN_LABEL = re.compile(r"\s*[(\[]\s*(?:đvt\s*:\s*|đơn vị(?: tính)?\s*:\s*)?([^()\[\]]{1,30})[)\]]\s*", re.I)
_TOTAL = re.compile(
    r"(tong cong|tong so|tong|cong|toan tinh|toan huyen|toan xa|toan thanh pho|toan nganh|toan quoc|ca tinh"
    r"|ca nuoc|ca huyen|ca nam|total"
    r"|grand total|sum|tong cong toan tinh|tong toan tinh|luy ke|tong cong cac don vi)"
    r"|(tong cong|tong so|tong|cong)( ([ivx]+|\d+|[a-h]|va))+|(tong cong|tong so|tong|cong)( la"
    r"| co)? \d+ [a-z ]{1,20}|(cong|tong cong|tong so|tong) (nhom|muc|phan|khu vuc|trang|toan tinh|[ivx]+"
    r"|[a-h])( .{0,30})?"
)
_LIKE_TOTAL = re.compile(r"\W*(?:t[oổôố]|c[oộô]ng|c[aả]|grand|sum|l[uũ]y)", re.I)  # spares folding every name
_TOTAL_OF = re.compile(r"(?:tong cong|tong so|tong|cong) (?:tren dia ban|toan|ca tinh|ca huyen|chung|cac)\b")
_OF_WHICH = re.compile(r"^\W*trong đó\b", re.I)
_NOTE = re.compile(
    r"^\W*(ghi chú|chú thích|chú giải|nguồn(?: số liệu| dữ liệu| tin)?|nơi nhận|lưu ý|note|source)\s*[:：]"
    r"|^\(?\*+\)?\s*\S|^\((\d|[a-z])\)\s+\D{6}"
    r"|^\W*(ghi chú|nơi nhận)\W*$",
    re.I,
)
_SIGNATURE = re.compile(
    r"^(tm|kt|tuq|tl|q) ?(uy ban|chu tich|giam doc|hieu truong|truong phong|thu truong|cuc truong|chi cuc)"
    r"|^(nguoi|can bo) (lap|bao cao|thuc hien|thong ke)( bieu| bang| bao cao)?$"
    r"|^(thu truong|ke toan|ke toan truong|chu tich|giam doc|pho giam doc|hieu truong|truong phong|truong ban"
    r"|chanh van phong|nguoi kiem tra"
    r"|nguoi tong hop|nguoi duyet|lanh dao|cuc truong|chi cuc truong|phu trach|xac nhan)( don vi| co quan"
    r"| dia phuong| ubnd.*| so .*)?$"
    r"|ky (va )?(ghi ro )?ho (va )?ten|ky ten|dong dau|^(tm|kt|tuq) |ngay (\d{1,2} )?thang (\d{1,2} )?nam (20)?\d*"
)
STT = frozenset(("stt", "tt", "so tt", "so thu tu", "no", "thu tu", "s t t", "t t", "ordinal", "stt no"))
"""What the column of running numbers is called, folded."""

NUMBERED = re.compile(r"\(?(?:\d{1,2}[a-z]?|[A-Ha-h])\)?(?:\s*=.*)?")
"""A cell in the row of column numbers: 1, (2), A, (3)=(1)+(2)."""

_LETTER = re.compile(r"kinh gui|ve viec|v v |so [a-z]+ .*tinh|ubnd|uy ban|can cu|thuc hien|bao cao\b")

_ROMAN = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_NUMERAL = re.compile(r"^\s*\(?([IVX]{1,6}|[A-Z]|\d{1,3}(?:\.\d{1,2}){0,3}|[a-zđ])\s*[.)/:\-–]+\s*(?=\S)")


def bare(text: str) -> str:
    """`text` on one line, single spaces."""
    return " ".join(text.split())


def is_preamble(text: str) -> bool:
    """Whether a cell belongs above a table: heading of the state, number, place and date, name of the form, unit."""
    if text.rstrip().endswith(":") or _NUMBER_OF_PAPER.match(text.strip()):
        return True
    return bool(_PREAMBLE.search(fold(text))) or unit_line(text) is not None


def is_office(text: str) -> bool:
    """Whether a cell is the name of a people's committee, which heads a paper when few cells stand beside it."""
    return bool(_OFFICE.match(fold(text)))


def is_prose(text: str) -> bool:
    """Whether a line is of a letter or a report, not an entry of a list."""
    return (
        len(text) > 60
        or ": " in text
        or text.endswith((".", ";", ":"))
        or is_preamble(text)
        or bool(_LETTER.match(fold(text)))
    )


def unit_line(text: str) -> str | None:
    """The unit that a line such as "Đơn vị tính: triệu đồng" gives to a whole table; None if it is no such line."""
    found = _UNIT_LINE.search(text)
    if not found or len(text) > 80:
        return None
    unit = bare(found[1]).strip(" .;,()")
    return unit if is_unit(unit) or re.search(r"t[íi]nh|[đd]vt", found[0], re.I) else None


def is_unit(text: str) -> bool:
    """Whether `text` is a unit of measurement."""
    words = fold(text.replace("²", "2").replace("³", "3"))
    return (
        "%" in text
        or "‰" in text
        or bool(words and _UNIT.fullmatch(words))
        or bool("/" in text and all(part.strip() and _UNIT.fullmatch(fold(part)) for part in text.split("/")))
    )


def without_unit(label: str) -> tuple[str, str]:
    """A level of a header without its unit in brackets, and the unit: "Diện tích (ha)" → "Diện tích", "ha"."""
    found = next((f for f in _UNIT_IN_LABEL.finditer(label) if is_unit(f[1])), None)
    if found is None:
        return label, ""
    return bare(label[: found.start()] + " " + label[found.end() :]), found[1].strip()


def is_total(text: str) -> bool:
    """Whether a row so called sums up others: "Tổng cộng", "Cộng mục I", not "Tổng công ty Sông Lam"."""
    if len(text) > 60 or not _LIKE_TOTAL.match(text):
        return False
    words = fold(text)
    return bool(_TOTAL.fullmatch(words) or _TOTAL_OF.match(words)) and "công ty" not in text.lower()


def is_of_which(text: str) -> bool:
    """Whether the text begins with "Trong đó"."""
    return bool(_OF_WHICH.match(text))


def is_note(text: str) -> bool:
    """Whether a line stands below tables: notes, sources, addressees."""
    return bool(_NOTE.match(text.strip()))


def is_signature(text: str) -> bool:
    """Whether a cell is of a block of signatures: office, "(Ký, ghi rõ họ tên)", place and date."""
    return len(text) < 80 and bool(_SIGNATURE.search(fold(text)))


def is_roman(text: str) -> bool:
    """Whether `text` is a numeral such as IV."""
    return bool(text) and bool(_ROMAN.fullmatch(text))


def numeral(text: str) -> tuple[str, str]:
    """The numeral in front of a heading, and the heading: "II. Khối xã" → "II", "Khối xã"; ("", text) without one."""
    found = _NUMERAL.match(text)
    return (found[1], text[found.end() :].strip()) if found else ("", text)
