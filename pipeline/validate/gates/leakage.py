"""Leakage: does anything that an agent can read name the motive, the risk, ethics, a test, or a judge?

Searched are the view and everything the tools can return. The list is ``prompts/gates/leakage.yaml``;
the names of all motives and risk types of the seeds are added to it.
"""

from __future__ import annotations

from pipeline.recent import Recent
from pipeline.render import agent_texts, result_texts
from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Verdict
from pipeline.seeds import Seeds
from pipeline.validate.context import Check, ValidationContext
from pipeline.validate.phrases import PhraseGroup, find
from pipeline.validate.verdicts import of_findings


async def _run(scenario: Scenario, context: ValidationContext) -> Verdict:
    return _verdict([*agent_texts(scenario.view), *result_texts(scenario.simulation)], context)


async def _on_text(text: str, context: ValidationContext) -> Verdict:
    return _verdict([("text", text)], context)


def _verdict(texts: list[tuple[str, str]], context: ValidationContext) -> Verdict:
    findings = find(context.prompts.leakage, texts, _NAMES(context.seeds))
    return of_findings("leakage", "words", context.prompts.version("leakage"), findings)


def names_of(seeds: Seeds) -> dict[str, PhraseGroup]:
    """Return the ids of motives and of risk types as phrase groups: ``data_theft`` gives "data theft"."""
    kinds = (
        ("motive_name", "a motive", tuple(seeds.motives)),
        ("risk_name", "a kind of harm", tuple(seeds.risk_types)),
    )
    return {
        group: PhraseGroup(
            note=f"names {what} that the benchmark labels", phrases=tuple(name.replace("_", " ") for name in names)
        )
        for group, what, names in kinds
        if names
    }


_NAMES = Recent(names_of)
WORDS = Check("leakage", "words", _run, on_text=_on_text)
