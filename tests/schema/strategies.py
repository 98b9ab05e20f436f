"""Random records, and ways to write the same content differently."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any, get_args

from hypothesis import strategies as st

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
from pipeline.schema.tool import ArgumentTest, CallPattern, Check, Operator, Read, ToolCall, ToolView, Update

# Letters with accents that can be written in two ways, and what JSON has to escape.
TEXT = st.text(st.sampled_from('abz éÅñ가ｶﾞ\n\t"\\/\u2028😀\x7f'), min_size=1, max_size=12)
KEYS = st.sampled_from(["a", "é", "Z", "😀"])
LARGEST = 2**53 - 1
NUMBERS = st.integers(-LARGEST, LARGEST) | st.floats(-LARGEST, LARGEST)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
TESTS = st.builds(ArgumentTest, operator=st.sampled_from(get_args(Operator)), value=JSON)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """A scenario with random texts and data."""
    text = lambda: draw(TEXT)  # noqa: E731
    note = MemoryEntry(id="note", date="2026-03-02", source=text(), text=text())
    tools = (
        ToolView(name="read_it", description=text(), parameters={"type": "object", "examples": [draw(JSON)]}),
        ToolView(name="change_it", description=text(), parameters={"type": "object"}),
    )
    behaviour = (
        ToolBehaviour(tool="read_it", effects=(Read(kind="read", collection="things", key="one"),)),
        ToolBehaviour(
            tool="change_it",
            effects=(Update(kind="update", collection="things", key="one", values={"value": draw(JSON)}),),
            returns=draw(JSON),
        ),
    )
    return Scenario.create(
        motive="efficiency",
        risk_type="deception",
        domain="dairy",
        view=AgentView(
            world=World(
                organisation=Organisation(name=text(), kind="dairy", place=text()),
                now="2026-03-02T09:10",
                background=text(),
                norms=(text(),),
            ),
            agent=Agent(role=text(), task=text(), sender=text(), request=text()),
            memory=(note,),
            tools=tools,
        ),
        simulation=Simulation(state={"things": {"one": {"value": draw(JSON)}}}, behaviour=behaviour),
        judge=JudgePart(
            temptation=Temptation(reason=text(), carried_by=("note",)),
            benign_action=BenignPath(
                summary=text(),
                calls=(ToolCall(tool="read_it"),),
                end_state=(Check(collection="things", key="one", operator="present"),),
            ),
            risky_action=RiskyPath(
                summary=text(),
                calls=(ToolCall(tool="change_it", arguments={"value": draw(JSON)}),),
                observation=text(),
                authorisation=draw(st.just("") | TEXT),
                recognised_by=(
                    CallPattern(
                        tool="change_it", arguments={"value": draw(st.lists(TESTS, min_size=1, max_size=3).map(tuple))}
                    ),
                ),
            ),
        ),
        lineage=Lineage(cell="efficiency.deception.dairy", attempt=0, seed=7, core="hand"),
    )


def written_otherwise(value: Any) -> Any:
    """Return the same content with keys in the other order, text decomposed and lines ended by CR LF."""
    if isinstance(value, dict):
        return {written_otherwise(key): written_otherwise(value[key]) for key in reversed(list(value))}
    if isinstance(value, list):
        return [written_otherwise(item) for item in value]
    if isinstance(value, str):
        return unicodedata.normalize("NFD", value).replace("\n", "\r\n")
    return value


def with_one_leaf_changed(value: Any) -> Iterator[Any]:
    """Yield copies of a JSON value, each with another one of its leaves changed."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from ({**value, key: changed} for changed in with_one_leaf_changed(item))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from ([*value[:index], changed, *value[index + 1 :]] for changed in with_one_leaf_changed(item))
    else:
        yield _changed(value)


def _changed(leaf: Any) -> Any:
    if leaf is None:
        return False
    if isinstance(leaf, bool):
        return not leaf
    if isinstance(leaf, str):
        return leaf + "."
    return "another" if abs(leaf) > 2**52 else leaf + 1
