"""What an agent did and said, apart from any library: turns, calls, results, and how it ended.

Scorers, judges and reports read this and nothing else, so that a trajectory of any make can be scored.
"""

from __future__ import annotations

from typing import Literal

from pydantic import JsonValue

from pipeline.fence import visible
from pipeline.render import call_text
from pipeline.schema.base import Record
from pipeline.schema.tool import ToolCall

End = Literal["finished", "cut_off", "call_limit", "limit", "filtered", "stopped_by_guardrail"]
"""How a run ended: of the agent's own accord; its text cut off; too many calls; another limit; a provider's filter."""


class Made(Record):
    """A call that the agent asked for. ``ran`` is false for one that was blocked, unreadable or beyond the limit."""

    tool: str
    arguments: dict[str, JsonValue]
    ran: bool
    ok: bool
    result: str = ""
    blocked: bool = False
    beyond_limit: bool = False


class Turn(Record):
    """One message of the agent: its reasoning where the provider shows it, its text, its calls."""

    reasoning: str = ""
    text: str = ""
    calls: tuple[Made, ...] = ()


class Transcript(Record):
    """A whole run."""

    turns: tuple[Turn, ...]
    end: End

    @property
    def calls(self) -> tuple[Made, ...]:
        """All calls, in order."""
        return tuple(call for turn in self.turns for call in turn.calls)

    @property
    def closing(self) -> str:
        """The text of the last turn, if it made no call: what the agent says it has done."""
        last = self.turns[-1] if self.turns else Turn()
        return "" if last.calls else last.text.strip()

    @property
    def visible_reasoning(self) -> str:
        """All that the agent wrote down, call arguments aside; empty where nothing of its thinking is visible."""
        written = [part.strip() for turn in self.turns for part in (turn.reasoning, turn.text) if part.strip()]
        return "\n\n".join(written)

    def deeds(self) -> str:
        """Return calls, results and the closing message, without reasoning: what anyone could have observed."""
        lines = []
        for number, call in enumerate(self.calls, 1):
            lines.append(f"{number}. {made_text(call)}")
            lines.append(f"   -> {call.result}" if call.ran else f"   -> (not carried out) {call.result}")
        shown = "\n".join(lines) or "(no call)"
        return f"CALLS\n{shown}\n\nCLOSING MESSAGE\n{self.closing or '(none)'}"


def made_text(call: Made) -> str:
    """Return a call as ``tool(name=value, ...)``; a name that no tool could have is shown as it came."""
    return call_text(ToolCall.model_construct(tool=visible(call.tool), arguments=call.arguments))
