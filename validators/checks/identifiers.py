"""What a value looks like: the personal identifiers of Viet Nam and their inner checks.

Structure of the citizen number: Decree 137/2015, Circular 07/2016/TT-BCA annex I (the 63 province codes before the
2025 mergers: numbers already issued do not change).
"""

import re

PROVINCES = re.compile(
    "0(?:01|02|04|06|08|10|11|12|14|15|17|19|20|22|24|25|26|27|30|31|33|34|35|36|37|38|40|42|44|45|46|48|49|51|52|54"
    "|56|58|60|62|64|66|67|68|70|72|74|75|77|79|80|82|83|84|86|87|89|91|92|93|94|95|96)"
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
    if not PROVINCES.match(number) or number[3] not in "0123":
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
