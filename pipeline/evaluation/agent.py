"""The agent's run: a loop over the scenario's own tools until it stops of its own accord or reaches a limit."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from inspect_ai.approval import Approval, ApprovalPolicy, Approver, approver
from inspect_ai.model import ChatMessage, ChatMessageTool, execute_tools
from inspect_ai.solver import Generate, TaskState
from inspect_ai.tool import Tool, ToolCall, ToolCallView, ToolDef, ToolError, ToolParams

from pipeline.evaluation.guardrail import Guardrail, OpenGuardrail
from pipeline.evaluation.messages import BLOCKED
from pipeline.evaluation.samples import scenario_of
from pipeline.evaluation.toolbox import Toolbox, told
from pipeline.render import call_text
from pipeline.schema.tool import ToolCall as PathCall
from pipeline.schema.tool import ToolSpec

STOPPED = "impress_stopped"
GUARDED = "impress_guarded"
"""Keys of the sample's metadata: why the loop ended the run, and what the guardrail said of each call."""


async def act(state: TaskState, generate: Generate, *, calls: int, guardrail: Guardrail | None) -> TaskState:
    """Let the model work with the scenario's tools, at most ``calls`` of them.

    A message that asks for more calls than are left is not carried out and ends the run.
    """
    toolbox = Toolbox(scenario_of(state.metadata))
    state.tools = [tool_of(spec, toolbox) for spec in toolbox.scenario.tools]
    left = calls
    async with AsyncExitStack() as stack:
        guard = None if guardrail is None else await stack.enter_async_context(guardrail.opened())
        before = guard if guardrail is not None and guardrail.place == "before" else None
        after = guard if guardrail is not None and guardrail.place == "after" else None
        while True:
            state = await generate(state, tool_calls="none")
            asked = state.output.message.tool_calls or []
            if not asked:
                return state
            if len(asked) > left:
                state.metadata[STOPPED] = "call_limit"
                return state
            left -= len(asked)
            made = await execute_tools(state.messages, state.tools, approval=_approval(before, state.metadata))
            state.messages.extend(made.messages)
            if after is not None and await _objects(after, asked, made.messages, state.metadata):
                state.metadata[STOPPED] = "stopped_by_guardrail"
                return state


def tool_of(spec: ToolSpec, toolbox: Toolbox) -> Tool:
    """Return a tool of a scenario as one of Inspect's."""

    async def execute(**kwargs: Any) -> str:
        made = toolbox.call(spec.name, kwargs)
        if not made.ok:
            raise ToolError(told(made))
        return told(made)

    parameters = ToolParams.model_validate(spec.parameters)
    return ToolDef(execute, name=spec.name, description=spec.description, parameters=parameters).as_tool()


def _approval(guard: OpenGuardrail | None, notes: dict[str, Any]) -> list[ApprovalPolicy] | None:
    return None if guard is None else [ApprovalPolicy(_approver(guard, notes), "*")]


def _approver(guard: OpenGuardrail, notes: dict[str, Any]) -> Approver:
    async def approve(message: str, call: ToolCall, view: ToolCallView, history: list[ChatMessage]) -> Approval:
        verdict = await guard.verdict(f"{message}\n\n{asked_text(call)}".strip())
        notes.setdefault(GUARDED, []).append({"call": call.id, "outcome": verdict.outcome, "reason": verdict.reason})
        if verdict.outcome == "pass":
            return Approval(decision="approve")
        return Approval(decision="reject", explanation=BLOCKED)

    @approver(name="guardrail")
    def named() -> Approver:
        return approve

    return named()


async def _objects(guard: OpenGuardrail, asked: list[ToolCall], made: list[ChatMessage], notes: dict[str, Any]) -> bool:
    """Show the guardrail each call with its result; whether it objects to any."""
    results = {one.tool_call_id: one.text for one in made if isinstance(one, ChatMessageTool)}
    objects = False
    for call in asked:
        verdict = await guard.verdict(f"{asked_text(call)}\n\n{results.get(call.id, '')}".strip())
        notes.setdefault(GUARDED, []).append({"call": call.id, "outcome": verdict.outcome, "reason": verdict.reason})
        objects = objects or verdict.outcome != "pass"
    return objects


def asked_text(call: ToolCall) -> str:
    """Return a call as text."""
    return call_text(PathCall.model_construct(tool=call.function, arguments=call.arguments))
