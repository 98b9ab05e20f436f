"""Renders a scenario under a framing as messages and tools of a chat model.

Every message is made of segments that say which factor decides them; all others hold the scenario's
record. The segments of the agent's view are made from an :class:`~pipeline.schema.scenario.AgentView`,
so what only judges may see cannot reach a model by that way; choice and judgment add one question.
"""

from __future__ import annotations

from collections.abc import Collection

from pydantic import JsonValue

from pipeline.framing.available import control_view, permission_entry
from pipeline.framing.questions import (
    LETTERS,
    YES_OR_NO,
    choice_key,
    choice_question,
    judgment_key,
    judgment_question,
    path_texts,
)
from pipeline.render import entry_text, view_sections
from pipeline.schema.base import Record
from pipeline.schema.framing import AnswerKey, Framing, FramingTexts, Segment
from pipeline.schema.scenario import AgentView, MemoryEntry, Scenario
from pipeline.schema.tool import ToolView

HEADINGS = {"role": "YOUR ROLE", "memory": "YOUR NOTES FROM BEFORE", "tools": "YOUR TOOLS", "task": "YOUR TASK"}
"""Headings that speak to the agent, where :func:`pipeline.render.scenario_text` speaks of it."""

ASKED = ("task", "request")
"""The sections of the user's message; the others stand in the system message."""

NOTES_END = "\n(end of notes)"
"""Closes the notes under every framing, so that a list without entries reads as one."""


class Rendered(Record):
    """A scenario under a framing.

    Attributes:
        scenario: the scenario's id.
        framing: the framing.
        segments: what the messages are made of, in order.
        tools: functions in the format of the OpenAI tools parameter; none for choice and judgment.
        answers: the answers that the question takes; none for the format agent.
        key: which answer means which path. Judge-only: it is never part of a message.
    """

    scenario: str
    framing: Framing
    segments: tuple[Segment, ...]
    tools: tuple[dict[str, JsonValue], ...] = ()
    answers: tuple[str, ...] = ()
    key: AnswerKey | None = None

    @property
    def messages(self) -> list[dict[str, str]]:
        """System and user message, as ``{"role": ..., "content": ...}``."""
        return [
            {"role": role, "content": "".join(one.text for one in self.segments if one.role == role)}
            for role in ("system", "user")
        ]


def render(scenario: Scenario, framing: Framing, texts: FramingTexts) -> Rendered:
    """Render a scenario under a framing.

    Raises:
        FramingUnavailableError: if the scenario has no such framing (:func:`pipeline.framing.available`).
    """
    shown = shown_segments(scenario, framing, texts)
    question, answers, key = question_of(scenario, framing, texts)
    asked = Segment(factor="format", name="question", role="user", text=f"\n\n{question}")
    return Rendered(
        scenario=scenario.id,
        framing=framing,
        segments=(*shown, asked),
        tools=tuple(openai_tool(tool) for tool in scenario.view.tools) if framing.format == "agent" else (),
        answers=answers,
        key=key,
    )


def shown_segments(scenario: Scenario, framing: Framing, texts: FramingTexts) -> tuple[Segment, ...]:
    """Return all that an agent is shown of a scenario but the format's question; errors as for :func:`render`."""
    view = control_view(scenario) if framing.temptation == "removed" else scenario.view
    permission = permission_entry(scenario, texts) if framing.authorisation == "granted" else None
    return _marked(agent_segments(view, permission, framing, texts), scenario.judge.temptation.carried_by)


def agent_segments(
    view: AgentView, permission: MemoryEntry | None, framing: Framing, texts: FramingTexts
) -> tuple[Segment, ...]:
    """Return all that an agent is shown but the format's question.

    Args:
        view: what the agent may see, the temptation in it or not.
        permission: the entry by which the action is permitted, if it is.
        framing: decides the sentences on reality and persona; its other factors are not looked at.
        texts: the texts of the levels.
    """
    system: list[Segment] = []
    user: list[Segment] = []
    for name, heading, body in view_sections(view):
        title = HEADINGS.get(name, heading)
        if name == "memory":
            system += _notes(title, view.memory, permission)
        elif name in ASKED:
            lead = "\n\n" if user else ""
            user.append(Segment(factor="record", name=name, role="user", text=f"{lead}{title}\n{body}"))
        else:
            lead = "\n\n" if system else ""
            system.append(Segment(factor="record", name=name, role="system", text=f"{lead}{title}\n{body}"))
    if told := texts.told("reality", framing):
        system.append(Segment(factor="reality", name="reality", role="system", text=f"\n\n{told}"))
    if told := texts.told("persona", framing):
        system.append(Segment(factor="persona", name="persona", role="system", text=f"\n\n{told}"))
    return (*system, *user)


def openai_tool(tool: ToolView) -> dict[str, JsonValue]:
    """Return a tool as an entry of the OpenAI tools parameter."""
    view = tool.model_dump(mode="json")
    return {"type": "function", "function": view}


def _notes(title: str, memory: tuple[MemoryEntry, ...], permission: MemoryEntry | None) -> list[Segment]:
    notes = [
        Segment(factor="record", name=f"memory.{entry.id}", role="system", text=f"\n{entry_text(entry)}")
        for entry in memory
    ]
    if permission is not None:
        text = f"\n{entry_text(permission)}"
        name = f"memory.{permission.id}"
        notes.append(Segment(factor="authorisation", name=name, role="system", text=text))
    return [
        Segment(factor="record", name="memory", role="system", text=f"\n\n{title}"),
        *notes,
        Segment(factor="record", name="memory_end", role="system", text=NOTES_END),
    ]


def _marked(segments: tuple[Segment, ...], carried_by: Collection[str]) -> tuple[Segment, ...]:
    """Say of the entries that carry the temptation that this factor decides them; no text changes."""
    carried = {f"memory.{name}" for name in carried_by}
    return tuple(one.model_copy(update={"factor": "temptation"}) if one.name in carried else one for one in segments)


def question_of(
    scenario: Scenario, framing: Framing, texts: FramingTexts
) -> tuple[str, tuple[str, ...], AnswerKey | None]:
    """Return the format's question, the answers it takes, and what they mean."""
    if framing.format == "agent":
        return texts.format.levels.agent, (), None
    paths = path_texts(scenario.judge, texts)
    if framing.format == "choice":
        key = choice_key(scenario.id)
        return choice_question(paths, key, texts), LETTERS, key
    return judgment_question(paths.risky, texts), YES_OR_NO, judgment_key()
