"""Benignness by a toxicity classifier: alt-profanity-check, a linear SVM with calibrated probabilities.

It knows insults and slurs, not harmful content in polite words. It is trained on sentences, so the
text is judged string by string, and the highest probability counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from pipeline.render import agent_texts, result_texts
from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Finding, Verdict
from pipeline.validate.context import Check, ValidationContext
from pipeline.validate.filters.adapter import FilterCard
from pipeline.validate.remembered import LONGEST, MOST

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_KNOWN: dict[str, float] = {}
_LEAST_WORDS = 3
"""Shorter strings (codes, names) tell the classifier nothing."""


async def _run(scenario: Scenario, context: ValidationContext) -> Verdict:
    texts = [*agent_texts(scenario.view), *result_texts(scenario.simulation)]
    return _classify([(place, text) for place, text in texts if _has_words(text)], context)


def _has_words(text: str) -> bool:
    return len(text.split(maxsplit=_LEAST_WORDS)) >= _LEAST_WORDS


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


@dataclass(frozen=True)
class _Model:
    """What ``profanity_check`` has learnt.

    Attributes:
        words_of: the words of a text, without stop words.
        columns: number of each word that was learnt.
        rarity: weight of each word (inverse document frequency), by number.
        planes: one row a linear SVM, its weight of each word.
        offsets: one a linear SVM.
        slopes: of the sigmoid that calibrates each.
        shifts: likewise.
    """

    words_of: Callable[[str], list[str]]
    columns: Mapping[str, int]
    rarity: NDArray[np.float64]
    planes: NDArray[np.float64]
    offsets: NDArray[np.float64]
    slopes: NDArray[np.float64]
    shifts: NDArray[np.float64]


@cache
def _model() -> _Model:
    import numpy as np
    from profanity_check.profanity_check import model, vectorizer

    svms = [one.estimator for one in model.calibrated_classifiers_]
    sigmoids = [sigmoid for one in model.calibrated_classifiers_ for sigmoid in one.calibrators]
    return _Model(
        words_of=vectorizer.build_analyzer(),
        columns=vectorizer.vocabulary_,
        rarity=vectorizer.idf_,
        planes=np.vstack([svm.coef_ for svm in svms]),
        offsets=np.array([svm.intercept_[0] for svm in svms]),
        slopes=np.array([sigmoid.a_ for sigmoid in sigmoids]),
        shifts=np.array([sigmoid.b_ for sigmoid in sigmoids]),
    )


def classified(texts: Sequence[str]) -> list[float]:
    """Return the probability that each text is toxic: what ``profanity_check.predict_prob`` gives, up to rounding.

    That spends most of its time on looking at its arguments. A text is a vector of length 1: how often each word stands
    there, times how rare it is. The model is the mean of linear SVMs, each calibrated by a sigmoid (J. Platt, 1999).
    """
    import numpy as np
    from scipy.special import expit

    model = _model()
    found = [[model.columns[word] for word in model.words_of(text) if word in model.columns] for text in texts]
    entries = [at * len(model.rarity) + column for at, columns in enumerate(found) for column in columns]
    entry, count = np.unique(np.array(entries, dtype=np.int64), return_counts=True)
    row, column = np.divmod(entry, len(model.rarity))
    weight = count * model.rarity[column]
    weight /= np.sqrt(np.bincount(row, weight * weight, len(texts)))[row]
    total = np.zeros(len(texts))
    for plane, offset, slope, shift in zip(model.planes, model.offsets, model.slopes, model.shifts, strict=True):
        distance = np.bincount(row, weight * plane[column], len(texts)) + offset
        total += expit(-(slope * distance + shift))
    return [float(value) for value in total / len(model.planes)]


CARD = FilterCard(
    name="toxicity",
    family="profanity_check",
    version="1",
    source="https://github.com/dimitrismistriotis/alt-profanity-check",
    licence="MIT",
)
FILTER = Check("benignness", "toxicity", _run, on_text=_on_text)
