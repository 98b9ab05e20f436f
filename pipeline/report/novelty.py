"""What a release holds about copies, as plain data: the threshold and its curve, every pair that was compared.

All of it follows from the manifest and ``candidates.parquet``, so it can be read from a release's folder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.schema.candidate import Candidate
from pipeline.schema.manifest import Manifest
from pipeline.schema.novelty import CurvePoint, NoveltyCurve
from pipeline.schema.verdict import Verdict

MARGIN = 0.02
"""How near to the threshold a cosine lies if a person should look at the pair."""
SHOWN_POINTS = 200
"""Points of a curve on a page: more than that can be seen."""
SHOWN_PAIRS = 50
"""Pairs near the threshold on a page, and rows with the most copies."""


@dataclass(frozen=True, slots=True)
class NoveltyPair:
    """A candidate and the row nearest to it: of this build, of an earlier release, or of a protected corpus.

    ``outcome`` is that of the verdict, ``fail`` for a copy and ``error`` for one that a person has to look at first;
    ``similarity`` a cosine, a Jaccard similarity or a share, as ``layer`` says. The two texts, as compared, stand in
    the evidence of the candidate's verdict.
    """

    candidate: str
    other: str
    layer: str
    similarity: float
    outcome: str


@dataclass(frozen=True)
class NoveltyEvidence:
    """What a report can show of the deduplicate stage.

    ``layers`` counts copies by the layer that decided; ``near_threshold`` are the semantic pairs within
    :data:`MARGIN` of it, nearest first; ``clusters`` gives each row that has copies, with the candidates that went.
    """

    threshold: float
    related: float
    encoder: str
    curve: NoveltyCurve | None
    candidates: int
    layers: dict[str, int]
    near_threshold: tuple[NoveltyPair, ...]
    clusters: dict[str, tuple[str, ...]]

    def to_json(self) -> dict[str, Any]:
        """Return what a page shows of it: of pairs, clusters and points no more than can be looked at."""
        most = sorted(self.clusters.items(), key=lambda one: (-len(one[1]), one[0]))[:SHOWN_PAIRS]
        return {
            **{name: getattr(self, name) for name in ("threshold", "related", "encoder", "candidates", "layers")},
            "margin": MARGIN,
            "curve": _curve(self.curve) if self.curve is not None else None,
            "near": len(self.near_threshold),
            "near_threshold": [asdict(pair) for pair in self.near_threshold[:SHOWN_PAIRS]],
            "copied": len(self.clusters),
            "clusters": [{"row": row, "copies": len(copies), "first": copies[0]} for row, copies in most],
        }


def novelty_pairs(candidate: Candidate) -> Iterator[NoveltyPair]:
    """Give the pairs that the verdicts on a candidate tell of."""
    if candidate.scenario is None:
        return
    for verdict in candidate.verdicts:
        if verdict.gate == "novelty" and "layer" in verdict.answers:
            yield _pair(candidate, verdict)


def novelty_evidence(manifest: Manifest, pairs: Sequence[NoveltyPair], candidates: int) -> NoveltyEvidence:
    """Put together what the novelty verdicts of a release say.

    Args:
        manifest: states the settings.
        pairs: of all candidates (:func:`novelty_pairs`).
        candidates: how many have a scenario, so that they were compared.
    """
    settings = manifest.specification.deduplication
    copies = [pair for pair in pairs if pair.outcome == "fail"]
    near = [pair for pair in pairs if pair.layer == "semantic" and abs(pair.similarity - settings.threshold) <= MARGIN]
    return NoveltyEvidence(
        threshold=settings.threshold,
        related=settings.related,
        encoder=settings.encoder,
        curve=settings.curve if isinstance(settings.curve, NoveltyCurve) else None,
        candidates=candidates,
        layers=dict(sorted(Counter(pair.layer for pair in copies).items())),
        near_threshold=tuple(
            sorted(near, key=lambda pair: (abs(pair.similarity - settings.threshold), pair.candidate))
        ),
        clusters=_clusters(copies),
    )


def _clusters(copies: Iterable[NoveltyPair]) -> dict[str, tuple[str, ...]]:
    clusters: dict[str, list[str]] = {}
    for pair in copies:
        clusters.setdefault(pair.other, []).append(pair.candidate)
    return {row: tuple(gone) for row, gone in clusters.items()}


def _pair(candidate: Candidate, verdict: Verdict) -> NoveltyPair:
    answers = verdict.answers
    if verdict.checker == "protected":
        other, similarity = "{corpus}:{row}.{column}".format_map(answers), answers["similarity"]
    else:
        jaccard = answers["jaccard"]
        other, similarity = str(answers["other"]), answers["cosine"] if jaccard is None else jaccard
    return NoveltyPair(candidate.id, other, str(answers["layer"]), float(str(similarity)), verdict.outcome)


def _curve(curve: NoveltyCurve) -> dict[str, Any]:
    """Return a curve as a page draws it: points evenly among all, the first and the last always there."""
    number = len(curve.points)
    step = max(1.0, (number - 1) / (SHOWN_POINTS - 1))
    chosen = sorted({min(number - 1, round(at * step)) for at in range(min(number, SHOWN_POINTS))})
    return {
        "pairs": curve.pairs,
        "copies": curve.copies,
        "precision": curve.precision,
        "recommended": _point(curve.recommended) if curve.recommended is not None else None,
        "points": [_point(curve.points[at]) for at in chosen],
        "encoder": curve.encoder,
    }


def _point(point: CurvePoint) -> dict[str, Any]:
    return point.model_dump(mode="json", include={
        "threshold", "precision", "precision_interval", "recall", "recall_interval",
    })  # fmt: skip
