"""Figures in words: measured ones show their numbers, unmeasured ones why there is none."""

from __future__ import annotations

from pipeline.diversity.figures import figures
from tests.diversity.test_floors import MEASURED, UNMEASURED


def test_measured_figures_show_their_numbers() -> None:
    shown = {
        figure.name.split(",")[0]: (figure.value, figure.better) for figure in figures(MEASURED, "older-2026.10.0")
    }
    assert shown == {
        "Vendi score of plots": ("6.1 of 10 (61%)", "higher"),
        "distance to the nearest other row": ("0.110 / 0.120 / 0.130", "higher"),
        "distance to the nearest exemplar": ("0.310 / 0.320 / 0.330", "higher"),
        "distance to the nearest row of older-2026.10.0": ("0.510 / 0.520 / 0.530", "higher"),
        "distinct-1 / 2 / 3": ("0.710 / 0.810 / 0.910", "higher"),
        "self-BLEU": ("23.0 over 10 rows", "lower"),
    }


def test_unmeasured_figures_are_said_to_be() -> None:
    shown = {figure.name: figure.value for figure in figures(UNMEASURED)}
    assert shown.pop("distinct-1 / 2 / 3") == "– / – / –"
    assert all(value.startswith("not measured") for value in shown.values())
    assert len(shown) == 5
