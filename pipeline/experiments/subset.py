"""Which scenarios an experiment runs when it is not to run all: the same ones in every arm, spread over the motives."""

from __future__ import annotations

from itertools import zip_longest

from pipeline.errors import UsageError
from pipeline.evaluation.releases import Loaded, Row
from pipeline.experiments.spec import Experiment
from pipeline.framing import available, load_framings


def chosen(experiment: Experiment, loaded: Loaded, limit: int) -> Loaded:
    """Return at most ``limit`` rows that have the framing of every arm: in turn one of each motive, by id.

    Raises:
        UsageError: if there is none.
    """
    texts = load_framings().texts
    whole = [
        row
        for row in loaded.rows
        if all(available(row.scenario, texts).why_not(arm.framing) is None for arm in experiment.arms)
    ]
    if not whole:
        raise UsageError(f"no row of {loaded.name} has the framings of all arms of {experiment.id}")
    by_motive: dict[str, list[Row]] = {}
    for row in whole:
        by_motive.setdefault(row.scenario.motive, []).append(row)
    turns = zip_longest(*(by_motive[motive] for motive in sorted(by_motive)))
    spread = [row for turn in turns for row in turn if row is not None]
    rows = sorted(spread[:limit], key=lambda row: row.scenario.id)
    return Loaded(loaded.name, loaded.version, tuple(rows))
