"""Which groups of a word list can match a text at all, from the words that stand in it.

A phrase matches only where all its words stand, so a look at the words of a text spares most patterns most texts. It
may name a group that does not match; it never leaves out one that does.
"""

from __future__ import annotations

import functools
import itertools
import operator
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

_TOKEN = re.compile(r"\w+")
_APOSTROPHE = re.compile("['\u2019]")
_DOTLESS = {ord("\u0130"): "i", ord("\u0131"): "i"}
"""Letters that ``re.IGNORECASE`` takes for an ``i`` and ``casefold`` does not."""
_KNOWN_TOKENS = 10_000

Key = tuple[str, bool]
"""A word in casefolded form, and whether it may go on (``word*``)."""

_Phrase = tuple[str, int]
"""A phrase: its group, and the bits of all its words."""
_Needed = tuple[int, _Phrase | None]
"""The bit of a word, and its phrase where it is the rarest word of it."""
_NOTHING: tuple[int, tuple[_Phrase, ...]] = (0, ())


class NeededWords:
    """For each group of phrases, whether a text holds, for every word of one of them, a form of that word.

    Args:
        groups: the phrases of each group, in the notation of :mod:`pipeline.validate.phrases`.
        sets: the phrases that ``<name>`` stands for.
    """

    def __init__(self, groups: Mapping[str, Sequence[str]], sets: Mapping[str, Sequence[str]]) -> None:
        self._always: set[str] = set()
        self._words: dict[str, list[_Needed]] = defaultdict(list)
        self._stems: dict[str, list[_Needed]] = defaultdict(list)
        bits = map((1).__lshift__, itertools.count())
        for name, phrases in groups.items():
            for phrase in phrases:
                self._take_in(name, phrase, sets, bits)
        self._lengths = sorted({len(stem) for stem in self._stems})
        self._known: dict[str, tuple[int, tuple[_Phrase, ...]]] = {}

    def groups_in(self, text: str) -> set[str]:
        """Return the groups that may match a text."""
        there = 0
        possible: list[_Phrase] = []
        for token in set(_TOKEN.findall(text.translate(_DOTLESS).casefold())):
            bits, phrases = self._told_by(token)
            there |= bits
            possible += phrases
        return self._always.union(group for group, bits in possible if there & bits == bits)

    def _take_in(self, group: str, phrase: str, sets: Mapping[str, Sequence[str]], bits: Iterator[int]) -> None:
        """Note a phrase's words; the rarest of them, by guess, is the one that makes the phrase possible."""
        choices = [keys for word in _split(phrase) if (keys := _keys_of_word(word, sets)) is not None]
        if not choices:
            self._always.add(group)
            return
        own = list(zip(choices, bits, strict=False))
        whole = (group, sum(bit for _, bit in own))
        rarest = _rarest(choices)
        for keys, bit in own:
            for word, goes_on in keys:
                (self._stems if goes_on else self._words)[word].append((bit, whole if keys is rarest else None))

    def _told_by(self, token: str) -> tuple[int, tuple[_Phrase, ...]]:
        """Return the bits of the words that a token is a form of, and the phrases of which it is the rarest word."""
        known = self._known.get(token)
        if known is None:
            stems = (self._stems.get(token[:length], ()) for length in self._lengths if length <= len(token))
            needed = [*self._words.get(token, ()), *itertools.chain.from_iterable(stems)]
            bits = functools.reduce(operator.or_, (bit for bit, _ in needed), 0)
            phrases = tuple(dict.fromkeys(phrase for _, phrase in needed if phrase is not None))
            known = (bits, phrases) if bits else _NOTHING
            if len(self._known) >= _KNOWN_TOKENS:
                self._known.clear()
            self._known[token] = known
        return known


def _split(phrase: str) -> list[str]:
    return phrase.replace("-", " ").split()


def _rarest(choices: Sequence[list[Key]]) -> list[Key]:
    """Return the keys of the word that fewest texts hold: that with the fewest forms, then the longest."""
    return min(choices, key=lambda keys: (len(keys), -min(len(word) for word, _ in keys)))


def _keys(phrase: str, sets: Mapping[str, Sequence[str]]) -> list[Key] | None:
    """Return words of which every match of a phrase holds one; ``None`` if that cannot be told."""
    choices = [keys for word in _split(phrase) if (keys := _keys_of_word(word, sets)) is not None]
    return _rarest(choices) if choices else None


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
