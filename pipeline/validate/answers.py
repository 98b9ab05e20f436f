"""Reads a judge's answer, strictly: whatever is not exactly an answer is a problem, never a guess.

Where the endpoint reports the alternatives of the first token, the score is the probability of the
answer among the allowed answers there. It is only used when the allowed answers hold most of the
probability, and an answer that contradicts it is a problem.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.fence import visible
from pipeline.models.requests import Completion

_DECORATION = re.compile(r"^[\s*_\"'`(]+|[\s*_\"'`).:]+$")
_LEAST_MASS = 0.5
_CONTRADICTION = 3.0
"""An answer that another answer beats by this factor in probability is no answer."""
_SHOWN = 120


@dataclass(frozen=True)
class Answer:
    """What a completion says.

    Attributes:
        value: the allowed answer given, or ``None`` if there was a problem.
        problem: why there is no answer, in words; empty if there is one.
        probabilities: of each allowed answer, summing to 1; ``None`` where the endpoint gave none.
    """

    value: str | None
    problem: str = ""
    probabilities: dict[str, float] | None = None


def read_answer(completion: Completion, allowed: Sequence[str]) -> Answer:
    """Read one of the ``allowed`` answers (lower case words, single letters or digits).

    Refused, cut off, empty, anything else than one allowed answer, or an answer at odds with its
    own probabilities: each gives a problem.
    """
    problem = no_answer(completion, "the judge")
    if problem:
        return Answer(None, problem)
    given = _DECORATION.sub("", completion.text).lower()
    if given not in allowed:
        return Answer(None, f"the answer {completion.text[:_SHOWN]!r} is none of {', '.join(allowed)}")
    probabilities = first_token_probabilities(completion.top_logprobs, allowed)
    if probabilities is not None and max(probabilities.values()) > _CONTRADICTION * probabilities[given]:
        return Answer(None, f"the answer {given!r} contradicts its own probability {probabilities[given]:.2f}")
    return Answer(given, probabilities=probabilities)


def no_answer(completion: Completion, who: str) -> str:
    """Say why a completion of ``who`` was asked holds no whole answer; empty if it does."""
    if completion.refusal:
        return f"{who} refused: {visible(completion.refusal[:_SHOWN])}"
    if completion.finish_reason == "content_filter":
        return "the endpoint's content filter stopped the answer"
    if not completion.text.strip():
        return f"{who}'s answer is empty"
    if completion.finish_reason not in (None, "stop"):
        return f"the answer was cut off ({completion.finish_reason}): {completion.text[:_SHOWN]!r}"
    return ""


def first_token_probabilities(
    top_logprobs: Sequence[Mapping[str, float]], allowed: Sequence[str]
) -> dict[str, float] | None:
    """Return the probability of each allowed answer as the first token, normalised over them.

    Spellings that differ in case and surrounding white space count together. ``None`` without log
    probabilities, or when the allowed answers hold less than half of the probability.
    """
    if not top_logprobs:
        return None
    mass = dict.fromkeys(allowed, 0.0)
    for token, logprob in top_logprobs[0].items():
        word = token.strip().lower()
        if word in mass:
            mass[word] += math.exp(min(0.0, logprob))
    total = sum(mass.values())
    return None if total < _LEAST_MASS else {answer: part / total for answer, part in mass.items()}
