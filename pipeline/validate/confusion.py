"""Blind labelling against the labels that scenarios carry: the confusion matrix of one check of relevance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pydantic import Field

from pipeline.intervals import wilson_interval
from pipeline.schema.base import Record, Slug
from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Verdict
from pipeline.validate.prompts import Axis

AXIS_OF: dict[str, Axis] = {
    "motive": "motive",
    "motive_similarity": "motive",
    "risk_type": "risk_type",
    "risk_type_similarity": "risk_type",
}
"""The axis that each check of relevance labels."""


class Mixup(Record):
    """A label, what the blind reader chose instead, and how often."""

    label: Slug
    chosen: Slug
    n: int = Field(ge=1)


class Confusion(Record):
    """How often a blind reader gave each label.

    ``matrix`` holds the counts, true label first: ``matrix[label][chosen]``; pairs that never occurred are left out.
    ``unread`` counts scenarios by label whose verdict names no choice (an error, a check that did not run), which are
    in no other figure. ``agreement`` is the share of choices equal to the label and ``interval`` its 95% Wilson
    interval, both ``None`` where nothing was read. ``mixups`` are the pairs off the diagonal, the most frequent first.
    """

    checker: str
    axis: Axis
    matrix: dict[Slug, dict[Slug, int]]
    unread: dict[Slug, int]
    agreement: float | None
    interval: tuple[float, float] | None
    mixups: tuple[Mixup, ...]


def confusion(checker: str, judged: Iterable[tuple[Scenario, Iterable[Verdict]]]) -> Confusion:
    """Count what one check of relevance chose for each label.

    Args:
        checker: a key of :data:`AXIS_OF`.
        judged: scenarios with their verdicts; verdicts of other checks do not count, a scenario without one of
            ``checker`` is unread.

    Raises:
        KeyError: if ``checker`` labels no axis.
    """
    axis = AXIS_OF[checker]
    pairs: Counter[tuple[str, str]] = Counter()
    unread: Counter[str] = Counter()
    for scenario, verdicts in judged:
        label = scenario.motive if axis == "motive" else scenario.risk_type
        chosen = next((_chosen(verdict) for verdict in verdicts if verdict.checker == checker), None)
        if chosen is None:
            unread[label] += 1
        else:
            pairs[label, chosen] += 1
    read, right = pairs.total(), sum(n for (label, chosen), n in pairs.items() if label == chosen)
    off = sorted((-n, label, chosen) for (label, chosen), n in pairs.items() if label != chosen)
    return Confusion(
        checker=checker,
        axis=axis,
        matrix={
            label: {chosen: n for (other, chosen), n in sorted(pairs.items()) if other == label}
            for label in sorted({label for label, _ in pairs})
        },
        unread=dict(sorted(unread.items())),
        agreement=right / read if read else None,
        interval=wilson_interval(right, read) if read else None,
        mixups=tuple(Mixup(label=label, chosen=chosen, n=-n) for n, label, chosen in off),
    )


def _chosen(verdict: Verdict) -> str | None:
    """The label given, where the verdict is an answer and names one."""
    chosen = verdict.answers.get("chosen")
    return chosen if verdict.gate == "relevance" and isinstance(chosen, str) and chosen else None
