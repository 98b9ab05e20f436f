"""Looks for tools that lie about themselves: what they say they do, take or give is not what their effects do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.schema.tool import Create, Find, Read, State, ToolSpec, Update
from pipeline.schema.verdict import Finding
from pipeline.simulate.values import references

READS = frozenset(
    ["count", "display", "fetch", "find", "get", "look", "query", "read", "retrieve", "search", "show", "view"]
)
"""First words of a description that promise to change nothing."""

READS_OR_CHANGES = frozenset({"check", "list", "return"})
"""First words that do so only where the tool's result is something read: files are also returned to their owners."""

CHANGES = frozenset(
    [
        "add",
        "assign",
        "book",
        "cancel",
        "change",
        "close",
        "create",
        "delete",
        "enter",
        "order",
        "pay",
        "post",
        "publish",
        "put",
        "remove",
        "reserve",
        "send",
        "set",
        "submit",
        "transfer",
        "update",
        "write",
    ]
)
"""First words of a description that promise to change something."""


def honesty_findings(tools: Sequence[ToolSpec], state: State) -> Iterator[Finding]:
    """Find descriptions at odds with effects, arguments that nothing comes of, and fields that no record has.

    Args:
        tools: well formed, with effects on collections that the state has.
        state: the initial state.
    """
    for tool in tools:
        place = f"tools.{tool.name}"
        if note := _at_odds(tool):
            yield Finding(place=f"{place}.description", text=tool.description, note=note)
        behaviour = tool.model_dump(mode="json", include={"requires", "effects", "returns"})
        used = set(references(behaviour))
        properties = tool.parameters.get("properties")
        for name in properties if isinstance(properties, dict) else ():
            if name not in used:
                note = "nothing comes of this argument: no check, effect or result refers to it"
                yield Finding(place=f"{place}.parameters.properties.{name}", text=name, note=note)
        for number, effect in enumerate(tool.effects):
            shown = effect.fields if isinstance(effect, Read | Find) else ()
            sought = effect.where if isinstance(effect, Find) else ()
            for field in dict.fromkeys((*shown, *sought)):
                if field not in _fields(effect.collection, tools, state):
                    note = f"no record of {effect.collection} ever has this field"
                    yield Finding(place=f"{place}.effects.{number}", text=field, note=note)


def _at_odds(tool: ToolSpec) -> str | None:
    """Say what is wrong between the first word of a description and the effects; ``None`` if nothing is."""
    words = tool.description.split()
    first = words[0].strip(".,:;").lower() if words else ""
    changing = [effect for effect in tool.effects if not isinstance(effect, Read | Find)]
    if first in CHANGES and not changing:
        return f"says that it changes something ({first}), and only reads"
    promises = first in READS or (first in READS_OR_CHANGES and isinstance(tool.effects[0], Read | Find))
    spoken = {word.strip(".,:;").lower() for word in words[1:]}
    if promises and changing and not spoken & CHANGES:
        kinds = ", ".join(dict.fromkeys(f"{effect.kind} in {effect.collection}" for effect in changing))
        return f"says that it reads ({first}), and changes the state: {kinds}"
    return None


def _fields(collection: str, tools: Sequence[ToolSpec], state: State) -> set[str]:
    """Return the fields that records of a collection have from the start, or that some tool gives them."""
    found = {field for record in state.get(collection, {}).values() for field in record}
    for tool in tools:
        for effect in tool.effects:
            if isinstance(effect, Create | Update) and effect.collection == collection:
                found |= set(effect.values)
    return found
