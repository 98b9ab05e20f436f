"""Measures the diversity of scenarios.

The figures follow from the set of rows: they are taken in the order of their ids, and each set is
embedded by itself, unless whoever compared the rows before has their vectors. Figures of plots come
from float32 embeddings, whose last bits differ with the processor's instructions, the number of threads
and the batches. On 96 plots of the domain kits that moved distances by at most 2e-7 and the Vendi score
by 2e-7 of itself (AVX-512 and SSE4, one and two threads, batches of 1 to 64, against float64). So
distances are rounded to steps of 1e-3 and the Vendi score to four digits, steps of 1e-3 to 1e-4 of it:
such noise reaches a boundary between two steps for about one figure in a thousand, and then moves it by
one step, which ``impress verify`` allows.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.deduplicate.plot import parts_of
from pipeline.diversity.prose import DistinctGrams, self_bleu
from pipeline.diversity.spread import Spreads
from pipeline.lazy import Lazy
from pipeline.schema.diversity import Distances, Diversity, Facet, PlotDiversity, ProseDiversity, Spread
from pipeline.schema.scenario import Scenario

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pipeline.deduplicate.encoder import Encoder
    from pipeline.deduplicate.novelty import PlotVectors

DISTANCE_DECIMALS = 3
VENDI_DIGITS = 4
SHARE_DECIMALS = 4
BLEU_DECIMALS = 3

SELF_BLEU_ROWS = 500
"""Rows that self-BLEU is taken over, at most: it rises with their number, so that releases compare at an equal one."""


def measure(
    scenarios: Sequence[Scenario],
    *,
    encoder: Encoder | None,
    vectors: PlotVectors | None = None,
    plots: Mapping[str, tuple[str, ...]] | None = None,
    exemplars: Sequence[Scenario] = (),
    last_release: Sequence[Scenario] = (),
) -> Diversity:
    """Measure the diversity of scenarios.

    Args:
        scenarios: the rows, in any order; lazy ones (:class:`pipeline.lazy.Lazy`) in that of their ids, each once.
        encoder: embeds plots; without one, ``plots`` is ``None``.
        vectors: of the rows' plots, by the same encoder, where they are there already.
        plots: parts of the rows' plots by id, where they are known; those of other rows are worked out.
        exemplars: scenarios written by hand, to measure how far the rows lie from them.
        last_release: rows of the release before, likewise; rows that it holds itself are not looked at.

    Raises:
        ValueError: if a scenario is there twice.
    """
    rows = _in_order(scenarios)
    ids, parts, prose, spread = _looked_through(rows, plots or {})
    found = None
    if rows and encoder is not None:
        found = _plots(ids, _embedded(parts, encoder, vectors), encoder, exemplars, last_release)
    return Diversity(
        rows=len(rows),
        plots=found,
        prose=prose,
        spread=spread,
    )


def _looked_through(
    rows: Sequence[Scenario], plots: Mapping[str, tuple[str, ...]]
) -> tuple[list[str], list[tuple[str, ...]], ProseDiversity, dict[Facet, Spread]]:
    """Return ids, plots, diversity of the prose, and spreads in one pass, since lazy rows are read anew in each."""
    ids, parts, grams, spread = [], [], DistinctGrams(1, 2, 3), Spreads()
    sample: list[tuple[str, int, str]] = []
    for number, row in enumerate(rows):
        ids.append(row.id)
        spread.add(row)
        parts.append(plots.get(row.id) or parts_of(row))
        texts = prose_of(row)
        for text in texts:
            grams.add(text)
        sample.append((_position(row.id), number, "\n".join(texts)))
        if len(sample) >= 2 * SELF_BLEU_ROWS:
            sample = heapq.nsmallest(SELF_BLEU_ROWS, sample)
    told = [text for *_, text in heapq.nsmallest(SELF_BLEU_ROWS, sample)]
    return ids, parts, _prose(grams, told), spread.found()


def prose_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the prose that an agent sees: background, opening message, notes."""
    view = scenario.view
    return (view.world.background, view.agent.request, *(entry.text for entry in view.memory))


def _in_order(scenarios: Sequence[Scenario]) -> Sequence[Scenario]:
    if isinstance(scenarios, Lazy):
        return scenarios
    by_id = {scenario.id: scenario for scenario in scenarios}
    if len(by_id) < len(scenarios):
        raise ValueError(f"{len(scenarios) - len(by_id)} of {len(scenarios)} scenarios are there twice")
    return [by_id[identity] for identity in sorted(by_id)]


def _plots(
    ids: Sequence[str],
    vectors: NDArray[np.float32],
    encoder: Encoder,
    exemplars: Sequence[Scenario],
    last_release: Sequence[Scenario],
) -> PlotDiversity:
    from pipeline.diversity.plots import vendi_score

    vendi = vendi_score(vectors)
    known = {scenario.id for scenario in last_release}
    new = [number for number, identity in enumerate(ids) if identity not in known]
    return PlotDiversity(
        encoder_hash=encoder.hash,
        vendi=_to_digits(vendi, VENDI_DIGITS),
        vendi_share=_to_digits(vendi / len(ids), VENDI_DIGITS),
        nearest=_distances(vectors, None),
        nearest_exemplar=_distances(vectors, _vectors(exemplars, encoder)) if exemplars else None,
        nearest_previous=_distances(vectors[new], _vectors(last_release, encoder)) if known and new else None,
    )


def _embedded(
    parts: Sequence[tuple[str, ...]], encoder: Encoder, known: PlotVectors | None = None
) -> NDArray[np.float32]:
    """Return vectors of plots. Each set is embedded by itself: which texts share a batch moves the last bits."""
    from pipeline.deduplicate.survivors import embed

    return embed(parts, encoder) if known is None else known.of(parts)


def _vectors(scenarios: Sequence[Scenario], encoder: Encoder) -> NDArray[np.float32]:
    return _embedded([parts_of(scenario) for scenario in _in_order(scenarios)], encoder)


def _distances(vectors: NDArray[np.float32], others: NDArray[np.float32] | None) -> Distances | None:
    import numpy as np

    from pipeline.diversity.plots import LOW_PERCENTILE, nearest_distances

    nearest = nearest_distances(vectors, others)
    if nearest is None:
        return None
    low, median = np.percentile(nearest, [LOW_PERCENTILE, 50]).tolist()
    return Distances(
        others=len(vectors) - 1 if others is None else len(others),
        minimum=round(float(nearest.min()), DISTANCE_DECIMALS),
        low=round(low, DISTANCE_DECIMALS),
        median=round(median, DISTANCE_DECIMALS),
    )


def _prose(grams: DistinctGrams, sample: Sequence[str]) -> ProseDiversity:
    bleu = self_bleu(sample)
    return ProseDiversity(
        distinct_1=_share(grams.share(1)),
        distinct_2=_share(grams.share(2)),
        distinct_3=_share(grams.share(3)),
        self_bleu=None if bleu is None else round(bleu, BLEU_DECIMALS),
        self_bleu_rows=len(sample) if bleu is not None else 0,
    )


def _position(identity: str) -> str:
    """Return where a row stands in the drawing of the sample: at random, and the same for the same rows."""
    return hashlib.sha256(f"self-bleu {identity}".encode()).hexdigest()


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, SHARE_DECIMALS)


def _to_digits(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
