"""Diversity in words, for the card and the report: each figure with what it means and which way is better."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.schema.diversity import Distances, Diversity
from pipeline.schema.manifest import Manifest

UNMEASURED = "not measured"


@dataclass(frozen=True)
class Figure:
    """A figure to show. ``better`` is ``higher`` or ``lower``."""

    name: str
    value: str
    better: str
    meaning: str


def previous_name(manifest: Manifest) -> str | None:
    """Return the release that a release was compared with, by its ``NAME-VERSION``."""
    previous = manifest.specification.previous
    return previous.release if previous else None


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
    distances = {
        "other row": (
            _distances(plots.nearest if plots else None, "only one row"),
            "1 - cosine of the masked plots; least, 5th percentile and median over the rows; 0 is one plot told twice",
        ),
        "exemplar": (
            _distances(plots.nearest_exemplar if plots else None, "no exemplars given"),
            "likewise, to scenarios written by hand; low where rows copy them",
        ),
        f"row of {previous or 'the previous release'}": (
            _distances(plots.nearest_previous if plots else None, "none given"),
            "likewise, to the previous release; low where its rows come back",
        ),
    }
    meaning = (
        "effective number of different plots: 1 if all are the same, the number of rows if none has anything in common"
    )
    return [
        Figure("Vendi score of plots", vendi, "higher", meaning),
        *(
            Figure(f"distance to the nearest {other}, min / 5% / median", value, "higher", meant)
            for other, (value, meant) in distances.items()
        ),
    ]


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


def _distances(distances: Distances | None, why_not: str) -> str:
    if distances is None:
        return f"{UNMEASURED}: {why_not}"
    return f"{distances.minimum:.3f} / {distances.low:.3f} / {distances.median:.3f}"
