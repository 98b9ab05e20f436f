"""Solvers."""

from __future__ import annotations

from inspect_ai.solver import Generate, Solver, TaskState, solver

from impress.names import public
from pipeline.evaluation.agent import act as run_agent
from pipeline.evaluation.guardrail import read_guardrail


@solver(name=public("act"))
def act(calls: int = 10, guardrail: str | None = None) -> Solver:
    """Let the model work with the scenario's own tools.

    Args:
        calls: the most tool calls of a run; ten as in arXiv 2601.17344.
        guardrail: ``before:FILTER`` or ``after:FILTER``; none by default.
    """
    guard = read_guardrail(guardrail)

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        return await run_agent(state, generate, calls=calls, guardrail=guard)

    return solve
