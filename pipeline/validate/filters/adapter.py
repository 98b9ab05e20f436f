"""What every filter of the gate benignness states, and what an adapter to a guard model has to do.

An adapter knows one model's prompt format and answer format, as its makers document them, and reads
an answer strictly: only an answer that is documented, and that means benign, is benign. A refusal, an
answer that is cut off or empty, more text than the format has, a contradiction: each is a problem, and
a problem is never a pass.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.fence import visible
from pipeline.models.requests import Completion, GuardPrompt
from pipeline.schema.base import OptionalText, Record, Slug, Text
from pipeline.validate.answers import no_answer
from pipeline.validate.context import Check

_LEAST_MASS = 0.5
_CONTRADICTION = 3.0
"""A word that another word beats by this factor in probability is no answer."""
_SHOWN = 120


@dataclass(frozen=True)
class FilterCard:
    """What a filter is.

    Attributes:
        name: as specifications and verdicts call it.
        family: filters of one family are built on one another and err alike, so a vote counts them once.
        version: of the adapter; goes up when it asks otherwise or reads otherwise.
        source: where the format, or the method, is documented.
        licence: of the model, as its makers name it.
    """

    name: str
    family: str
    version: str
    source: str
    licence: str


@dataclass(frozen=True)
class EmbeddedFilter:
    """A filter that is always there and needs no guard model."""

    card: FilterCard
    check: Check


class Category(Record):
    """A model's own category, and the risk types that it speaks of; none where it speaks of none of ours."""

    name: Text
    risk_types: tuple[Slug, ...] = ()


class GuardQuestion(Record):
    """One of several questions that a model is asked one by one; ``ask`` is its text, where the model takes one."""

    id: Slug
    ask: OptionalText = ""


class GuardNotes(Record):
    """What people edit of an adapter: ``prompts/guards/NAME.yaml``. ``categories`` are keyed by the model's code."""

    version: Text
    categories: dict[Text, Category]
    questions: tuple[GuardQuestion, ...] = ()


@dataclass(frozen=True)
class Reading:
    """What one answer says.

    Attributes:
        benign: what the model's own word means; ``None`` if there was a problem.
        problem: why there is no answer; empty if there is one.
        word: the model's own word.
        unsafe: probability that the text is not benign, where the endpoint gave probabilities, else ``None``.
        categories: codes of what the model found, as it gave them, known or not.
    """

    benign: bool | None
    problem: str = ""
    word: str = ""
    unsafe: float | None = None
    categories: tuple[str, ...] = ()


class GuardAdapter(ABC):
    """The way one guard model is asked and understood."""

    card: FilterCard

    @abstractmethod
    def prompts(self, text: str, notes: GuardNotes) -> dict[str, GuardPrompt]:
        """Return what to ask about a text, by question; most models need one question, called ``text``.

        Args:
            text: holds no special token (:func:`pipeline.fence.visible`).
            notes: of this adapter.
        """

    @abstractmethod
    def read(self, completion: Completion, question: str) -> Reading:
        """Read the answer to one question, strictly."""


Filter = EmbeddedFilter | GuardAdapter


def problem(reason: str) -> Reading:
    """Return the reading of an answer that is none. The reason may quote whatever came."""
    return Reading(benign=None, problem=visible(reason))


def unreadable(completion: Completion) -> Reading:
    """Return the reading of an answer that has not the documented form."""
    return problem(f"the answer {completion.text[:_SHOWN]!r} has not the documented form")


def bare(completion: Completion, *, cut_at_length: bool = False) -> str | Reading:
    """Return an answer without the line feeds and blanks around it, or a problem if there is no whole answer.

    Args:
        completion: as it came.
        cut_at_length: the answer has a known length, so that ending there is no fault.
    """
    whole = completion.model_copy(update={"finish_reason": "stop"})
    expected = cut_at_length and completion.finish_reason == "length"
    missing = no_answer(whole if expected else completion, "the guard model")
    return problem(missing) if missing else completion.text.strip(" \n")


def matched(completion: Completion, answer: re.Pattern[str]) -> re.Match[str] | Reading:
    """Return the match of a whole answer with its documented form, or the problem with it."""
    said = bare(completion)
    if isinstance(said, Reading):
        return said
    return answer.fullmatch(said) or unreadable(completion)


def with_probabilities(
    reading: Reading, completion: Completion, *, lead: str, words: Mapping[str, bool], word: str
) -> Reading:
    """Add the probability that the deciding token gives, and hold the word against it.

    Args:
        reading: of the answer's text.
        completion: may hold the alternatives of each token.
        lead: what the documented answer says before the deciding word.
        words: each word that may stand there, and whether it means benign.
        word: the one that was said.

    Returns:
        The reading with ``unsafe``; a problem if another word is far more probable than the one said.
    """
    found = deciding_probabilities(completion.top_logprobs, lead, tuple(words))
    if found is None:
        return reading
    if max(found.values()) > _CONTRADICTION * found[word]:
        return problem(f"the answer {word!r} contradicts its own probability {found[word]:.2f}")
    unsafe = math.fsum(found[one] for one, benign in words.items() if not benign)
    return Reading(reading.benign, reading.problem, reading.word, min(1.0, unsafe), reading.categories)


def deciding_probabilities(
    top_logprobs: Sequence[Mapping[str, float]], lead: str, words: Sequence[str]
) -> dict[str, float] | None:
    """Return the probability of each word at the first token that decides between them, normalised over them.

    The deciding token is the first after ``lead`` at which the words hold at least half of the probability. A
    token stands for a word if it begins that word and no other, so it may be a part of it.

    Args:
        top_logprobs: natural log probability by token, for each generated token.
        lead: what comes before, up to blanks.
        words: at least two, none of them the beginning of another.

    Returns:
        Probability by word, or ``None`` if no token decides.
    """
    said = ""
    for step in top_logprobs:
        if said.strip() == lead:
            mass = _mass(step, words)
            total = math.fsum(mass.values())
            if total >= _LEAST_MASS:
                return {word: part / total for word, part in mass.items()}
        if step:
            said += max(step, key=lambda token: step[token])
    return None


def _mass(step: Mapping[str, float], words: Sequence[str]) -> dict[str, float]:
    mass = dict.fromkeys(words, 0.0)
    for token, logprob in step.items():
        part = token.strip()
        begun = [word for word in words if part and word.startswith(part)]
        if len(begun) == 1:
            mass[begun[0]] += math.exp(min(0.0, logprob))
    return mass
