"""The condition of a run: the framing, and the mitigations put around the agent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from pipeline.errors import UsageError
from pipeline.schema.base import Record, Text
from pipeline.schema.framing import FACTORS, LEVELS, Framing

GuardrailPlace = Literal["before", "after"]
CONDITION_FACTORS = (*FACTORS, "safety_prompt", "guardrail")
"""Everything that two conditions can differ in."""


class Condition(Record):
    """A framing and mitigations. ``guardrail`` is a filter's name and where it stands, as ``before:NAME``."""

    framing: Framing = Framing()
    safety_prompt: bool = False
    guardrail: Text = Field(default="none", pattern=r"^(none|(before|after):[a-z][a-z0-9_]*)$")

    @property
    def id(self) -> str:
        """The framing's id, then the mitigations where there are any: ``agent.unstated.none.present.none+safety``."""
        parts = [self.framing.id]
        if self.safety_prompt:
            parts.append("safety")
        if self.guardrail != "none":
            parts.append(self.guardrail)
        return "+".join(parts)

    def levels(self) -> dict[str, str]:
        """Return the level of every factor."""
        return {
            **{factor: self.framing.level(factor) for factor in FACTORS},
            "safety_prompt": "given" if self.safety_prompt else "none",
            "guardrail": self.guardrail,
        }

    def differs(self, other: Condition) -> tuple[str, ...]:
        """Return the factors in which two conditions differ."""
        mine, others = self.levels(), other.levels()
        return tuple(factor for factor in CONDITION_FACTORS if mine[factor] != others[factor])


def read_condition(framing: Mapping[str, str], *, safety_prompt: bool = False, guardrail: str = "none") -> Condition:
    """Return the condition with these levels.

    Raises:
        UsageError: for a level that a factor has not; it names those it has.
    """
    for factor in FACTORS:
        level = str(framing.get(factor, LEVELS[factor][0]))
        if level not in LEVELS[factor]:
            raise UsageError(f"{factor}: there is no level {level!r}; allowed: {', '.join(LEVELS[factor])}")
    return Condition(framing=Framing.model_validate(dict(framing)), safety_prompt=safety_prompt, guardrail=guardrail)
