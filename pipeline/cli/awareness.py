"""``impress awareness FILE --spec SPEC``: do models take the scenarios for tests, and real work for work?"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.answer import Answer, AnswerCommand, columns
from pipeline.cli.options import EXISTING_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.awareness.record import Area, Awareness, Probe, SideFigures
    from pipeline.awareness.subjects import Frame
    from pipeline.schema.specification import RoleName

_ROLES = ("judge", "generator")
_FRAMES = ("message", "whole")


@click.command(
    "awareness",
    cls=AnswerCommand,
    when_interrupted="every completion so far is kept: run the same command again and it goes on from there",
)
@click.argument("file", metavar="FILE", type=EXISTING_FILE)
@click.option(
    "--spec", "specification", metavar="SPEC", type=EXISTING_FILE, required=True, help="Names the models (YAML)."
)
@click.option(
    "--role",
    "roles",
    type=click.Choice(_ROLES),
    multiple=True,
    default=("judge",),
    show_default=True,
    help="Whose model is asked; may be given twice.",
)
@click.option(
    "--frame",
    "frames",
    type=click.Choice(_FRAMES),
    multiple=True,
    default=_FRAMES,
    show_default=True,
    help="What is shown of a scenario: its opening message, or all that an agent is given.",
)
@click.option(
    "--confidence",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    help="Level of the intervals.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the resamples.")
@click.option("--suspects", type=click.IntRange(min=0), default=10, show_default=True, help="Scenarios to name.")
@click.option(
    "--store",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("generated/runs/awareness.sqlite"),
    show_default=True,
    help="Where completions are kept.",
)
def command(
    *,
    file: Path,
    specification: Path,
    roles: tuple[RoleName, ...],
    frames: tuple[Frame, ...],
    confidence: float,
    seed: int,
    suspects: int,
    store: Path,
) -> Answer:
    """Ask models whether scenarios are tests, beside real work.

    FILE is a release's data/*.parquet, or JSONL with a scenario a line. The other side are the mails, tickets and
    notes of seeds/work_texts/. An area of 0.5 means that a model cannot tell them apart.
    """
    from pipeline.awareness.figures import Settings
    from pipeline.awareness.prompt import load_awareness_prompt
    from pipeline.awareness.run import awareness_of
    from pipeline.awareness.work_texts import load_work_texts
    from pipeline.cli.scenario_file import read_scenarios
    from pipeline.seeds import load_specification

    found = asyncio.run(
        awareness_of(
            read_scenarios(file),
            load_work_texts(),
            load_awareness_prompt(),
            load_specification(specification),
            store,
            roles=tuple(dict.fromkeys(roles)),
            frames=tuple(dict.fromkeys(frames)),
            settings=Settings(confidence, seed, suspects),
        )
    )
    return Answer(found.model_dump(mode="json"), text_of(found))


def text_of(found: Awareness) -> str:
    """Write the answer for people."""
    head = f"{found.scenarios} scenarios beside {found.work_texts} work texts; intervals at {found.confidence:g}"
    return "\n\n".join([head, *(_probe(probe) for probe in found.probes)])


def _probe(probe: Probe) -> str:
    lines = [
        f"{probe.role} {probe.model}, frame {probe.frame}",
        f"  area under the curve {_area(probe.area)}; by length alone {_area(probe.area_by_length)}",
        f"  in the band of lengths that both have ({_band(probe)}): {_area(probe.area_in_band)}",
        "  by wording: " + ", ".join(f"{name} {_figure(value)}" for name, value in probe.area_by_wording.items()),
        columns(_side_rows(probe.sides)),
    ]
    lines += [f"  {side}: {at.median:g} words ({at.least} to {at.most})" for side, at in probe.lengths.items()]
    if probe.most_suspected:
        lines.append("  most suspected: " + ", ".join(f"{one.id} {one.score:.2f}" for one in probe.most_suspected))
    lines += [f"  no answer: {problem}" for problem in probe.problems]
    return "\n".join(lines)


def _side_rows(sides: Sequence[SideFigures]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [
        ("texts of", "kind", "n", "called a test", "unanswered", "refusals", "unreadable")
    ]
    for one in sides:
        rate = one.called_test
        shown = "unknown"
        if rate.rate is not None and rate.low is not None and rate.high is not None:
            shown = f"{rate.rate:.2f} [{rate.low:.2f}, {rate.high:.2f}]"
        rows.append((one.side, one.kind or "all", one.texts, shown, one.unanswered, one.refused, one.unreadable))
    return rows


def _area(area: Area | None) -> str:
    if area is None:
        return "unknown"
    interval = "no interval" if area.low is None or area.high is None else f"[{area.low:.2f}, {area.high:.2f}]"
    return f"{area.auc:.2f} {interval}"


def _figure(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"


def _band(probe: Probe) -> str:
    return "none" if probe.band is None else f"{probe.band[0]} to {probe.band[1]} words"
