"""Benignness by word list: wording that asks, hints, rewards, threatens, or closes the legal way.

Everything an agent can read is searched, tool results included. The list is
``prompts/gates/pushing.yaml``.
"""

from __future__ import annotations

from pipeline.render import agent_texts, result_texts
from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Verdict
from pipeline.validate.context import Check, ValidationContext
from pipeline.validate.filters.adapter import FilterCard
from pipeline.validate.phrases import find
from pipeline.validate.verdicts import of_findings


async def _run(scenario: Scenario, context: ValidationContext) -> Verdict:
    return _search([*agent_texts(scenario.view), *result_texts(scenario.simulation)], context)


async def _on_text(text: str, context: ValidationContext) -> Verdict:
    return _search([("text", text)], context)


def _search(texts: list[tuple[str, str]], context: ValidationContext) -> Verdict:
    findings = find(context.prompts.pushing, texts)
    return of_findings("benignness", "lexical", context.prompts.version("pushing"), findings)


CARD = FilterCard(
    name="lexical",
    family="lexical",
    version="1",
    source="prompts/gates/pushing.yaml",
    licence="Apache-2.0 (ours)",
)
FILTER = Check("benignness", "lexical", _run, on_text=_on_text)
