"""Codes and numbers that name something: digits are text here, and zeros in front belong to them."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from checks.identifiers import is_citizen_number
from checks.words import fold
from harvester.tidy.cells import Value

_CODES = re.compile(
    r"^ma\b(?! luc)|\bma (?:so|xa|huyen|tinh|dinh danh|buu|vung|don vi|ho|hs|hoc sinh|benh|thuoc|hang|dvhc"
    r"|truong|dn|co so)\b|\bmst\b|\bmsdn\b|\bma so\b"
    r"|\b(?:so )?(?:cccd|cmnd|cmt|dinh danh|can cuoc|ho chieu|bhxh|bhyt)\b|\bso (?:dien thoai|dt|the"
    r"|tai khoan|hieu|giay phep|gcn|dang ky|so)\b"
    r"|\b(?:dien thoai|sdt|dtdd|di dong|fax|hotline|zalo)\b|^(?:dt|tel|phone|mobile|stk|code|id|zip)$"
    r"|\bcode\b|\bbien so\b|\bso hieu\b|\bso quyet dinh\b|\b(?:so )?dkkd\b"
)
_PHONES = re.compile(r"\b(?:dien thoai|sdt|so dt|dtdd|di dong|phone|tel|mobile|zalo|hotline)\b|^dt$")
_CITIZENS = re.compile(r"\b(?:cccd|can cuoc|dinh danh)\b")
_TAX = re.compile(r"\bmst\b|\bma so thue\b|\bmsdn\b|\bma so (?:doanh nghiep|dn)\b")
_UNITS = {
    "ma tinh": 2,
    "ma huyen": 3,
    "ma xa": 5,
    "ma phuong xa": 5,
    "ma xa phuong": 5,
    "ma quan huyen": 3,
    "ma dvhc xa": 5,
}
_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)


def is_identifier(label: str) -> bool:
    """Whether the header says that its column holds codes, phone numbers or the like."""
    return bool(_CODES.search(fold(label)))


def restored(label: str, cells: Sequence[Value], widths: Mapping[int, int]) -> dict[int, str]:
    """The codes whose leading zeros a spreadsheet has eaten, whole again, by index.

    Known by the format of the cell ("00000"), the rules of the code (phone, citizen number, tax code, unit), or the one
    length of the codes that were kept as text.
    """
    numeric = {i: str(int(cell)) for i, cell in enumerate(cells) if isinstance(cell, int | float) and _is_code(cell)}
    if not numeric:
        return {}
    found = {i: numeric[i].zfill(width) for i, width in widths.items() if i in numeric}
    words = fold(label)
    length = _UNITS.get(words) or _one_length(cells)
    for index, digits in numeric.items():
        if index not in found:
            whole = _whole(words, digits, length)
            if whole != digits:
                found[index] = whole
    return {i: whole for i, whole in found.items() if whole != numeric[i]}


def _is_code(cell: int | float) -> bool:
    return not isinstance(cell, bool) and 0 <= cell < 1e15 and float(cell).is_integer()


def _whole(words: str, digits: str, length: int) -> str:
    if _PHONES.search(words):
        return "0" + digits if re.fullmatch(r"[35789]\d{8}|2\d{9}", digits) else digits
    if _CITIZENS.search(words):
        return digits.zfill(12) if len(digits) in (10, 11) and is_citizen_number(digits.zfill(12)) else digits
    if _TAX.search(words):
        return "0" + digits if len(digits) == 9 and _is_tax_code("0" + digits) else digits
    return digits.zfill(length) if length else digits


def _one_length(cells: Sequence[Value]) -> int:
    """The length of the codes kept as text, if they all have one and some begin with zero; else 0."""
    texts = [cell.strip() for cell in cells if type(cell) is str and cell.strip().isdigit()]
    lengths = Counter(map(len, texts))
    zeros = sum(text.startswith("0") for text in texts)
    return next(iter(lengths)) if len(lengths) == 1 and zeros and len(texts) > 1 else 0


def _is_tax_code(digits: str) -> bool:
    check = 10 - sum(int(d) * w for d, w in zip(digits, _WEIGHTS, strict=False)) % 11
    return check == int(digits[9])
