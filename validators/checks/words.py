"""Vietnamese text for comparing and for showing: without marks, and with what could name a person masked."""

import re
import unicodedata

from checks.identifiers import is_citizen_number

_TOKEN = re.compile(r"(?<![\w.])\d{12}(?!\w)|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_SHOWN = 200  # characters of a cell in a preview or a message


def fold(text: str) -> str:
    """`text` in lower case, without Vietnamese marks, every run of other characters one space.

    "Số CCCD/CMND" → "so cccd cmnd". For comparing only: distinct words may fold to the same.
    """
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d").replace("ð", "d"))
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9%]+", " ", letters).strip()


def masked(value: str) -> str:
    """`value` with only its ends readable: `040********12`, `Ng***`, `an***@gmail.com`."""
    name, at, host = value.partition("@")
    if at:
        return f"{name[:2]}***@{host}"
    if len(value) >= 8 and sum(c.isdigit() for c in value) >= 6:
        return f"{value[:3]}********{value[-2:]}"  # always eight: the length is no one's business either
    return f"{value[:2]}***" if len(value) > 3 else "***"


def shown(value: str) -> str:
    """A cell as it may be shown: citizen numbers and private e-mail addresses masked, at most 200 characters."""
    cut = value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
    return _TOKEN.sub(_mask_if_personal, cut)


def _mask_if_personal(match: re.Match[str]) -> str:
    token = match[0]
    personal = not token.lower().endswith(".gov.vn") if "@" in token else is_citizen_number(token)
    return masked(token) if personal else token
