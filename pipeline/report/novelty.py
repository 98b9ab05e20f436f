"""What a release holds about copies, as plain data: the threshold and its curve, every pair with its evidence.

All of it follows from the manifest and ``candidates.parquet``, so it can be read from a release's folder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.schema.candidate import Candidate
from pipeline.schema.manifest import Manifest
from pipeline.schema.novelty import NoveltyCurve
from pipeline.schema.verdict import Verdict

MARGIN = 0.02
"""How near to the threshold a cosine lies if a person should look at the pair."""


@dataclass(frozen=True)
class NoveltyPair:
    """A candidate and the row nearest to it: of this build, of an earlier release, or of a protected corpus.

    ``outcome`` is that of the verdict, ``fail`` for a copy and ``error`` for one that a person has to look at first;
    ``similarity`` a cosine, a Jaccard similarity or a share, as ``layer`` says. ``text`` and ``other_text`` are the two
    as compared, masked; a protected text that a row only comes near to is not told.
    """

    candidate: str
    scenario: str
    other: str
    layer: str
    similarity: float
    outcome: str
    reason: str
    text: str | None
    other_text: str | None


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
    pairs: tuple[NoveltyPair, ...]
    near_threshold: tuple[NoveltyPair, ...]
    clusters: dict[str, tuple[str, ...]]

    def to_json(self) -> dict[str, Any]:
        """Return all of it as JSON."""
        curve = None if self.curve is None else self.curve.model_dump(mode="json")
        return asdict(self) | {"curve": curve}


def novelty_evidence(manifest: Manifest, candidates: Iterable[Candidate]) -> NoveltyEvidence:
    """Gather what the novelty verdicts of a release say.

    Args:
        manifest: states the settings.
        candidates: everything that was made, with its verdicts.
    """
    settings, number, pairs = manifest.specification.deduplication, 0, list[NoveltyPair]()
    for candidate in candidates:
        number += candidate.scenario is not None
        pairs += [pair for verdict in candidate.verdicts if (pair := _pair(candidate, verdict)) is not None]
    copies = [pair for pair in pairs if pair.outcome == "fail"]
    near = [pair for pair in pairs if pair.layer == "semantic" and abs(pair.similarity - settings.threshold) <= MARGIN]
    clusters: dict[str, tuple[str, ...]] = {}
    for pair in copies:
        clusters[pair.other] = (*clusters.get(pair.other, ()), pair.candidate)
    return NoveltyEvidence(
        threshold=settings.threshold,
        related=settings.related,
        encoder=settings.encoder,
        curve=settings.curve if isinstance(settings.curve, NoveltyCurve) else None,
        candidates=number,
        layers=dict(sorted(Counter(pair.layer for pair in copies).items())),
        pairs=tuple(pairs),
        near_threshold=tuple(
            sorted(near, key=lambda pair: (abs(pair.similarity - settings.threshold), pair.candidate))
        ),
        clusters=clusters,
    )


def _pair(candidate: Candidate, verdict: Verdict) -> NoveltyPair | None:
    """Return the pair that a verdict tells of; ``None`` for one that tells of none."""
    answers = verdict.answers
    if verdict.gate != "novelty" or candidate.scenario is None or "layer" not in answers:
        return None
    if verdict.checker == "protected":
        other, similarity = "{corpus}:{row}.{column}".format_map(answers), answers["similarity"]
    else:
        jaccard = answers["jaccard"]
        other, similarity = str(answers["other"]), answers["cosine"] if jaccard is None else jaccard
    texts = [finding.text for finding in verdict.evidence][:2]
    return NoveltyPair(
        candidate=candidate.id,
        scenario=candidate.scenario.id,
        other=other,
        layer=str(answers["layer"]),
        similarity=float(str(similarity)),
        outcome=verdict.outcome,
        reason=verdict.reason,
        text=texts[0] if len(texts) == 2 else None,
        other_text=texts[1] if len(texts) == 2 else None,
    )
