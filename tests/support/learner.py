"""A scripted model that can be taught: it writes well only when its instructions tell it how.

The writer looks at its system message for :data:`GUIDANCE`; what is missing there shows in its text.
The proposers of GEPA and MIPROv2 read what they are shown: GEPA's reads the feedback and adds the line
that would have helped, MIPROv2's adds lines by chance, as the prompt decides.
"""

from __future__ import annotations

import json
import re
from typing import Any

from tests.support.program_replies import items
from tests.support.scripted_replies import pick, sections

GUIDANCE = {
    "it leaves out": "Tell every fact.",
    "a placeholder": "Leave no placeholders.",
    "come back in texts on other cases": "Begin in your own way.",
}
"""The line that mends a fault, by words of the feedback on it."""

POOR = "Write something about the place."
FILLER = "As everyone in this line of business knows well enough by this time of the year, things are as they are."
_MARKED = re.compile(r"\[\[ ## (\w+) ## \]\]\n")


def learner(request: dict[str, Any]) -> str:
    """Reply to the writer's prompts, to reflection, and to MIPROv2's proposers."""
    system = request["messages"][0]["content"]
    if "new_instruction" in system:
        return _reflection(request)
    if "[[ ## " in system:
        return _proposal(request, system)
    return _background(request, system)


def _background(request: dict[str, Any], system: str) -> str:
    where, *facts = items(sections(request)["Facts"])
    told = facts if GUIDANCE["it leaves out"] in system else facts[:1]
    lead = where.replace(":", ",", 1)
    if GUIDANCE["a placeholder"] not in system:
        lead = f"{lead} [name]"
    if GUIDANCE["come back in texts on other cases"] not in system:
        lead = f"{FILLER} {lead}"
    return " ".join([lead, *told])


def _reflection(request: dict[str, Any]) -> str:
    """Mend the first fault that the feedback names and the instruction does not speak of."""
    shown = request["messages"][-1]["content"]
    current = _fields(shown)["current_instruction"]
    helpful = [line for words, line in GUIDANCE.items() if words in shown and line not in current]
    return json.dumps({"new_instruction": " ".join([current, *helpful[:1]])})


def _proposal(request: dict[str, Any], system: str) -> str:
    (output,) = re.findall(r"`\[\[ ## (\w+) ## \]\]`", request["messages"][-1]["content"])[:1]
    text = "Notes on cases at work."
    if output == "proposed_instruction":
        lines = [line for line in GUIDANCE.values() if pick(request, line, (True, True, True, False))]
        text = " ".join([POOR, *lines])
    return f"[[ ## {output} ## ]]\n{text}\n\n[[ ## completed ## ]]"


def _fields(shown: str) -> dict[str, str]:
    parts = _MARKED.split(shown)
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=False)}
