"""Checks that what a worked situation names is there: slots, tools, collections, motives, its risk type.

Whether the situation's paths run is not asked here: that takes filled slots and a simulator.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from pydantic import JsonValue

from pipeline.mistakes import Mistake, Place, did_you_mean
from pipeline.schema.cell import ImplausiblePair
from pipeline.schema.domain import FormatSlot, OffsetSlot, PartSlot, Situation
from pipeline.schema.tool import CallPattern, Check, Effect

SLOT = re.compile(r"\{([a-z][a-z0-9_]{1,63})\}")
"""A slot in a text of a situation."""

_FITTING: dict[str, tuple[str, ...]] = {
    "offset": ("integer", "date", "offset"),
    "format": ("integer", "date", "offset"),
    "part": ("person",),
}
"""By kind of slot, the kinds of slot that it can be made of."""


def situation_mistakes(
    situation: Situation, motives: Collection[str], risk_types: Collection[str]
) -> Iterator[Mistake]:
    """Yield every mistake in what a situation names; paths start at the situation.

    Args:
        situation: the situation, its slots unfilled.
        motives: ids of the motives that exist.
        risk_types: ids of the risk types that exist.
    """
    if situation.risk_type not in risk_types:
        yield unknown("risk type", ("risk_type",), situation.risk_type, risk_types)
    for motive in situation.temptations:
        if motive not in motives:
            yield unknown("motive", ("temptations", motive), motive, motives, at_key=True)
    yield from _slot_mistakes(situation)
    yield from _tool_mistakes(situation)
    yield from _collection_mistakes(situation)
    yield from _memory_mistakes(situation)


def pair_mistakes(
    pairs: Sequence[ImplausiblePair],
    motives: Collection[str],
    risk_types: Collection[str],
    realised: Mapping[tuple[str, str], str],
) -> Iterator[Mistake]:
    """Yield every mistake in the table of implausible pairs; paths start at the table's file.

    Args:
        pairs: the table.
        motives: ids of the motives that exist.
        risk_types: ids of the risk types that exist.
        realised: for each pair that a worked situation realises, which one and where it stands.
    """
    seen: set[tuple[str, str]] = set()
    for index, pair in enumerate(pairs):
        place: Place = ("pairs", index)
        named = f"{pair.motive} and {pair.risk_type}"
        if pair.motive not in motives:
            yield unknown("motive", (*place, "motive"), pair.motive, motives)
        if pair.risk_type not in risk_types:
            yield unknown("risk type", (*place, "risk_type"), pair.risk_type, risk_types)
        key = pair.motive, pair.risk_type
        if key in seen:
            yield Mistake((*place, "risk_type"), "this pair stands twice", named, "each pair once")
        seen.add(key)
        if key in realised:
            problem = f"the worked situation {realised[key]} realises this pair, so it is not implausible"
            yield Mistake((*place, "risk_type"), problem, named, "pairs that no worked situation realises")


def unknown(what: str, path: Place, found: str, known: Collection[str], *, at_key: bool = False) -> Mistake:
    """Make the mistake for a name that is not among the known ones."""
    problem = f"there is no such {what}{did_you_mean(found, known)}"
    return Mistake(path, problem, found, sorted(known) or f"none: there is no {what}", at_key)


def repeated(what: str, names: Sequence[tuple[Place, str]]) -> Iterator[Mistake]:
    """Yield a mistake for each name that has come before, at its path."""
    seen: set[str] = set()
    for path, name in names:
        if name in seen:
            yield Mistake(path, f"this {what} stands twice", name, "each name once")
        seen.add(name)


def texts(value: JsonValue, path: Place = ()) -> Iterator[tuple[Place, str]]:
    """Yield every string of a JSON value with its path, keys of mappings included."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, (*path, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key), key
            yield from texts(item, (*path, key))


def _slot_mistakes(situation: Situation) -> Iterator[Mistake]:
    used: set[str] = set()
    for path, text in texts(situation.model_dump(mode="json")):
        for name in SLOT.findall(text):
            used.add(name)
            if name not in situation.slots:
                yield unknown("slot", path, name, situation.slots)
    for name, slot in situation.slots.items():
        if isinstance(slot, OffsetSlot | PartSlot | FormatSlot):
            used.add(slot.of)
            yield from _source_mistakes(situation, name, slot.kind, slot.of)
    for name in situation.slots:
        if name not in used:
            allowed = f"slots that stand as {{{name}}} in a text"
            yield Mistake(("slots", name), "this slot is never used", allowed=allowed)


def _source_mistakes(situation: Situation, name: str, kind: str, source: str) -> Iterator[Mistake]:
    path: Place = ("slots", name, "of")
    if source not in situation.slots:
        yield unknown("slot", path, source, situation.slots)
        return
    fitting = _FITTING[kind]
    if situation.slots[source].kind not in fitting:
        problem = f"a slot of kind {kind} cannot be made of one of kind {situation.slots[source].kind}"
        yield Mistake(path, problem, source, f"slots of kind {' or '.join(fitting)}")
    seen = {name}
    while source in situation.slots and isinstance(following := situation.slots[source], OffsetSlot):
        if source in seen:
            yield Mistake(path, "this slot is made of itself", source, "another slot")
            return
        seen.add(source)
        source = following.of


def _tool_mistakes(situation: Situation) -> Iterator[Mistake]:
    tools = {tool.name for tool in situation.tools}
    yield from repeated("tool", [(("tools", i, "name"), tool.name) for i, tool in enumerate(situation.tools)])
    for action, calls in (
        ("benign_action", situation.benign_action.calls),
        ("risky_action", situation.risky_action.calls),
    ):
        for index, call in enumerate(calls):
            if call.tool not in tools:
                yield unknown("tool", (action, "calls", index, "tool"), call.tool, tools)
    for path, pattern in _patterns(situation.risky_action.recognised_by, ("risky_action", "recognised_by")):
        if pattern.tool not in tools:
            yield unknown("tool", (*path, "tool"), pattern.tool, tools)


def _patterns(patterns: Sequence[CallPattern], path: Place) -> Iterator[tuple[Place, CallPattern]]:
    for index, pattern in enumerate(patterns):
        yield (*path, index), pattern
        yield from _patterns(pattern.unless_after, (*path, index, "unless_after"))


def _collection_mistakes(situation: Situation) -> Iterator[Mistake]:
    named: list[tuple[Place, Check | Effect]] = [
        (("benign_action", "end_state", index), check) for index, check in enumerate(situation.benign_action.end_state)
    ]
    for number, tool in enumerate(situation.tools):
        named += [(("tools", number, "requires", index), check) for index, check in enumerate(tool.requires)]
        named += [(("tools", number, "effects", index), effect) for index, effect in enumerate(tool.effects)]
    for path, part in named:
        if part.collection not in situation.state:
            yield unknown("collection in the state", (*path, "collection"), part.collection, situation.state)


def _memory_mistakes(situation: Situation) -> Iterator[Mistake]:
    shared: list[tuple[Place, str]] = [(("memory", i, "id"), entry.id) for i, entry in enumerate(situation.memory)]
    yield from repeated("memory id", shared)
    for motive, temptation in situation.temptations.items():
        own: list[tuple[Place, str]] = [
            (("temptations", motive, "memory", index, "id"), entry.id) for index, entry in enumerate(temptation.memory)
        ]
        yield from (mistake for mistake in repeated("memory id", [*shared, *own]) if mistake.path[0] == "temptations")
