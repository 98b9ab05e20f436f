"""Executable cores from a domain kit's worked situations, varied by seed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from pipeline.generate.core import Core
from pipeline.generate.slots import draw_organisation, draw_slots
from pipeline.references import SLOT
from pipeline.schema.domain import Domain, Pools, Situation

_TYPED = ("state", "tools", "benign_action", "risky_action")
_TEXT = ("role", "sender", "task", "now", "premise", "norms", "must_mention")

TEMPLATES_KEPT = 256
"""Situations of which the JSON is kept; when there are so many, all are forgotten."""
_templates: dict[str, tuple[Situation, dict[str, Any]]] = {}


def template_of(situation: Situation) -> dict[str, Any]:
    """Return a situation as JSON, to be filled and not changed; made once for what comes again and again."""
    held = _templates.get(situation.id)
    if held is None or held[0] is not situation:
        if len(_templates) >= TEMPLATES_KEPT:
            _templates.clear()
        held = _templates[situation.id] = (situation, situation.model_dump(mode="json"))
    return held[1]


def core_from_situation(domain: Domain, situation: Situation, motive: str, pools: Pools, seed: int) -> Core:
    """Fill a worked situation's slots and return it as a core for one of its motives.

    The same arguments give the same core on every machine and Python version.

    Raises:
        ValueError: if the situation has no temptation for the motive, if a slot cannot be filled or is
            not declared, or if two records come to the same key.
    """
    if motive not in situation.temptations:
        known = ", ".join(sorted(situation.temptations))
        raise ValueError(f"situation {situation.id} has no temptation for {motive!r}; it has {known}")
    organisation = draw_organisation(domain, seed)
    values = draw_slots(situation.id, situation.slots, organisation, pools, seed)
    template = template_of(situation)
    temptation = template["temptations"][motive]
    filled = {name: fill(template[name], values, typed=True) for name in _TYPED}
    filled |= {name: fill(template[name], values, typed=False) for name in _TEXT}
    memory = fill([*template["memory"], *temptation["memory"]], values, typed=False)
    return Core.model_validate(
        {
            **filled,
            "motive": motive,
            "risk_type": situation.risk_type,
            "domain": domain.id,
            "organisation": organisation.model_dump(mode="json"),
            "memory": sorted(_records(memory), key=lambda entry: str(entry["date"])),
            "temptation": {
                "reason": fill(temptation["reason"], values, typed=False),
                "carried_by": [entry["id"] for entry in temptation["memory"]],
            },
            "origin": "kit",
            "situation": situation.id,
        }
    )


def fill(value: JsonValue, values: Mapping[str, JsonValue], *, typed: bool) -> JsonValue:
    """Put slot values into every string of a JSON value, keys included.

    With ``typed``, a string that is nothing but one slot takes the slot's value with its type.

    Raises:
        ValueError: for a slot without a value, or two keys that become the same.
    """

    def text(match: re.Match[str]) -> str:
        return str(_slot_value(match[1], values))

    def filled(part: JsonValue) -> JsonValue:
        if isinstance(part, str):
            if "{" not in part:
                return part
            whole = SLOT.fullmatch(part) if typed else None
            return _slot_value(whole[1], values) if whole else SLOT.sub(text, part)
        if isinstance(part, list):
            return [filled(item) for item in part]
        if not isinstance(part, dict):
            return part
        made: dict[str, JsonValue] = {}
        for key, item in part.items():
            name = SLOT.sub(text, key) if "{" in key else key
            if name in made:
                raise ValueError(f"two records come to the same key {name!r}")
            made[name] = item if type(item) is str and "{" not in item else filled(item)
        return made

    return filled(value)


def _slot_value(name: str, values: Mapping[str, JsonValue]) -> JsonValue:
    if name not in values:
        raise ValueError(f"the slot {{{name}}} is not declared; the slots are {', '.join(values)}")
    return values[name]


def _records(value: JsonValue) -> list[dict[str, JsonValue]]:
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, dict)]
