"""Finds in a scenario the words that a judge says it quotes. Words that do not stand there are no evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipeline.schema.verdict import Finding

LEAST_WORDS = 3
"""Fewer words than this show nothing."""

_ALIKE = {**dict.fromkeys("'\u2018\u2019`", "['\u2018\u2019`]"), **dict.fromkeys('"\u201c\u201d', '["\u201c\u201d]')}
_EDGES = " \t\n\"'`*_\u2018\u2019\u201c\u201d\u2026-.:>"
_QUOTED = re.compile(r"[\"\u201c]([^\"\u201c\u201d]+)[\"\u201d]")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")


def find_quote(said: str, texts: Sequence[tuple[str, str]], note: str) -> Finding | None:
    """Return where words stand that a judge quoted, letter case, spacing and the form of quotation marks apart.

    Tried are the whole, then what stands between quotation marks in it, then its sentences and lines.

    Args:
        said: what the judge wrote.
        texts: (place, text) of all that it was shown.
        note: of the finding.

    Returns:
        A span of at least :data:`LEAST_WORDS` words; ``None`` if no such part of ``said`` stands in any text.
    """
    for words in _candidates(said):
        pattern = re.compile(r"\s+".join(_pattern(word) for word in words), re.IGNORECASE)
        for place, text in texts:
            if match := pattern.search(text):
                return Finding(place=place, text=match[0], note=note, start=match.start(), end=match.end())
    return None


def _candidates(said: str) -> Iterator[list[str]]:
    for part in (said, *_QUOTED.findall(said), *_SENTENCE_END.split(said)):
        words = part.strip(_EDGES).split()
        if len(words) >= LEAST_WORDS:
            yield words


def _pattern(word: str) -> str:
    return "".join(_ALIKE.get(char) or re.escape(char) for char in word)
