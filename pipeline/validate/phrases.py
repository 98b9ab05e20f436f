"""Finds the phrases of a word list in texts, as spans.

A phrase is matched as whole words, whatever the case, with any white space, hyphens or underscores
between its words. ``word*`` stands for any ending, ``one|two`` for either word, ``...`` for up to
four words between, ``<name>`` for any phrase of the set with that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from pipeline.schema.base import Record, Slug, Text
from pipeline.schema.verdict import Finding
from pipeline.validate.may_match import MayMatch
from pipeline.validate.remembered import Remembered

_WORD = r"[\w'\u2019]+"
_BETWEEN_WORDS = r"[\s\-\u2010-\u2013]+"
_GAP = rf"{_BETWEEN_WORDS}(?:{_WORD}[,;:]?{_BETWEEN_WORDS}){{0,4}}?"
_PHRASE_WORD = re.compile(r"[\w'\u2019]+\*?(\|[\w'\u2019]+\*?)*|<[a-z_]+>")
_NEGATED_WITHIN = 3


def _checked_phrase(phrase: str) -> str:
    words = phrase.replace("-", " ").split()
    if not words or words[0] == "..." or words[-1] == "...":
        raise ValueError("a phrase starts and ends with a word or a <set>")
    for word in words:
        if word != "..." and not _PHRASE_WORD.fullmatch(word):
            raise ValueError(f"{word!r} is not a word, a word with a final *, words joined by |, a <set>, or ...")
    return phrase


Span = tuple[int, int, str]
"""Start and end of a match, and the group that matched."""

Phrase = Annotated[Text, AfterValidator(_checked_phrase)]
"""A phrase in the notation of this module."""


class PhraseGroup(Record):
    """Phrases that show the same thing. ``note`` says what, to the reader of a finding."""

    note: Text
    phrases: tuple[Phrase, ...] = Field(min_length=1)


class Lexicon(Record):
    """A word list: groups of phrases, what excuses them, and words that turn a match around.

    ``sets`` are named lists of phrases that other phrases use as ``<name>``; they hold no set themselves.
    A match inside an ``allowed`` phrase is none; nor is one with a word of ``negations`` among the
    three words before it.
    """

    version: Text
    sets: dict[Slug, tuple[Phrase, ...]] = Field(default_factory=dict)
    groups: dict[Slug, PhraseGroup] = Field(min_length=1)
    allowed: tuple[Phrase, ...] = ()
    negations: tuple[Phrase, ...] = ()

    @model_validator(mode="after")
    def _sets_exist(self) -> Self:
        nested = [phrase for phrases in self.sets.values() for phrase in phrases if "<" in phrase]
        if nested:
            raise ValueError(f"a set holds plain phrases only, not {nested[0]!r}")
        used = [phrase for group in self.groups.values() for phrase in group.phrases]
        for phrase in (*used, *self.allowed, *self.negations):
            unknown = [word for word in phrase.split() if word[0] == "<" and word[1:-1] not in self.sets]
            if unknown:
                known = ", ".join(self.sets) or "none"
                raise ValueError(f"{phrase!r}: there is no set {unknown[0]}; there are {known}")
        return self

    @cached_property
    def spans(self) -> Remembered[tuple[Span, ...]]:
        """Gives the matches in a text, in order: start, end, group."""
        return Remembered(self._spans_in)

    def _spans_in(self, text: str) -> tuple[Span, ...]:
        spoken = text.replace("_", " ")  # so that words inside a tool's name count as words; spans stay
        found = (
            (match.start(), match.end(), name)
            for name in self._may_match.named(spoken)
            for match in self.compiled[name].finditer(spoken)
            if not self.excused(spoken, match.start(), match.end())
        )
        return tuple(sorted(found))

    def may_match(self, text: str) -> bool:
        """Whether there may be a match in a text; where not, there is none in any part of it either."""
        return bool(self._may_match.named(text.replace("_", " ")))

    def extended(self, extra: Mapping[str, PhraseGroup]) -> Lexicon:
        """Return the list with groups beside its own, made once for each set of them."""
        key = tuple((name, group.note, group.phrases) for name, group in extra.items())
        if key not in self._extended:
            self._extended.clear()
            fields = {name: getattr(self, name) for name in type(self).model_fields}
            self._extended[key] = Lexicon.model_construct(**{**fields, "groups": {**self.groups, **extra}})
        return self._extended[key]

    @cached_property
    def _extended(self) -> dict[tuple[tuple[str, str, tuple[str, ...]], ...], Lexicon]:
        return {}

    @cached_property
    def _may_match(self) -> MayMatch:
        return MayMatch({name: pattern.pattern for name, pattern in self.compiled.items()})

    @cached_property
    def compiled(self) -> dict[str, re.Pattern[str]]:
        """One pattern a group."""
        return {name: any_of(group.phrases, self.sets) for name, group in self.groups.items()}

    @cached_property
    def _allowed(self) -> re.Pattern[str] | None:
        return any_of(self.allowed, self.sets) if self.allowed else None

    @cached_property
    def _negations(self) -> re.Pattern[str] | None:
        return any_of(self.negations, self.sets) if self.negations else None

    def excused(self, text: str, start: int, end: int) -> bool:
        """Whether the span lies in an allowed phrase, or is negated."""
        if self._allowed and any(m.start() <= start and end <= m.end() for m in self._allowed.finditer(text)):
            return True
        if not self._negations:
            return False
        clause = re.split(r"[.!?;\n]", text[:start])[-1]
        before = re.findall(_WORD, clause)[-_NEGATED_WITHIN:]
        return bool(self._negations.search(" ".join(before)))


def any_of(phrases: Sequence[str], sets: Mapping[str, Sequence[str]] | None = None) -> re.Pattern[str]:
    """Return the pattern that matches any of the phrases; longer phrases first."""
    return re.compile(rf"(?<!\w){_alternatives(phrases, sets or {})}(?!\w)", re.IGNORECASE)


def find(
    lexicon: Lexicon, texts: Iterable[tuple[str, str]], extra: dict[str, PhraseGroup] | None = None
) -> list[Finding]:
    """Return a finding for every match in (place, text) pairs, in order of text and span.

    Args:
        lexicon: the word list.
        texts: dotted places and the texts there.
        extra: groups beside those of the lexicon (names that come from the seeds).
    """
    searched = lexicon.extended(extra) if extra else lexicon
    return [
        Finding(place=place, text=text[start:end], note=f"{name}: {searched.groups[name].note}", start=start, end=end)
        for place, text in texts
        for start, end, name in searched.spans(text)
    ]


def _alternatives(phrases: Sequence[str], sets: Mapping[str, Sequence[str]]) -> str:
    ordered = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    return "(?:" + "|".join(_phrase_source(phrase, sets) for phrase in ordered) + ")"


def _phrase_source(phrase: str, sets: Mapping[str, Sequence[str]]) -> str:
    source = ""
    for word in phrase.replace("-", " ").split():
        if word == "...":
            source += _GAP
            continue
        if source and not source.endswith(_GAP):
            source += _BETWEEN_WORDS
        if word.startswith("<"):
            source += _alternatives(sets[word[1:-1]], {})
        else:
            source += "(?:" + "|".join(_word_source(option) for option in word.split("|")) + ")"
    return source


def _word_source(word: str) -> str:
    stem = re.escape(word.removesuffix("*")).replace("'", "['\u2019]")
    return stem + r"\w*" if word.endswith("*") else stem
