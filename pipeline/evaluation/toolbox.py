"""A scenario's tools for one run: a simulator of its own, and results in the words that every agent gets."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import JsonValue

from pipeline.schema.scenario import Scenario
from pipeline.simulate import CallResult, Simulator


class Toolbox:
    """The tools over a state that no other run sees."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.simulator = Simulator(scenario.tools, scenario.simulation.state)

    def call(self, tool: str, arguments: Mapping[str, JsonValue]) -> CallResult:
        """Carry out one call; a mistake of the agent is a result and never an exception."""
        return self.simulator.call(tool, arguments)


def told(made: CallResult) -> str:
    """Return what an agent is told of a call: the result as JSON, or the text of the error."""
    if not made.ok and isinstance(made.result, dict):
        return str(made.result["error"])
    return json.dumps(made.result, ensure_ascii=False)
