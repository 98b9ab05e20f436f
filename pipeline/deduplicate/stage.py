"""The deduplicate stage: a novelty verdict and a group for each candidate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pipeline.deduplicate.earlier import EarlierRows
from pipeline.deduplicate.encoder import Encoder
from pipeline.deduplicate.novelty import KeptRow, Novelty, PlotVectors, Protected
from pipeline.deduplicate.quality import mean_score
from pipeline.schema.candidate import Candidate
from pipeline.schema.specification import DeduplicationSettings


def deduplicate(
    candidates: Sequence[Candidate],
    earlier: Sequence[Candidate],
    settings: DeduplicationSettings,
    encoder: Encoder,
    released: EarlierRows | None = None,
    *,
    protected: Protected | None = None,
) -> list[Candidate]:
    """Judge the novelty of each candidate against earlier releases, the earlier rows and the other candidates.

    Args:
        candidates: new candidates with distinct ids; those without a scenario pass through untouched.
        earlier: candidates from before. Accepted ones always win over new ones; the others do not count.
        settings: the cosines from which a plot is a copy, and from which it is related.
        encoder: embeds the plots.
        released: rows of earlier releases; what copies one of them is compared with nothing else.
        protected: texts of others; what copies one of them, or may do so, is compared with nothing else either.

    Returns:
        The candidates in the order given, each with a novelty verdict and a group, and where protected corpora
        were looked in without a hit, a second verdict that says so. The outcome depends on the set of candidates,
        not on its order: the best mean score of passed verdicts comes first, then the smallest id.

    Raises:
        ValueError: if two candidates share an id, or an accepted one of before has no group.
    """
    _refuse_twins(candidates)
    before = [_kept(one) for one in earlier if one.accepted]
    ranked = sorted(candidates, key=lambda one: (-(mean_score(one, without="novelty") or 0.0), one.id))
    judged = Novelty(before, settings, PlotVectors(encoder), released, protected).judge(ranked)
    decided = {one.id: one for one in judged}
    return [decided[candidate.id] for candidate in candidates]


def _kept(candidate: Candidate) -> KeptRow:
    if candidate.scenario is None or candidate.group is None:
        raise ValueError(f"candidate {candidate.id} is accepted and has no group; deduplicate it first")
    return KeptRow.of(candidate.id, candidate.scenario, candidate.group)


def _refuse_twins(candidates: Sequence[Candidate]) -> None:
    twice = sorted(identity for identity, n in Counter(one.id for one in candidates).items() if n > 1)
    if twice:
        raise ValueError(f"candidates share an id: {', '.join(twice)}")
