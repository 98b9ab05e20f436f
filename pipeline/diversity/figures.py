"""Diversity in words, for the card and the report: each figure with what it means and which way is better."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.schema.diversity import Distances, Diversity

UNMEASURED = "not measured"


@dataclass(frozen=True)
class Figure:
    """A figure to show. ``better`` says which direction is better: ``higher`` or ``lower``."""

    name: str
    value: str
    better: str
    meaning: str


def figures(diversity: Diversity, previous: str | None = None) -> list[Figure]:
    """Return the figures to show of a release.

    Args:
        diversity: what was measured.
        previous: the release that rows were compared with, by its ``NAME-VERSION``.
    """
    return [*_plot_figures(diversity, previous), *_prose_figures(diversity)]


def _plot_figures(diversity: Diversity, previous: str | None) -> list[Figure]:
    plots, rows = diversity.plots, diversity.rows
    vendi = UNMEASURED if plots is None else f"{plots.vendi:g} of {rows} ({plots.vendi_share:.0%})"
    among = _distances(plots.nearest if plots else None, "only one row")
    exemplars = _distances(plots.nearest_exemplar if plots else None, "no exemplars given")
    earlier = _distances(plots.nearest_previous if plots else None, "none given")
    how_far = "1 - cosine of the masked plots, smallest, 5th percentile and median over the rows"
    return [
        Figure(
            "Vendi score of plots", vendi, "higher",
            "effective number of different plots: 1 if all were the same, the number of rows if none had anything in "
            "common",
        ),
        Figure("distance to the nearest other row", among, "higher", f"{how_far}; 0 is the same plot told twice"),
        Figure("distance to the nearest exemplar", exemplars, "higher", "likewise, to the scenarios written by hand"),
        Figure(
            f"distance to the previous release{f' ({previous})' if previous else ''}", earlier, "higher",
            "likewise, to its nearest row: low where rows come back",
        ),
    ]  # fmt: skip


def _prose_figures(diversity: Diversity) -> list[Figure]:
    prose = diversity.prose
    distinct = " / ".join(
        "–" if n is None else f"{n:.3f}" for n in (prose.distinct_1, prose.distinct_2, prose.distinct_3)
    )
    bleu = UNMEASURED if prose.self_bleu is None else f"{prose.self_bleu:.1f} over {prose.self_bleu_rows} rows"
    return [
        Figure(
            "distinct-1 / 2 / 3", distinct, "higher",
            "share of words, pairs and triples of words of the prose that are different ones; falls as a release grows",
        ),
        Figure(
            "self-BLEU", bleu, "lower",
            "how much of a row's prose stands in the others, 0 to 100; rises with the number of rows",
        ),
    ]  # fmt: skip


def _distances(distances: Distances | None, unmeasured: str) -> str:
    if distances is None:
        return f"{UNMEASURED}: {unmeasured}"
    return f"{distances.minimum:.3f}, {distances.low:.3f}, {distances.median:.3f}"
