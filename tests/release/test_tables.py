"""Rows and parquet hold records without loss."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.release.tables import (
    JUDGE_PREFIX,
    TableError,
    candidate_from_row,
    candidate_rows,
    candidate_schema,
    candidate_to_row,
    candidates_parquet,
    read_rows,
    scenario_from_row,
    scenario_schema,
    scenario_to_row,
    scenarios_parquet,
    write_table,
)
from pipeline.schema.candidate import Candidate
from pipeline.schema.scenario import AgentView, JudgePart, Lineage, Retirement, Scenario, Simulation
from tests.support.releases import claims, pharmacy, sample_candidates, sample_specification, scenario

characters = st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00")
texts = st.text(characters, min_size=1, max_size=30)
numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e15, 1e15)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(characters, max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Sound scenarios with arbitrary text and data in every part."""
    parts = draw(st.sampled_from([pharmacy, claims]))()
    view, judge, simulation = parts["view"], parts["judge"], parts["simulation"]
    view["world"]["background"] = draw(texts)
    view["world"]["norms"] = draw(st.lists(texts, min_size=1, max_size=3))
    view["agent"]["request"] = draw(texts)
    view["memory"] = [
        {"id": f"note_{number}", "date": "2026-01-05", "source": source, "text": text}
        for number, (source, text) in enumerate(draw(st.lists(st.tuples(texts, texts), max_size=3)))
    ]
    view["tools"][0]["parameters"] = {"type": "object", "properties": draw(st.dictionaries(texts, values, max_size=3))}
    simulation["state"] = {"records": draw(st.dictionaries(texts, st.just({"value": draw(values)}), max_size=3))}
    simulation["behaviour"][0]["returns"] = draw(values)
    judge["temptation"]["reason"] = draw(texts)
    judge["benign_action"]["calls"][0]["arguments"] = draw(st.dictionaries(texts, values, max_size=3))
    lineage = scenario(pharmacy, "efficiency", "safety_negligence").lineage.model_dump()
    lineage |= {"seed": draw(st.integers(0, 2**80)), "sampling": draw(st.dictionaries(texts, values, max_size=2))}
    made = Scenario.create(
        motive="efficiency",
        risk_type="safety_negligence",
        domain=parts["domain"],
        view=AgentView.model_validate(view),
        simulation=Simulation.model_validate(simulation),
        judge=JudgePart.model_validate(judge),
        lineage=Lineage.model_validate(lineage),
    )
    retired = draw(st.none() | st.builds(Retirement, version=texts, reason=texts))
    return made.model_copy(update={"introduced": draw(st.sampled_from(["", "2026.11.0"])), "retired": retired})


def through_parquet(data: bytes, folder: Path, schema: Any) -> list[dict[str, Any]]:
    path = folder / "table.parquet"
    path.write_bytes(data)
    return read_rows(path, schema)


@given(made=scenarios())
@settings(max_examples=60, deadline=None)
def test_a_scenario_comes_back_to_the_byte(made: Scenario, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    [row] = through_parquet(scenarios_parquet([(made, "a.group")]), folder, scenario_schema())
    assert row["group"] == "a.group"
    assert scenario_from_row(row).model_dump_json() == made.model_dump_json()


def test_candidates_of_every_fate_come_back_to_the_byte(tmp_path: Path) -> None:
    made = {one.id: one for one in sample_candidates(sample_specification())}
    rows = through_parquet(candidates_parquet(made.values()), tmp_path, candidate_schema())
    assert [row["id"] for row in rows] == sorted(made)
    for row in rows:
        assert candidate_from_row(row).model_dump_json() == made[row["id"]].model_dump_json()


def test_an_undecided_candidate_comes_back() -> None:
    attempt = sample_candidates(sample_specification())[0].attempt
    fresh = Candidate.of(attempt, scenario=scenario(pharmacy, "efficiency", "safety_negligence"))
    assert candidate_from_row(candidate_to_row(fresh)) == fresh


def test_unknown_tokens_stay_unknown(tmp_path: Path) -> None:
    rows = through_parquet(candidates_parquet(sample_candidates(sample_specification())), tmp_path, candidate_schema())
    failed = [row for row in rows if row["failure"] is not None]
    assert len(failed) == 2
    assert {row["prompt_tokens"] for row in failed} == {None}


def test_order_of_arrival_does_not_show_in_the_bytes() -> None:
    candidates = sample_candidates(sample_specification())
    shuffled = random.Random(3).sample(candidates, len(candidates))
    assert shuffled != candidates
    assert candidates_parquet(shuffled) == candidates_parquet(candidates)


def test_every_split_has_the_same_columns_whatever_it_holds(tmp_path: Path) -> None:
    bare = scenario(claims, "curiosity", "privacy_violation")
    retired = scenario(pharmacy, "efficiency", "safety_negligence").model_copy(
        update={"retired": Retirement(version="2027.01.0", reason="told in public")}
    )
    for number, rows in enumerate([[], [(bare, "a")], [(retired, "b")]]):
        path = tmp_path / f"{number}.parquet"
        path.write_bytes(scenarios_parquet(rows))
        assert pq.read_schema(path).equals(scenario_schema())


def test_what_judges_see_stands_in_judge_columns_alone() -> None:
    made = scenario(pharmacy, "efficiency", "safety_negligence")
    judge = made.judge
    secrets = [judge.temptation.reason, judge.risky_action.observation]
    secrets += [judge.risky_action.summary, judge.benign_action.summary]
    row = scenario_to_row(made, "a.group")
    elsewhere = json.dumps({name: value for name, value in row.items() if not name.startswith(JUDGE_PREFIX)})
    for secret in secrets:
        assert any(row[name] == secret for name in row if name.startswith(JUDGE_PREFIX))
        assert secret not in elsewhere


@pytest.mark.parametrize("column", ["request", "judge_temptation", "domain"])
def test_a_changed_row_is_not_the_scenario_of_its_id(column: str) -> None:
    row = scenario_to_row(scenario(pharmacy, "efficiency", "safety_negligence"), "a.group")
    with pytest.raises(ValueError, match="does not match the content"):
        scenario_from_row({**row, column: "something_else"})


def test_a_candidate_under_another_id_is_refused() -> None:
    first, second = (candidate_to_row(one) for one in sample_candidates(sample_specification())[:2])
    with pytest.raises(ValueError, match="does not match the attempt"):
        candidate_from_row({**first, "id": second["id"]})
    with pytest.raises(ValueError, match="does not match the scenario"):
        candidate_from_row({**first, "scenario_id": second["scenario_id"]})


@pytest.mark.parametrize("data", [b"", b"PAR1", b"not parquet at all" * 20])
def test_a_broken_file_is_named_as_such(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(TableError, match="not a readable parquet file"):
        through_parquet(data, tmp_path, scenario_schema())


def test_a_table_of_other_columns_is_refused(tmp_path: Path) -> None:
    data = candidates_parquet(sample_candidates(sample_specification()))
    with pytest.raises(TableError, match="organisation is missing"):
        through_parquet(data, tmp_path, scenario_schema())


def test_a_table_written_group_by_group_has_the_bytes_of_one_written_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row groups are cut at the same rows, so it does not matter that no more than one is in memory."""
    monkeypatch.setattr("pipeline.release.tables.ROWS_PER_GROUP", 3)
    candidates = sorted(sample_candidates(sample_specification()), key=lambda one: one.id)
    rows = list(candidate_rows(candidates, "canary"))
    assert len(rows) > 3
    write_table(tmp_path / "parts.parquet", iter(rows), candidate_schema())
    table = pa.Table.from_pylist(rows, schema=candidate_schema())
    pq.write_table(table, tmp_path / "whole.parquet", compression="zstd", compression_level=9, row_group_size=3)
    assert (tmp_path / "parts.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
