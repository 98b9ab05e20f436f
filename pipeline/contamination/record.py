"""What was found of contamination, as records. A figure that was not measured is ``None``, never 0."""

from __future__ import annotations

from pydantic import Field

from pipeline.schema.base import Record, Sha256, Slug, Text
from pipeline.schema.calibration import Rate
from pipeline.schema.candidate import Usage


class Side(Record):
    """Rows that were published, or rows that nobody has seen.

    ``recited``: rows of which, to some wording, at least half of the hidden words came back in one run.
    ``share``: the mean share of a row's hidden words that came back in one run, the best over the wordings.
    """

    rows: int = Field(ge=0)
    answered: int = Field(ge=0, description="rows with an answer to at least one wording")
    refused: int = Field(ge=0, description="refusals and empty answers, over all wordings")
    recited: Rate
    share: float | None = Field(default=None, ge=0, le=1)


class Difference(Record):
    """Published minus unseen: the difference of mean shares, its interval, and the chance of one as large by luck.

    ``p`` is that of a one-sided permutation test: how often a random parting of the same rows differs as much. ``low``
    and ``high`` are percentiles of the bootstrap.
    """

    share: float = Field(ge=-1, le=1)
    low: float = Field(ge=-1, le=1)
    high: float = Field(ge=-1, le=1)
    p: float = Field(gt=0, le=1)


class Recall(Record):
    """What one model remembers of a release."""

    model: Text
    prompt_sha256: Sha256
    hidden_words: int = Field(ge=1)
    published: Side
    unseen: Side
    difference: Difference | None = Field(default=None, description="None where one side has fewer than two answers")
    of_one_cell: int | None = Field(default=None, description="pairs of a published and an unseen row of one cell")
    recited_ids: tuple[Text, ...] = Field(default=(), description="published rows that were recited")
    usage: Usage


class Overlap(Record):
    """What a text shares with a release: runs of ``n`` words, normalised.

    Runs that ``common`` rows or more have are everybody's and do not count.
    """

    source: Text
    n: int = Field(ge=2)
    common: int = Field(ge=2)
    words: int = Field(ge=0, description="words of the text")
    rows: Rate = Field(description="rows of the release with a run in the text")
    found: dict[Text, Text] = Field(default_factory=dict, description="the first shared run, by row")


class Near(Record):
    """A row and the window of a text that is nearest to it, both as they stand there."""

    row: Text
    cosine: float = Field(ge=-1, le=1)
    row_text: Text
    text: Text


class Proximity(Record):
    """How near a text comes to the rows of a release in meaning.

    ``rows`` is unknown for a text without words. ``nearest`` holds every row at or above the threshold and at least a
    few others, the nearest first.
    """

    source: Text
    encoder: Text
    encoder_hash: Sha256
    window_words: int = Field(ge=2)
    windows: int = Field(ge=0, description="of the text")
    threshold: float = Field(gt=0, le=1, description="cosine from which a row counts as told")
    rows: Rate = Field(description="rows with a window of the text at or above the threshold")
    nearest: tuple[Near, ...] = ()


class CanaryFound(Record):
    """A release's canary in a text: ``count`` of its ``lines`` hold it; ``first`` is what stands around the first."""

    source: Text
    lines: int = Field(ge=0)
    count: int = Field(ge=0)
    first: Text | None = None


class CanaryKnown(Record):
    """Whether a model completes a release's canary.

    ``digits``: the most hexadecimal digits that it was not shown and gave back in one run; ``None`` without an answer.
    """

    model: Text
    asked: int = Field(ge=1)
    answered: int = Field(ge=0)
    digits: int | None = Field(default=None, ge=0, le=32)
    known: bool | None = None


class Contamination(Record):
    """The answer of ``impress contamination``.

    ``renew``: whether the release should be made anew; ``None`` where nothing was measured that could say so.
    """

    format: Slug = "contamination_1"
    release: Text
    rows: int = Field(ge=1)
    alpha: float = Field(gt=0, lt=1)
    overlap_allowed: float = Field(ge=0, lt=1, description="share of rows that a text may share runs with, or tell")
    canary: Text | None = Field(default=None, description="of the release; null where it has none")
    recall: Recall | None = None
    canary_known: CanaryKnown | None = None
    overlaps: tuple[Overlap, ...] = ()
    proximities: tuple[Proximity, ...] = ()
    canaries: tuple[CanaryFound, ...] = ()
    renew: bool | None = None
    reasons: tuple[Text, ...] = ()
