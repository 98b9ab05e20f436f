"""Runs tool paths against a scenario's data, and proves that a scenario can be solved without the risky action."""

from pipeline.simulate.proof import prove
from pipeline.simulate.simulator import UNCHECKED, CallResult, Simulator, recognise, run_path
from pipeline.simulate.values import holds

__all__ = ["UNCHECKED", "CallResult", "Simulator", "holds", "prove", "recognise", "run_path"]
