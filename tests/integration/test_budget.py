"""Whole builds that reach their budget, are given more, and end in the release of an undisturbed build."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.support.builds import impress, kit_cells, manifest_of, specification, write_specification
from tests.support.endurance import RELEASE, build_in_budgets, seeds_with_price
from tests.support.scripted_replies import respond
from tests.support.scripted_server import ScriptedServer


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["calls", "tokens", "money"])
def test_random_budgets_stop_a_build_inside_and_a_raised_one_makes_the_same_release(tmp_path: Path, kind: str) -> None:
    """``benchmarks/budgets.py`` makes twenty of these."""
    seed = f"{kind} {os.environ.get('IMPRESS_TEST_SEED', 'budgets')}"
    built = build_in_budgets(tmp_path, kind, random.Random(seed), raises=3)
    assert built.stops, "no budget was small enough to stop anything"
    assert built.within, built.stops
    assert built.same_release
    assert built.answered_again == 0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_command_says_what_was_spent_and_how_to_go_on_and_a_raised_budget_goes_on(tmp_path: Path) -> None:
    with ScriptedServer(responder=respond) as server, seeds_with_price(tmp_path, server.base_url):
        cells = kit_cells(2)

        def run(**budget: object) -> tuple[int, str]:
            contents = specification(server.base_url, cells=cells, budget=budget)
            spec = write_specification(tmp_path, contents)
            process = impress("build", spec, "--out", tmp_path, "--no-server", "--json")
            _, errors = process.communicate(timeout=250)
            return process.returncode, errors

        code, told = run(calls=7, money={"amount": 10, "currency": "USD"})
        assert code == 1
        assert "error: the budget is spent: 7 calls of 7; " in told
        assert "generator and judge, scripted: 7 calls, " in told
        assert "raise `budget` in the specification and run the same command again" in told
        assert "Traceback" not in told
        assert not (tmp_path / "releases").exists()
        assert sum(server.counts().answered.values()) == 7

        code, told = run(money={"amount": 10, "currency": "EUR"})
        assert code == 2
        assert "budget.money is in EUR" in told
        code, told = run(calls=500)
        assert code == 0, told
        counts = server.counts()
    manifest = manifest_of(tmp_path / RELEASE)
    assert counts.answered_again == 0
    assert manifest["specification"]["budget"] == {"calls": None, "tokens": None, "money": None}
    used = sum(use["usage"]["calls"] for use in manifest["models"])
    costs = manifest["costs"]
    assert used == sum(counts.answered.values()) == costs["total"]["usage"]["calls"]
    assert {one["role"]: one["usage"] for one in costs["stages"]} == {
        use["role"]: use["usage"] for use in manifest["models"]
    }
    paid = (2 * counts.prompt_tokens + 8 * counts.completion_tokens) / 1e6
    assert costs["total"]["money"] == pytest.approx(paid)
    assert costs["per_row"]["money"] == pytest.approx(paid / 2)
