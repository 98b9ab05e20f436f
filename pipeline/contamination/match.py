"""Which rows are asked of: published ones drawn by chance, and for each an unseen one as like it as there is."""

from __future__ import annotations

import random
from collections.abc import Sequence

from pipeline.schema.scenario import Scenario

_LEVELS = (("motive", "risk_type", "domain"), ("risk_type", "domain"), ("domain",), ("motive", "risk_type"), ())
"""Labels that the two rows of a pair share, best first."""


def matched(
    published: Sequence[Scenario], unseen: Sequence[Scenario], most: int, seed: int
) -> list[tuple[Scenario, Scenario]]:
    """Return pairs of a published and an unseen row, without regard to the order of either.

    A pair is of one cell if there is such a row, else of one risk type and domain, and so on; among those it may be,
    the one of the nearest length. No row is taken twice.

    Args:
        published: rows of the release.
        unseen: rows of the same making that were never published.
        most: pairs.
        seed: of the draw.
    """
    number = min(most, len(published), len(unseen))
    drawn = random.Random(seed).sample(sorted(published, key=lambda row: row.id), number)
    left = {row.id: row for row in sorted(unseen, key=lambda row: row.id)}
    pairs: dict[str, Scenario] = {}
    for labels in _LEVELS:
        for row in drawn:
            if row.id in pairs:
                continue
            alike = [one for one in left.values() if all(getattr(one, name) == getattr(row, name) for name in labels)]
            if alike:
                nearest = min(alike, key=lambda one: (abs(_length(one) - _length(row)), one.id))
                pairs[row.id] = left.pop(nearest.id)
    return [(row, pairs[row.id]) for row in drawn]


def of_one_cell(pairs: Sequence[tuple[Scenario, Scenario]]) -> int:
    """Return how many pairs are of one cell."""
    return sum(all(getattr(one, name) == getattr(other, name) for name in _LEVELS[0]) for one, other in pairs)


def _length(row: Scenario) -> int:
    return len(row.view.world.background.split()) + len(row.view.agent.request.split())
