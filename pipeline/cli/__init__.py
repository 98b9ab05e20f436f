"""The command line: ``impress COMMAND``. Each command is one module here, and a thin wrapper on a function.

Command modules import what they run inside their functions, so that ``impress --help`` loads none of it.
"""

from __future__ import annotations

from importlib import import_module

import click

import pipeline

COMMANDS = (
    "build",
    "plan",
    "verify",
    "report",
    "diff",
    "rebuild",
    "publish",
    "serve",
    "validate",
    "calibrate",
    "awareness",
    "contamination",
    "evaluate",
    "analyze",
    "review",
    "label",
    "mcp",
    "dedup",
    "index",
    "sample",
    "optimize",
    "doctor",
)
"""In the order of ``--help``. Each is ``pipeline.cli.NAME`` with an object ``command``."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all commands, in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; ``None`` when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"pipeline.cli.{cmd_name}").command
        assert isinstance(command, click.Command)  # noqa: S101 - a module of ours without its command
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(pipeline.__version__, prog_name="impress")
def main() -> None:
    """Build fresh benchmarks of intrinsic value misalignment in LLM agents.

    Exit codes: 0 done, 1 the answer is no (a gate failed, a release differs, an endpoint gave up), 2 wrong use,
    130 interrupted.
    """
