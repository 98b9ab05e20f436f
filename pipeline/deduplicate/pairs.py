"""A threshold from labelled pairs: precision and recall at every cosine, and the lowest that is precise enough."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.deduplicate.encoder import Encoder
from pipeline.deduplicate.file_rows import plot_of_value
from pipeline.deduplicate.plot import Plot
from pipeline.deduplicate.survivors import Entry, embed
from pipeline.errors import InputError
from pipeline.intervals import wilson_interval
from pipeline.schema.novelty import CurvePoint, NoveltyCurve

ALLOWED = '{"a": TEXT, "b": TEXT, "copy": true or false}, where a scenario may stand for a text'
WIDTH, HEIGHT, MARGIN = 480, 240, 36


@dataclass(frozen=True)
class LabelledPair:
    """Two plots, and whether a person calls the one a copy of the other."""

    a: Plot
    b: Plot
    copy: bool


def read_pairs(path: Path) -> tuple[LabelledPair, ...]:
    """Read labelled pairs from JSONL; blank lines are skipped.

    Raises:
        InputError: for a file that cannot be read, a line that is no such pair, and a file that lacks copies or others.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}", file=path, allowed="a JSONL file in UTF-8") from error
    pairs = tuple(_pair(line, path, number) for number, line in enumerate(lines, start=1) if line.strip())
    for copy, what in ((True, "a copy"), (False, "no copy")):
        if not any(pair.copy is copy for pair in pairs):
            raise InputError(f"no pair is {what}, so no threshold can be told", file=path, allowed=ALLOWED)
    return pairs


def _pair(line: str, path: Path, number: int) -> LabelledPair:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error}", file=path, line=number, allowed=ALLOWED) from error
    if not isinstance(value, dict) or set(value) != {"a", "b", "copy"}:
        found = sorted(value) if isinstance(value, dict) else value
        raise InputError("not a labelled pair", file=path, line=number, value=found, allowed=ALLOWED)
    if not isinstance(value["copy"], bool):
        raise InputError(
            "not a label", file=path, line=number, field="copy", value=value["copy"], allowed="true or false"
        )
    a, b = (plot_of_value(value[side], path, number, side) for side in ("a", "b"))
    return LabelledPair(a, b, value["copy"])


def curve_of(pairs: Sequence[LabelledPair], encoder: Encoder, precision: float) -> NoveltyCurve:
    """Return the curve over labelled pairs.

    Args:
        pairs: with copies and others among them.
        encoder: embeds the plots. A pair that the exact or the lexical layer decides has a similarity of 1.
        precision: share of right calls, 0 to 1, that the recommended threshold has to reach on these pairs.
    """
    parts = [plot.parts for pair in pairs for plot in (pair.a, pair.b)]
    vectors = embed(parts, encoder).astype(np.float64)
    scores = []
    for number, pair in enumerate(pairs):
        one, other = Entry.of(pair.a), Entry.of(pair.b)
        decided = one.surface == other.surface or one.item.same_words_as(other.item)
        scores.append(1.0 if decided else min(1.0, float(vectors[2 * number] @ vectors[2 * number + 1])))
    points = tuple(_point(threshold, scores, pairs) for threshold in sorted(set(scores)))
    enough = [point for point in points if point.precision >= precision]
    best = min(enough, key=lambda point: (-point.recall, -point.threshold), default=None)
    copies = sum(pair.copy for pair in pairs)
    return NoveltyCurve(
        pairs=len(pairs),
        copies=copies,
        precision=precision,
        recommended=best,
        points=points,
        encoder=encoder.name,
        encoder_hash=encoder.hash,
    )


def _point(threshold: float, scores: Sequence[float], pairs: Sequence[LabelledPair]) -> CurvePoint:
    called = [pair.copy for score, pair in zip(scores, pairs, strict=True) if score >= threshold]
    right, copies = sum(called), sum(pair.copy for pair in pairs)
    precision, recall = right / len(called), right / copies
    return CurvePoint(
        threshold=threshold,
        called=len(called),
        right=right,
        precision=precision,
        precision_interval=wilson_interval(right, len(called)),
        recall=recall,
        recall_interval=wilson_interval(right, copies),
        f1=2 * right / (len(called) + copies),
    )


def svg_of(curve: NoveltyCurve) -> str:
    """Draw precision and recall over the threshold, from the lowest cosine of a pair to 1, as an SVG."""
    low = min(point.threshold for point in curve.points)
    span = (1 - low) or 1.0

    def line(values: Sequence[tuple[float, float]]) -> str:
        places = [
            (MARGIN + (x - low) / span * (WIDTH - 2 * MARGIN), HEIGHT - MARGIN - y * (HEIGHT - 2 * MARGIN))
            for x, y in values
        ]
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)

    drawn = [
        ("#0b5c94", "precision", [(point.threshold, point.precision) for point in curve.points]),
        ("#b3400a", "recall", [(point.threshold, point.recall) for point in curve.points]),
    ]
    if curve.recommended is not None:
        drawn.append(
            ("#5c646e", "recommended", [(curve.recommended.threshold, 0.0), (curve.recommended.threshold, 1.0)])
        )
    shapes = [
        f'<polyline fill="none" stroke="{colour}" points="{line(values)}"><title>{name}</title></polyline>'
        for colour, name, values in drawn
    ]
    labels = [
        f'<text x="{MARGIN + 90 * place}" y="14" fill="{colour}">{name}</text>'
        for place, (colour, name, _) in enumerate(drawn)
    ]
    frame = f'<polyline fill="none" stroke="#c3c8ce" points="{line([(low, 1.0), (low, 0.0), (1.0, 0.0)])}"/>'
    ends = (
        f'<text x="{MARGIN}" y="{HEIGHT - 16}">{low:.2f}</text><text x="{WIDTH - MARGIN}" y="{HEIGHT - 16}" '
        f'text-anchor="end">1</text><text x="{WIDTH / 2:.0f}" y="{HEIGHT - 6}" text-anchor="middle">threshold</text>'
        f'<text x="8" y="{MARGIN + 4}">1</text><text x="8" y="{HEIGHT - MARGIN + 4}">0</text>'
    )
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {box}>'
    return "\n".join(
        [head, "<title>Precision and recall by threshold</title>", frame, *shapes, *labels, ends, "</svg>", ""]
    )
