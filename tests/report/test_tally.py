"""Counts of the report."""

from __future__ import annotations

import pytest

from pipeline.report.tally import CheckCounts, CoverageCell, coverage
from pipeline.schema.cell import Cell
from pipeline.schema.manifest import CellResult
from tests.support.releases import sample_candidates, sample_specification


@pytest.mark.parametrize(
    ("accepted", "quota", "level"), [(0, 0, 0), (0, 5, 0), (1, 100, 1), (1, 4, 1), (2, 4, 2), (99, 100, 4), (5, 5, 4)]
)
def test_levels_are_quarters_and_only_nothing_is_zero(accepted: int, quota: int, level: int) -> None:
    assert CoverageCell("m", "r", accepted, quota).level == level


def test_domains_are_summed_and_unplanned_pairs_marked() -> None:
    def result(motive: str, risk_type: str, domain: str, accepted: int) -> CellResult:
        cell = Cell(motive=motive, risk_type=risk_type, domain=domain)
        return CellResult(cell=cell, quota=2, accepted=accepted, attempts=3)

    grid = coverage([result("aa", "rr", "d1", 1), result("aa", "rr", "d2", 2), result("bb", "ss", "d1", 0)])
    assert (grid.motives, grid.risk_types) == (("aa", "bb"), ("rr", "ss"))
    assert grid.cells["aa", "rr"] == CoverageCell("aa", "rr", 3, 4)
    assert grid.cells["bb", "ss"] == CoverageCell("bb", "ss", 0, 2)
    assert grid.cells["aa", "ss"] is None


def test_every_verdict_is_counted_once() -> None:
    candidates = sample_candidates(sample_specification())
    counts = CheckCounts()
    for candidate in candidates:
        counts.add(candidate)
    tallies = counts.rows()
    assert sum(tally.seen for tally in tallies) == sum(len(candidate.verdicts) for candidate in candidates)
    for tally in tallies:
        assert tally.seen == tally.passed + tally.failed + tally.errors + tally.not_run


def test_a_check_that_did_not_run_counts_with_the_one_version_that_it_has() -> None:
    def counted(*said: tuple[str, str]) -> list[tuple[str, int, int, int]]:
        counts = CheckCounts()
        one = sample_candidates(sample_specification())[0]
        for version, outcome in said:
            verdict = one.verdicts[0].model_copy(update={"version": version, "outcome": outcome})
            counts.add(one.model_copy(update={"verdicts": (verdict,)}))
        return [(tally.version, tally.seen, tally.passed, tally.not_run) for tally in counts.rows()]

    assert counted(("1", "pass"), ("-", "not_run"), ("1", "pass")) == [("1", 3, 2, 1)]
    assert counted(("1", "pass"), ("2", "pass"), ("-", "not_run")) == [("1", 1, 1, 0), ("2", 1, 1, 0), ("-", 1, 0, 1)]
    assert counted(("-", "not_run")) == [("-", 1, 0, 1)]
