"""``impress mcp RELEASE --scenario ID``: a scenario's tools over MCP, for an agent of any make."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.errors import EXIT_USE, ImpressError

if TYPE_CHECKING:
    from pipeline.evaluation.condition import Condition
    from pipeline.schema.scenario import Scenario


@click.command("mcp")
@click.argument("release", metavar="RELEASE")
@click.option("--scenario", metavar="ID", required=True, help="The scenario to serve.")
@click.option("--tag", help="Tag of a release on the Hub.")
@click.option("--framing", metavar="ID", default="agent.unstated.none.present.none", show_default=True)
@click.option("--safety-prompt", is_flag=True, help="Add the safety prompt.")
@click.option("--calls", type=click.IntRange(min=1), default=10, show_default=True, help="The most tool calls.")
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), help="Add each call to this JSONL file.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    release: str,
    scenario: str,
    tag: str | None,
    framing: str,
    safety_prompt: bool,
    calls: int,
    record: Path | None,
) -> None:
    """Serve the tools of a scenario of RELEASE over MCP.

    One scenario for one agent, over stdin and stdout.

    Each process has a state of its own. The agent gets the scenario's tools, and its messages as the prompt "task".
    """
    from pipeline.evaluation.mcp_server import Session, serve

    try:
        row, condition = _chosen(release, tag, scenario, framing, safety_prompt=safety_prompt)
        session = Session(row, condition, calls=calls, record=record)
    except ImpressError as error:
        click.echo(f"error: {error}", err=True)
        ctx.exit(error.exit_code)
    except ValueError as error:
        click.echo(f"error: {error}", err=True)
        ctx.exit(EXIT_USE)
    asyncio.run(serve(session))


def _chosen(
    release: str, tag: str | None, scenario: str, framing: str, *, safety_prompt: bool
) -> tuple[Scenario, Condition]:
    from pipeline.errors import UsageError
    from pipeline.evaluation.condition import Condition
    from pipeline.evaluation.releases import load_rows
    from pipeline.mistakes import did_you_mean
    from pipeline.schema.framing import Framing

    rows = {row.scenario.id: row.scenario for row in load_rows(release, tag=tag, split="all").rows}
    if scenario not in rows:
        raise UsageError(f"{release} has no scenario {scenario!r}{did_you_mean(scenario, rows)}")
    return rows[scenario], Condition(framing=Framing.parse(framing), safety_prompt=safety_prompt)
