"""Asks the judge about a scenario: the scenario first, fenced as data, and the question last.

All questions on one scenario start with the same messages, so a server's prefix cache pays for the
scenario once. What an agent can see comes before what only judges may see, so that questions on the
former share their prefix with those on both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.fence import fenced
from pipeline.models.client import Completer
from pipeline.models.requests import ChatMessage
from pipeline.recent import Recent
from pipeline.render import judge_part_text, result_texts, scenario_text
from pipeline.schema.scenario import Scenario
from pipeline.validate.answers import Answer, read_answer
from pipeline.validate.context import ValidationContext

_ALTERNATIVES = 20
"""Alternatives asked for per token: the most that the protocol allows."""
_PROSE_WORDS = 4
"""A string that a tool returns is shown to the judge from so many words on: notes and messages, not codes."""


@dataclass(frozen=True)
class Asked:
    """An answer and the key of the completion that gave it."""

    answer: Answer
    key: str


def case_text(scenario: Scenario, *, paths: bool) -> str:
    """Return the fenced scenario: what the agent sees and what tools tell it; with ``paths``, the judge's part too."""
    parts = _PARTS(scenario)
    return "\n\n".join(parts if paths else parts[:1])


def _parts(scenario: Scenario) -> tuple[str, ...]:
    said = [text for _, text in result_texts(scenario.simulation) if len(text.split()) >= _PROSE_WORDS]
    results = "\n".join(f"- {text}" for text in dict.fromkeys(said)) or "(nothing but codes and figures)"
    view = f"{scenario_text(scenario.view)}\n\nTOOLS RETURN\n{results}"
    return fenced([("CASE", view), ("PATHS", judge_part_text(scenario.judge))])


_PARTS = Recent(_parts)


def bare_case(text: str) -> str:
    """Return a fenced text that is no record: all that a judge is shown of it."""
    (part,) = fenced([("CASE", text)])
    return part


async def quote(context: ValidationContext, material: str, question: str, answer: str, request: str) -> Asked:
    """Ask the judge, after an answer, for the words of the material that show it.

    The chat goes on from that of :func:`ask`, so a server's prefix cache pays for the material once.

    Args:
        context: must have a client.
        material: fenced text, as the question had it.
        question: likewise.
        answer: whose ground is asked for.
        request: asks for the words.

    Returns:
        What the judge wrote as ``answer.value``, ``None`` where it is empty or refused; it need not be in the material.

    Raises:
        EndpointError, EndpointUnavailable, MissingCompletion: from the client.
    """
    messages = (
        *_opening(context, material, question),
        ChatMessage(role="assistant", content=answer),
        ChatMessage(role="user", content=request),
    )
    completion = await _client(context).complete("judge", messages)
    if completion.refusal or completion.finish_reason == "content_filter" or not completion.text.strip():
        return Asked(Answer(None, problem="nothing quoted"), completion.key)
    return Asked(Answer(completion.text.strip()), completion.key)


async def ask(context: ValidationContext, material: str, question: str, allowed: Sequence[str]) -> Asked:
    """Put one question after some material to the judge.

    Args:
        context: must have a client.
        material: fenced text.
        question: what to ask; says which form the answer has.
        allowed: the answers that count, lower case.

    Raises:
        EndpointError, EndpointUnavailable, MissingCompletion: from the client.
    """
    top = _ALTERNATIVES if context.settings.judge_logprobs else 0
    completion = await _client(context).complete("judge", _opening(context, material, question), top_logprobs=top)
    return Asked(read_answer(completion, allowed), completion.key)


def _opening(context: ValidationContext, material: str, question: str) -> tuple[ChatMessage, ...]:
    return (
        ChatMessage(role="system", content=context.prompts.judge.system),
        ChatMessage(role="user", content=f"{material}\n\n{question}"),
    )


def _client(context: ValidationContext) -> Completer:
    if context.client is None:
        raise ValueError("a judge was asked without a client")
    return context.client
