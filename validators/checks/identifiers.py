"""What a value looks like: the personal identifiers of Viet Nam and their inner checks.

Structure of the citizen number: Decree 137/2015, Circular 07/2016/TT-BCA annex I (the 63 province codes before the
2025 mergers: numbers already issued do not change).
"""

import re

PROVINCES = frozenset(
    "001 002 004 006 008 010 011 012 014 015 017 019 020 022 024 025 026 027 030 031 033 034 035 036 037 038 040 042 "
    "044 045 046 048 049 051 052 054 056 058 060 062 064 066 067 068 070 072 074 075 077 079 080 082 083 084 086 087 "
    "089 091 092 093 094 095 096".split()
)
OLDEST, NEWEST = 1915, 2030  # years of birth; fixed, so that a check gives the same answer on every day

MOBILE = re.compile(r"(?:0|\+?84)[35789]\d{8}")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
PRIVATE_MAIL = re.compile(r"@(?:gmail|yahoo|ymail|hotmail|outlook|icloud|live|proton)\.")
HEALTH_CARD = re.compile(r"[A-Z]{2}[1-5]\d{12}")
PLATE = re.compile(r"\d{2}[A-Z]{1,2}\d?\d{4,6}")
PASSPORT = re.compile(r"[A-Z]\d{7,8}")
_SEPARATORS = re.compile(r"[\s.\-()']+")


def compact(value: str) -> str:
    """`value` without spaces, dots, hyphens, brackets and apostrophes: "0912 345.678" → "0912345678"."""
    return _SEPARATORS.sub("", value)


def is_citizen_number(value: str) -> bool:
    """Twelve digits whose province, century and year of birth are possible (a random number passes in 1.5 %)."""
    return len(value) == 12 and value.isascii() and value.isdigit() and birth_year(value) is not None


def birth_year(number: str) -> int | None:
    """The year of birth in a citizen number; None if the number is impossible."""
    if number[:3] not in PROVINCES or number[3] not in "0123":
        return None
    year = 1900 + 100 * (int(number[3]) // 2) + int(number[4:6])
    return year if OLDEST <= year <= NEWEST else None


def is_citizen_number_without_zeros(value: str) -> bool:
    """A citizen number whose first zero (eleven digits left) or zeros (ten) a spreadsheet has eaten."""
    return (
        len(value) in (10, 11)
        and value.isascii()
        and value.isdigit()
        and value[0] != "0"
        and is_citizen_number(value.zfill(12))
    )


def is_mobile(value: str) -> bool:
    """A mobile number (03, 05, 07, 08, 09), also when its first zero is lost; not a landline or a 1900 number."""
    digits = compact(value)
    return bool(MOBILE.fullmatch(digits) or re.fullmatch(r"[35789]\d{8}", digits))


def is_private_mail(value: str) -> bool:
    """An e-mail address that is not a mailbox of a state agency."""
    return bool(EMAIL.fullmatch(value.strip())) and not value.strip().lower().endswith(".gov.vn")


def is_health_card(value: str) -> bool:
    """A health insurance card: two letters, benefit level, province, ten digits."""
    return bool(HEALTH_CARD.fullmatch(compact(value).upper()))


def is_plate(value: str) -> bool:
    """A vehicle plate, such as 37A-123.45."""
    return bool(PLATE.fullmatch(compact(value).upper()))


def is_passport(value: str) -> bool:
    """A passport number: a letter and seven or eight digits."""
    return bool(PASSPORT.fullmatch(compact(value).upper()))


def has_digits(value: str, fewest: int, most: int) -> bool:
    """Only digits once compacted, between `fewest` and `most` of them."""
    digits = compact(value)
    return digits.isascii() and digits.isdigit() and fewest <= len(digits) <= most


def is_date(value: str) -> bool:
    """A day, or a year in which living people were born."""
    text = value.strip()
    if re.fullmatch(r"\d{4}(\.0)?", text):
        return OLDEST <= int(text[:4]) <= NEWEST
    return bool(re.match(r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}$", text))
