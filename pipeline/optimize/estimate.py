"""What an optimisation is expected to take, before a call is made."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.optimize.examples import Sets
from pipeline.optimize.order import OptimizerName
from pipeline.optimize.settings import OptimizeSettings

_ACCEPTED = 0.5
"""Share of GEPA's proposals that are taken to be worth a pass over the selection set."""
_SUMMARY_BATCH = 10
"""Examples that MIPROv2 shows its proposer at a time when it describes the data."""


@dataclass(frozen=True)
class Estimate:
    """Calls, by what they are for. ``at_most`` bounds them all together; a budget bounds them harder.

    ``judge_per_text`` is how many questions a judge is asked on a text; 0 without a judge.
    """

    held_back: int
    search: int
    reflection: int
    judge_per_text: int
    at_most: int

    @property
    def judged(self) -> int:
        """Questions to a judge, to expect."""
        return (self.search + self.held_back) * self.judge_per_text

    @property
    def about(self) -> int:
        """Calls to expect in all."""
        return self.held_back + self.search + self.reflection + self.judged


def floor_of(sets: Sets, settings: OptimizeSettings, judge_per_text: int) -> int:
    """Return how many calls it takes to score one program on the held-back set, at most."""
    return len(sets["held_back"]) * settings.samples * (1 + judge_per_text)


def estimate(
    optimizer: OptimizerName, sets: Sets, settings: OptimizeSettings, *, judge_per_text: int, incumbent: bool
) -> Estimate:
    """Estimate the calls of an optimisation.

    Args:
        optimizer: who searches.
        sets: the examples.
        settings: how much is searched.
        judge_per_text: questions that a judge is asked on each text.
        incumbent: whether a compiled program has to be scored too.
    """
    programs = 3 if incumbent else 2
    held_back = programs * len(sets["held_back"]) * settings.samples
    work = _gepa(sets, settings) if optimizer == "gepa" else _mipro(sets, settings)
    search, reflection, most_texts, most_reflections = work
    neighbours = 1 + settings.diversity.neighbours
    at_most = (held_back + most_texts) * (1 + judge_per_text) + most_texts * (neighbours - 1) + most_reflections
    return Estimate(held_back, search, reflection, judge_per_text, at_most)


def _gepa(sets: Sets, settings: OptimizeSettings) -> tuple[int, int, int, int]:
    """Return texts and reflections to expect, and the most of both."""
    total, batch, whole = settings.gepa.metric_calls, settings.gepa.minibatch, len(sets["selection"])
    rounds = max(0, round((total - whole) / (2 * batch + _ACCEPTED * whole)))
    neighbours = settings.diversity.neighbours
    once = min(len(sets["train"]), rounds * batch)  # a parent's texts on the training set are asked for once
    fresh = rounds * batch * (1 + neighbours)
    return (
        round(whole + once + fresh + rounds * _ACCEPTED * whole),
        rounds,
        total + whole + 2 * batch,
        total // batch + 1,
    )


def _mipro(sets: Sets, settings: OptimizeSettings) -> tuple[int, int, int, int]:
    """Return texts and proposals to expect, and the most of both."""
    wanted, train, whole = settings.mipro, len(sets["train"]), len(sets["selection"])
    bootstraps = (wanted.candidates - 1) * min(train, wanted.bootstrapped)
    proposals = wanted.candidates + 2 + min(9, max(0, train - 1) // _SUMMARY_BATCH)
    most = (wanted.trials + 1) * whole + (wanted.candidates - 1) * train
    return (wanted.trials + 1) * whole + bootstraps, proposals, most, proposals
