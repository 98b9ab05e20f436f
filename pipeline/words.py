"""Words of texts, runs of them that two texts can share, and windows that an encoder can read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

N = 13
"""Words of a run (Brown et al., "Language Models are Few-Shot Learners", 2020, appendix C)."""
LONGEST_WORD = 60
"""Characters of a word that are read: what is longer is no word."""

_WORD = re.compile(r"\w+")

Run = tuple[str, ...]


def words_of(text: str) -> list[str]:
    """Return the words of a text without case and punctuation."""
    return [word.casefold() for word in _WORD.findall(text)]


def runs_in(words: Sequence[str], n: int = N) -> Iterator[Run]:
    """Yield each run of ``n`` words, from the first on; none where there are fewer words."""
    return (tuple(words[start : start + n]) for start in range(len(words) - n + 1))


def windows_of(lines: Iterable[str], words: int, stride: int) -> Iterator[str]:
    """Yield windows of so many words, each beginning so many after the one before; the last may be shorter."""
    held: list[str] = []
    fresh = 0
    for line in lines:
        for word in line.split():
            held.append(word[:LONGEST_WORD])
            fresh += 1
            if len(held) == words:
                yield " ".join(held)
                del held[:stride]
                fresh = 0
    if fresh:
        yield " ".join(held)
