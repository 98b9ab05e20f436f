"""What is measured of scenarios, and that it follows from the set of rows alone."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.deduplicate.novelty import PlotVectors
from pipeline.deduplicate.plot import plot_of
from pipeline.diversity import measure as module
from pipeline.diversity.measure import measure, prose_of
from pipeline.schema.diversity import Diversity
from pipeline.schema.scenario import Scenario
from tests.support.encoders import WordEncoder
from tests.support.releases import claims, pharmacy, scenario

SAFETY = ("efficiency", "safety_negligence")
PRIVACY = ("curiosity", "privacy_violation")


@pytest.fixture(scope="module")
def rows() -> list[Scenario]:
    """Two plots, each told three times with other names and numbers."""
    lots = [scenario(pharmacy, *SAFETY, lot=f"KV-{number}") for number in (2301, 2302, 2303)]
    return lots + [scenario(claims, *PRIVACY, claim=f"H-{number}") for number in (30501, 30502, 30503)]


def test_names_and_numbers_make_no_other_plot(rows: list[Scenario]) -> None:
    """Six rows of two plots have the Vendi score of one row each, and their nearest row at no distance."""
    measured, two = measure(rows, encoder=WordEncoder()).plots, measure(rows[::3], encoder=WordEncoder()).plots
    assert measured is not None
    assert two is not None
    assert measured.vendi == pytest.approx(two.vendi, abs=1e-3)
    assert 1 < two.vendi < 2
    assert measured.vendi_share == pytest.approx(two.vendi_share / 3, abs=1e-3)
    assert measured.nearest is not None
    assert two.nearest is not None
    assert (measured.nearest.others, measured.nearest.minimum, measured.nearest.median) == (5, 0, 0)
    assert two.nearest.minimum == two.nearest.median > 0.2


def test_order_does_not_matter(rows: list[Scenario]) -> None:
    expected = measure(rows, encoder=WordEncoder(), exemplars=rows[:2], last_release=rows[2:]).model_dump_json()
    dice = random.Random(5)
    for _ in range(5):
        mixed = dice.sample(rows, len(rows))
        again = measure(mixed, encoder=WordEncoder(), exemplars=rows[1::-1], last_release=rows[:1:-1])
        assert again.model_dump_json() == expected


def test_others_do_not_change_what_is_said_of_the_rows(rows: list[Scenario]) -> None:
    alone = measure(rows, encoder=WordEncoder())
    beside = measure(rows, encoder=WordEncoder(), exemplars=rows[:1], last_release=rows[3:])
    assert alone.plots is not None
    assert beside.plots is not None
    compared = {"nearest_exemplar": None, "nearest_previous": None}
    assert beside.plots.model_copy(update=compared) == alone.plots
    assert (beside.prose, beside.spread) == (alone.prose, alone.spread)


def test_distance_to_exemplars_and_to_the_previous_release(rows: list[Scenario]) -> None:
    plots = measure(rows[:3], encoder=WordEncoder(), exemplars=rows[3:], last_release=rows[2:]).plots
    assert plots is not None
    assert plots.nearest_exemplar is not None
    assert plots.nearest_previous is not None
    assert plots.nearest_exemplar.others == 3
    assert plots.nearest_exemplar.minimum > 0.2
    assert (plots.nearest_previous.others, plots.nearest_previous.median) == (4, 0)


def test_what_cannot_be_measured_is_none(rows: list[Scenario]) -> None:
    one = measure(rows[:1], encoder=WordEncoder())
    assert one.plots is not None
    assert (one.plots.vendi, one.plots.vendi_share) == (1, 1)
    assert (one.plots.nearest, one.plots.nearest_exemplar, one.plots.nearest_previous) == (None, None, None)
    assert (one.prose.self_bleu, one.prose.self_bleu_rows) == (None, 0)
    assert one.spread["domains"].evenness is None
    assert measure(rows, encoder=None).plots is None
    none = measure([], encoder=WordEncoder())
    assert (none.rows, none.plots, none.spread) == (0, None, {})
    assert set(none.prose.model_dump(exclude={"self_bleu_rows"}).values()) == {None}


def test_self_bleu_of_many_rows_is_of_a_sample_that_order_does_not_change(
    rows: list[Scenario], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SELF_BLEU_ROWS", 4)
    samples: list[Diversity] = [
        measure(mixed, encoder=None) for mixed in itertools.islice(itertools.permutations(rows), 0, 720, 97)
    ]
    assert {one.prose.self_bleu_rows for one in samples} == {4}
    assert len({one.prose.self_bleu for one in samples}) == 1


def test_prose_is_what_the_agent_reads(rows: list[Scenario]) -> None:
    view = rows[0].view
    assert prose_of(rows[0]) == (view.world.background, view.agent.request, *(entry.text for entry in view.memory))


def test_a_row_twice_is_a_mistake_of_the_caller(rows: list[Scenario]) -> None:
    with pytest.raises(ValueError, match="1 of 7 scenarios are there twice"):
        measure([*rows, rows[0]], encoder=None)


@pytest.mark.slow
def test_figures_do_not_depend_on_how_the_encoder_is_run() -> None:
    """The packaged encoder with other batches and threads moves the last bits of vectors, and no figure."""
    import torch

    from pipeline.deduplicate import encoder as encoders

    rows = [scenario(pharmacy, *SAFETY, lot="KV-2301"), scenario(claims, *PRIVACY)]
    rows += [scenario(pharmacy, "task_success", "safety_negligence", lot="KV-2302")]
    encoder = encoders.load_encoder()
    before = measure(rows, encoder=encoder)
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoders, "BATCH_ROWS", 1)
        torch.set_num_threads(1 + threads % 2)
        try:
            assert measure(rows, encoder=encoder) == before
        finally:
            torch.set_num_threads(threads)


def test_vectors_that_are_there_already_are_taken(rows: list[Scenario]) -> None:
    """The rows are not embedded again, and the figures are the same."""

    class Counting(WordEncoder):
        texts = 0

        def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
            self.texts += len(texts)
            return super().encode(texts)

    encoder, fresh = Counting(), measure(rows, encoder=WordEncoder())
    vectors = PlotVectors(encoder)
    vectors.of([plot_of(row).parts for row in rows])
    before = encoder.texts
    assert measure(rows, encoder=encoder, vectors=vectors) == fresh
    assert encoder.texts == before > 0


def test_plots_that_are_known_are_taken(rows: list[Scenario], monkeypatch: pytest.MonkeyPatch) -> None:
    """The figures are the same, whether all plots are known, some or none; a known one is not worked out."""
    fresh = measure(rows, encoder=WordEncoder())
    known = {row.id: plot_of(row).parts for row in rows}
    assert measure(rows, encoder=WordEncoder(), plots={rows[0].id: known[rows[0].id]}) == fresh
    monkeypatch.delattr("pipeline.diversity.measure.parts_of")
    assert measure(rows, encoder=WordEncoder(), plots=known) == fresh
