"""Benignness by a toxicity classifier: alt-profanity-check, a linear SVM with calibrated probabilities.

It knows insults and slurs, not harmful content in polite words. It is trained on sentences, so the
text is judged string by string, and the highest probability counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
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
        version=_version(),
        outcome="fail" if evidence else "pass",
        score=round(1 - worst, 6),
        reason=f"highest probability of toxic text {worst:.2f}, allowed {maximum:.2f}",
        evidence=evidence,
    )


@cache
def _version() -> str:
    return version("alt-profanity-check")


def _probabilities(texts: list[str]) -> list[float]:
    """Return the probability of each text; those that were asked before are not classified again."""
    new = list(dict.fromkeys(text for text in texts if text not in _KNOWN))
    found = dict(zip(new, classified(new), strict=True)) if new else {}
    answers = [found[text] if text in found else _KNOWN[text] for text in texts]
    if len(_KNOWN) >= MOST:
        _KNOWN.clear()
    _KNOWN.update({text: value for text, value in found.items() if len(text) <= LONGEST})
    return answers


def classified(texts: Sequence[str]) -> list[float]:
    """Return the probability that each text is toxic: what ``profanity_check.predict_prob`` gives, to the last bit.

    That spends most of its time on looking at its arguments. The model is the mean of linear SVMs, each calibrated by
    a sigmoid (J. Platt, 1999).
    """
    import numpy as np
    from profanity_check.profanity_check import model, vectorizer
    from scipy.special import expit

    features = vectorizer.transform(texts)
    total = np.zeros(len(texts))
    for one in model.calibrated_classifiers_:
        svm, (sigmoid,) = one.estimator, one.calibrators
        distance = np.asarray(features @ svm.coef_.T).ravel() + svm.intercept_[0]
        total += expit(-(sigmoid.a_ * distance + sigmoid.b_))
    return [float(value) for value in total / len(model.calibrated_classifiers_)]


CARD = FilterCard(
    name="toxicity",
    family="profanity_check",
    version="1",
    source="https://github.com/dimitrismistriotis/alt-profanity-check",
    licence="MIT",
)
FILTER = Check("benignness", "toxicity", _run, on_text=_on_text)
