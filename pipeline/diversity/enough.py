"""Decides whether rows are diverse enough to be released."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.deduplicate.encoder import load_encoder
from pipeline.diversity.floors import check_floors, shortfall_table
from pipeline.diversity.measure import measure
from pipeline.errors import WorkError
from pipeline.schema.diversity import Diversity
from pipeline.schema.scenario import Scenario
from pipeline.schema.specification import Specification


def diverse_enough(
    rows: Sequence[Scenario],
    specification: Specification,
    *,
    exemplars: Sequence[Scenario],
    last_release: Sequence[Scenario],
) -> Diversity:
    """Measure the diversity of the rows of a release to be; see :func:`~pipeline.diversity.measure.measure`.

    Raises:
        WorkError: if it misses a floor of the specification; the message lists all that it misses.
    """
    encoder = load_encoder(specification.deduplication.encoder)
    diversity = measure(rows, encoder=encoder, exemplars=exemplars, last_release=last_release)
    shortfalls = check_floors(diversity, specification.floors)
    if shortfalls:
        raise WorkError(
            f"the {diversity.rows} accepted rows are less diverse than `floors` asks for, so there is no release:\n"
            f"{shortfall_table(shortfalls)}\n"
            "every completion is kept: with other floors the same rows are made again without a call"
        )
    return diversity
