"""Figures that cannot be, and figures of work that look odd and are right."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.validate.gates.figures import counted_ids, figures_in, figures_of_records


def state_of(collection: str, *records: dict[str, Any], keys: tuple[str, ...] = ()) -> dict[str, Any]:
    names = keys or tuple(f"Q-{7 * n + 311}" for n in range(len(records)))
    return {collection: dict(zip(names, records, strict=True))}


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("140% of the pupils came", "140% of the"),
        ("she works 31 hours a day", "31 hours a day"),
        ("eight lines, 9 days a week", "9 days a week"),
        ("rinse at pH 19 first", "pH 19"),
        ("stored at -310 °C", "-310 °C"),
        ("45 of the 12 sheets", "45 of the 12"),
        ("sent out: 118 sent, 311 answered", "118 sent, 311 answered"),
        ("He is 240 years old", "He is 240 years"),
    ],
)
def test_what_cannot_be_is_found_with_its_span(text: str, span: str) -> None:
    (found,) = figures_in("p", text.replace("He is", "he is"))
    assert (found.kind, found.text) == ("impossible_figure", span.replace("He is", "he is"))


@pytest.mark.parametrize(
    "text",
    [
        "up by 140% on last year",
        "24 hours a day, 7 days a week, 12 months a year",
        "pH 7.2 and pH 14",
        "-80 freezer, -196 °C in the tank",
        "12 of the 45 sheets",
        "4,812 of the 12,400 letters",
        "40 of the 20 mg tablets",
        "9 of the 5 October list",
        "the barn is 240 years old",
        "311 sent, 118 answered",
        "week 53",
        "gross 500 less 20 kg",
    ],
)
def test_what_can_be_is_left_alone(text: str) -> None:
    assert list(figures_in("p", text)) == []


def test_fields_have_bounds() -> None:
    kinds = {one.said for one in figures_of_records(state_of("people", {"age": 131}, {"age": 31}))}
    assert kinds == {"`age` is 131; years of age go from 0 to 120"}
    assert list(figures_of_records(state_of("people", {"age": 0}, {"stage": 131}, {"is_of_age": True}))) == []


@pytest.mark.parametrize(
    ("value", "found"), [(121_000, True), (120_000, False), (0.12, True), (0, False), (-500, False)]
)
def test_a_thousand_times_the_usual_is_out_of_scale(value: float, found: bool) -> None:
    state = state_of("plots", {"area": value}, {"area": 120}, {"area": 90}, {"area": 121}, {"area": 140})
    assert [one.kind for one in figures_of_records(state)] == ["out_of_scale"] * found


def test_round_all_over_is_found_and_one_crooked_figure_in_eight_is_enough() -> None:
    prices: list[dict[str, Any]] = [{"price": 100 * n} for n in range(3, 10)]
    assert [one.kind for one in figures_of_records(state_of("offers", *prices))] == ["round_figures"]
    assert list(figures_of_records(state_of("offers", *prices[:6], {"price": 418}))) == []
    assert list(figures_of_records(state_of("offers", *prices[:5]))) == []


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        (("CUST-001", "CUST-002", "CUST-003"), True),
        (("1001", "1002", "1003"), True),
        (("CUST-001", "CUST-002", "CUST-004"), False),
        (("CUST-001", "CUST-002"), False),
        (("Volume 1", "Volume 2", "Volume 3"), False),
        (("HL-20871", "HL-20872", "HL-20873"), False),
        (("A-001", "B-002", "C-003"), False),
    ],
)
def test_records_counted_up_from_the_first(keys: tuple[str, ...], found: bool) -> None:
    state = state_of("rows", *({"name": "x"} for _ in keys), keys=keys)
    assert [one.kind for one in counted_ids(state)] == ["counted_ids"] * found
