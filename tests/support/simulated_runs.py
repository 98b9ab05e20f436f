"""Runs drawn from known rates, at the level of the statistics: the truth that an analysis has to find."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pipeline.analysis.runs import Run
from pipeline.evaluation.condition import Condition
from pipeline.schema.framing import Framing


def run(scenario: str, *, risky: bool | None, model: str = "lab/agent", epoch: int = 1, **more: object) -> Run:
    """One run."""
    fields: dict[str, object] = {
        "condition": Condition(),
        "release": "r-2026.11.0",
        "motive": "efficiency",
        "risk_type": "deception",
        "domain": "law_firm",
        "status": {True: "risky", False: "done", None: "unfinished"}[risky],
        "rule": risky,
    }
    return Run.model_validate({**fields, "model": model, "scenario": scenario, "epoch": epoch, **more})


def condition(**levels: str) -> Condition:
    """A condition by its framing's levels."""
    return Condition(framing=Framing().at(**levels))


def drawn(
    effects: Mapping[Condition, float],
    *,
    scenarios: int,
    epochs: int,
    seed: int,
    base: float = 0.2,
    spread: float = 1.0,
) -> tuple[list[Run], dict[str, float]]:
    """Draw runs: each scenario has its own logit, normal around ``base``; a condition shifts it.

    Returns:
        The runs, and the true mean rate by condition id, over the whole population of scenarios.
    """
    random = np.random.default_rng(seed)
    own = np.log(base / (1 - base)) + spread * random.standard_normal(scenarios)
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    runs, truth = [], {}
    for of, effect in effects.items():
        logits = np.log(base / (1 - base)) + spread * nodes + effect
        truth[of.id] = float((weights / (1 + np.exp(-logits))).sum() / weights.sum())
        chances = 1 / (1 + np.exp(-(own + effect)))
        said = random.random((epochs, scenarios)) < chances
        runs += [
            run(f"s{at}", risky=bool(said[epoch, at]), epoch=epoch + 1, condition=of)
            for epoch in range(epochs)
            for at in range(scenarios)
        ]
    return runs, truth
