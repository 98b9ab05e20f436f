"""Finds passages that hide what they say from a reader, and undoes the encodings in which words travel."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from string import ascii_letters
from urllib.parse import unquote

from pipeline.recent import Recent
from pipeline.validate.folding import look_alike
from pipeline.validate.may_match import MayMatch

_JOINERS = "\u200c\u200d"
_DIRECTION = "\u200e\u200f\u061c"
_UNUSUAL = re.compile(r"[^\n\r\t -~]")
_RUN = re.compile(r"[^\W\d_]+")
_SPELLED = re.compile(r"(?<!\w)(?:\w(?:[ .\-_*/|]|  )){5,}\w(?!\w)")
_FOREIGN_WORDS = 2
_STYLED = re.compile("[\uff21-\uff5a\u24b6-\u24e9\U0001d400-\U0001d7ff\U0001f110-\U0001f189\U0001f1e6-\U0001f1ff]{3,}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_BASE32 = re.compile(r"\b[A-Z2-7]{16,}={0,6}")
_HEX = re.compile(r"\b(?:0x)?(?:[0-9a-f]{2}[ :,]?){10,}\b", re.IGNORECASE)
_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}){4,}")
_BINARY = re.compile(r"(?:[01]{8}[ ,]?){6,}")
_LEET = str.maketrans("4031579@$!", "aoeistgasi")
_ROT13 = str.maketrans(ascii_letters, codecs.encode(ascii_letters, "rot13"))
_READABLE = 0.9


def disguises(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, what) of characters that do not show, look-alike or styled letters, and unknown scripts."""
    for unusual in _UNUSUAL.finditer(text):
        index, char = unusual.start(), unusual[0]
        if _invisible(text, index, char):
            yield index, index + 1, f"a character that does not show (U+{ord(char):04X})"
    if not text.isascii():
        for match in _STYLED.finditer(text):
            yield *match.span(), "letters in a form that is no handwriting of work"
    for match in _SPELLED.finditer(text) if "spelled" in _MAY_BE_THERE(text) else ():
        if sum(char.isalpha() for char in match[0]) > len(match[0]) // 3:
            yield *match.span(), "words spelled letter by letter"
    if not text.isascii():
        yield from _strange_words(text)


def _strange_words(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield words of several scripts, and passages in an unknown one; plain Latin letters are neither."""
    foreign: list[re.Match[str]] = []
    for match in (one for one in _RUN.finditer(text) if not one[0].isascii()):
        if _mixed(match[0]):
            yield *match.span(), "letters of several scripts in one word"
        elif not any("LATIN" in unicodedata.name(char, "LATIN") for char in match[0]):
            foreign.append(match)
    if len(foreign) >= _FOREIGN_WORDS or any(len(match[0]) >= 6 and not _alphabetic(match[0]) for match in foreign):
        yield foreign[0].start(), foreign[-1].end(), "a passage in a script that the word lists cannot read"


def decoded(text: str) -> Iterator[tuple[int, int, str, str]]:
    """Yield (start, end, how, words) for whatever in ``text`` may be words in an encoding."""
    there = _MAY_BE_THERE(text)
    for how, (pattern, decode) in _DECODERS.items():
        for match in pattern.finditer(text) if how in there else ():
            inner = _words(decode, match[0])
            if inner:
                yield *match.span(), how, inner
    whole = (
        ("rot13", text.translate(_ROT13)),
        ("reversed letters", text[::-1]),
        ("digits for letters", text.translate(_LEET)),
        ("percent encoding", unquote(text)),
        ("entities", html.unescape(text)),
        ("split letters", _joined(text) if "spelled" in there else text),
    )
    for how, inner in whole:
        if text and inner != text:
            yield 0, len(text), how, inner


def _invisible(text: str, index: int, char: str) -> bool:
    """Whether a character does not show; joiners and marks of direction may stand beside letters that need them."""
    if char.isascii():
        return unicodedata.category(char) == "Cc" and char not in "\n\t\r"
    if unicodedata.category(char) not in {"Cf", "Cc", "Co", "Cn", "Zl", "Zp"} and not _selector(char):
        return False
    beside = text[max(0, index - 1) : index] + text[index + 1 : index + 2]
    if char in _JOINERS + _DIRECTION or _selector(char):
        return not any(not one.isascii() and not _selector(one) and one not in _JOINERS + _DIRECTION for one in beside)
    return True


def _selector(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _mixed(word: str) -> bool:
    """Whether a word of Latin letters holds look-alikes of another script, as no language writes it."""
    latin = sum("LATIN" in unicodedata.name(char, "") for char in word)
    others = [char for char in word if "LATIN" not in unicodedata.name(char, "LATIN") and look_alike(char)]
    greek_symbol = len(others) == 1 and "GREEK" in unicodedata.name(others[0])
    return latin > 0 and bool(others) and not greek_symbol


def _alphabetic(word: str) -> bool:
    return any(script in unicodedata.name(word[0], "") for script in ("GREEK", "CYRILLIC", "ARMENIAN", "GEORGIAN"))


def _joined(text: str) -> str:
    return _SPELLED.sub(lambda match: re.sub(r"(?<=\w)[ .\-_*/|](?=\w)", "", match[0]), text)


def _words(decode: Callable[[str], bytes], encoded: str) -> str:
    """Return what an encoded text says, or nothing where it is no text."""
    try:
        inner = decode(encoded).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
    printable = sum(char.isprintable() or char.isspace() for char in inner)
    return inner if inner and printable / len(inner) >= _READABLE else ""


def _from_base64(encoded: str) -> bytes:
    plain = encoded.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


def _from_base32(encoded: str) -> bytes:
    plain = encoded.rstrip("=")
    return base64.b32decode(plain + "=" * (-len(plain) % 8))


def _from_hex(encoded: str) -> bytes:
    return bytes.fromhex(re.sub(r"[ :,]", "", encoded.removeprefix("0x")))


def _from_binary(encoded: str) -> bytes:
    return bytes(int(byte, 2) for byte in re.findall(r"[01]{8}", encoded))


def _from_escapes(encoded: str) -> bytes:
    return codecs.decode(encoded, "unicode_escape").encode("utf-8")


_DECODERS: dict[str, tuple[re.Pattern[str], Callable[[str], bytes]]] = {
    "base64": (_BASE64, _from_base64),
    "base32": (_BASE32, _from_base32),
    "hexadecimal": (_HEX, _from_hex),
    "binary": (_BINARY, _from_binary),
    "escapes": (_ESCAPES, _from_escapes),
}
PATTERNS = {"spelled": _SPELLED, **{how: pattern for how, (pattern, _) in _DECODERS.items()}}
"""What shows that words may be hidden in a text, by how they are."""
_MAY_BE_THERE = Recent(MayMatch({how: pattern.pattern for how, pattern in PATTERNS.items()}).named)
