"""Groups of regular expressions, as the gates' lists hold them, and their matches in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from pydantic import Field, field_validator

from pipeline.schema.base import Record, Slug, Text
from pipeline.validate.may_match import MayMatch


def checked_pattern(pattern: str) -> str:
    """Return a regular expression.

    Raises:
        ValueError: if it is none.
    """
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    return pattern


class PatternGroup(Record):
    """Regular expressions that show the same thing; letter case does not count, ``^`` is the start of a line."""

    note: Text
    patterns: tuple[Text, ...] = Field(min_length=1)

    @field_validator("patterns")
    @classmethod
    def _compile(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(checked_pattern(pattern) for pattern in patterns)

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """One pattern for all."""
        return re.compile("|".join(f"(?:{pattern})" for pattern in self.patterns), re.IGNORECASE | re.MULTILINE)


class Patterned(Record):
    """A record with groups of expressions, by name."""

    patterns: dict[Slug, PatternGroup]

    def matches_in(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Yield the matches in a text, one group after the other: start, end, name of the group."""
        for name in self._may_match.named(text):
            for match in self.patterns[name].compiled.finditer(text):
                yield match.start(), match.end(), name

    @cached_property
    def _may_match(self) -> MayMatch:
        return MayMatch({name: group.compiled.pattern for name, group in self.patterns.items()})
