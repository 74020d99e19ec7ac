"""Vietnamese text for comparing and for showing: without marks, and with what could name a person masked."""

import re
import unicodedata

from checks.identifiers import is_citizen_number

_TOKEN = re.compile(r"(?<![\w.])\d{12}(?!\w)|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d")
_SHOWN = 200  # characters of a cell in a preview or a message


def fold(text: str) -> str:
    """`text` in lower case, without Vietnamese marks, every run of other characters one space.

    "Số CCCD/CMND" → "so cccd cmnd". For comparing only: distinct words may fold to the same.
    """
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d").replace("ð", "d"))
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9%]+", " ", letters).strip()


def masked(value: str) -> str:
    """`value` with only its ends readable: `040********12`, `Ng***`, `an***@gmail.com`; of a date nothing."""
    name, at, host = value.partition("@")
    if at:
        return f"{name[:2]}***@{host}"
    if len(value) <= 3 or _DATE.match(value):
        return "***"
    if sum(letter.isdigit() for letter in value) >= 8:
        return f"{value[:3]}********{value[-2:]}"  # always eight: how long it was is not told
    return f"{value[:2]}***"


def shown(value: str, personal: bool = False) -> str:
    """A cell as it may leave the checks: at most 200 characters, masked when `personal`.

    Possible citizen numbers and private e-mail addresses are masked wherever they stand.
    """
    if personal and value:
        return masked(value)
    cut = value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
    return _TOKEN.sub(_mask_if_personal, cut)


def _mask_if_personal(match: re.Match[str]) -> str:
    token = match[0]
    personal = not token.lower().endswith(".gov.vn") if "@" in token else is_citizen_number(token)
    return masked(token) if personal else token
