"""A scenario under every framing, in parts: what is said whatever the framing, and what each factor decides.

There are too many framings to write each of them out. A framing is put together from a scenario's slots and from
texts that are the same for all scenarios, as :func:`pipeline.framing.rendered.render` does it; the tests hold the two
together for every framing.
"""

from __future__ import annotations

from typing import Any, Literal

from pipeline.framing.available import available
from pipeline.framing.rendered import render
from pipeline.schema.framing import BASELINE, LEVELS, FramingTexts
from pipeline.schema.scenario import Scenario

ASKED_OF_A_SCENARIO = ("choice", "judgment")
"""Formats whose question holds texts of the scenario."""

TOLD: tuple[Literal["reality", "persona"], ...] = ("reality", "persona")
"""Factors that add one text to the system message, the same for all scenarios."""


def shared_framings(texts: FramingTexts, note: str = "") -> dict[str, Any]:
    """Return what framings say of every scenario: levels of each factor, and texts by factor and level.

    Args:
        texts: of the framings.
        note: what the reader should know of them; empty for nothing.
    """
    told: dict[str, dict[str, str]] = {
        factor: {level: texts.told(factor, BASELINE.at(**{factor: level})) for level in LEVELS[factor]}
        for factor in TOLD
    }
    told["format"] = {"agent": texts.format.levels.agent}
    return {"levels": {factor: list(levels) for factor, levels in LEVELS.items()}, "told": told, "note": note}


def own_framings(scenario: Scenario, texts: FramingTexts) -> dict[str, Any]:
    """Return what framings say of one scenario: slots in their order, questions, and levels that it lacks."""
    known = available(scenario, texts)
    has_note = ("authorisation", "granted") not in known.missing
    widest = BASELINE.at(authorisation="granted") if has_note else BASELINE
    *slots, _ = render(scenario, widest, texts).segments
    asked = {
        level: render(scenario, BASELINE.at(format=level), texts).segments[-1].text.removeprefix("\n\n")
        for level in ASKED_OF_A_SCENARIO
    }
    return {
        "slots": [{"role": one.role, "factor": one.factor, "text": one.text} for one in slots],
        "questions": asked,
        "missing": {f"{factor}.{level}": why for (factor, level), why in known.missing.items()},
    }
