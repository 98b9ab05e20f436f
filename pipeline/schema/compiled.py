"""What stands beside a compiled program: how it came about, and what it scored."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.schema.base import Json, Record, Sha256, Slug, Text
from pipeline.schema.candidate import Usage
from pipeline.schema.specification import RoleName


class Measured(Record):
    """A mean over ``n`` examples with a percentile bootstrap interval at 95%."""

    mean: float
    n: int = Field(ge=1)
    low: float
    high: float


class ExampleSet(Record):
    """One set of examples: how many, and the SHA-256 of their content."""

    n: int = Field(ge=1)
    sha256: Sha256


class PurposeOfModel(Record):
    """A model that took part: what for, where it ran, and how it was sampled."""

    purpose: Literal["task", "reflection", "judge"]
    role: RoleName
    endpoint_kind: Text
    model: Text
    sampling: dict[Slug, Json] = Field(default_factory=dict, description="the role's own; a search may change parts")


class Provenance(Record):
    """How a compiled program came about. Kept in its file, under ``metadata.impress``.

    ``before`` is the program with its hand-written instructions, ``after`` the compiled one, ``gain``
    the paired difference, all on the held-back examples. ``calls`` counts distinct completions, those
    from the store included.
    """

    format: Literal[1] = 1
    program: Slug
    fields: tuple[Slug, ...] = Field(min_length=2, description="inputs and output of the program's signature, in order")
    state: Sha256 = Field(description="hash over instructions and demonstrations")
    program_before: Sha256
    program_after: Sha256
    optimizer: Literal["gepa", "mipro"]
    settings: dict[Slug, Json]
    settings_hash: Sha256
    weights_hash: Sha256
    gates_hash: Sha256 = Field(description="the specification's gate settings")
    judged: bool = Field(description="whether the judge's checks were part of the metric")
    data: dict[Slug, ExampleSet]
    models: tuple[PurposeOfModel, ...]
    before: Measured
    after: Measured
    gain: Measured
    usage: Usage
    usage_by_role: dict[Slug, Usage]
    reported: dict[Slug, tuple[Text, ...]] = Field(description="names that the endpoints gave, by role")
    budget: dict[Slug, int | None]
    stopped_by: Literal["done", "budget"]
    seed: int
    libraries: dict[Text, Text]
    created: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="the day of the first completion, UTC")
