"""``seeds/optimize.yaml``: what a text is worth, which examples are used, how much is searched."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline.resources import seeds_dir
from pipeline.schema.base import Record
from pipeline.schema.specification import RoleName
from pipeline.yaml_input import load_yaml_record

Source = Literal["exemplars", "kits"]
SetName = Literal["train", "selection", "held_back"]
SETS: tuple[SetName, ...] = ("train", "selection", "held_back")


class Weights(Record):
    """What each part of the metric weighs; at least one weighs something."""

    facts: float = Field(default=4, ge=0)
    gates: float = Field(default=3, ge=0)
    judge: float = Field(default=3, ge=0)
    diversity: float = Field(default=2, ge=0)
    cost: float = Field(default=1, ge=0)

    @model_validator(mode="after")
    def _weighs(self) -> Self:
        if not self.facts + self.gates > 0:
            raise ValueError("`facts` and `gates` both weigh nothing, so any text would do")
        return self


class DiversitySettings(Record):
    """``neighbours``: other examples whose texts a text is compared with. ``words``: length of a phrase."""

    neighbours: int = Field(default=2, ge=1, le=16)
    words: int = Field(default=3, ge=2, le=8)


class CostSettings(Record):
    """``words``: of prompt and reply together, up to which an exchange costs nothing."""

    words: int = Field(default=600, ge=1)


class Shares(Record):
    """Shares of the source entries that go to each set; intervals of an entry's hash."""

    train: float = Field(default=0.4, gt=0, lt=1)
    selection: float = Field(default=0.25, gt=0, lt=1)
    held_back: float = Field(default=0.35, gt=0, lt=1)

    @model_validator(mode="after")
    def _sum_to_one(self) -> Self:
        total = self.train + self.selection + self.held_back
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the shares of train, selection and held_back sum to {total:g}, not to 1")
        return self


class Most(Record):
    """Most examples of each set; those whose hash comes first are taken."""

    train: int = Field(default=24, ge=1)
    selection: int = Field(default=12, ge=1)
    held_back: int = Field(default=24, ge=2)


class ReflectionSettings(Record):
    """The model that proposes new instructions, and how it is sampled."""

    role: RoleName = "generator"
    max_tokens: int = Field(default=1500, ge=64)
    temperature: float = Field(default=1.0, ge=0, le=2)


class GepaSettings(Record):
    """GEPA (Agrawal et al. 2025, arXiv 2507.19457)."""

    metric_calls: int = Field(default=240, ge=1)
    minibatch: int = Field(default=3, ge=1)


class MiproSettings(Record):
    """MIPROv2 (Opsahl-Ong et al. 2024, arXiv 2406.11695)."""

    candidates: int = Field(default=6, ge=3)
    trials: int = Field(default=12, ge=1)
    bootstrapped: int = Field(default=3, ge=1)
    labelled: int = Field(default=2, ge=0)
    threshold: float = Field(default=0.9, gt=0, le=1)


class OptimizeSettings(Record):
    """The whole file."""

    weights: Weights = Weights()
    diversity: DiversitySettings = DiversitySettings()
    cost: CostSettings = CostSettings()
    sources: tuple[Source, ...] = Field(default=("exemplars", "kits"), min_length=1)
    shares: Shares = Shares()
    most: Most = Most()
    samples: int = Field(default=1, ge=1, le=16)
    resamples: int = Field(default=10000, ge=100)
    reflection: ReflectionSettings = ReflectionSettings()
    gepa: GepaSettings = GepaSettings()
    mipro: MiproSettings = MiproSettings()


def load_settings(path: Path | None = None) -> OptimizeSettings:
    """Read the settings (default: the project's own).

    Raises:
        InputError: for any mistake in the file.
    """
    return load_yaml_record(seeds_dir() / "optimize.yaml" if path is None else path, OptimizeSettings)
