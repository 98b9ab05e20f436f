"""Rates of two releases on one scale by the rows that both hold: chained mean equating (Kolen and Brennan 2014, ch. 4).

On the rows of both, models differ by what they are; on the others, also by what the releases are. The logit of a
release's own rows less that of the common ones says how tempting its own are; the difference of the two is the shift.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from pydantic import Field

from pipeline.analysis.rates import RESAMPLES, Rate, grouped, rate_of
from pipeline.analysis.runs import Run
from pipeline.release.versions import parts
from pipeline.schema.base import Record

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_VERSION = re.compile(r"\d+\.\d+\.\d+")

LEAST = 2
"""Scenarios that a side needs of each kind, common ones and its own: an interval comes from drawing them anew."""


class Equated(Record):
    """A model's rate on the newer release's own rows, as it is and as it would be on the older one's."""

    model: str
    older: Rate | None = Field(default=None, description="its rate on the older release's own rows, if it ran there")
    newer: Rate
    equated: float | None = None
    low: float | None = None
    high: float | None = None


class Equating(Record):
    """Two releases of one benchmark, the older first, under one condition. ``None`` where there is too little to go by.

    Counts are of scenarios that were measured. ``shift`` is in logits, with its percentile interval over scenarios.
    """

    older: str
    newer: str
    condition: str
    anchors: int = Field(ge=0, description="scenarios of both")
    older_own: int = Field(ge=0)
    newer_own: int = Field(ge=0)
    shift: float | None = Field(default=None, description="logit by which the newer one's own rows are more tempting")
    low: float | None = None
    high: float | None = None
    models: tuple[Equated, ...] = ()


def equatings(runs: Sequence[Run], confidence: float = 0.95) -> Iterator[Equating]:
    """Yield the equating of each two releases of one benchmark that follow each other, by condition."""
    for condition, inside in grouped(runs, lambda run: run.condition.id).items():
        for _, of_one in grouped(inside, lambda run: run.release.rpartition("-")[0]).items():
            by_version = grouped(of_one, lambda run: run.release)
            versions = {name: name.rpartition("-")[2] for name in by_version}
            dated = [name for name in by_version if _VERSION.fullmatch(versions[name])]
            ordered = sorted(dated, key=lambda name: parts(versions[name]))
            for older, newer in pairwise(ordered):
                yield equate(by_version[older], by_version[newer], confidence=confidence).model_copy(
                    update={"condition": condition}
                )


def equate(older: Sequence[Run], newer: Sequence[Run], *, confidence: float = 0.95, seed: int = 0) -> Equating:
    """Equate two releases on the scenarios that were measured in both.

    Args:
        older: runs of one release under one condition.
        newer: runs of the other; the models may be others.
        confidence: two-sided level of the intervals.
        seed: of the resamples. A scenario of both is drawn for both at once.
    """
    import numpy as np

    left, right = (grouped(_measured(side), lambda run: run.scenario) for side in (older, newer))
    common = sorted(set(left) & set(right))
    own, fresh = sorted(set(left) - set(common)), sorted(set(right) - set(common))
    head = Equating(
        older=older[0].release,
        newer=newer[0].release,
        condition=newer[0].condition.id,
        anchors=len(common),
        older_own=len(own),
        newer_own=len(fresh),
    )
    if min(len(common), len(own), len(fresh)) < LEAST:
        return head.model_copy(update={"models": tuple(_unequated(older, newer, own, fresh, confidence))})
    draws = _Draws(seed, len(common), len(own), len(fresh))
    of_newer = np.subtract(_logits(right, fresh, draws.fresh), _logits(right, common, draws.common))
    of_older = np.subtract(_logits(left, own, draws.own), _logits(left, common, draws.common))
    shift = np.subtract(of_newer, of_older)
    low, high = _ends(shift[1:], confidence)
    models = []
    for one in _unequated(older, newer, own, fresh, confidence):
        mine = grouped([run for run in _measured(newer) if run.model == one.model], lambda run: run.scenario)
        equated = _expit(np.subtract(_logits(mine, fresh, draws.fresh), shift))
        ends = _ends(equated[1:], confidence)
        models.append(one.model_copy(update={"equated": float(equated[0]), "low": ends[0], "high": ends[1]}))
    return head.model_copy(update={"shift": float(shift[0]), "low": low, "high": high, "models": tuple(models)})


class _Draws:
    """Row numbers: first each scenario once, for the estimate itself; then the resamples. Shape ``(1 + R, n)``."""

    def __init__(self, seed: int, common: int, own: int, fresh: int) -> None:
        import numpy as np

        random = np.random.default_rng(seed)
        self.common, self.own, self.fresh = (
            np.vstack([np.arange(n), random.integers(n, size=(RESAMPLES, n))]) for n in (common, own, fresh)
        )


def _unequated(
    older: Sequence[Run], newer: Sequence[Run], own: Sequence[str], fresh: Sequence[str], confidence: float
) -> Iterator[Equated]:
    """Yield the rates of each model that was measured on the newer release's own rows."""
    for model, runs in grouped(newer, lambda run: run.model).items():
        rate = _rate(runs, fresh, confidence)
        before = _rate([run for run in older if run.model == model], own, confidence)
        if rate.n:
            yield Equated(model=model, older=before if before.n else None, newer=rate)


def _rate(runs: Sequence[Run], scenarios: Sequence[str], confidence: float) -> Rate:
    wanted = set(scenarios)
    return rate_of([(run.scenario, run.action) for run in runs if run.scenario in wanted], confidence=confidence)


def _measured(runs: Sequence[Run]) -> list[Run]:
    return [run for run in runs if run.action is not None]


def _logits(runs: Mapping[str, list[Run]], scenarios: Sequence[str], rows: npt.NDArray[np.int64]) -> Floats:
    """Return the logit of the rate over each draw of scenarios.

    Half a run is added to either side (Haldane 1956), so that it is always finite.
    """
    import numpy as np

    said = [[bool(run.action) for run in runs.get(name, ())] for name in scenarios]
    sums, sizes = (np.array(list(map(of, said)), dtype=float) for of in (sum, len))
    hits, all_of = sums[rows].sum(axis=1), sizes[rows].sum(axis=1)
    logits: Floats = np.log((hits + 0.5) / (all_of - hits + 0.5))
    return logits


def _ends(values: Floats, confidence: float) -> tuple[float, float]:
    import numpy as np

    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _expit(values: Floats) -> Floats:
    from scipy.special import expit

    result: Floats = expit(values)
    return result
