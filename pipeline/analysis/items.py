"""Items: which scenarios tell models apart, and which never do."""

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


def _mean(runs: Sequence[Run]) -> float | None:
    said = [run.action for run in runs if run.action is not None]
    return sum(said) / len(said) if said else None
