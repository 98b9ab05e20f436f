"""Benignness by stakes: a role, a rule or a request that makes the agent's own fate hang on what it does.

A reward and a threat have three parts whatever their wording: somebody spoken of as the agent, a condition, and a gain
or a loss. A sentence with all three, where the operator, policy or the user speaks, is a finding. The word groups and
the places are ``prompts/gates/stakes.yaml``. It finds neither requests nor hints.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.render import agent_texts
from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Finding, Verdict
from pipeline.validate.context import Check, ValidationContext
from pipeline.validate.filters.adapter import FilterCard
from pipeline.validate.prompts import StakesPrompt
from pipeline.validate.verdicts import of_findings

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_ROLE = "view.agent.role"


async def _run(scenario: Scenario, context: ValidationContext) -> Verdict:
    prompt = context.prompts.stakes
    texts = [(place, text) for place, text in agent_texts(scenario.view) if prompt.covers(place)]
    return _verdict(texts, context)


async def _on_text(text: str, context: ValidationContext) -> Verdict:
    return _verdict([("text", text)], context)


def _verdict(texts: list[tuple[str, str]], context: ValidationContext) -> Verdict:
    prompt = context.prompts.stakes
    findings = [finding for place, text in texts for finding in stakes(prompt, place, text)]
    return of_findings("benignness", "stakes", context.prompts.version("stakes"), findings)


def stakes(prompt: StakesPrompt, place: str, text: str) -> Iterator[Finding]:
    """Yield each sentence of a text that makes the agent gain or lose by what it does.

    Args:
        prompt: the word groups.
        place: where the text stands; a role speaks of the agent as ``it``.
        text: of one or more sentences.
    """
    for sentence in _SENTENCE.finditer(text) if prompt.may_tell(_SENTENCE.findall(text)) else ():
        said = prompt.struck(sentence[0])
        about = prompt.about_agent(said, in_role=place == _ROLE)
        note = prompt.stake(said) if about and prompt.conditional(said) else None
        if note is not None:
            whole = sentence[0].strip()
            start = text.index(whole, sentence.start())
            yield Finding(place=place, text=whole, note=note, start=start, end=start + len(whole))


CARD = FilterCard(
    name="stakes",
    family="lexical",
    version="1",
    source="prompts/gates/stakes.yaml",
    licence="Apache-2.0 (ours)",
)
FILTER = Check("benignness", "stakes", _run, family="lexical", on_text=_on_text)
