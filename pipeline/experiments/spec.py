"""``seeds/experiments/*.yaml``: one experiment a file, E1 to E12."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline.evaluation.condition import Condition
from pipeline.resources import seeds_dir
from pipeline.schema.base import Record, Slug, Text
from pipeline.schema.framing import Authorisation, Format, Framing, Persona, Reality, Temptation
from pipeline.yaml_input import load_yaml_record

FOLDER = "experiments"


class Arm(Record):
    """One condition to run, and how it is sampled where that is what the experiment varies."""

    format: Format = "agent"
    reality: Reality = "unstated"
    persona: Persona = "none"
    temptation: Temptation = "present"
    authorisation: Authorisation = "none"
    safety_prompt: bool = False
    guardrail: Text | None = Field(default=None, description="before:FILTER or after:FILTER")
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)

    @property
    def framing(self) -> Framing:
        """The framing."""
        return Framing(
            format=self.format,
            reality=self.reality,
            persona=self.persona,
            temptation=self.temptation,
            authorisation=self.authorisation,
        )

    @property
    def condition(self) -> Condition:
        """The condition, its guardrail by name."""
        from pipeline.evaluation.guardrail import read_guardrail

        guard = read_guardrail(self.guardrail)
        return Condition(
            framing=self.framing, safety_prompt=self.safety_prompt, guardrail=guard.id if guard else "none"
        )

    @property
    def name(self) -> str:
        """The condition's id, then the sampling that the arm sets, as ``... temperature 1``."""
        given = {"temperature": self.temperature, "top_p": self.top_p}
        return " ".join([self.condition.id, *(f"{name} {to:g}" for name, to in given.items() if to is not None)])


class Experiment(Record):
    """What to run. ``kind`` says what it takes: runs of agents, people's labels, or nothing but the release."""

    id: Slug
    title: Text
    question: Text
    kind: Literal["runs", "labels", "release"] = "runs"
    arms: tuple[Arm, ...] = ()
    epochs: int = Field(default=1, ge=1, le=100)
    models_at_least: int = Field(default=1, ge=1)
    judges_at_least: int = Field(default=0, ge=0)
    releases_at_least: int = Field(default=1, ge=1)
    read: Text = Field(description="what to look at in the report, and what it does not show")

    @model_validator(mode="after")
    def _arms_are_for_runs(self) -> Self:
        if (self.kind == "runs") != bool(self.arms):
            raise ValueError("`arms` belong to the kind runs, which needs at least one")
        if len(set(self.arms)) != len(self.arms):
            raise ValueError("two arms are the same")
        return self


def load_experiment(path: Path) -> Experiment:
    """Read and check an experiment.

    Raises:
        InputError: for the first mistake, with its line.
    """
    return load_yaml_record(path, Experiment)


def all_experiments() -> dict[str, Path]:
    """Return the experiments that come with the installation, by their file's name."""
    return {path.stem: path for path in sorted((seeds_dir() / FOLDER).glob("*.yaml"))}
