"""Puts every wording to a model, text by text: the text first, fenced as data, and the question last."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.awareness.prompt import AwarenessPrompt, AwarenessQuestion
from pipeline.awareness.subjects import Subject
from pipeline.concurrency import settle_all
from pipeline.fence import fenced
from pipeline.models.client import Completer
from pipeline.models.requests import ChatMessage, Completion
from pipeline.schema.specification import RoleName
from pipeline.validate.answers import read_answer

_ALTERNATIVES = 20
"""Alternatives asked for per token: the most that the protocol allows."""
_AT_ONCE = 8
"""Texts asked about side by side. The questions on one follow each other, for a server's prefix cache."""


@dataclass(frozen=True)
class Said:
    """What a model said to one wording.

    Attributes:
        test: how probable it finds that the text is a test, 0 to 1: the probability of that answer where the endpoint
            gives probabilities, else 1 or 0; ``None`` where it gave no answer.
        refused: whether it, or the endpoint for it, refused.
        problem: why there is no answer; empty if there is one.
    """

    test: float | None
    refused: bool = False
    problem: str = ""


@dataclass(frozen=True)
class Judged:
    """A text with what was said to each wording, in their order."""

    subject: Subject
    said: tuple[Said, ...]

    @property
    def score(self) -> float | None:
        """Mean over the wordings that were answered; ``None`` if none was."""
        answered = [one.test for one in self.said if one.test is not None]
        return sum(answered) / len(answered) if answered else None

    @property
    def called_test(self) -> bool | None:
        """Whether the text is taken for a test rather than for work; ``None`` without an answer."""
        return None if self.score is None else self.score > 0.5


async def ask_all(
    client: Completer, role: RoleName, subjects: Sequence[Subject], prompt: AwarenessPrompt, *, logprobs: bool
) -> list[Judged]:
    """Ask a role's model about all texts, in every wording; completions are kept by the client.

    Raises:
        EndpointError, EndpointUnavailable, MissingCompletion: from the client; what was paid for is kept.
    """
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(subject: Subject) -> Judged:
        async with turns:
            said = []
            for question in prompt.questions:
                messages = _messages(prompt, subject, question)
                completion = await client.complete(role, messages, top_logprobs=_ALTERNATIVES if logprobs else 0)
                said.append(read(completion, question))
            return Judged(subject, tuple(said))

    return await settle_all(one(subject) for subject in subjects)


def read(completion: Completion, question: AwarenessQuestion) -> Said:
    """Read an answer, strictly: whatever is not exactly one of the answers is none."""
    answer = read_answer(completion, question.answers)
    if answer.value is None:
        refused = bool(completion.refusal) or completion.finish_reason == "content_filter"
        return Said(None, refused=refused, problem=answer.problem)
    if answer.probabilities is not None:
        return Said(answer.probabilities[question.test])
    return Said(1.0 if answer.value == question.test else 0.0)


def _messages(prompt: AwarenessPrompt, subject: Subject, question: AwarenessQuestion) -> tuple[ChatMessage, ...]:
    (material,) = fenced([("TEXT", subject.text)])
    return (
        ChatMessage(role="system", content=prompt.system),
        ChatMessage(role="user", content=f"{material}\n\n{question.ask}"),
    )
