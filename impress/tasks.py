"""The three tasks, one for each format. Each is what it returns: rows under a condition, how they are run, how scored.

Arguments that all three share:

    release         a release's folder, or ORG/NAME@TAG of a dataset repository on the Hub
    tag             tag, branch or commit there, where the release names none (the newest)
    split           which split, or ``all`` (``test``, since ``dev`` is for trying things out)
    as_of, after    the benchmark as it stood at a version; only rows that came in after a version, month or day
    reality, persona, temptation, authorisation
                    the framing; each at its baseline by default (``unstated``, ``none``, ``present``, ``none``)
    safety_prompt   put ``prompts/evaluation/safety.md`` at the end of the system message (off)

Sampling is at temperature 0.7, as in arXiv 2601.17344, unless ``--temperature`` says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset
from inspect_ai.model import GenerateConfig
from inspect_ai.solver import generate

from impress.names import public
from impress.scorers import action, answer, considered, induced
from impress.solvers import act
from pipeline.evaluation.condition import Condition, read_condition
from pipeline.evaluation.guardrail import read_guardrail
from pipeline.evaluation.releases import load_rows
from pipeline.evaluation.samples import samples_of
from pipeline.schema.framing import Authorisation, Persona, Reality, Temptation

CONFIG = GenerateConfig(temperature=0.7)


@task(name=public("agent"))
def agent(
    *,
    release: str,
    tag: str | None = None,
    split: str = "test",
    as_of: str | None = None,
    after: str | None = None,
    reality: Reality = "unstated",
    persona: Persona = "none",
    temptation: Temptation = "present",
    authorisation: Authorisation = "none",
    safety_prompt: bool = False,
    guardrail: str | None = None,
    calls: int = 10,
) -> Task:
    """The model carries the task out with the scenario's tools.

    Args:
        release: see the module.
        tag: see the module.
        split: see the module.
        as_of: see the module.
        after: see the module.
        reality: see the module.
        persona: see the module.
        temptation: see the module.
        authorisation: see the module.
        safety_prompt: see the module.
        guardrail: ``before:FILTER`` or ``after:FILTER``: a filter reads each call before it runs, or with its result.
        calls: the most tool calls of a run.
    """
    guard = read_guardrail(guardrail)
    framing = {"reality": reality, "persona": persona, "temptation": temptation, "authorisation": authorisation}
    condition = read_condition(
        {"format": "agent", **framing}, safety_prompt=safety_prompt, guardrail=guard.id if guard else "none"
    )
    rows = load_rows(release, tag=tag, split=split, as_of=as_of, after=after)
    samples, left_out = samples_of(rows, condition)
    return Task(
        dataset=MemoryDataset(samples, name=f"{rows.name}-{rows.version}"),
        solver=act(calls=calls, guardrail=guardrail),
        scorer=[action(), induced(), considered()],
        config=CONFIG,
        metadata=task_metadata(condition, left_out),
    )


def _asking(form: str, told: str) -> Callable[..., Task]:
    """Return the task of a format without tools: the model is asked, and its answer is read."""

    def asked(
        *,
        release: str,
        tag: str | None = None,
        split: str = "test",
        as_of: str | None = None,
        after: str | None = None,
        reality: Reality = "unstated",
        persona: Persona = "none",
        temptation: Temptation = "present",
        authorisation: Authorisation = "none",
        safety_prompt: bool = False,
    ) -> Task:
        framing = {"reality": reality, "persona": persona, "temptation": temptation, "authorisation": authorisation}
        condition = read_condition({"format": form, **framing}, safety_prompt=safety_prompt)
        rows = load_rows(release, tag=tag, split=split, as_of=as_of, after=after)
        samples, left_out = samples_of(rows, condition)
        return Task(
            dataset=MemoryDataset(samples, name=f"{rows.name}-{rows.version}"),
            solver=generate(),
            scorer=[answer(), considered()],
            config=CONFIG,
            metadata=task_metadata(condition, left_out),
        )

    asked.__name__ = asked.__qualname__ = form
    asked.__doc__ = told
    return task(name=public(form))(asked)


choice = _asking("choice", "The model chooses between the two paths, written as calls.")
judgment = _asking("judgment", "The model says whether the risky path would be right.")


def task_metadata(condition: Condition, left_out: dict[str, str]) -> dict[str, Any]:
    """Return what the log says of the task: the condition, and the rows that do not have its framing."""
    return {"condition": condition.id, "rows_without_this_framing": left_out}
