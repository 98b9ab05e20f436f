"""Patterns of which only those are tried on a text that may match it at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pipeline.validate.may_match import MayMatch

_FLAGS = re.IGNORECASE | re.MULTILINE | re.UNICODE
"""Of patterns that can be told from afar."""


class Sieve:
    """Compiled patterns by name; one pass over a text (:mod:`pipeline.validate.may_match`) tells which ones to try.

    Those of which it cannot tell are tried on every text: with other flags than letter case and lines, and where
    letter case counts and a class excludes characters.
    """

    def __init__(self, patterns: Mapping[str, re.Pattern[str]]) -> None:
        self._patterns = dict(patterns)
        self._always = {name for name, pattern in patterns.items() if not _told(pattern)}
        told = {name: pattern.pattern for name, pattern in patterns.items() if name not in self._always}
        self._may_match = MayMatch(told)

    def matches(self, text: str) -> Iterator[tuple[str, re.Match[str]]]:
        """Yield the matches in a text with the names of their patterns, one pattern after the other as given."""
        named = self._may_match.named(text)
        if self._always:
            named = [name for name in self._patterns if name in named or name in self._always]
        for name in named:
            for match in self._patterns[name].finditer(text):
                yield name, match


def _told(pattern: re.Pattern[str]) -> bool:
    return not pattern.flags & ~_FLAGS and bool(pattern.flags & re.IGNORECASE or "[^" not in pattern.pattern)
