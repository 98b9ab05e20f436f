"""How a threshold for copies was found: precision and recall on labelled pairs."""

from __future__ import annotations

from pydantic import Field

from pipeline.schema.base import Record, Sha256, Text

Interval = tuple[float, float]


class CurvePoint(Record):
    """What a threshold does: of the pairs at or above it the share of copies, of the copies the share at or above it.

    Intervals are Wilson's at 95%; ``called`` pairs lie at or above ``threshold``, ``right`` of them are copies.
    """

    threshold: float
    called: int = Field(ge=1)
    right: int = Field(ge=0)
    precision: float = Field(ge=0, le=1)
    precision_interval: Interval
    recall: float = Field(ge=0, le=1)
    recall_interval: Interval
    f1: float = Field(ge=0, le=1)


class NoveltyCurve(Record):
    """Points at every cosine of a pair, ascending, and the threshold for the precision asked for.

    ``recommended`` is the point with the best recall among those of at least ``precision``; ``None`` where none is.
    """

    pairs: int = Field(ge=2)
    copies: int = Field(ge=1)
    precision: float = Field(gt=0, le=1)
    recommended: CurvePoint | None
    points: tuple[CurvePoint, ...] = Field(min_length=1)
    encoder: Text
    encoder_hash: Sha256
