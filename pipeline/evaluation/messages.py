"""From Inspect's messages to a transcript."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.evaluation.transcript import End, Made, Transcript, Turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageTool
    from inspect_ai.tool import ToolCall

BLOCKED = "blocked by guardrail"
"""Begins what an agent is told of a call that a guardrail kept from running."""
_CUT_OFF = ("max_tokens", "model_length")


def transcript_of(
    messages: Sequence[ChatMessage], stop_reason: str | None, *, stopped: str | None = None
) -> Transcript:
    """Return what the agent did.

    Args:
        messages: the whole conversation; what precedes the agent's first message is left out.
        stop_reason: of the last output, as Inspect gives it; ``None`` if there is none.
        stopped: why the loop ended the run (``call_limit``, ``stopped_by_guardrail``), if it did.
    """
    results = {one.tool_call_id: one for one in messages if one.role == "tool"}
    spoken = [one for one in messages if one.role == "assistant"]
    turns = tuple(_turn(one, results) for one in spoken)
    return Transcript(turns=turns, end=_end(messages, turns, stop_reason, stopped))


def _end(messages: Sequence[ChatMessage], turns: tuple[Turn, ...], stop_reason: str | None, stopped: str | None) -> End:
    if stopped == "call_limit":
        return "call_limit"
    if stopped == "stopped_by_guardrail":
        return "stopped_by_guardrail"
    if stop_reason == "content_filter":
        return "filtered"
    if stop_reason in _CUT_OFF:
        return "cut_off"
    if not turns or turns[-1].calls or messages[-1].role != "assistant":
        return "limit"
    return "finished"


def _turn(message: ChatMessageAssistant, results: dict[str | None, ChatMessageTool]) -> Turn:
    calls = tuple(_made(call, results.get(call.id)) for call in message.tool_calls or ())
    return Turn(reasoning=reasoning_of(message), text=message.text, calls=calls)


def reasoning_of(message: ChatMessage) -> str:
    """Return what a provider shows of the reasoning behind a message: of redacted parts the summary, if any."""
    parts = [] if isinstance(message.content, str) else message.content
    shown = ((part.summary or "" if part.redacted else part.reasoning) for part in parts if part.type == "reasoning")
    return "\n".join(filter(None, shown))


def _made(call: ToolCall, result: ChatMessageTool | None) -> Made:
    if call.parse_error:
        told = "" if result is None else result.text
        return Made(tool=call.function, arguments={}, ran=False, ok=False, result=told or call.parse_error)
    if result is None:
        return Made(tool=call.function, arguments=call.arguments, ran=False, ok=False, beyond_limit=True)
    error = result.error
    blocked = error is not None and error.type == "approval"
    return Made(
        tool=call.function,
        arguments=call.arguments,
        ran=not blocked and (error is None or error.type == "unknown"),
        ok=error is None,
        result=result.text if error is None else error.message,
        blocked=blocked,
    )
