"""What a release took: each completion once, for who used it first; unknown stays unknown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.release.card import render_card
from pipeline.release.costs import costs_of
from pipeline.release.inputs import as_released
from pipeline.release.write import draft_release
from pipeline.report.page import render_report
from pipeline.report.spending import cell_rows, cost_rows
from pipeline.schema.base import sha256_of
from pipeline.schema.candidate import Attempt, Candidate, Failure, Usage
from pipeline.schema.cell import Cell
from pipeline.schema.cost import Costs
from pipeline.schema.estimate import Prices
from pipeline.schema.specification import Models
from pipeline.schema.verdict import Decision, Verdict
from tests.support.releases import sample_inputs, sample_specification

URL = "https://models.invalid/v1"
PRICES = Prices.model_validate(
    {
        "prices": [
            {"base_url": URL, "model": name, "currency": "EUR", "prompt": prompt, "completion": written}
            | {"as_of": "2026-01-01", "source": "a test"}
            for name, prompt, written in (("writer", 1.0, 10.0), ("judge", 2.0, 4.0), ("guard", 0.0, 0.0))
        ]
    }
)
CELLS = [Cell(motive="efficiency", risk_type="deception", domain=name) for name in ("clinic", "grid")]


def models(writer: str = "writer", kind: str = "openai") -> Models:
    def role(name: str) -> dict[str, object]:
        endpoint = {"kind": "openai", "base_url": URL} if kind == "openai" else {"kind": "embedded", "weights": "some"}
        return {"endpoint": endpoint, "model": name}

    guard = {**role("guard"), "adapter": "llama_guard_3"}
    return Models.model_validate({"generator": role(writer), "judge": role("judge"), "guards": {"llama": guard}})


def key(name: str) -> str:
    return sha256_of(name)


def made(cell: Cell, number: int, wrote: str, judged: str = "", guarded: str = "", *, accepted: bool) -> Candidate:
    """A candidate; its completions are named by one letter each."""
    verdicts = tuple(
        Verdict(gate="benignness", checker=checker, version="1", outcome="pass", reason="r",
                completions=tuple(map(key, keys)))
        for checker, keys in (("judge", judged), ("llama", guarded)) if keys
    )  # fmt: skip
    candidate = Candidate.of(Attempt(cell=cell, number=number, seed=0), failure=Failure(step="prose", reason="r"))
    decision = Decision(outcome="accepted" if accepted else "rejected", rule="r", reason="r")
    completions = tuple(map(key, dict.fromkeys(wrote + judged + guarded)))
    return candidate.model_copy(update={"verdicts": verdicts, "decision": decision, "completions": completions})


def usages(taken: dict[str, tuple[int | None, int | None]]) -> object:
    by_key = {key(n): Usage(calls=1, prompt_tokens=p, completion_tokens=w) for n, (p, w) in taken.items()}

    def usage_of(keys: Iterable[str]) -> dict[str, Usage]:
        return {one: by_key[one] for one in keys if one in by_key}

    return usage_of


CANDIDATES = [
    made(CELLS[0], 0, "ab", "j", "g", accepted=True),
    made(CELLS[0], 1, "c", accepted=False),
    made(CELLS[1], 0, "ad", "jk", accepted=False),
]
TAKEN: dict[str, tuple[int | None, int | None]] = dict.fromkeys("abcd", (1000, 100)) | dict.fromkeys("jkg", (500, 1))


def in_order(candidates: Iterable[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda one: one.id)


def costs(taken: dict[str, tuple[int | None, int | None]] | None = None, of: Models | None = None) -> Costs:
    return costs_of(in_order(CANDIDATES), of or models(), PRICES, usages(TAKEN if taken is None else taken))  # type: ignore[arg-type]


def test_stages_and_roles_have_their_own_completions_and_a_shared_one_counts_once() -> None:
    found = costs()
    assert {(one.stage, one.role): one.usage.calls for one in found.stages} == {
        ("generate", "generator"): 4, ("validate", "judge"): 2, ("validate", "guards.llama"): 1,
    }  # fmt: skip
    assert found.total.usage == Usage(calls=7, prompt_tokens=5500, completion_tokens=403)
    assert found.currency == "EUR"
    money = {one.role: one.money for one in found.stages}
    assert money["generator"] == pytest.approx(4 * (1000 * 1 + 100 * 10) / 1e6)
    assert money["judge"] == pytest.approx(2 * (500 * 2 + 1 * 4) / 1e6)
    assert money["guards.llama"] == 0
    assert found.total.money == pytest.approx(sum(filter(None, money.values())))


def test_a_row_costs_what_was_turned_away_for_it_too() -> None:
    found = costs()
    assert found.per_row is not None
    assert (found.per_row.calls, found.per_row.tokens, found.per_row.money) == (7, 5903, found.total.money)
    by_cell = {one.cell: one for one in found.cells}
    assert sum(one.usage.calls for one in found.cells) == 7
    assert by_cell[CELLS[1].id].per_row is None, "no row was accepted there"
    clinic = by_cell[CELLS[0].id]
    assert clinic.per_row is not None
    assert clinic.per_row.calls == clinic.usage.calls


def test_a_private_address_is_nowhere_in_a_release_and_its_price_holds_when_it_is_made_again() -> None:
    address = "http://gpu7.team.internal:8000/v1"
    priced = PRICES.prices[0].model_copy(update={"base_url": address, "model": "own"})
    role = {"endpoint": {"kind": "openai", "base_url": address}}
    asked = sample_specification(models={"generator": {**role, "model": "own"}, "judge": {**role, "model": "other"}})
    released = as_released(asked)
    made, again = (
        costs_of(in_order(CANDIDATES), one.models, Prices(prices=(priced,)), usages(TAKEN))  # type: ignore[arg-type]
        for one in (asked, released)
    )
    assert made == again
    assert made.stages[0].money is not None
    assert made.stages[1].price == "no price of other at its private address is known; add it to seeds/prices.yaml"
    inputs = sample_inputs(asked, costs=made)
    manifest = draft_release(inputs).manifest
    for told in (
        manifest.model_dump_json(),
        render_card(manifest, inputs.candidates),
        render_report(manifest, inputs.candidates),
    ):
        assert "gpu7" not in told


def test_tokens_that_an_endpoint_did_not_give_make_their_sums_unknown_and_no_other() -> None:
    found = costs({**TAKEN, "c": (None, 3)})
    roles = {one.role: one for one in found.stages}
    assert (roles["generator"].usage.tokens, roles["generator"].money) == (None, None)
    assert roles["judge"].money is not None
    assert (found.total.usage.calls, found.total.usage.tokens, found.total.money) == (7, None, None)


def test_a_model_without_a_price_has_unknown_cost_and_one_in_this_process_none() -> None:
    unknown = costs(of=models("never_priced"))
    assert {one.role: one.money is None for one in unknown.stages} == {
        "generator": True, "judge": False, "guards.llama": False,
    }  # fmt: skip
    assert unknown.total.money is None
    assert "no price of never_priced" in unknown.stages[0].price
    free = costs(of=models(kind="embedded"))
    assert (free.total.money, free.currency) == (0, None)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.sets(st.sampled_from("abcdefgh"))), min_size=1, max_size=12))
def test_by_cell_by_role_and_in_all_it_is_the_same_sum(which: list[tuple[int, set[str]]]) -> None:
    made_of = [
        made(CELLS[cell], number, "".join(sorted(keys)), str(number) if number < 10 else "", accepted=number % 2 == 0)
        for number, (cell, keys) in enumerate(which)
    ]
    taken: dict[str, tuple[int | None, int | None]] = {n: (ord(n), 1) for n in "abcdefgh" + "0123456789"}
    found = costs_of(in_order(made_of), models(), PRICES, usages(taken))  # type: ignore[arg-type]
    distinct = set().union(*(keys for _, keys in which)) | {str(n) for n in range(min(len(which), 10))}
    assert found.total.usage == Usage(
        calls=len(distinct), prompt_tokens=sum(map(ord, distinct)), completion_tokens=len(distinct)
    )
    for parts in (found.cells, found.stages):
        assert sum((one.usage for one in parts), Usage()) == found.total.usage
        assert sum(one.money or 0 for one in parts) == pytest.approx(found.total.money)


def test_card_and_report_show_them_and_say_what_is_unknown() -> None:
    found = costs({**TAKEN, "c": (None, 3)})
    inputs = sample_inputs(costs=found)
    manifest = draft_release(inputs).manifest
    card, report = render_card(manifest, inputs.candidates), render_report(manifest, inputs.candidates)
    assert "| validate | judge | judge | 2 | 1,000 | 2 | 0.0020 |" in card
    assert "| all |  |  | 7 | unknown | unknown | unknown |" in card
    assert "| each accepted row |  |  | 7.0 | unknown in all |  | unknown |" in card
    assert "EUR 2 per million prompt tokens" in card
    shown = json.loads(re.findall(r'id="head">(.*?)</script>', report)[0])["costs"]
    assert shown["stages"] == [list(row) for row in cost_rows(found)]
    assert shown["cells"] == [list(row) for row in cell_rows(found)]


def test_rows_written_by_hand_have_no_cost() -> None:
    inputs = sample_inputs(costs=None)
    manifest = draft_release(inputs).manifest
    assert "### Cost" not in render_card(manifest, inputs.candidates)
    assert '"costs":null' in render_report(manifest, inputs.candidates)
