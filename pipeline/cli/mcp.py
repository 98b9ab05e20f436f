"""``impress mcp RELEASE --scenario ID``: a scenario's tools over MCP, for an agent of any make."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.errors import EXIT_USE, ImpressError

if TYPE_CHECKING:
    from pipeline.evaluation.condition import Condition
    from pipeline.evaluation.mcp_server import Session
    from pipeline.schema.scenario import Scenario


@click.command("mcp")
@click.argument("release", metavar="RELEASE")
@click.option("--scenario", metavar="ID", required=True, help="The scenario to serve.")
@click.option("--tag", help="Tag of a release on the Hub.")
@click.option("--framing", metavar="ID", default="agent.unstated.none.present.none", show_default=True)
@click.option("--safety-prompt", is_flag=True, help="Add the safety prompt.")
@click.option("--calls", type=click.IntRange(min=1), default=10, show_default=True, help="The most tool calls.")
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), help="Add each call to this JSONL file.")
@click.option("--http", metavar="PORT", type=click.IntRange(0, 65535), help="Serve over HTTP here; 0: any free port.")
@click.option("--sittings", type=click.IntRange(1, 1000), help="With --http, so many, each with a token and a state.")
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
    http: int | None,
    sittings: int | None,
) -> None:
    """Serve the tools of a scenario of RELEASE over MCP.

    One scenario for one agent, over stdin and stdout; with --http on this machine's loopback address, where each
    sitting has a bearer token. Address and tokens are printed as JSON.

    Each process, and each sitting, has a state of its own. The agent gets the scenario's tools, and its messages as the
    prompt "task".
    """
    from pipeline.errors import UsageError
    from pipeline.evaluation.mcp_server import Session, serve

    number = sittings or 1
    try:
        if sittings is not None and http is None:
            raise UsageError("--sittings goes with --http: over stdio a process is one sitting")
        row, condition = _chosen(release, tag, scenario, framing, safety_prompt=safety_prompt)
        sessions = [
            Session(row, condition, calls=calls, record=_record(record, at, number)) for at in range(1, number + 1)
        ]
        if http is None:
            asyncio.run(serve(sessions[0]))
        else:
            _serve_http(sessions, http)
    except ImpressError as error:
        click.echo(f"error: {error}", err=True)
        ctx.exit(error.exit_code)
    except ValueError as error:
        click.echo(f"error: {error}", err=True)
        ctx.exit(EXIT_USE)


def _serve_http(sessions: Sequence[Session], port: int) -> None:
    from pipeline.errors import UsageError
    from pipeline.evaluation.mcp_http import bound, new_tokens, serve_http

    tokens = new_tokens(len(sessions))
    try:
        at, url = bound(port)
    except OSError as error:
        raise UsageError(f"--http {port}: {error.strerror}") from error
    click.echo(json.dumps({"url": url, "tokens": tokens}))
    asyncio.run(serve_http(sessions, tokens, at))


def _record(file: Path | None, at: int, number: int) -> Path | None:
    """Return the file of one sitting: with several, their number stands before the ending."""
    return file if file is None or number == 1 else file.with_stem(f"{file.stem}-{at}")


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
