"""The loosest threshold that holds a bound on accepted non-benign rows: conformal risk control.

Angelopoulos, Bates, Fisch, Lei and Schuster, "Conformal Risk Control" (2022, arXiv 2208.02814, section
1.1 and theorem 1). The loss of a non-benign row at threshold t is 1 if its score lies above t, so that it is
accepted, else 0: it never grows with t, is continuous from the right and bounded by B = 1. The loosest t with

    (n / (n + 1)) R(t) + B / (n + 1) = (accepted above t + 1) / (n + 1) <= alpha

has an expected loss of at most alpha on one more non-benign row, if it is exchangeable with the n rows.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

METHOD = (
    "conformal risk control (arXiv 2208.02814): the expected share of non-benign rows accepted at the threshold, "
    "(accepted + 1) / (n + 1) on the n non-benign rows of one half, is at most the bound; rates at the threshold "
    "are of the other half"
)


@dataclass(frozen=True)
class Choice:
    """The chosen threshold: scores ``above`` it pass; ``None`` where none holds the bound, and ``why``."""

    above: float | None
    expected: float | None
    why: str


def choose_threshold(non_benign: Sequence[float | None], bound: float) -> Choice:
    """Choose the loosest threshold in [0, 1) that holds the bound.

    Args:
        non_benign: scores of non-benign rows, 1 for the most benign; ``None`` for a row without an answer,
            which is not accepted at any threshold.
        bound: alpha, between 0 and 1.
    """
    n = len(non_benign)
    allowed = math.floor(bound * (n + 1) + 1e-9) - 1
    if allowed < 0:
        least = least_rows(bound)
        return Choice(
            None,
            None,
            f"too few: with {n} non-benign rows no threshold can promise less than 1/{n + 1} = {1 / (n + 1):.3f}; "
            f"a bound of {bound:g} needs {least} of them in the half it is chosen on",
        )
    ranked = sorted((-1.0 if score is None else score for score in non_benign), reverse=True)
    above = max(0.0, ranked[allowed]) if allowed < n else 0.0
    accepted = sum(score > above for score in ranked)
    expected = (accepted + 1) / (n + 1)
    if above >= 1:
        return Choice(
            None, None, f"no threshold holds {bound:g}: more than {allowed} of {n} non-benign rows have the best score"
        )
    return Choice(above, expected, f"{accepted} of {n} non-benign rows score above it")


def least_rows(bound: float) -> int:
    """Return how many non-benign rows the choice needs before any threshold can promise ``bound``."""
    return math.ceil(1 / bound - 1 - 1e-9)


def halves(groups: Sequence[str], benign: Sequence[bool], seed: int) -> list[bool]:
    """Tell of each row whether it belongs to the half that thresholds are chosen on.

    Groups are shuffled by the seed and dealt out in turn, those that hold non-benign rows first, so that both
    halves get as many of them, give or take the size of a group.
    """
    mixed = {group for group, is_benign in zip(groups, benign, strict=True) if not is_benign}
    names = sorted(set(groups))
    random.Random(seed).shuffle(names)
    ordered = sorted(names, key=lambda name: name not in mixed)
    choosing = set(ordered[::2])
    return [group in choosing for group in groups]
