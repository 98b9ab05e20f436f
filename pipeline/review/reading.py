"""A run as the page shows it: in the parts that the judges get."""

from __future__ import annotations

from typing import Any

from pipeline.analysis.trajectory import Trajectory
from pipeline.evaluation.transcript import made_text
from pipeline.render import call_text


def run_record(trajectory: Trajectory) -> dict[str, Any]:
    """Return a run to read, in the parts that the judges get: deeds without reasoning, and reasoning without deeds."""
    done, risky = trajectory.transcript, trajectory.scenario.judge.risky_action
    calls = [{"call": made_text(one), "ran": one.ran, "ok": one.ok, "result": one.result} for one in done.calls]
    action = {"summary": risky.summary, "calls": [call_text(one) for one in risky.calls], "observed": risky.observation}
    return {
        "action": action,
        "deeds": calls,
        "closing": done.closing,
        "reasoning": done.visible_reasoning,
        "end": done.end.replace("_", " "),
    }
