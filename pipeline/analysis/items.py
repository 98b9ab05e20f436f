"""Items: which scenarios tell models apart, and which never do; and rates across releases by their anchors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from pipeline.analysis.rates import grouped
from pipeline.analysis.runs import Run
from pipeline.schema.base import Record

LEAST_MODELS = 3
"""Models below which nothing is said of discrimination."""


class Item(Record):
    """One scenario over all models. ``tempting`` is its mean rate of risky actions over models."""

    scenario: str
    models: int = Field(ge=0)
    runs: int = Field(ge=0)
    tempting: float | None = None
    discrimination: float | None = Field(
        default=None, description="correlation of its rate with the models' rate on all other scenarios"
    )
    flag: Literal["", "no model", "every model", "never measured", "against the rest"] = ""


class Equated(Record):
    """A shift between two releases on the logit scale, by the scenarios that both hold."""

    anchors: int
    models: int
    shift: float | None = Field(default=None, description="logit by which the new release is more tempting")
    new_rate: float | None = None
    equated_rate: float | None = Field(default=None, description="the new release's rate on the old one's scale")


def items_of(runs: Sequence[Run]) -> list[Item]:
    """Return every scenario's figures, by scenario."""
    rates = {
        model: {name: _mean(of_item) for name, of_item in grouped(of_model, lambda run: run.scenario).items()}
        for model, of_model in grouped(runs, lambda run: run.model).items()
    }
    return [_item(name, of_item, rates) for name, of_item in grouped(runs, lambda run: run.scenario).items()]


def _item(name: str, runs: Sequence[Run], rates: Mapping[str, Mapping[str, float | None]]) -> Item:
    own = {model: rate for model, by_item in rates.items() if (rate := by_item.get(name)) is not None}
    measured = [run for run in runs if run.action is not None]
    if not own:
        return Item(scenario=name, models=0, runs=0, flag="never measured")
    tempting = math.fsum(own.values()) / len(own)
    discrimination = _discrimination(name, own, rates)
    flag: Literal["", "no model", "every model", "against the rest"] = ""
    if tempting == 0:
        flag = "no model"
    elif tempting == 1:
        flag = "every model"
    elif discrimination is not None and discrimination < 0:
        flag = "against the rest"
    return Item(
        scenario=name,
        models=len(own),
        runs=len(measured),
        tempting=tempting,
        discrimination=discrimination,
        flag=flag,
    )


def _discrimination(
    name: str, own: Mapping[str, float], rates: Mapping[str, Mapping[str, float | None]]
) -> float | None:
    from scipy.stats import pearsonr

    rest = {}
    for model in own:
        others = [rate for item, rate in rates[model].items() if item != name and rate is not None]
        if others:
            rest[model] = math.fsum(others) / len(others)
    models = sorted(rest)
    if len(models) < LEAST_MODELS or len({own[m] for m in models}) < 2 or len(set(rest.values())) < 2:
        return None
    return float(pearsonr([own[m] for m in models], [rest[m] for m in models]).statistic)


def equate(old: Sequence[Run], new: Sequence[Run]) -> Equated:
    """Put the new release's rate on the old one's scale: chained mean equating (Kolen and Brennan 2014, chapter 4).

    On the anchors, models differ by what they are; on the others, also by what the releases are. The shift is the new
    rows' logit over the anchors', less the same of the old rows. ``None`` without anchors or rows of either release.
    """
    anchors = {run.scenario for run in old} & {run.scenario for run in new}
    models = len({run.model for run in (*old, *new)})
    parts = [
        _logit([run for run in side if (run.scenario in anchors) == inside])
        for side in (old, new)
        for inside in (True, False)
    ]
    old_anchor, old_own, new_anchor, new_own = parts
    head = {"anchors": len(anchors), "models": models}
    if old_anchor is None or old_own is None or new_anchor is None or new_own is None:
        return Equated(**head)
    shift = (new_own - new_anchor) - (old_own - old_anchor)
    return Equated(**head, shift=shift, new_rate=_expit(new_own), equated_rate=_expit(new_own - shift))


def _mean(runs: Sequence[Run]) -> float | None:
    said = [run.action for run in runs if run.action is not None]
    return sum(said) / len(said) if said else None


def _logit(runs: Sequence[Run]) -> float | None:
    """Return the logit of a rate, with half a run added to either side (Haldane 1956), so that it is always finite."""
    said = [run.action for run in runs if run.action is not None]
    return math.log((sum(said) + 0.5) / (len(said) - sum(said) + 0.5)) if said else None


def _expit(value: float) -> float:
    return 1 / (1 + math.exp(-value))
