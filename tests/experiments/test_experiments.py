"""The experiments that come along load, are estimated, run and go on."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import impress
from pipeline.cli import main
from pipeline.cli.evaluate import cost_text
from pipeline.errors import InputError, UsageError
from pipeline.evaluation.releases import load_rows
from pipeline.experiments.cost import cost_of
from pipeline.experiments.run import Who, arm_arguments, check, run
from pipeline.experiments.spec import all_experiments, load_experiment
from pipeline.experiments.subset import chosen
from pipeline.schema.estimate import Price, Prices
from tests.support.transcripts import SAMPLE

EXPERIMENTS = all_experiments()


def test_all_twelve_are_there() -> None:
    assert [name.split("-")[0] for name in sorted(EXPERIMENTS, key=lambda name: int(name[1:].split("-")[0]))] == [
        f"e{number}" for number in range(1, 13)
    ]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_each_loads_and_its_arms_are_conditions(name: str) -> None:
    found = load_experiment(EXPERIMENTS[name])
    conditions = [(arm.condition.id, arm.temperature) for arm in found.arms]
    assert len(set(conditions)) == len(conditions)
    assert found.id == name.replace("-", "_")


def test_mistakes_name_the_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("id: mine\ntitle: t\nquestion: q\narms: [{persona: bold}]\nread: r\n")
    with pytest.raises(InputError, match=r"mine.yaml:4.*persona.*allowed: neutral, none, risk_averse, risk_tolerant"):
        load_experiment(file)


def test_what_is_missing_is_said_before_anything_is_paid_for() -> None:
    with pytest.raises(UsageError, match="needs 2 models"):
        check(load_experiment(EXPERIMENTS["e1-models"]), Who(("lab/one",), ("lab/judge",)))
    with pytest.raises(UsageError, match="runs no agents"):
        check(load_experiment(EXPERIMENTS["e9-people"]), Who(("lab/one",)))


PRICES = Prices(
    prices=(
        Price(
            base_url="https://lab.example/v1/",
            model="big",
            currency="EUR",
            prompt=2.0,
            completion=10.0,
            as_of="2026-11-01",
            source="its page",
        ),
    )
)


def test_the_estimate_counts_runs_and_bounds_calls_and_money() -> None:
    found = load_experiment(EXPERIMENTS["e8-mitigations"])
    who = Who(("protocol/big", "embedded/small"), ("protocol/big",), {"base_url": "https://lab.example/v1"})
    agents, judges = who.charges(PRICES)
    cost = cost_of(found, load_rows(SAMPLE), models=agents, judges=judges)
    assert cost.runs == 24 * 4 * 3 * 2
    acting = [part for part in cost.parts if part.role == "agent"]
    assert all(part.calls.high == 24 * 3 * 11 for part in acting)
    assert cost.prompt_tokens.low < cost.prompt_tokens.typical < cost.prompt_tokens.high
    assert cost.currency == "EUR"
    assert cost.cost is not None
    paid = [part for part in cost.parts if part.model == "protocol/big"]
    reading, writing = (
        sum(getattr(part, name).high for part in paid) for name in ("prompt_tokens", "completion_tokens")
    )
    assert cost.cost.high == pytest.approx((2 * reading + 10 * writing) / 1e6)
    assert {part.cost.high for part in acting if part.model == "embedded/small" and part.cost is not None} == {0}


def test_an_unknown_price_is_null_and_said() -> None:
    found = load_experiment(EXPERIMENTS["e5-ladder"])
    who = Who(("protocol/big",), ("protocol/other",), {"base_url": "https://lab.example/v1"})
    agents, judges = who.charges(PRICES)
    cost = cost_of(found, load_rows(SAMPLE), models=agents, judges=judges)
    assert cost.cost is None
    assert [part.cost is None for part in cost.parts if part.role == "judge"] == [True] * 3
    text = cost_text(cost)
    assert "no price of other at https://lab.example/v1 is known; add it to seeds/prices.yaml" in text
    assert text.count("unknown") == 4
    elsewhere, _ = Who(("openai/big",)).charges(PRICES)
    assert elsewhere["openai/big"].money(1, 1) is None


def test_arguments_are_those_that_differ_from_the_baseline() -> None:
    arms = load_experiment(EXPERIMENTS["e4-decoding"]).arms
    assert [arm_arguments(arm) for arm in arms] == [{}, {}, {}]


def test_without_run_nothing_is_called() -> None:
    command = ["evaluate", "e5-ladder", "--release", str(SAMPLE), "--models", "no/such-model"]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    assert "nothing was run" in result.output


@pytest.mark.slow
def test_an_experiment_runs_and_a_second_time_runs_nothing_again(tmp_path: Path) -> None:
    import tests.support.scripted_agents  # noqa: F401 - registers the provider

    found = load_experiment(EXPERIMENTS["e5-ladder"])
    who = Who(("scripted/risky",), model_args={"release": str(SAMPLE)})
    settings = {"display": "none"}
    ids = [row.scenario.id for row in chosen(found, load_rows(SAMPLE), 2).rows]
    logs = run(found, str(SAMPLE), who, tmp_path, ids=ids, settings=settings)
    assert len(logs) == 3
    times = {log: log.stat().st_mtime_ns for log in tmp_path.glob("*.eval")}
    again = run(found, str(SAMPLE), who, tmp_path, ids=ids, settings=settings)
    assert sorted(log.name for log in again) == sorted(log.name for log in logs)
    assert {log: log.stat().st_mtime_ns for log in tmp_path.glob("*.eval")} == times


@pytest.mark.slow
def test_the_command_runs_it_and_says_what_became_of_the_runs(tmp_path: Path) -> None:
    """Inspect's mock model does nothing, so that no run is measured and the report says so."""
    command = ["evaluate", "e4-decoding", "--release", str(SAMPLE), "--models", "mockllm/model", "--limit", "1"]
    result = CliRunner().invoke(main, [*command, "--epochs", "1", "--run", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "agent.unstated.none.present.none temperature 1 " in result.output, "the estimate names each arm"
    ways = [f"mockllm/model (temperature {to})" for to in ("0.0", "0.7", "1.0")]
    for way in ways:
        assert f"{way} | agent.unstated.none.present.none: nothing_done 1" in result.output
    page = (tmp_path / "e4_decoding" / "report" / "report.html").read_text(encoding="utf-8")
    for way in ways:
        assert f"{way}, agent.unstated.none.present.none: 1 of 1 runs were not measured" in page


def test_a_limit_spreads_over_motives_and_gives_each_arm_the_same_scenarios() -> None:
    found = load_experiment(EXPERIMENTS["e11-controls"])
    loaded = load_rows(SAMPLE)
    motives = {row.scenario.motive for row in loaded.rows}
    picked = chosen(found, loaded, len(motives)).rows
    assert {row.scenario.motive for row in picked} == motives
    assert len(picked) == len(motives)
    for arm in found.arms:
        have = {sample.id for sample in impress.agent(release=str(SAMPLE), **arm_arguments(arm)).dataset}
        assert {row.scenario.id for row in picked} <= have
    assert chosen(found, loaded, 1000).rows == loaded.rows
