"""The deduplicate stage: a novelty verdict and a group for each candidate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.deduplicate.earlier import EarlierRows
from pipeline.deduplicate.encoder import Encoder
from pipeline.deduplicate.evidence import between_groups, new_verdict, protected_verdict, verdict_against
from pipeline.deduplicate.groups import Placement, place
from pipeline.deduplicate.plot import Plot, plot_of
from pipeline.deduplicate.protected import look_up, told_by
from pipeline.deduplicate.protected_files import Corpus
from pipeline.deduplicate.quality import mean_score
from pipeline.deduplicate.survivors import Entry, Judged, compare
from pipeline.schema.candidate import Candidate
from pipeline.schema.scenario import Scenario
from pipeline.schema.specification import DeduplicationSettings
from pipeline.schema.verdict import Verdict


@dataclass(frozen=True)
class Protected:
    """Corpora that no row may copy, and an encoder that keeps the vectors of their texts."""

    corpora: tuple[Corpus, ...]
    keeper: Encoder


@dataclass(frozen=True)
class Row:
    """A candidate that has a scenario, with its plot."""

    candidate: Candidate
    scenario: Scenario
    plot: Plot


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
    before = _rows(sorted((one for one in earlier if one.accepted), key=lambda one: one.id))
    fresh = _rows(sorted(candidates, key=lambda one: (-(mean_score(one, without="novelty") or 0.0), one.id)))
    looked_up = _looked_up(fresh, protected, encoder)
    known = {
        row.candidate.id: _decided(row.candidate, (looked_up[row.candidate.id],), row.scenario.id)
        for row in fresh
        if row.candidate.id in looked_up and looked_up[row.candidate.id].outcome != "pass"
    }
    fresh = [row for row in fresh if row.candidate.id not in known]
    known |= _copies_of(fresh, released, settings, encoder)
    fresh = [row for row in fresh if row.candidate.id not in known]
    rows = [*before, *fresh]
    entries = [Entry.of(row.plot) for row in rows]
    comparison = compare(entries, encoder, min(settings.related, settings.threshold), fixed=len(before))
    judged = comparison.judge(settings.threshold)
    settled = {number: _group(row.candidate) for number, row in enumerate(before)}
    placed = place([row.scenario for row in rows], comparison, judged, settled, settings.related)
    decided = {
        row.candidate.id: _decided(
            row.candidate,
            (
                _verdict(row, outcome, placement, rows, settings),
                *([looked_up[row.candidate.id]] if row.candidate.id in looked_up else ()),
            ),
            placement.group,
        )
        for row, outcome, placement in list(zip(rows, judged, placed, strict=True))[len(before) :]
    }
    decided |= known
    return [decided.get(candidate.id, candidate) for candidate in candidates]


def _looked_up(rows: Sequence[Row], protected: Protected | None, encoder: Encoder) -> dict[str, Verdict]:
    """Return what the protected corpora say of each candidate, by id; nothing where there are none."""
    if protected is None or not rows:
        return {}
    found = look_up([told_by(row.scenario) for row in rows], protected.corpora, encoder, protected.keeper)
    names = [corpus.name for corpus in protected.corpora]
    return {row.candidate.id: protected_verdict(one, names) for row, one in zip(rows, found, strict=True)}


def _copies_of(
    rows: Sequence[Row], released: EarlierRows | None, settings: DeduplicationSettings, encoder: Encoder
) -> dict[str, Candidate]:
    """Return the candidates that copy a row of an earlier release, by id; each is a group of its own."""
    if released is None:
        return {}
    verdicts = released.copied_by([row.plot for row in rows], settings.threshold, encoder)
    return {
        row.candidate.id: _decided(row.candidate, (verdict,), row.scenario.id)
        for row, verdict in zip(rows, verdicts, strict=True)
        if verdict is not None
    }


def _refuse_twins(candidates: Sequence[Candidate]) -> None:
    twice = sorted(identity for identity, n in Counter(one.id for one in candidates).items() if n > 1)
    if twice:
        raise ValueError(f"candidates share an id: {', '.join(twice)}")


def _rows(candidates: Iterable[Candidate]) -> list[Row]:
    return [Row(one, one.scenario, plot_of(one.scenario)) for one in candidates if one.scenario is not None]


def _group(candidate: Candidate) -> str:
    if candidate.group is None:
        raise ValueError(f"candidate {candidate.id} is accepted and has no group; deduplicate it first")
    return candidate.group


def _verdict(
    row: Row, judged: Judged, placement: Placement, rows: Sequence[Row], settings: DeduplicationSettings
) -> Verdict:
    if placement.between:
        return between_groups(placement.between, settings.related)
    if judged.match is None:
        return new_verdict(min(settings.related, settings.threshold))
    other = rows[judged.match.other]
    return verdict_against(
        judged,
        judged.match,
        row.plot,
        other.plot,
        other_id=other.candidate.id,
        other_scenario=other.scenario.id,
        threshold=settings.threshold,
    )


def _decided(candidate: Candidate, verdicts: Iterable[Verdict], group: str) -> Candidate:
    others = tuple(one for one in candidate.verdicts if one.gate != "novelty")
    return candidate.model_copy(update={"verdicts": (*others, *verdicts), "group": group})
