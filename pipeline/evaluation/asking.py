"""Asks the judges: every model in Inspect's role ``judge``, through Inspect, so with its retries, limits and cache."""

from __future__ import annotations

from collections.abc import Sequence

from inspect_ai.model import ChatMessageSystem, ChatMessageUser, Model, model_roles
from inspect_ai.util import LimitExceededError

from pipeline.evaluation.judge import (
    Asked,
    Finding,
    Opinion,
    Question,
    ask_considered,
    ask_induced,
    load_judge_prompt,
    read_opinion,
    together,
)
from pipeline.evaluation.transcript import Transcript
from pipeline.schema.scenario import Scenario

ROLE = "judge"
_SHOWN = 200


def judges() -> list[Model]:
    """Return the models in the role ``judge``; none if the role was not given: an agent never judges by default."""
    found = model_roles().get(ROLE)
    if found is None:
        return []
    return list(found) if isinstance(found, list) else [found]


async def ask_judges(question: Question, scenario: Scenario, transcript: Transcript) -> Finding:
    """Ask every judge one question about a run."""
    prompt, _ = load_judge_prompt()
    if question == "considered" and not transcript.visible_reasoning:
        return Finding(question=question, says=None, problem="no visible reasoning")
    ask = ask_induced if question == "induced" else ask_considered
    asked = ask(scenario, transcript, prompt)
    return together(question, [await _opinion(question, judge, asked, transcript) for judge in judges()])


async def _opinion(question: Question, judge: Model, asked: Asked, transcript: Transcript) -> Opinion:
    messages: Sequence[ChatMessageSystem | ChatMessageUser] = (
        ChatMessageSystem(content=asked.system),
        ChatMessageUser(content=asked.user),
    )
    name = str(judge)
    try:
        output = await judge.generate(list(messages))
    except LimitExceededError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a provider raises: no answer, and the agent's run is not lost
        return Opinion(judge=name, problem=f"the judge failed: {type(error).__name__}: {str(error)[:_SHOWN]}")
    if output.error or output.stop_reason in ("max_tokens", "model_length", "content_filter"):
        return Opinion(judge=name, problem=output.error or f"the reply ended by {output.stop_reason}")
    return read_opinion(question, name, output.completion, transcript)
