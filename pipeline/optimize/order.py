"""What an optimisation is asked to do, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.optimize.settings import OptimizeSettings
from pipeline.schema.compiled import Measured, Provenance
from pipeline.schema.specification import Specification

OptimizerName = Literal["gepa", "mipro"]


@dataclass(frozen=True)
class Order:
    """What to optimise, how, and within what.

    Attributes:
        program: name of the program.
        specification: models, and the gates' settings.
        optimizer: who searches.
        seed: of the search.
        calls: most distinct completions; ``None`` for no bound.
        tokens: most tokens, prompts and replies together.
        judge: whether the judge's checks are part of the metric.
        out: folder of compiled programs.
        work: folder of the completion stores.
        settings: the project's own unless given.
    """

    program: str
    specification: Specification
    optimizer: OptimizerName = "gepa"
    seed: int = 0
    calls: int | None = None
    tokens: int | None = None
    judge: bool = False
    out: Path = Path("prompts/compiled")
    work: Path = Path("generated/optimize")
    settings: OptimizeSettings | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of an optimisation.

    Attributes:
        saved: the compiled program's file, if it was written.
        better: whether the compiled program scores at least as high as the one in use.
        verdict: what was done and why, in one sentence.
        before, after, gain: scores on the held-back set; ``after`` and ``gain`` are ``None`` if the budget was
            spent before they were known.
        incumbent: score of the compiled program that was there, scored anew on the same set.
        stopped_by_budget: whether the search ended before its time.
        calls, tokens: distinct completions needed, and what they took, where it is known.
        calls_made: completions that came from an endpoint now.
        provenance: of the program found, saved or not.
    """

    saved: Path | None
    better: bool
    verdict: str
    before: Measured
    after: Measured | None
    gain: Measured | None
    incumbent: Measured | None
    stopped_by_budget: bool
    calls: int
    tokens: int | None
    calls_made: int
    provenance: Provenance | None
