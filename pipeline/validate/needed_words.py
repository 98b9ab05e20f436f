"""Which groups of a word list can match a text at all, from the words that stand in it.

A phrase matches only where all its words stand, so a look at the rarest of them spares most patterns most texts. It
may name a group that does not match; it never leaves out one that does.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

_TOKEN = re.compile(r"\w+")
_APOSTROPHE = re.compile("['\u2019]")
_DOTLESS = {ord("\u0130"): "i", ord("\u0131"): "i"}
"""Letters that ``re.IGNORECASE`` takes for an ``i`` and ``casefold`` does not."""
_KNOWN_TOKENS = 50_000

Key = tuple[str, bool]
"""A word in casefolded form, and whether it may go on (``word*``)."""


class NeededWords:
    """For each group of phrases, words of which one stands in every text that a phrase of the group matches.

    Args:
        groups: the phrases of each group, in the notation of :mod:`pipeline.validate.phrases`.
        sets: the phrases that ``<name>`` stands for.
    """

    def __init__(self, groups: Mapping[str, Sequence[str]], sets: Mapping[str, Sequence[str]]) -> None:
        self._always: set[str] = set()
        self._words: dict[str, set[str]] = defaultdict(set)
        self._stems: dict[str, set[str]] = defaultdict(set)
        for name, phrases in groups.items():
            for phrase in phrases:
                keys = _keys(phrase, sets)
                if keys is None:
                    self._always.add(name)
                for word, goes_on in keys or ():
                    (self._stems if goes_on else self._words)[word].add(name)
        self._lengths = sorted({len(stem) for stem in self._stems})
        self._known: dict[str, frozenset[str]] = {}

    def groups_in(self, text: str) -> set[str]:
        """Return the groups that may match a text."""
        found = set(self._always)
        for token in set(_TOKEN.findall(text.translate(_DOTLESS).casefold())):
            found |= self._groups_of(token)
        return found

    def _groups_of(self, token: str) -> frozenset[str]:
        known = self._known.get(token)
        if known is None:
            stems = (self._stems.get(token[:length], ()) for length in self._lengths if length <= len(token))
            known = frozenset(self._words.get(token, set()).union(*stems))
            if len(self._known) >= _KNOWN_TOKENS:
                self._known.clear()
            self._known[token] = known
        return known


def _keys(phrase: str, sets: Mapping[str, Sequence[str]]) -> list[Key] | None:
    """Return words of which every match of a phrase holds one; ``None`` if that cannot be told."""
    choices = [keys for word in phrase.replace("-", " ").split() if (keys := _keys_of_word(word, sets)) is not None]
    return min(choices, key=lambda keys: (len(keys), -min(len(word) for word, _ in keys)), default=None)


def _keys_of_word(word: str, sets: Mapping[str, Sequence[str]]) -> list[Key] | None:
    if word == "...":
        return None
    if word.startswith("<"):
        parts = [_keys(phrase, {}) for phrase in sets[word[1:-1]]]
    else:
        parts = [list(_keys_of_option(option)) or None for option in word.split("|")]
    return None if None in parts else [key for part in parts if part for key in part]


def _keys_of_option(option: str) -> Iterator[Key]:
    """Yield the longest piece of a word between apostrophes, unless letters beyond ASCII are in it."""
    pieces = _APOSTROPHE.split(option.removesuffix("*"))
    longest = max(range(len(pieces)), key=lambda number: len(pieces[number]))
    if pieces[longest] and pieces[longest].isascii():
        yield pieces[longest].casefold(), option.endswith("*") and longest == len(pieces) - 1
