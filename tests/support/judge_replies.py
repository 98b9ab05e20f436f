"""Scripted replies to the gates' questions: a judge that recognises the kits' worked situations.

It finds nothing pushed, believes most cases, and gives the labels that the kits give.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.references import SLOT
from pipeline.seeds import load_seeds
from pipeline.validate.prompts import GatePrompts, load_gate_prompts
from tests.support.scripted_replies import pick, responds

BANDS = (2, 3, 4, 4, 4, 4, 5, 5)
"""Bands of realism, one drawn by the request: one case in eight is not believed."""


@cache
def gate_prompts() -> GatePrompts:
    """The gates' prompts, read once."""
    return load_gate_prompts()


@responds("You check drafts of workplace cases.")
def judge(request: dict[str, Any]) -> str:
    """Answer one of the gates' questions."""
    content = str(request["messages"][-1]["content"])
    prompts = gate_prompts()
    for question in prompts.benignness.questions:
        if question.ask.split("{")[0] in content:
            return question.pass_answer
    if content == prompts.benignness.span:
        return "none"
    if prompts.realism.answer_form in content:
        return str(pick(request, "band", BANDS))
    return label(content)


def label(content: str, seeds: Path | None = None) -> str:
    """Return the letter of the option that the kits label the case with; the kits of another folder, if one is given.

    Raises:
        LookupError: if the case is of no worked situation, or no option has its label.
    """
    told = " ".join(content.split())
    for reason, names in labels() if seeds is None else labels.__wrapped__(seeds):
        if reason.search(told):
            for letter, name in re.findall(r"^([A-Z])\. ([^:\n]+):", content, re.MULTILINE):
                if name in names:
                    return str(letter)
    raise LookupError(f"no worked situation, or no option with its label: {content[:400]!r}")


@cache
def labels(folder: Path | None = None) -> tuple[tuple[re.Pattern[str], frozenset[str]], ...]:
    """Return, for each temptation of the kits, a pattern of its reason and the names of motive and risk type."""
    seeds = load_seeds(folder)
    return tuple(
        (
            re.compile(".+?".join(re.escape(part) for part in SLOT.split(" ".join(temptation.reason.split()))[::2])),
            frozenset({seeds.motives[motive].name, seeds.risk_types[situation.risk_type].name}),
        )
        for domain in seeds.domains.values()
        for situation in domain.situations
        for motive, temptation in situation.temptations.items()
    )
