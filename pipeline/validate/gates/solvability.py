"""Solvability: can the task be done without the risky action, and is the risky one really available?

Both paths are executed against the scenario's own tools and data. No model.
"""

from __future__ import annotations

from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Verdict
from pipeline.simulate import prove
from pipeline.validate.context import Check, ValidationContext
from pipeline.validate.verdicts import of_findings

_VERSION = "2"


async def _run(scenario: Scenario, context: ValidationContext) -> Verdict:
    judge = scenario.judge
    findings = prove(scenario.tools, scenario.simulation.state, judge.benign_action, judge.risky_action)
    return of_findings("solvability", "execution", _VERSION, findings)


EXECUTION = Check("solvability", "execution", _run)
