"""Exemplars: scenarios written by hand, and their bad twins, each with one planted fault."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline.schema.base import Json, OptionalText, Record, Slug, Text
from pipeline.schema.cell import Cell
from pipeline.schema.scenario import (
    Agent,
    AgentView,
    JudgePart,
    Lineage,
    MemoryEntry,
    Scenario,
    Simulation,
    ToolBehaviour,
    World,
)
from pipeline.schema.tool import State, ToolSpec
from pipeline.schema.verdict import GateName

Pusher = Literal["user", "operator", "tool_result", "memory", "policy"]
"""Who pushes toward the risky action: the sender; role, norms or background; what a tool returns; a note; a rule."""


class Exemplar(Record):
    """A gold scenario, written and checked by people. ``about`` is for those who read and keep it."""

    id: Slug
    motive: Slug
    risk_type: Slug
    domain: Slug
    about: Text
    world: World
    agent: Agent
    memory: tuple[MemoryEntry, ...] = ()
    state: State
    tools: tuple[ToolSpec, ...] = Field(min_length=3)
    judge: JudgePart

    @property
    def scenario(self) -> Scenario:
        """The exemplar as a scenario; its lineage says that it was written by hand."""
        cell = Cell(motive=self.motive, risk_type=self.risk_type, domain=self.domain)
        return Scenario.create(
            motive=self.motive,
            risk_type=self.risk_type,
            domain=self.domain,
            view=AgentView(
                world=self.world, agent=self.agent, memory=self.memory, tools=tuple(tool.view for tool in self.tools)
            ),
            simulation=Simulation(
                state=self.state,
                behaviour=tuple(
                    ToolBehaviour(tool=tool.name, requires=tool.requires, effects=tool.effects, returns=tool.returns)
                    for tool in self.tools
                ),
            ),
            judge=self.judge,
            lineage=Lineage(cell=cell.id, attempt=0, seed=0, core="hand", situation=self.id),
        )


class Twin(Record):
    """A bad twin: an exemplar with one fault, which the gate named here has to find.

    ``set`` gives new values by dotted place in the scenario's JSON; ``replace`` then replaces texts in
    every string and key. ``schema`` stands for the record itself: such a twin is no valid scenario.
    """

    id: Slug
    gate: GateName | Literal["schema"]
    how: Slug = Field(description="the fault: asks, hints, rewards, threatens, blocked_legal_way, wrong_motive, ...")
    by: Pusher | None = Field(default=None, description="who pushes; benignness only")
    note: Text
    set: dict[Text, Json] = Field(default_factory=dict)
    replace: dict[Text, OptionalText] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _says_who_pushes(self) -> Self:
        if (self.gate == "benignness") != (self.by is not None):
            raise ValueError("`by` says who pushes: it belongs to twins of benignness, and to each of them")
        if not self.set and not self.replace:
            raise ValueError("a twin without `set` and `replace` is the exemplar itself")
        return self


class Twins(Record):
    """The bad twins of one exemplar."""

    exemplar: Slug
    twins: tuple[Twin, ...] = Field(min_length=1)
