"""Text of models and people, made safe to show: what cannot be seen is written out."""

from __future__ import annotations

import unicodedata

KEPT = "\n\t"
HIDDEN_CATEGORIES = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
JOINERS = "\u200c\u200d"
"""Zero-width joiners: scripts and emoji need them, and they move nothing."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def visible(text: str) -> str:
    """Write out control, direction and other invisible characters as ``⟨U+202E⟩``; keep line ends and tabs."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if _is_visible(char) else f"⟨U+{ord(char):04X}⟩" for char in text)


def one_line(text: str, length: int | None = None) -> str:
    """Return visible text on one line, cut to ``length`` characters with an ellipsis."""
    line = " ".join(visible(text).split())
    return line if length is None or len(line) <= length else line[: length - 1].rstrip() + "…"


def _is_visible(char: str) -> bool:
    return char in KEPT or char in JOINERS or unicodedata.category(char) not in HIDDEN_CATEGORIES


def words(slug: str) -> str:
    """Return a slug as words."""
    return slug.replace("_", " ")


def count(number: int | None) -> str:
    """Return a number with thin spaces between thousands; ``None`` is unknown."""
    return "unknown" if number is None else f"{number:,}".replace(",", "\u202f")


def cell_text(value: object) -> str:
    """Return a value for a cell of CSV. What a spreadsheet would take for a formula begins with an apostrophe.

    Source: OWASP, "CSV Injection": fields that begin with ``=``, ``+``, ``-``, ``@``, tab or carriage return.
    """
    text = "" if value is None else str(value)
    is_number = isinstance(value, int | float)
    return f"'{text}" if text[:1] in FORMULA_STARTS and not is_number else text
