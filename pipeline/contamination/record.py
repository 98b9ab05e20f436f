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


class Contamination(Record):
    """The answer of ``impress contamination``.

    ``renew``: whether the release should be made anew; ``None`` where nothing was measured that could say so.
    """

    format: Slug = "contamination_1"
    release: Text
    rows: int = Field(ge=1)
    alpha: float = Field(gt=0, lt=1)
    overlap_allowed: float = Field(ge=0, lt=1)
    recall: Recall | None = None
    overlaps: tuple[Overlap, ...] = ()
    renew: bool | None = None
    reasons: tuple[Text, ...] = ()
