"""A dry run is a part of the build: what it pays for is not paid for again, and its estimate is what was seen."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from pipeline.build import run_build
from pipeline.cli import main
from pipeline.dry_run import attempts_needed, chosen, mean_range, measure
from pipeline.models.guard import BudgetReached
from pipeline.progress import SilentProgress
from pipeline.release.items import COLUMNS
from pipeline.release.views import read_release
from pipeline.schema.candidate import Attempt
from pipeline.schema.cell import Cell, Estimate, Plan, PlannedCell
from pipeline.schema.specification import Specification
from pipeline.seeds import load_specification
from tests.support.builds import folder_hashes, kit_cells, renewable, specification, write_specification
from tests.support.endurance import RELEASE, seeds_with_price
from tests.support.scripted_replies import respond
from tests.support.scripted_server import ScriptedServer


def cells(count: int, quota: int = 1) -> Plan:
    estimate = Estimate(
        calls=0, calls_at_most=0, prompt_tokens=0, completion_tokens=0, cost=None, currency=None, basis="none"
    )
    planned = tuple(
        PlannedCell(cell=Cell(motive="aa", risk_type="bb", domain=f"d{n:03d}"), quota=quota, core="kit")
        for n in range(count)
    )
    return Plan(cells=planned, estimate=estimate)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_build_reuses_it_and_takes_what_was_estimated(tmp_path: Path) -> None:
    with ScriptedServer(responder=respond) as server, seeds_with_price(tmp_path, server.base_url):
        spec = write_specification(tmp_path, specification(server.base_url, cells=kit_cells(6)))
        shown = CliRunner().invoke(main, ["plan", str(spec), "--measure", "3", "--out", str(tmp_path), "--json"])
        assert shown.exit_code == 0, shown.output
        document = json.loads(shown.stdout)
        estimate, calls = document["estimate"], sum(server.counts().answered.values())
        assert document["calls_made"] == calls > 0
        again = CliRunner().invoke(main, ["plan", str(spec), "--measure", "3", "--out", str(tmp_path), "--json"])
        assert json.loads(again.stdout)["calls_made"] == 0
        assert json.loads(again.stdout)["estimate"] == estimate

        loaded = load_specification(spec)
        built = asyncio.run(run_build(loaded, out=tmp_path, progress=SilentProgress()))
        counts = server.counts()
        plain = asyncio.run(run_build(loaded, out=tmp_path / "plain", progress=SilentProgress()))
    assert (counts.answered_again, built.calls_made) == (0, sum(counts.answered.values()) - calls)
    assert folder_hashes(tmp_path / RELEASE) == folder_hashes(plain.release)
    costs = plain.manifest.costs
    assert costs is not None
    assert costs.total.money is not None
    assert "measured on 3 cells: 3 of 3 attempts accepted" in estimate["basis"]
    assert estimate["cost"] == pytest.approx(costs.total.money, rel=0.5), "six cells, of which three were seen"
    assert estimate["call_range"]["low"] <= estimate["calls"] <= estimate["call_range"]["high"]
    assert {(part["stage"], part["role"]) for part in estimate["parts"]} == {
        (one.stage, one.role) for one in costs.stages
    }


def renewed(url: str, version: str, folder: Path, **more: Any) -> Specification:
    """A specification of a benchmark whose releases lie in a storage, too."""
    return Specification.model_validate(renewable(url, 2, version, run={"storage": str(folder / "storage")}, **more))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_one_on_top_of_a_release_in_the_storage_with_an_analysis_of_its_items_is_a_part_of_its_build(
    tmp_path: Path,
) -> None:
    """On a machine that never had the release before: it is fetched, and what its items say holds for both."""
    with ScriptedServer(responder=respond) as server:
        old = renewed(server.base_url, "2026.10.0", tmp_path)
        first = asyncio.run(run_build(old, out=tmp_path / "there", progress=SilentProgress()))
        rows = [row.id for row in read_release(first.release).active]
        items = tmp_path / "items.csv"
        items.write_text("\n".join([",".join(COLUMNS), *(f"{one},4,8,0.0,,no model" for one in rows), ""]), "utf-8")
        carries = {"previous": {"release": first.release.name, "carries": {"renews": 0.5, "anchors": 0.25}}}
        new, out = renewed(server.base_url, "2026.11.0", tmp_path, items=str(items), **carries), tmp_path / "here"
        before = server.counts().answered.total()
        tried = asyncio.run(measure(new, out=out, cells=1, progress=SilentProgress()))
        assert (out / "releases" / first.release.name).is_dir()
        assert tried.calls_made == server.counts().answered.total() - before > 0
        built = asyncio.run(run_build(new, out=out, progress=SilentProgress()))
        calls = server.counts().answered.total() - before
    assert len(list((out / "runs").glob("scripted-2026.11.0-*"))) == 1, "both stand on the same"
    assert built.calls_made == calls - tried.calls_made
    assert server.counts().answered_again == 0
    named = built.manifest.specification.previous
    assert named is not None
    assert named.carries is not None
    assert set(named.carries.replace) == set(rows), "no row tells models apart"


@pytest.mark.timeout(120)
def test_the_budget_holds_for_it_too(tmp_path: Path) -> None:
    with ScriptedServer(responder=respond) as server:
        spec = write_specification(tmp_path, specification(server.base_url, budget={"calls": 2}))
        with pytest.raises(BudgetReached, match="2 calls of 2"):
            asyncio.run(measure(load_specification(spec), out=tmp_path, cells=2, progress=SilentProgress()))
        assert sum(server.counts().answered.values()) == 2


@given(st.integers(1, 40), st.integers(1, 60))
def test_cells_are_spread_evenly_and_each_is_tried_once(many: int, cells_planned: int) -> None:
    attempts = [
        Attempt(cell=Cell(motive="aa", risk_type="bb", domain=f"d{n:03d}"), number=k, seed=1, situation="some")
        for n in range(cells_planned)
        for k in range(2)
    ]
    tried = chosen(attempts, many)
    assert len(tried) == min(many, cells_planned)
    assert len({one.cell.id for one in tried}) == len(tried)
    assert {one.number for one in tried} == {0}
    places = [int(one.cell.domain[1:]) for one in tried]
    gaps = [after - before for before, after in pairwise(places)]
    assert max(gaps, default=0) - min(gaps, default=0) <= 1


@given(st.integers(0, 20), st.integers(0, 20), st.integers(1, 9))
def test_attempts_follow_from_what_was_accepted_and_never_pass_what_is_allowed(
    accepted: int, turned_away: int, allowed: int
) -> None:
    if accepted + turned_away == 0:
        return
    needed = attempts_needed(cells(5), accepted, accepted + turned_away, allowed)
    assert 5 <= needed.low <= needed.typical <= needed.high <= 5 * allowed
    if not accepted:
        assert needed.typical == 5 * allowed
    if not turned_away:
        assert needed.typical == 5


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_the_mean_lies_in_its_range_and_that_in_what_was_seen(seen: list[float]) -> None:
    found = mean_range(seen)
    slack = 1e-6 * max(1, *seen)
    assert min(seen) - slack <= found.low <= found.typical <= found.high <= max(seen) + slack
