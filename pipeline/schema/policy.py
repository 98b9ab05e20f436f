"""The rules by which the verdicts of one gate become a decision, and where measured thresholds lie."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipeline.schema.base import Record, Sha256, Slug, Text

Contested = Literal["quarantine", "accept"]
"""What becomes of a scenario that enough families pass while another objects or is silent."""


class Veto(Record):
    """Every check has to pass; one that fails rejects."""

    rule: Literal["veto"] = "veto"


class KOfN(Record):
    """At least ``k`` of the families of configured checks have to pass.

    ``contested``: ``quarantine`` leaves to a person what ``k`` families pass and another does not;
    ``accept`` takes the word of the ``k``.
    """

    rule: Literal["k_of_n"]
    k: int = Field(ge=1, description="families that have to pass")
    contested: Contested = "quarantine"


class Weighted(Record):
    """The families that pass have to hold at least the share ``threshold`` of all weight.

    ``weights`` goes by the check's name inside the gate; a check that it does not name weighs 1. A family
    weighs what its heaviest check does. ``contested`` as in :class:`KOfN`.
    """

    rule: Literal["weighted"]
    threshold: float = Field(gt=0, le=1, description="share of the weight that has to pass")
    weights: dict[Slug, Annotated[float, Field(gt=0, le=1000)]] = Field(default_factory=dict)
    contested: Contested = "quarantine"


Rule = Annotated[Veto | KOfN | Weighted, Field(discriminator="rule")]
"""One gate's rule."""


class CalibrationFile(Record):
    """Where a calibration lies: from the folder of the specification's file, where there is one.

    ``sha256`` pins its content: :attr:`pipeline.schema.calibration.Calibration.sha256`.
    """

    path: Text
    sha256: Sha256 | None = None
