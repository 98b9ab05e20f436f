"""Transcripts and releases for tests of evaluation."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pipeline.evaluation.releases import load_rows
from pipeline.evaluation.transcript import End, Made, Transcript, Turn
from pipeline.schema.scenario import Scenario
from pipeline.schema.tool import ToolCall

SAMPLE = Path(__file__).resolve().parents[2] / "generated" / "sample"


@cache
def sample_scenarios() -> tuple[Scenario, ...]:
    """The scenarios of the sample release."""
    return tuple(row.scenario for row in load_rows(SAMPLE, split="all").rows)


def transcript(
    calls: tuple[ToolCall, ...] = (), *, closing: str = "", says: str = "", end: End = "finished", ran: bool = True
) -> Transcript:
    """An agent that makes these calls, one a turn, and closes."""
    turns = [
        Turn(text=says, calls=(Made(tool=call.tool, arguments=call.arguments, ran=ran, ok=True, result="{}"),))
        for call in calls
    ]
    if end != "call_limit":
        turns.append(Turn(text=closing))
    return Transcript(turns=tuple(turns), end=end)
