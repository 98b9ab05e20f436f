"""``impress calibrate FILE``: measure the benignness filters on labelled rows, and choose thresholds."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.answer import Answer, AnswerCommand, columns
from pipeline.cli.options import EXISTING_FILE, spec_option
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.calibration.data import LabelledRows
    from pipeline.calibration.run import Settings
    from pipeline.schema.calibration import Calibration
    from pipeline.schema.specification import Specification
    from pipeline.validate.context import Check

_SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.command(
    "calibrate",
    cls=AnswerCommand,
    when_interrupted="every completion so far is kept: run the same command again and it goes on from there",
)
@click.argument("file", metavar="[FILE]", type=EXISTING_FILE, required=False)
@click.option("--exemplars", is_flag=True, help="Take the exemplars and their non-benign twins in place of FILE.")
@spec_option
@click.option("--filters", metavar="A,B", help="Filters to run; all that can run, if left out.")
@click.option("--bound", type=_SHARE, default=0.05, show_default=True, help="Share of non-benign rows to accept.")
@click.option("--confidence", type=_SHARE, default=0.95, show_default=True, help="Level of the intervals.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the halves and resamples.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write the calibration to (JSON).")
@click.option(
    "--store",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("generated/runs/calibrate.sqlite"),
    show_default=True,
    help="Where completions are kept.",
)
def command(
    *,
    file: Path | None,
    exemplars: bool,
    specification: Path | None,
    filters: str | None,
    bound: float,
    confidence: float,
    seed: int,
    out: Path | None,
    store: Path,
) -> Answer:
    """Measure the benignness filters on labelled rows.

    FILE is JSONL. A row has `text` or `scenario`, and `label`: benign or safe; harmful, unsafe or non_benign. Rows of
    one `group` stay together; other columns divide the rows into strata. Filters that ask a model need --spec.
    """
    from pipeline.calibration.data import exemplar_rows, read_rows
    from pipeline.calibration.run import Settings
    from pipeline.seeds import load_specification

    if (file is None) != exemplars:
        raise UsageError("give either FILE or --exemplars")
    rows = exemplar_rows() if file is None else read_rows(file)
    checked = None if specification is None else load_specification(specification)
    calibration = asyncio.run(calibrate(rows, filters, checked, Settings(bound, confidence, seed), store))
    if out is not None:
        write(calibration, out)
    return Answer(calibration.model_dump(mode="json"), text_of(calibration))


async def calibrate(
    rows: LabelledRows, names: str | None, specification: Specification | None, settings: Settings, store: Path
) -> Calibration:
    """Run the filters named over the rows, with the models of a specification, whose completions go to ``store``."""
    from pipeline.calibration.run import calibration_of, measure
    from pipeline.models.client import open_client
    from pipeline.models.store import CompletionStore
    from pipeline.schema.specification import GateSettings
    from pipeline.seeds import load_seeds
    from pipeline.validate.context import ValidationContext
    from pipeline.validate.filters import ADAPTERS, FILTERS
    from pipeline.validate.filters.guards import guard_checks

    seeds = load_seeds()
    if specification is None:
        checks = chosen([check for check in FILTERS if not check.costs], names)
        context = ValidationContext(seeds, GateSettings(), None)
        return calibration_of(await measure(checks, rows.rows, context), rows, settings)
    store.parent.mkdir(parents=True, exist_ok=True)
    gates, models = specification.gates, specification.models
    with CompletionStore.open(store) as completions:
        async with open_client(models, completions, budget=specification.budget) as client:
            every = [*FILTERS, *guard_checks(models.guards, client, ADAPTERS)]
            checks = chosen([one for one in every if f"{one.gate}.{one.checker}" not in gates.left_out], names)
            measured = await measure(checks, rows.rows, ValidationContext(seeds, gates, client), client)
    return calibration_of(measured, rows, settings, rule=gates.policy.get("benignness"), models=models)


def chosen(checks: Sequence[Check], names: str | None) -> list[Check]:
    """Return the checks named, separated by commas; all of them for ``None``.

    Raises:
        UsageError: for a name that none of them has.
    """
    if names is None:
        return list(checks)
    by_name = {check.checker: check for check in checks}
    wanted = [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in by_name:
            known = ", ".join(by_name)
            raise UsageError(f"--filters: there is no filter {name!r}; allowed: {known} (others need --spec)")
    return [by_name[name] for name in dict.fromkeys(wanted)]


def write(calibration: Calibration, path: Path) -> None:
    """Write a calibration to a file, indented."""
    from pipeline.atomic import write_text_atomic

    write_text_atomic(path, calibration.model_dump_json(indent=2) + "\n")


def text_of(calibration: Calibration) -> str:
    """Write a calibration for people."""
    from pipeline.calibration import table

    data, policy = calibration.data, calibration.policy
    alpha = "not defined" if calibration.alpha is None else f"{calibration.alpha:.2f}"
    head = (
        f"{data.name}: {data.benign} benign rows, {data.non_benign} non-benign; intervals at {calibration.confidence:g}"
    )
    bound = f"Thresholds that accept at most {calibration.bound:g} of non-benign rows, with rates on the other half:"
    parts = [
        head,
        columns(table.error_rows(calibration)),
        f"{bound}\n{columns(table.threshold_rows(calibration))}",
        "\n".join(f"  {one.checker}: {one.threshold.why}" for one in calibration.filters),
    ]
    if calibration.agreement:
        told = f"Agreement, Krippendorff's alpha {alpha}:"
        parts.append(f"{told}\n{columns(table.agreement_rows(calibration))}")
    parts.append(f"Cost:\n{columns(table.cost_rows(calibration))}")
    if policy.strata:
        parts.append(f"Policy by stratum:\n{columns(table.stratum_rows(policy.strata))}")
    return "\n\n".join(parts)
