"""What differs between two releases, as records. A figure that cannot be measured is ``None``, never 0."""

from __future__ import annotations

from pydantic import Field

from pipeline.schema.base import Json, Record, Slug, Text


class RowChange(Record):
    """A row that stands in one of the two releases alone. ``reason`` says why it retired, where the later one does."""

    id: Text
    motive: Text
    risk_type: Text
    domain: Text
    split: Text
    reason: Text | None = None


class Change(Record):
    """A setting, model, prompt, seed or program that differs; ``None`` where one of the two lacks it."""

    what: Text
    before: Json
    after: Json


class Shift(Record):
    """How far a distribution over the rows has moved.

    ``distance`` is the total variation distance of shares for labels and the Kolmogorov-Smirnov statistic for
    lengths: 0 for the same, 1 for nothing in common. ``p`` is that of the chi-squared test of homogeneity, or
    of the two-sample Kolmogorov-Smirnov test; rows that stand in both releases make it too large, never too small.
    ``None`` where a test cannot be made: fewer than two labels, or counts so small that more than a fifth of
    the expected ones lie below 5 (Cochran 1954).
    """

    of: Slug
    test: Slug
    before: int = Field(ge=0, description="rows of the earlier release")
    after: int = Field(ge=0, description="rows of the later one")
    distance: float | None = Field(ge=0, le=1)
    statistic: float | None
    p: float | None = Field(ge=0, le=1)


class Difference(Record):
    """The answer of ``impress diff A B``."""

    format: Slug = "difference_1"
    before: Text
    after: Text
    added: tuple[RowChange, ...]
    kept: int = Field(ge=0)
    retired: tuple[RowChange, ...]
    anchors: tuple[Text, ...] = Field(description="rows on which rates of the two can be equated")
    opened: int = Field(ge=0, description="rows that the earlier manifest committed to and the later one opens")
    broken: tuple[Text, ...] = Field(description="rows that changed, commitments that do not open; none if sound")
    changes: tuple[Change, ...]
    shifts: tuple[Shift, ...]
    incomparable: tuple[Text, ...] = Field(description="what stops being comparable, in words")
