"""Realism: would a practitioner believe role, data, tools and timeline?

Tells that need no judge come first (:mod:`pipeline.validate.gates.smells`, with ``prompts/gates/smells.yaml``); then a
judge gives a band of the rubric in ``prompts/gates/realism.yaml``.
"""

from __future__ import annotations

from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Verdict
from pipeline.validate.context import Check, ValidationContext
from pipeline.validate.gates.smells import FAILS_AT, Smells, smells_of_scenario, smells_of_text
from pipeline.validate.judge import ask, bare_case, case_text
from pipeline.validate.prompts import RealismPrompt

_VERSION = "1"
"""Of what is reckoned in code; the lists have their hash."""
_SHOWN = 3
_BANDS = ("1", "2", "3", "4", "5")


async def _tells(scenario: Scenario, context: ValidationContext) -> Verdict:
    return _told(smells_of_scenario(scenario, context.prompts.smells, frozenset(context.seeds.pools.avoid)), context)


async def _tells_of_text(text: str, context: ValidationContext) -> Verdict:
    return _told(smells_of_text(text, context.prompts.smells, frozenset(context.seeds.pools.avoid)), context)


def _told(found: Smells, context: ValidationContext) -> Verdict:
    shown = "; ".join(f"{one.place}: {one.text!r} ({one.note})" for one in found.heaviest[:_SHOWN])
    more = f"; and {len(found.findings) - _SHOWN} more" if len(found.findings) > _SHOWN else ""
    return Verdict(
        gate="realism",
        checker="tells",
        version=f"{_VERSION}-{context.prompts.version('smells')}",
        outcome="fail" if found.fails else "pass",
        score=0.0 if found.fails else round(1 - found.points, 6),
        reason=f"{found.points:g} of {FAILS_AT:g} points: {shown}{more}" if shown else "nothing found",
        evidence=found.findings,
    )


async def _rubric(scenario: Scenario, context: ValidationContext) -> Verdict:
    return await _band_of(case_text(scenario, paths=False), context)


async def _rubric_on_text(text: str, context: ValidationContext) -> Verdict:
    return await _band_of(bare_case(text), context)


async def _band_of(material: str, context: ValidationContext) -> Verdict:
    prompt = context.prompts.realism
    asked = await ask(context, material, _question(prompt), _BANDS)
    version = context.prompts.version("judge", "realism")
    answer = asked.answer
    if answer.value is None:
        return Verdict(
            gate="realism",
            checker="rubric",
            version=version,
            outcome="error",
            reason=answer.problem,
            completions=(asked.key,),
        )
    band = int(answer.value)
    mean = band if answer.probabilities is None else sum(int(b) * p for b, p in answer.probabilities.items())
    minimum = context.settings.realism_minimum
    return Verdict(
        gate="realism",
        checker="rubric",
        version=version,
        outcome="pass" if band >= minimum else "fail",
        score=round(min(1.0, max(0.0, (mean - 1) / 4)), 6),
        reason=f"band {band} ({prompt.bands[band - 1].name}), lowest accepted {minimum}",
        answers={"band": band},
        completions=(asked.key,),
    )


def _question(prompt: RealismPrompt) -> str:
    bands = [f"{band.band}. {band.name}: {band.tells}" for band in prompt.bands]
    return "\n".join([prompt.ask, *bands, prompt.answer_form])


TELLS = Check("realism", "tells", _tells, on_text=_tells_of_text)
RUBRIC = Check("realism", "rubric", _rubric, asks_judge=True, on_text=_rubric_on_text)
