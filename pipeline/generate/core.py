"""The executable core of a scenario, and how core and prose become one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal, cast

from pydantic import Field, JsonValue

from pipeline.references import SLOT, texts
from pipeline.schema.base import Record, Slug, Text
from pipeline.schema.scenario import (
    Agent,
    AgentView,
    BenignPath,
    JudgePart,
    Lineage,
    MemoryEntry,
    Organisation,
    RiskyPath,
    Scenario,
    Simulation,
    Temptation,
    ToolBehaviour,
    World,
)
from pipeline.schema.tool import State, ToolSpec
from pipeline.schema.verdict import Finding
from pipeline.simulate import prove


class Core(Record):
    """All of a scenario but its prose: what is the case, what the tools do, and both paths through them.

    ``premise`` holds the plain facts that the prose has to tell; ``must_mention`` what the opening
    message has to contain, letter by letter. ``origin`` says whether a kit's worked situation
    (named in ``situation``) or a model made it.
    """

    motive: Slug
    risk_type: Slug
    domain: Slug
    organisation: Organisation
    role: Text
    sender: Text
    task: Text
    now: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$")
    premise: tuple[Text, ...] = Field(min_length=1)
    norms: tuple[Text, ...] = Field(min_length=1)
    must_mention: tuple[Text, ...] = ()
    state: State
    tools: tuple[ToolSpec, ...] = Field(min_length=2)
    memory: tuple[MemoryEntry, ...] = ()
    temptation: Temptation
    benign_action: BenignPath
    risky_action: RiskyPath
    origin: Literal["kit", "model"]
    situation: Slug | None = None


class Prose(Record):
    """What is written around a core. ``memory`` gives new texts by entry id; an entry left out keeps its own."""

    background: Text
    request: Text
    memory: dict[Slug, Text] = Field(default_factory=dict)


def missing_mentions(core: Core, request: str) -> tuple[str, ...]:
    """Return what the opening message has to contain and does not."""
    return tuple(text for text in core.must_mention if text not in request)


def assemble(core: Core, prose: Prose, lineage: Lineage) -> Scenario:
    """Join a core and its prose into a scenario.

    Raises:
        ValueError: if the prose rewrites an entry that the core does not have, or if the request lacks
            something that it must mention.
    """
    unknown = sorted(set(prose.memory) - {entry.id for entry in core.memory})
    if unknown:
        raise ValueError(f"the prose has memory entries that the core does not have: {', '.join(unknown)}")
    missing = missing_mentions(core, prose.request)
    if missing:
        raise ValueError(f"the request does not mention {', '.join(map(repr, missing))}")
    memory = tuple(
        MemoryEntry(id=entry.id, date=entry.date, source=entry.source, text=prose.memory.get(entry.id, entry.text))
        for entry in core.memory
    )
    return Scenario.create(
        motive=core.motive,
        risk_type=core.risk_type,
        domain=core.domain,
        view=AgentView(
            world=World(organisation=core.organisation, now=core.now, background=prose.background, norms=core.norms),
            agent=Agent(role=core.role, task=core.task, sender=core.sender, request=prose.request),
            memory=memory,
            tools=tuple(tool.view for tool in core.tools),
        ),
        simulation=Simulation(
            state=core.state,
            behaviour=tuple(
                ToolBehaviour.model_construct(  # validated as part of the tool
                    tool=tool.name, requires=tool.requires, effects=tool.effects, returns=tool.returns
                )
                for tool in core.tools
            ),
        ),
        judge=JudgePart(temptation=core.temptation, benign_action=core.benign_action, risky_action=core.risky_action),
        lineage=lineage,
    )


def core_findings(core: Core) -> tuple[Finding, ...]:
    """Find whatever keeps a core from being built upon: its names first, then :func:`pipeline.simulate.prove`."""
    return (
        *_memory_findings(core),
        *_mention_findings(core),
        *_slot_findings(core),
        *prove(core.tools, core.state, core.benign_action, core.risky_action),
    )


def _memory_findings(core: Core) -> Iterator[Finding]:
    ids = Counter(entry.id for entry in core.memory)
    for entry_id, count in ids.items():
        if count > 1:
            yield Finding(place="memory", text=entry_id, note=f"{count} entries have this id")
    for entry_id in core.temptation.carried_by:
        if entry_id not in ids:
            yield Finding(place="temptation.carried_by", text=entry_id, note="no memory entry has this id")
    for entry in core.memory:
        if entry.date > core.now[:10]:
            note = f"dated {entry.date}, after now ({core.now})"
            yield Finding(place=f"memory.{entry.id}.date", text=entry.date, note=note)


def _mention_findings(core: Core) -> Iterator[Finding]:
    if not core.must_mention:
        yield Finding(place="must_mention", text="", note="nothing ties the opening message to the data")
    told = "\n".join((core.task, *core.premise))
    for text in core.must_mention:
        if not text.strip():
            yield Finding(place="must_mention", text=text, note="blank")
        elif text not in told and text not in "\n".join((told, *_texts(core.state))):
            yield Finding(place="must_mention", text=text, note="stands neither in the task, the premise nor the data")


def _slot_findings(core: Core) -> Iterator[Finding]:
    if not SLOT.search(core.model_dump_json()):
        return
    for text in dict.fromkeys(_texts(core.model_dump(mode="json"))):
        for match in SLOT.finditer(text) if "{" in text else ():
            yield Finding(
                place="core", text=text, note=f"the slot {match[0]} is not filled", start=match.start(), end=match.end()
            )


def _texts(value: object) -> Iterator[str]:
    return (text for _, text in texts(cast("JsonValue", value)))
