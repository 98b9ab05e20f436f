"""Runs of words that a release shares with a text or a dump, found in one pass over it.

After Brown et al., "Language Models are Few-Shot Learners" (2020, appendix C): runs of 13 words, without case and
punctuation; those that many rows have are taken for everybody's.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence

from pipeline.calibration.rates import rate_of
from pipeline.contamination.record import Overlap
from pipeline.render import agent_texts
from pipeline.schema.scenario import Scenario
from pipeline.words import N, Run, runs_in, words_of

COMMON = 10
"""Runs that so many rows have do not count."""


def runs_of(scenarios: Sequence[Scenario], n: int = N, common: int = COMMON) -> dict[Run, tuple[str, ...]]:
    """Return the runs of words that an agent is shown, with the ids of the rows that have them: under ``common``."""
    owners: dict[Run, list[str]] = {}
    for scenario in scenarios:
        own: set[Run] = set()
        for _, text in agent_texts(scenario.view):
            own |= set(runs_in(words_of(text), n))
        for run in own:
            owners.setdefault(run, []).append(scenario.id)
    return {run: tuple(ids) for run, ids in owners.items() if len(ids) < common}


def overlap(
    runs: Mapping[Run, Sequence[str]], rows: Sequence[str], lines: Iterator[str], source: str, *, n: int = N,
    common: int = COMMON, confidence: float = 0.95,
) -> Overlap:  # fmt: skip
    """Look for the runs of a release in a text, line by line; a run may go over the end of a line.

    Args:
        runs: as :func:`runs_of` gives them.
        rows: ids of all rows.
        lines: of the text.
        source: what the text is called.
        n: words of a run.
        common: as the runs were made with.
        confidence: level of the interval.
    """
    window: deque[str] = deque(maxlen=n)
    found: dict[str, str] = {}
    counted: Counter[str] = Counter()
    for line in lines:
        for word in words_of(line):
            window.append(word)
            counted["words"] += 1
            for row in runs.get(tuple(window), ()) if len(window) == n else ():
                found.setdefault(row, " ".join(window))
    return Overlap(
        source=source,
        n=n,
        common=common,
        words=counted["words"],
        rows=rate_of([row in found for row in rows], confidence),
        found={row: found[row] for row in rows if row in found},
    )
