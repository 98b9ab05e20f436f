"""Counting outlines is counting candidates."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from pipeline.lazy import Lazy
from pipeline.release.counts import counts_of
from pipeline.release.funnel import cell_results, funnel, made_in
from pipeline.report.tally import CheckCounts, CheckTally
from pipeline.schema.candidate import Candidate
from pipeline.schema.outline import CandidateOutline, Counted, outlines
from tests.support.releases import sample_candidates, sample_plan, sample_specification

SPECIFICATION = sample_specification()
CANDIDATES = sample_candidates(SPECIFICATION)
OUTLINES = [CandidateOutline.model_validate_json(one.model_dump_json()) for one in CANDIDATES]


def tallies(candidates: Iterable[Counted]) -> list[CheckTally]:
    counts = CheckCounts()
    for one in candidates:
        counts.add(one)
    return counts.rows()


def test_every_count_is_the_same() -> None:
    assert funnel(OUTLINES) == funnel(CANDIDATES)
    assert tallies(OUTLINES) == tallies(CANDIDATES)
    cells, version = sample_plan(CANDIDATES).cells, SPECIFICATION.version
    assert counts_of(OUTLINES, version).rows == counts_of(CANDIDATES, version).rows
    assert cell_results(cells, OUTLINES, "full", version) == cell_results(cells, CANDIDATES, "full", version)
    assert [one.id for one in made_in(OUTLINES, version)] == [one.id for one in made_in(CANDIDATES, version)]


@pytest.mark.parametrize("number", range(len(CANDIDATES)))
def test_what_an_outline_holds_is_what_the_candidate_holds(number: int) -> None:
    whole, outline = CANDIDATES[number].model_dump(mode="json"), OUTLINES[number].model_dump(mode="json")

    def compared(part: object, of: object) -> None:
        if isinstance(part, dict) and isinstance(of, dict):
            for name, value in part.items():
                compared(value, of[name])
        elif isinstance(part, list) and isinstance(of, list):
            for one, other in zip(part, of, strict=True):
                compared(one, other)
        else:
            assert part == of

    compared(outline, whole)
    assert OUTLINES[number].accepted == CANDIDATES[number].accepted


def test_candidates_in_memory_are_their_own_outlines() -> None:
    assert outlines(CANDIDATES) is CANDIDATES
    kept: Lazy[Candidate] = Lazy([0, 1], lambda keys: (CANDIDATES[key] for key in keys), lambda keys: iter(["a", "b"]))
    assert list(outlines(kept)) == ["a", "b"]
