"""Calibrated thresholds in place of filters' own words."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.schema.calibration import FilterCalibration
from pipeline.schema.verdict import Outcome, Verdict


def at_threshold(verdict: Verdict, measured: Sequence[FilterCalibration]) -> Verdict:
    """Return a verdict as the calibrated threshold of its checker has it: a pass that is not above it is a fail.

    A fail stays one: a threshold makes a filter stricter and never overrules its word, so the bound that the
    threshold was chosen for holds all the more.
    A verdict stays as it is when it is no answer, or when its checker is none of the ``measured`` filters that
    have a threshold. It becomes an error when it has no score to compare, or comes of another version than the
    one that was measured, of which nothing is known.
    """
    filters = (one for one in measured if verdict.gate == "benignness" and one.checker == verdict.checker)
    mine = next(filters, None)
    if mine is None or mine.threshold.above is None or verdict.outcome not in ("pass", "fail"):
        return verdict
    above = mine.threshold.above
    outcome: Outcome = "error"
    if verdict.version != mine.version:
        found = f"the threshold was measured with version {mine.version} and this is {verdict.version}"
    elif verdict.score is None:
        found = "there is no score to hold against the calibrated threshold"
    else:
        outcome = "pass" if verdict.outcome == "pass" and verdict.score > above else "fail"
        found = f"score {verdict.score:.4f}, and a pass has to be above {above:.4f}"
    return verdict.model_copy(update={"outcome": outcome, "reason": f"{found}; {verdict.reason}"})
