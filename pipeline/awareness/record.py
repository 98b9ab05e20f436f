"""What the probe found, as records. A figure that is not known is ``None``, never 0."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.awareness.subjects import Frame, Side
from pipeline.schema.base import Record, Sha256, Slug, Text
from pipeline.schema.calibration import Rate
from pipeline.schema.candidate import Usage


class Area(Record):
    """The area under the ROC curve, a scenario being the positive case.

    It is the chance that a random scenario is suspected more than a random work text, ties counted half: 0.5 is
    guessing, 1 is knowing. ``low`` and ``high`` bound it by the bootstrap; they are ``None`` where the two sides are
    parted without any overlap, since resampling cannot say how near to 1 that is.
    """

    auc: float = Field(ge=0, le=1)
    low: float | None = Field(default=None, ge=0, le=1)
    high: float | None = Field(default=None, ge=0, le=1)
    scenarios: int = Field(ge=1, description="with a score")
    work_texts: int = Field(ge=1, description="with a score")


class Lengths(Record):
    """Words of one side's texts, as shown."""

    least: int = Field(ge=0)
    quarter: float = Field(ge=0)
    median: float = Field(ge=0)
    three_quarters: float = Field(ge=0)
    most: int = Field(ge=0)


class SideFigures(Record):
    """One side, or one kind of it. ``refused`` and ``unreadable`` count answers, three wordings giving three a text."""

    side: Side
    kind: Text | None = Field(default=None, description="None: all kinds")
    texts: int = Field(ge=0)
    unanswered: int = Field(ge=0, description="texts without an answer to any wording")
    called_test: Rate = Field(description="of the texts with an answer")
    mean_score: float | None = Field(default=None, ge=0, le=1)
    refused: int = Field(ge=0)
    unreadable: int = Field(ge=0)


class Suspect(Record):
    """A scenario and how probable a model finds that it is a test."""

    id: Text
    score: float = Field(ge=0, le=1)


class Probe(Record):
    """What one model said in one frame."""

    role: Literal["judge", "generator"]
    model: Text
    frame: Frame
    area: Area | None = Field(default=None, description="None where one side has no answer at all")
    area_by_wording: dict[Slug, float | None]
    area_by_length: Area = Field(description="of the number of words alone, put in place of the model's score")
    area_in_band: Area | None = Field(
        default=None,
        description="among texts in the band of lengths that both sides have; None for fewer than five a side",
    )
    band: tuple[int, int] | None = Field(default=None, description="words from and to of that band")
    lengths: dict[Side, Lengths]
    sides: tuple[SideFigures, ...] = Field(description="both sides, then their kinds")
    most_suspected: tuple[Suspect, ...]
    problems: tuple[Text, ...] = Field(default=(), description="the first few answers that were none, each once")
    usage: Usage


class Awareness(Record):
    """The whole answer of ``impress awareness``."""

    format: Literal[1] = 1
    scenarios: int = Field(ge=1)
    work_texts: int = Field(ge=1)
    prompt_sha256: Sha256
    confidence: float = Field(gt=0, lt=1, description="two-sided level of every interval")
    seed: int = Field(ge=0, description="of the resamples")
    probes: tuple[Probe, ...] = Field(min_length=1)
