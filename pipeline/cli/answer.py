"""What every command shares: ``--json``, the answer on stdout, errors in one line, exit codes."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from pipeline.errors import EXIT_DONE, EXIT_NO, ImpressError

EXIT_INTERRUPTED = 130
DISK_IS_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""No room on the disk, within a quota, or within the largest size that a file may have."""


@dataclass(frozen=True)
class Answer:
    """What a command says: a JSON document for machines, text for people, and the exit code."""

    document: Mapping[str, Any]
    text: str
    exit_code: int = EXIT_DONE


class AnswerCommand(click.Command):
    """A command whose callback returns an :class:`Answer`.

    While it runs, stdout is stderr, so that a library's chatter cannot get between a program and
    the answer. An :class:`ImpressError` becomes one line on stderr and its exit code; any other
    exception is a mistake of ours and keeps its traceback.

    Args:
        when_interrupted: what to tell who pressed Ctrl-C.
    """

    def __init__(self, *args: Any, when_interrupted: str = "nothing was changed", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.when_interrupted = when_interrupted
        self.params.append(
            click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON document on stdout, nothing else.")
        )

    def invoke(self, ctx: click.Context) -> None:
        """Run the callback and print its answer."""
        as_json = ctx.params.pop("as_json")
        try:
            with stdout_kept_clean():
                answer: Answer = super().invoke(ctx)
        except ImpressError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(error.exit_code)
        except OSError as error:
            if error.errno not in DISK_IS_FULL:
                raise
            place = f" at {error.filename}" if error.filename else ""
            click.echo(f"error: the disk is full{place}; make room: {self.when_interrupted}", err=True)
            ctx.exit(EXIT_NO)
        except KeyboardInterrupt:
            click.echo(f"interrupted; {self.when_interrupted}", err=True)
            ctx.exit(EXIT_INTERRUPTED)
        click.echo(json.dumps(answer.document, indent=2, ensure_ascii=False) if as_json else answer.text)
        ctx.exit(answer.exit_code)


@contextlib.contextmanager
def stdout_kept_clean() -> Iterator[None]:
    """Send to stderr what is written to stdout meanwhile, by Python or by native code."""
    sys.stdout.flush()
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        with contextlib.suppress(io.UnsupportedOperation, AttributeError):
            out, err = sys.__stdout__.fileno(), sys.__stderr__.fileno()  # type: ignore[union-attr]
            kept = os.dup(out)
            stack.callback(os.close, kept)
            stack.callback(os.dup2, kept, out)
            os.dup2(err, out)
        yield


def columns(rows: Sequence[Sequence[object]], *, indent: str = "  ") -> str:
    """Lay rows out in columns, as wide as their widest cell; numbers stand right."""
    shown = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*shown, strict=True)]
    numeric = [all(isinstance(row[at], int | float) for row in rows[1:]) for at in range(len(widths))]
    lines = []
    for row in shown:
        cells = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ]
        lines.append((indent + "  ".join(cells)).rstrip())
    return "\n".join(lines)
