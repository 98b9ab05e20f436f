"""How diverse the rows of a release are, and the floors that a specification sets."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.schema.base import Record, Sha256, Text

Facet = Literal["domains", "organisations", "people", "tools", "risk_types", "motives", "places"]
"""What is spread over the rows. ``people`` are names of two or three words in the sender and the tools' data."""


class Distances(Record):
    """How far rows lie from the nearest of some others: 1 - cosine of plots, 0 for the same plot."""

    others: int = Field(ge=1, description="how many others there are for a row to be near to")
    minimum: float
    low: float = Field(description="5th percentile over the rows")
    median: float


class PlotDiversity(Record):
    """Diversity of what happens, from the embeddings of masked plots.

    ``vendi`` is the Vendi score (Friedman and Dieng 2023, arXiv:2210.02410): the effective number of distinct plots,
    from 1 to the number of rows; ``vendi_share`` is its share of that number.
    """

    encoder_hash: Sha256 = Field(description="of the encoder's weights: equal hash, comparable figures")
    vendi: float
    vendi_share: float
    nearest: Distances | None = Field(description="to the other rows; null where there is only one row")
    nearest_exemplar: Distances | None = Field(default=None, description="to the exemplars; null without any")
    nearest_previous: Distances | None = Field(default=None, description="to the previous release; null without one")


class ProseDiversity(Record):
    """Diversity of how it is told: background, opening message and notes.

    ``distinct_N`` is the number of distinct N-grams over all N-grams (Li et al. 2016, arXiv:1510.03055); it
    falls as texts grow in number. ``self_bleu`` is the mean BLEU (0 to 100) of a row's prose against that of the others
    (Zhu et al. 2018, arXiv:1802.01886), over ``self_bleu_rows`` rows; it rises with their number.
    """

    distinct_1: float | None
    distinct_2: float | None
    distinct_3: float | None
    self_bleu: float | None
    self_bleu_rows: int


class Spread(Record):
    """How evenly the rows use the values of one facet.

    ``effective`` is the exponential of the Shannon entropy of the shares: the number of equally
    frequent values that would be as diverse (Hill number of order 1). ``evenness`` is the entropy over
    its maximum, null for a single value. ``most_common_share`` is the share of rows that hold the
    most common value, the first in order among equals.
    """

    values: int = Field(ge=1)
    effective: float
    evenness: float | None
    most_common: Text
    most_common_share: float


class Diversity(Record):
    """The diversity of a set of rows. What cannot be measured is null, never 0."""

    rows: int = Field(ge=0)
    plots: PlotDiversity | None = Field(description="null without rows or without an encoder")
    prose: ProseDiversity
    spread: dict[Facet, Spread] = Field(description="a facet is left out where no row has a value")


class DiversityFloors(Record):
    """What a release has to reach, each optional; one below is not made.

    Names ending in ``_maximum`` are ceilings, all others floors. A figure that has a floor and cannot be
    measured misses it.
    """

    vendi: float | None = Field(default=None, ge=1)
    vendi_share: float | None = Field(default=None, gt=0, le=1)
    nearest_minimum: float | None = Field(default=None, gt=0, le=2)
    nearest_median: float | None = Field(default=None, gt=0, le=2)
    nearest_exemplar_minimum: float | None = Field(default=None, gt=0, le=2)
    nearest_exemplar_median: float | None = Field(default=None, gt=0, le=2)
    nearest_previous_minimum: float | None = Field(default=None, gt=0, le=2)
    nearest_previous_median: float | None = Field(default=None, gt=0, le=2)
    distinct_1: float | None = Field(default=None, gt=0, le=1)
    distinct_2: float | None = Field(default=None, gt=0, le=1)
    distinct_3: float | None = Field(default=None, gt=0, le=1)
    self_bleu_maximum: float | None = Field(default=None, ge=0, le=100)
    domains_effective: float | None = Field(default=None, ge=1)
    organisations_effective: float | None = Field(default=None, ge=1)
    people_effective: float | None = Field(default=None, ge=1)
    tools_effective: float | None = Field(default=None, ge=1)
    risk_types_effective: float | None = Field(default=None, ge=1)
    motives_effective: float | None = Field(default=None, ge=1)
    places_effective: float | None = Field(default=None, ge=1)
    people_share_maximum: float | None = Field(default=None, gt=0, le=1)
