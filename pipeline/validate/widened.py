"""Turns a regular expression of Python into one of RE2 that matches wherever the first one does, and maybe elsewhere.

RE2 (https://github.com/google/re2/wiki/Syntax) has no look-around and knows words, digits and spaces of ASCII alone. So
look-around, word boundaries and the ends of the text are left out, and every character beyond ASCII counts as a letter,
a digit and a space.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_ODD_I = "\u0130\u0131"
"""Letters that ``re.IGNORECASE`` takes for an ``i`` and RE2 does not."""

_BEYOND = r"\x{80}-\x{10ffff}"
_WIDE = {
    r"\w": rf"0-9A-Za-z_{_BEYOND}",
    r"\d": rf"0-9{_BEYOND}",
    r"\s": rf"\x{{09}}-\x{{0d}}\x{{1c}}-\x{{20}}{_BEYOND}",
}
"""What stands for a kind of character inside a class. The opposites are wide enough in RE2 as they are."""
_KINDS = {*_WIDE, r"\W", r"\D", r"\S"}
_BOUNDARIES = (r"\b", r"\B", r"\A", r"\Z")
_ESCAPE = r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)"
_PIECE = re.compile(rf"{_ESCAPE}|\[\^?\]?|\(\?<?[=!]|\{{,|.", re.DOTALL)
_PIECE_OF_CLASS = re.compile(rf"{_ESCAPE}|.", re.DOTALL)


def for_widened(text: str) -> str:
    """Return a text as a widened pattern is to be looked for in it: what is one with an ``i`` is one."""
    for letter in _ODD_I:
        text = text.replace(letter, "i")
    return text


def widened(pattern: str) -> str:
    """Return an expression of RE2 for one of Python that is meant for ``IGNORECASE`` and ``MULTILINE``.

    Raises:
        ValueError: if there is none: a class excludes words, digits, spaces or their opposites.
    """
    return "".join(_without_look_around(pattern))


def _without_look_around(pattern: str) -> Iterator[str]:
    depth = begun = 0
    for piece, widened_piece in _pieces(pattern):
        depth += (piece[0] == "(") - (piece == ")")
        if piece[0] == "(" and len(piece) > 1 and not begun:
            begun = depth
        elif depth < begun:
            begun = 0
        elif not begun:
            yield widened_piece


def _pieces(pattern: str) -> Iterator[tuple[str, str]]:
    """Yield each piece of an expression with what stands for it; a class is one piece."""
    at = 0
    while at < len(pattern):
        piece = _at(_PIECE, pattern, at)
        at += len(piece)
        if piece[0] != "[":
            yield piece, _outside(piece)
            continue
        inside: list[str] = []
        while at < len(pattern) and (not inside or inside[-1] != "]"):
            inside.append(_at(_PIECE_OF_CLASS, pattern, at))
            at += len(inside[-1])
        yield piece, piece + "".join(_inside(inside, excluded=piece[1:2] == "^"))


def _at(pieces: re.Pattern[str], pattern: str, at: int) -> str:
    found = pieces.match(pattern, at)
    return found[0] if found else pattern[at:]


def _outside(piece: str) -> str:
    if piece in _BOUNDARIES:
        return ""
    if piece in _WIDE:
        return f"[{_WIDE[piece]}]"
    if _character(piece)[0] in _ODD_I:
        return "i"
    return "{0," if piece == "{," else _spelled(piece)


def _inside(pieces: list[str], *, excluded: bool) -> Iterator[str]:
    """Yield what stands for the pieces of a class, its end among them.

    One that holds characters beyond ASCII holds an ``i`` too: the others that are one with it may be among them.
    """
    beyond = False
    for at, piece in enumerate(pieces):
        if piece in _KINDS and excluded:
            raise ValueError(f"{piece} in a class that excludes it")
        beyond = beyond or not _character(piece).isascii()
        if piece == "]":
            yield "i]" if beyond and not excluded else "]"
        elif piece == "[" or (piece == "-" and pieces[at + 1 :] == ["]"]):
            yield f"\\{piece}"
        elif piece == r"\b":
            yield r"\x{08}"
        else:
            yield _WIDE.get(piece) or _spelled(piece)


def _character(piece: str) -> str:
    """Return the character that is told by its number; other pieces as they are."""
    return chr(int(piece[2:], 16)) if _is_number(piece) else piece


def _spelled(piece: str) -> str:
    """Return a character told by its number as RE2 tells it; other pieces as they are."""
    return f"\\x{{{piece[2:]}}}" if _is_number(piece) else piece


def _is_number(piece: str) -> bool:
    return len(piece) > 2 and piece[0] == "\\" and piece[1] in "xuU"
