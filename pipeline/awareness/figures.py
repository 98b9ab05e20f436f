"""From answers to figures: areas with intervals, rates, and how far length alone would tell the sides apart.

Needham, Edkins, Pimpale, Bartsch and Hobbhahn, "Large Language Models Often Know When They Are Being Evaluated" (2025),
measure awareness as the AUC of a model's probability that a transcript comes from an evaluation. The interval is the
percentile bootstrap of :func:`pipeline.calibration.rates.roc_of`, with the texts as its groups.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.awareness.ask import Judged
from pipeline.awareness.prompt import AwarenessPrompt
from pipeline.awareness.record import Area, Lengths, Probe, SideFigures, Suspect
from pipeline.awareness.subjects import Frame, Side, Subject
from pipeline.calibration.rates import rate_of, roc_of
from pipeline.schema.candidate import Usage
from pipeline.schema.specification import RoleName

SIDES: tuple[Side, Side] = ("scenario", "work_text")
_LEAST_IN_BAND = 5
_PROBLEMS_SHOWN = 3


@dataclass(frozen=True)
class Settings:
    """Level of the intervals, seed of the resamples, and how many suspects are told."""

    confidence: float = 0.95
    seed: int = 0
    suspects: int = 10


def probe_of(
    judged: Sequence[Judged],
    prompt: AwarenessPrompt,
    settings: Settings,
    *,
    role: RoleName,
    model: str,
    frame: Frame,
    usage: Usage,
) -> Probe:
    """Put together what one model said in one frame.

    Args:
        judged: texts of both sides with what was said, at least one of each.
        prompt: whose wordings were asked, in their order.
        settings: of the intervals.
        role: who was asked.
        model: the name of the model.
        frame: how the texts were shown.
        usage: what the answers took.
    """
    subjects = [one.subject for one in judged]
    scores = [one.score for one in judged]
    words = [float(one.words) for one in subjects]
    by_length = area_of(subjects, [value / max(words) for value in words], settings)
    assert by_length is not None  # noqa: S101 - both sides have texts, and each text a length
    band = _band(subjects)
    within = [one for one in judged if band is not None and band[0] <= one.subject.words <= band[1]]
    problems = [said.problem for one in judged for said in one.said if said.problem]
    ranked = sorted(
        (
            Suspect(id=one.subject.id, score=one.score)
            for one in judged
            if _is_scored_scenario(one) and one.score is not None
        ),
        key=lambda suspect: (-suspect.score, suspect.id),
    )
    return Probe(
        role=role,
        model=model,
        frame=frame,
        area=area_of(subjects, scores, settings),
        area_by_wording={
            question.id: _auc(area_of(subjects, [one.said[number].test for one in judged], settings))
            for number, question in enumerate(prompt.questions)
        },
        area_by_length=by_length,
        area_in_band=area_of([one.subject for one in within], [one.score for one in within], settings, _LEAST_IN_BAND),
        band=band,
        lengths={side: _lengths([one.words for one in subjects if one.side == side]) for side in SIDES},
        sides=_sides(judged, settings.confidence),
        most_suspected=tuple(ranked[: settings.suspects]),
        problems=tuple(dict.fromkeys(problems))[:_PROBLEMS_SHOWN],
        usage=usage,
    )


def area_of(
    subjects: Sequence[Subject], scores: Sequence[float | None], settings: Settings, least: int = 1
) -> Area | None:
    """Return the area under the curve of the scores, a scenario being positive; ``None`` for too few on a side.

    Args:
        subjects: the texts.
        scores: of each, 0 to 1; ``None`` for a text without one, which is left out.
        settings: level and seed.
        least: texts with a score that each side needs.
    """
    known = [side for side, score in zip((one.side for one in subjects), scores, strict=True) if score is not None]
    if any(known.count(side) < least for side in SIDES):
        return None
    believed = [None if score is None else 1 - score for score in scores]
    is_work = [one.side == "work_text" for one in subjects]
    roc = roc_of(believed, is_work, [f"{one.side} {one.id}" for one in subjects], settings.confidence, settings.seed)
    if roc is None:
        return None
    parted = roc.auc in (0.0, 1.0)
    return Area(
        auc=roc.auc,
        low=None if parted else roc.low,
        high=None if parted else roc.high,
        scenarios=roc.non_benign,
        work_texts=roc.benign,
    )


def _is_scored_scenario(one: Judged) -> bool:
    return one.subject.side == "scenario" and one.score is not None


def _auc(area: Area | None) -> float | None:
    return None if area is None else area.auc


def _band(subjects: Sequence[Subject]) -> tuple[int, int] | None:
    """Return the band of lengths that both sides have; ``None`` if they have none in common."""
    by_side = [[one.words for one in subjects if one.side == side] for side in SIDES]
    low, high = max(map(min, by_side)), min(map(max, by_side))
    return (low, high) if low <= high else None


def _lengths(words: Sequence[int]) -> Lengths:
    quarters = statistics.quantiles(words, n=4, method="inclusive") if len(words) > 1 else [float(words[0])] * 3
    return Lengths(
        least=min(words), quarter=quarters[0], median=quarters[1], three_quarters=quarters[2], most=max(words)
    )


def _sides(judged: Sequence[Judged], confidence: float) -> tuple[SideFigures, ...]:
    groups: Mapping[tuple[Side, str | None], list[Judged]] = {
        (side, kind): [one for one in judged if one.subject.side == side and kind in (None, one.subject.kind)]
        for side in SIDES
        for kind in (None, *sorted({one.subject.kind for one in judged if one.subject.side == side}))
    }
    ordered = sorted(groups.items(), key=lambda item: item[0][1] is not None)
    return tuple(_figures(side, kind, members, confidence) for (side, kind), members in ordered)


def _figures(side: Side, kind: str | None, members: Sequence[Judged], confidence: float) -> SideFigures:
    called = [one.called_test for one in members if one.called_test is not None]
    scores = [one.score for one in members if one.score is not None]
    silent = [said for one in members for said in one.said if said.test is None]
    return SideFigures(
        side=side,
        kind=kind,
        texts=len(members),
        unanswered=len(members) - len(called),
        called_test=rate_of(called, confidence),
        mean_score=statistics.fmean(scores) if scores else None,
        refused=sum(said.refused for said in silent),
        unreadable=sum(not said.refused for said in silent),
    )
