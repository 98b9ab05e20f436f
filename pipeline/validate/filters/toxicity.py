"""Benignness by a toxicity classifier: alt-profanity-check, a linear SVM with calibrated probabilities.

It knows insults and slurs, not harmful content in polite words. It is trained on sentences, so the
text is judged string by string, and the highest probability counts.
"""

from __future__ import annotations

from importlib.metadata import version

from pipeline.render import agent_texts, result_texts
from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Finding, Verdict
from pipeline.validate.context import Check, ValidationContext
from pipeline.validate.filters.adapter import FilterCard
from pipeline.validate.remembered import LONGEST, MOST

_KNOWN: dict[str, float] = {}
_LEAST_WORDS = 3
"""Shorter strings (codes, names) tell the classifier nothing."""


async def _run(scenario: Scenario, context: ValidationContext) -> Verdict:
    texts = [*agent_texts(scenario.view), *result_texts(scenario.simulation)]
    return _classify([(place, text) for place, text in texts if len(text.split()) >= _LEAST_WORDS], context)


async def _on_text(text: str, context: ValidationContext) -> Verdict:
    return _classify([("text", text)], context)


def _classify(texts: list[tuple[str, str]], context: ValidationContext) -> Verdict:
    probabilities = _probabilities([text for _, text in texts])
    maximum = context.settings.toxicity_maximum
    evidence = tuple(
        Finding(place=place, text=text, note=f"toxic with probability {probability:.2f}", start=0, end=len(text))
        for (place, text), probability in zip(texts, probabilities, strict=True)
        if probability > maximum
    )
    worst = max(probabilities)
    return Verdict(
        gate="benignness",
        checker="toxicity",
        version=version("alt-profanity-check"),
        outcome="fail" if evidence else "pass",
        score=round(1 - worst, 6),
        reason=f"highest probability of toxic text {worst:.2f}, allowed {maximum:.2f}",
        evidence=evidence,
    )


def _probabilities(texts: list[str]) -> list[float]:
    """Return the probability of each text; those that were asked before are not classified again."""
    from profanity_check import predict_prob

    new = list(dict.fromkeys(text for text in texts if text not in _KNOWN))
    found = dict(zip(new, map(float, predict_prob(new)), strict=True)) if new else {}
    answers = [found[text] if text in found else _KNOWN[text] for text in texts]
    if len(_KNOWN) >= MOST:
        _KNOWN.clear()
    _KNOWN.update({text: value for text, value in found.items() if len(text) <= LONGEST})
    return answers


CARD = FilterCard(
    name="toxicity",
    family="profanity_check",
    version="1",
    source="https://github.com/dimitrismistriotis/alt-profanity-check",
    licence="MIT",
)
FILTER = Check("benignness", "toxicity", _run, on_text=_on_text)
