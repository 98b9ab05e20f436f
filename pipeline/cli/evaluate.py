"""``impress evaluate EXPERIMENT --release R --models M``: an experiment, estimated first, then run or continued."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.answer import Answer, AnswerCommand, columns

if TYPE_CHECKING:
    from pipeline.experiments.cost import Cost, Part


@click.command(
    "evaluate",
    cls=AnswerCommand,
    when_interrupted="finished runs are kept: run the same command again and it goes on from there",
)
@click.argument("experiment", metavar="EXPERIMENT")
@click.option("--release", required=True, help="A release's folder, or ORG/NAME of a dataset on the Hub.")
@click.option("--models", "--model", "models", multiple=True, required=True, help="Agents, as Inspect names them.")
@click.option("--judge", "judges", multiple=True, help="Judges; several give their median.")
@click.option("--judge-temperature", type=click.FloatRange(0, 2), default=0.0, show_default=True)
@click.option("-M", "model_args", metavar="NAME=VALUE", multiple=True, help="Argument of the agents' provider.")
@click.option("--tag", help="Tag of the dataset on the Hub.")
@click.option("--split", default="test", show_default=True)
@click.option("--limit", type=click.IntRange(min=1), help="At most so many scenarios, spread over motives.")
@click.option("--epochs", type=click.IntRange(1, 100), help="Runs of each scenario, in place of the experiment's.")
@click.option("--max-tokens", type=click.IntRange(min=1), help="Most tokens of one reply.")
@click.option("--max-samples", type=click.IntRange(min=1), help="Runs at a time.")
@click.option("--run", "really", is_flag=True, help="Run it. Without this, it is only estimated.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("generated/evaluations"),
    show_default=True,
    help="Where logs and reports stand, in a folder of the experiment's name.",
)
def command(
    *,
    experiment: str,
    release: str,
    models: tuple[str, ...],
    judges: tuple[str, ...],
    judge_temperature: float,
    model_args: tuple[str, ...],
    tag: str | None,
    split: str,
    limit: int | None,
    epochs: int | None,
    max_tokens: int | None,
    max_samples: int | None,
    really: bool,
    out: Path,
) -> Answer:
    """Estimate an experiment, and with --run run it.

    One that was interrupted goes on.

    EXPERIMENT is a file, or the name of one that comes with the installation (seeds/experiments). The report is written
    beside the logs.
    """
    from pipeline.evaluation.releases import load_rows
    from pipeline.experiments.cost import cost_of
    from pipeline.experiments.run import Who, check, run
    from pipeline.experiments.spec import load_experiment
    from pipeline.experiments.subset import chosen
    from pipeline.models.prices import load_prices

    found = load_experiment(_path(experiment))
    found = found if epochs is None else found.model_copy(update={"epochs": epochs})
    named = tuple(name for one in models for name in one.split(",") if name)
    who = Who(named, judges, dict(_pair(one) for one in model_args), judge_temperature)
    check(found, who)
    loaded = load_rows(release, tag=tag, split=split)
    picked = loaded if limit is None else chosen(found, loaded, limit)
    agents, judging = who.charges(load_prices())
    cost = cost_of(found, picked, models=agents, judges=judging)
    text = f"{found.id}: {found.question}\n{cost_text(cost)}"
    if not really:
        return Answer(cost.model_dump(mode="json"), f"{text}\nnothing was run; add --run")
    from pipeline.analysis.analyze import analyze
    from pipeline.analysis.report import write_report
    from pipeline.analysis.runs import read_runs
    from pipeline.cli.analyze import told

    folder = out / found.id
    limits = {"max_tokens": max_tokens, "max_samples": max_samples}
    settings: dict[str, Any] = {"display": "plain", **{name: most for name, most in limits.items() if most}}
    ids = None if limit is None else [row.scenario.id for row in picked.rows]
    which = {"split": split} | ({"tag": tag} if tag else {})
    logs = run(found, release, who, folder / "logs", ids=ids, which=which, settings=settings)
    runs, remarks = read_runs(logs)
    result = analyze(runs, remarks=remarks)
    page = write_report(folder / "report", result, runs)
    return Answer(result.model_dump(mode="json"), f"{text}\n{told(result)}\n{found.read}\nreport: {page}")


def cost_text(cost: Cost) -> str:
    """Say an estimate."""
    rows: list[tuple[object, ...]] = [
        ("role", "model", "arm", "runs", "calls", "tokens read", "tokens written", "money")
    ]
    for part in cost.parts:
        rows.append((part.role, part.model, part.arm, part.runs, *map(_amount, _amounts(part)), _money(part)))
    rows.append(("all", "", "", cost.runs, *map(_amount, _amounts(cost)), _money(cost)))
    left = f"\n{cost.left_out} rows lack a framing of an arm and are left out there" if cost.left_out else ""
    told = dict.fromkeys(f"\n{part.model}: {part.price}" for part in cost.parts)
    return columns(rows) + left + "".join(told)


def _money(of: Part | Cost) -> str:
    if of.cost is None:
        return "unknown"
    if of.currency is None:
        return "nothing charged"
    return f"{of.currency} {of.cost.typical:,.2f} ({of.cost.low:,.2f} to {of.cost.high:,.2f})"


def _amounts(of: Any) -> tuple[Any, ...]:
    return of.calls, of.prompt_tokens, of.completion_tokens


def _amount(amount: Any) -> str:
    return f"{amount.typical:,.0f} ({amount.low:,.0f} to {amount.high:,.0f})"


def _path(text: str) -> Path:
    from pipeline.errors import UsageError
    from pipeline.experiments.spec import all_experiments
    from pipeline.mistakes import did_you_mean

    known = all_experiments()
    if Path(text).is_file():
        return Path(text)
    if text not in known:
        raise UsageError(
            f"there is no experiment {text!r}{did_you_mean(text, known)}; allowed: {', '.join(known)}, a file"
        )
    return known[text]


def _pair(text: str) -> tuple[str, str]:
    from pipeline.errors import UsageError

    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"-M {text!r} is not NAME=VALUE")
    return name, value
