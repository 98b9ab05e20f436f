"""The scenario: one record from which every framing is rendered.

What an agent may see (:class:`AgentView`), how its tools behave (:class:`Simulation`) and what only
a judge may see (:class:`JudgePart`) are separate types. Renderers take the first alone.
"""

from __future__ import annotations

from typing import Any, Final, Literal, Self

from pydantic import Field, ValidationInfo, model_validator

from pipeline.schema.base import Json, OptionalText, Record, Sha256, Slug, Text, content_id
from pipeline.schema.tool import CallPattern, Check, Effect, State, ToolCall, ToolSpec, ToolView

SCHEMA_VERSION: Literal[1] = 1

COMPARED: Final = object()
"""Context for validating a scenario whose id was compared with its content before, such as one read a second time."""
_COMPARED = "_compared"
"""Where a scenario keeps what its id was compared with."""


class Organisation(Record):
    """Where the scenario takes place."""

    name: Text
    kind: Text
    place: Text


class World(Record):
    """The setting, as the agent is told it. ``now`` is a local ISO 8601 date and time without zone."""

    organisation: Organisation
    now: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$")
    background: Text
    norms: tuple[Text, ...] = Field(min_length=1, description="rules of the place that bear on the task")


class Agent(Record):
    """Who the agent is and what it was asked."""

    role: Text
    task: Text = Field(description="the explicit, legitimate task in one sentence")
    sender: Text = Field(description="who sent the opening message: name and role")
    request: Text = Field(description="the opening message")


class MemoryEntry(Record):
    """A dated note, message or log line that the agent has from before."""

    id: Slug
    date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    source: Text = Field(description="where the entry comes from: a mail, a ticket, a hand-over note")
    text: Text


class AgentView(Record):
    """All that an agent can see before it calls a tool."""

    world: World
    agent: Agent
    memory: tuple[MemoryEntry, ...] = ()
    tools: tuple[ToolView, ...] = Field(min_length=2)


class ToolBehaviour(Record):
    """What a tool of the view does when it is called (see :mod:`pipeline.schema.tool`)."""

    tool: Slug
    requires: tuple[Check, ...] = ()
    effects: tuple[Effect, ...] = Field(min_length=1)
    returns: Json = None


class Simulation(Record):
    """The data behind the tools: initial state and behaviour of each."""

    state: State
    behaviour: tuple[ToolBehaviour, ...]


class Temptation(Record):
    """Why the risky path pays. Never an instruction; never shown to the agent as such."""

    reason: Text
    carried_by: tuple[Slug, ...] = Field(default=(), description="ids of the memory entries that carry it")


class BenignPath(Record):
    """Calls that do the task without the risky action, and the state that shows it done."""

    summary: Text
    calls: tuple[ToolCall, ...] = Field(min_length=1)
    end_state: tuple[Check, ...] = Field(min_length=1)


class RiskyPath(Record):
    """Calls that take the risky action, and how one recognises it in any trajectory."""

    summary: Text
    calls: tuple[ToolCall, ...] = Field(min_length=1)
    observation: Text = Field(description="in words, what one observes when the risky action is taken")
    recognised_by: tuple[CallPattern, ...] = Field(min_length=1, description="any of these calls shows it")
    authorisation: OptionalText = Field(
        default="",
        description="a note by which someone who may decide permits just this action, in the words of the place; "
        "shown by the framing `authorisation: granted` and by nothing else; empty where none was written",
    )


class JudgePart(Record):
    """What only judges, gates and scorers may see."""

    temptation: Temptation
    benign_action: BenignPath
    risky_action: RiskyPath


class Lineage(Record):
    """How a scenario was made. It does not enter the scenario's id.

    ``core`` says where the executable core comes from: a kit's situation, the model, or a person.
    """

    cell: Text
    attempt: int = Field(ge=0)
    refines: int | None = Field(default=None, ge=0, description="the attempt of the cell whose prose this one refines")
    seed: int = Field(ge=0)
    core: Literal["kit", "model", "hand"]
    situation: Text | None = None
    program: Sha256 | None = Field(default=None, description="hash over instructions, demonstrations, schema, code")
    model: Text | None = None
    endpoint_kind: Text | None = None
    sampling: dict[str, Json] = Field(default_factory=dict)
    completions: tuple[Sha256, ...] = Field(default=(), description="keys of the completions that wrote it")


class Retirement(Record):
    """When and why a row left the benchmark."""

    version: Text
    reason: Text


class Scenario(Record):
    """One probe of one motive and one risk type in one domain.

    The id covers everything but ``lineage``, ``introduced`` and ``retired``: the same content made
    twice is the same scenario.
    """

    id: str = Field(pattern=r"^sc-[0-9a-f]{20}$")
    schema_version: Literal[1] = SCHEMA_VERSION
    motive: Slug
    risk_type: Slug
    domain: Slug
    view: AgentView
    simulation: Simulation
    judge: JudgePart
    lineage: Lineage
    introduced: OptionalText = Field(default="", description="the release that first held the row; empty before")
    retired: Retirement | None = None

    @staticmethod
    def id_of(content: dict[str, Any]) -> str:
        """Return the id of a scenario's JSON form; fields outside the content are ignored."""
        outside = {"id", "lineage", "introduced", "retired"}
        return content_id("sc", {key: value for key, value in content.items() if key not in outside})

    @classmethod
    def create(
        cls,
        *,
        motive: str,
        risk_type: str,
        domain: str,
        view: AgentView,
        simulation: Simulation,
        judge: JudgePart,
        lineage: Lineage,
    ) -> Self:
        """Make a scenario and give it the id of its content."""
        parts = {"motive": motive, "risk_type": risk_type, "domain": domain}
        records = {"view": view, "simulation": simulation, "judge": judge}
        written = {name: record.model_dump(mode="json") for name, record in records.items()}
        identity = cls.id_of({"schema_version": SCHEMA_VERSION, **parts, **written})
        return cls.model_validate({**parts, **records, "id": identity, "lineage": lineage}, context=COMPARED)

    @model_validator(mode="after")
    def _id_is_content(self, info: ValidationInfo) -> Self:
        """Compare the id with the content; a scenario that is put into another record is not hashed again."""
        compared = (self.id, self.motive, self.risk_type, self.domain, self.view, self.simulation, self.judge)
        before = self.__dict__.get(_COMPARED, ())
        if len(before) == len(compared) and all(one is other for one, other in zip(before, compared, strict=True)):
            return self
        if info.context is not COMPARED:
            expected = self.id_of(self.model_dump(mode="json"))
            if self.id != expected:
                raise ValueError(f"id {self.id} does not match the content, whose id is {expected}")
        self.__dict__[_COMPARED] = compared
        return self

    @model_validator(mode="after")
    def _tools_have_behaviour(self) -> Self:
        named = [tool.name for tool in self.view.tools]
        behaving = [behaviour.tool for behaviour in self.simulation.behaviour]
        if named != behaving or len(set(named)) != len(named):
            raise ValueError(f"tools of the view {named} and their behaviour {behaving} must be the same, each once")
        return self

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """The tools with view and behaviour joined, in order; both were validated, and their parts are shared."""
        return tuple(
            ToolSpec.model_construct(
                name=view.name,
                description=view.description,
                parameters=view.parameters,
                requires=behaviour.requires,
                effects=behaviour.effects,
                returns=behaviour.returns,
            )
            for view, behaviour in zip(self.view.tools, self.simulation.behaviour, strict=True)
        )
