"""Groups of regular expressions, as the gates' lists hold them, and their matches in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from pydantic import Field, field_validator

from pipeline.schema.base import Record, Text
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


def may_match(groups: Mapping[str, PatternGroup]) -> MayMatch:
    """Return what tells which groups may match a text."""
    return MayMatch({name: group.compiled.pattern for name, group in groups.items()})


def found_in(text: str, groups: Mapping[str, PatternGroup], possible: MayMatch) -> Iterator[tuple[int, int, str]]:
    """Yield the matches of groups in a text, one group after the other: start, end, name of the group."""
    for name in possible.named(text):
        for match in groups[name].compiled.finditer(text):
            yield match.start(), match.end(), name
