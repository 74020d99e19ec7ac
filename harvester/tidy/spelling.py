"""Vietnamese as it is spelt: what is a syllable, and which dead encoding makes syllables out of odd letters.

Tables: TCVN 5712:1993 (TCVN3), RFC 1456 (VISCII), VNI-Windows by its rule (base letter, then mark). Nothing is
converted unless nearly all odd words become syllables, and enough different ones do.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import lru_cache
from itertools import islice

DECISIVE = 5
"""Different words that must become syllables before a column is converted."""
_SHARE = 0.85  # of the odd words
_LOOKED_AT = 20_000  # different words

_TCVN3 = (
    "a1Ăa2Âa3Êa4Ôa5Ơa6Ưa7Đa8ăa9âaaêabôacơadưaeđb5àb6ảb7ãb8áb9ạbbằbcẳbdẵbeắc6ặc7ầc8ẩc9ẫcaấcbậccèceẻcfẽd0éd1ẹd2ềd3ểd4ễ"
    "d5ếd6ệd7ìd8ỉdcĩddídeịdfòe1ỏe2õe3óe4ọe5ồe6ổe7ỗe8ốe9ộeaờebởecỡedớeeợefùf1ủf2ũf3úf4ụf5ừf6ửf7ữf8ứf9ựfaỳfbỷfcỹfdýfeỵ"
)
_VISCII = (
    "02Ẳ05Ẵ06Ẫ14Ỷ19Ỹ1eỴ80Ạ81Ắ82Ằ83Ặ84Ấ85Ầ86Ẩ87Ậ88Ẽ89Ẹ8aẾ8bỀ8cỂ8dỄ8eỆ8fỐ90Ồ91Ổ92Ỗ93Ộ94Ợ95Ớ96Ờ97Ở98Ị99Ỏ9aỌ9bỈ9cỦ9dŨ9eỤ9fỲ"
    "a0Õa1ắa2ằa3ặa4ấa5ầa6ẩa7ậa8ẽa9ẹaaếabềacểadễaeệafốb0ồb1ổb2ỗb3Ỡb4Ơb5ộb6ờb7ởb8ịb9ỰbaỨbbỪbcỬbdơbeớbfƯc0Àc1Ác2Âc3Ãc4Ảc5Ăc6ẳ"
    "c7ẵc8Èc9ÉcaÊcbẺccÌcdÍceĨcfỳd0Đd1ứd2Òd3Ód4Ôd5ạd6ỷd7ừd8ửd9ÙdaÚdbỹdcỵddÝdeỡdfưe0àe1áe2âe3ãe4ảe5ăe6ữe7ẫe8èe9éeaêebẻ"
    "ecìedíeeĩefỉf0đf1ựf2òf3óf4ôf5õf6ỏf7ọf8ụf9ùfaúfbũfcủfdýfeợffỮ"
)
_VNI_PAIRS = (
    "aùáaøàaûảaõãaïạaââaáấaàầaåẩaãẫaäậaêăaéắaèằaúẳaüẵaëặeùéeøèeûẻeõẽeïẹeâêeáếeàềeåểeãễeäệoùóoøòoûỏoõõoïọoâôoáốoàồoåổoãỗoäộ"
    "ôùớôøờôûởôõỡôïợuùúuøùuûủuõũuïụöùứöøừöûửöõữöïựyùýyøỳyûỷyõỹ"
)
_VNI_SINGLE = "ôơöưñđííììæỉóĩòịîỵ"


def _single(table: str) -> dict[int, str]:
    return {int(code, 16): letter for code, letter in re.findall("([0-9a-f]{2})(.)", table)}


def _vni() -> dict[str, str]:
    found = {_VNI_PAIRS[i : i + 2]: _VNI_PAIRS[i + 2] for i in range(0, len(_VNI_PAIRS), 3)}
    found |= {_VNI_SINGLE[i]: _VNI_SINGLE[i + 1] for i in range(0, len(_VNI_SINGLE), 2)}
    found |= {pair.upper(): letter.upper() for pair, letter in found.items()}
    return found | {pair[0].upper() + pair[1]: letter.upper() for pair, letter in found.items() if len(pair) == 2}


_TABLES = {"tcvn3": _single(_TCVN3), "viscii": _single(_VISCII)}
_VNI = _vni()
_VNI_UNIT = re.compile("|".join(sorted(map(re.escape, _VNI), key=len, reverse=True)))
_1252 = {
    bytes([code]).decode("cp1252"): code for code in range(0x80, 0xA0) if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}


class Encoding(Enum):
    """How text was written that is now seen as if it were in Latin letters of Western Europe."""

    TCVN3 = "TCVN3"
    VNI = "VNI"
    VISCII = "VISCII"
    CP1258 = "windows-1258"
    DOUBLE = "UTF-8 read as windows-1252"


def _bytes(text: str) -> bytes | None:
    """The bytes that were read as windows-1252 or Latin-1; None if there are other letters."""
    codes = [_1252.get(letter, ord(letter)) for letter in text]
    return bytes(codes) if all(code < 256 for code in codes) else None


def _by_table(name: str) -> Callable[[str], str | None]:
    def convert(text: str) -> str | None:
        read = _bytes(text)
        return None if read is None else _raised("".join(_TABLES[name].get(code, chr(code)) for code in read), text)

    return convert


def _from_vni(text: str) -> str | None:
    if any(ord(letter) > 255 for letter in text):
        return None
    return _VNI_UNIT.sub(lambda found: _VNI[found[0]], text)


def _by_codec(name: str) -> Callable[[str], str | None]:
    def convert(text: str) -> str | None:
        read = _bytes(text)
        try:
            return None if read is None else unicodedata.normalize("NFC", read.decode(name))
        except UnicodeDecodeError:
            return None

    return convert


def _raised(converted: str, text: str) -> str:
    """Capitals of fonts such as .VnTimeH, whose marked letters are written small."""
    plain = [letter for letter in text if letter.isascii() and letter.isalpha()]
    return converted.upper() if len(plain) > 1 and all(map(str.isupper, plain)) else converted


_CONVERT: Mapping[Encoding, Callable[[str], str | None]] = {
    Encoding.DOUBLE: _by_codec("utf-8"),
    Encoding.TCVN3: _by_table("tcvn3"),
    Encoding.VNI: _from_vni,
    Encoding.VISCII: _by_table("viscii"),
    Encoding.CP1258: _by_codec("cp1258"),
}


def converted(text: str, encoding: Encoding) -> str | None:
    """`text` read in `encoding`; None if it cannot have been written in it."""
    return _CONVERT[encoding](text)


# ---------------------------------------------------------------- syllables

_ONSET = "ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdđghklmnpqrstvx]|"
_RIME = (
    "[aăâ](?:ch|ng|nh|[cmnpt])|a[iouy]?|â[uy]|[eê](?:ch|ng|nh|[cmnpt])|e[o]?|ê[u]?|i(?:ch|nh|[mnptau]|êc|êm"
    "|ên|êng|êp|êt|êu)?"
    "|o(?:ach|ai|am|an|ang|anh|ao|ap|at|ay|a|ac|ăc|ăm|ăn|ăng|ăt|e|en|eo|et|i|ong|on|om|ooc|oong|ng|n|m|c|p|t)?"
    "|ô(?:i|m|n|ng|c|p|t)?|ơ(?:i|m|n|p|t)?|ôông"
    "|u(?:a|ân|âng|ât|ây|ê|êch|ênh|i|m|n|ng|ơ|p|t|c|y|ya|ych|yên|yêt|ynh|yt|yp|ôc|ôi|ôm|ôn|ông|ôt|yu|ơn)?"
    "|ư(?:a|c|i|m|n|ng|t|u|ơc|ơi|ơm|ơn|ơng|ơp|ơt|ơu)?|y(?:ê[mnut]|êng|t|nh|m)?"
)
_SYLLABLE = re.compile(f"(?:{_ONSET})(?:{_RIME}|(?<=qu)(?:[aăâeêoơyi](?:ng|nh|ch|[cnptouiym])?|yên|yêt|yêng|anh|ang))")
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_STOPPED = re.compile("(?:[cpt]|ch)$")


@lru_cache(maxsize=50_000)
def is_syllable(word: str) -> bool:
    """Whether `word` can be one Vietnamese syllable, its mark of tone included (NFC, any case)."""
    apart = unicodedata.normalize("NFD", word.lower())
    tones = [mark for mark in apart if mark in _TONES]
    bare = unicodedata.normalize("NFC", "".join(mark for mark in apart if mark not in _TONES))
    if len(tones) > 1 or not _SYLLABLE.fullmatch(bare):
        return False
    return not (_STOPPED.search(bare) and tones and tones[0] not in "\u0301\u0323")


_SPLIT = re.compile(r"[\x00-\x1f -@\[-`{-~]+")
_SIGNS = "“”‘’–—…«»•·°²³\u00a0\u200b"


def words_of(text: str) -> set[str]:
    """The different words with a letter beyond ASCII."""
    return set() if text.isascii() else {word for word in _SPLIT.split(text) if not word.isascii()}


def _words(texts: Iterable[str]) -> set[str]:
    """The different words of many texts, at most so many."""
    found: set[str] = set()
    waiting = iter(texts)
    while len(found) < _LOOKED_AT and (some := list(islice(waiting, 10_000))):
        joined = "\n".join(some)
        found |= words_of(joined)
    return found


def is_odd(word: str) -> bool:
    """Whether a word with marks is no Vietnamese syllable as it stands."""
    bare = unicodedata.normalize("NFC", word.strip(_SIGNS))
    return bool(bare) and not bare.isascii() and not is_syllable(bare.replace("Ð", "Đ").replace("ð", "đ"))


def odd_words(texts: Iterable[str]) -> set[str]:
    """The different words in `texts` that are not Vietnamese as they stand."""
    return {word for word in _words(texts) if is_odd(word)}


def encoding_of(odd: set[str], least: int = DECISIVE) -> Encoding | None:
    """The encoding in which nearly all of the odd words are syllables; None unless that is decisive."""
    best, most = None, 0.0
    for encoding in _CONVERT:
        read = [converted(word, encoding) for word in odd]
        good = {word for word in read if word and not word.isascii() and is_syllable(word.strip(_SIGNS))}
        share = sum(word in good for word in read) / max(len(odd), 1)
        if len(good) >= least and share >= _SHARE and share > most:
            best, most = encoding, share
    return best


def best_encoding(text: str) -> Encoding | None:
    """The encoding of a whole text of unknown bytes seen as Latin-1."""
    return encoding_of(odd_words([text]), 1)
