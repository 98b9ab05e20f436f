"""What a build is expected to take."""

from __future__ import annotations

import pytest

from pipeline.estimate import CallRates
from pipeline.plan import plan
from pipeline.seeds import Seeds
from tests.support.small_seeds import small_seeds, specification


@pytest.fixture(scope="module")
def seeds() -> Seeds:
    return small_seeds()


def test_estimate_counts_the_attempts_it_names(seeds: Seeds) -> None:
    rates = CallRates(core=10, texts=2, notes=9, gates=5, acceptance=0.5)
    settings = specification("kit", quota=1, attempts_per_cell=4)
    estimate = plan(settings, seeds, rates).estimate
    assert estimate.calls == 4 * 2 * (2 + 3 + 5), "four cells, two attempts each: two texts, three notes, the gates"
    assert estimate.calls_at_most == 4 * 4 * (2 * (2 + 3) + 5), "four attempts each, everything written twice"
    assert (estimate.prompt_tokens, estimate.completion_tokens, estimate.cost) == (None, None, None)


def test_estimate_pays_for_cores_by_the_model(seeds: Seeds) -> None:
    rates = CallRates(core=10, texts=2, notes=1, gates=5, acceptance=1.0)
    cell = "curiosity.privacy_violation.clinic"
    model = plan(specification("model", grid={"cells": [cell]}), seeds, rates).estimate
    assert model.calls == 10 + 2 + 1 + 5
    assert model.calls_at_most == 4 * (3 * 10 + 2 * (2 + 1) + 5)
    beyond = plan(specification("kit_or_model", quota=2, grid={"cells": [cell]}), seeds, rates).estimate
    assert beyond.calls_at_most == model.calls_at_most, "the second row of a one-situation cell needs the model"


def test_estimate_stays_within_the_budget(seeds: Seeds) -> None:
    estimate = plan(specification(budget={"calls": 7}), seeds).estimate
    assert (estimate.calls, estimate.calls_at_most) == (7, 7)
    assert "7 calls" in estimate.basis
