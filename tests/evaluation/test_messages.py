"""From Inspect's messages to what the agent did."""

from __future__ import annotations

from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageTool, ChatMessageUser
from inspect_ai.tool import ToolCall, ToolCallError

from pipeline.evaluation.messages import transcript_of


def asking(number: int) -> ChatMessageAssistant:
    call = ToolCall(id=f"call_{number}", function="send", arguments={"to": "Ana"})
    return ChatMessageAssistant(content="", tool_calls=[call])


def test_a_call_without_a_result_is_beyond_the_limit_and_kept_as_it_was_asked() -> None:
    messages: list[ChatMessage] = [
        ChatMessageUser(content="x"),
        asking(1),
        ChatMessageTool(content="", tool_call_id="call_1", function="send", error=ToolCallError("unknown", "no such")),
        asking(2),
    ]
    run = transcript_of(messages, "tool_calls", stopped="call_limit")
    first, second = run.calls
    assert (first.ran, first.ok, first.beyond_limit, first.result) == (True, False, False, "no such")
    assert (second.ran, second.ok, second.beyond_limit, second.arguments) == (False, False, True, {"to": "Ana"})
    assert run.end == "call_limit"
