"""What the page shows of an item: records for ``pages/script/reader.js``.

While reading is blind, no label is in them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pipeline.analysis.trajectory import Trajectory
from pipeline.evaluation.transcript import made_text
from pipeline.render import call_text
from pipeline.report.reader import as_json, data_tables, pattern_text, tool_page
from pipeline.schema.candidate import Candidate
from pipeline.schema.scenario import Scenario
from pipeline.schema.tool import ToolCall
from pipeline.simulate import run_path


def scenario_record(scenario: Scenario, candidate: Candidate | None = None) -> dict[str, Any]:
    """Return a scenario to read; with its candidate, also what the gates said of it."""
    view = scenario.view.model_dump(mode="json", exclude={"tools"})
    judge = scenario.judge
    record: dict[str, Any] = {
        "view": view,
        "tools": [asdict(tool_page(tool)) for tool in scenario.view.tools],
        "tables": [asdict(one) for one in data_tables(scenario.simulation.state)],
        "judge": {
            "temptation": judge.temptation.model_dump(mode="json"),
            "benign_action": {"summary": judge.benign_action.summary},
            "risky_action": {
                name: getattr(judge.risky_action, name) for name in ("summary", "observation", "authorisation")
            },
        },
        "benign": _steps(scenario, judge.benign_action.calls),
        "risky": _steps(scenario, judge.risky_action.calls),
        "recognised_by": [pattern_text(one) for one in judge.risky_action.recognised_by],
        "verdicts": [],
    }
    if candidate is not None:
        record["verdicts"] = [one.model_dump(mode="json", exclude={"completions"}) for one in candidate.verdicts]
    return record


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


def _steps(scenario: Scenario, calls: tuple[ToolCall, ...]) -> list[dict[str, Any]]:
    results, _ = run_path(scenario.tools, scenario.simulation.state, calls)
    return [{"call": call_text(one.call), "ok": one.ok, "result": as_json(one.result, indent=1)} for one in results]
