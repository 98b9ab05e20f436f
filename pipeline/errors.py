"""The errors a user can meet, and the exit codes of the command line.

``0`` done, ``1`` the work's own answer is no (a gate failed, a release differs, an endpoint gave
up), ``2`` wrong use (a mistake in a file, a flag, a key).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

EXIT_DONE = 0
EXIT_NO = 1
EXIT_USE = 2


class ImpressError(Exception):
    """Base of every error that is shown to the user without a traceback."""

    exit_code = EXIT_NO


class WorkError(ImpressError):
    """The work was done as asked and its own answer is no."""


class UsageError(ImpressError):
    """A flag, an environment variable or an argument is wrong."""

    exit_code = EXIT_USE


class InputError(ImpressError):
    """A file that a person wrote holds a mistake.

    Names the file, the line (1-based), the field, the value found and what is allowed, so that the
    message alone is enough to mend it.
    """

    exit_code = EXIT_USE

    def __init__(
        self,
        problem: str,
        *,
        file: Path | str,
        line: int | None = None,
        field: str | None = None,
        value: object | None = None,
        allowed: Iterable[object] | str | None = None,
    ) -> None:
        self.problem = problem
        self.file = str(file)
        self.line = line
        self.field = field
        self.value = value
        self.allowed = allowed if isinstance(allowed, str) or allowed is None else sorted(map(str, allowed))
        super().__init__(self._text())

    def __reduce__(self) -> tuple[Any, ...]:
        """Let the error pass from one process to another."""
        rest = {name: getattr(self, name) for name in ("file", "line", "field", "value", "allowed")}
        return partial(type(self), self.problem, **rest), ()

    def _text(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        parts = [f"{place}: "]
        if self.field:
            parts.append(f"`{self.field}`: ")
        parts.append(self.problem)
        if self.value is not None:
            shown = repr(self.value)
            parts.append(f"; found {shown if len(shown) <= 120 else shown[:117] + '...'}")
        if self.allowed is not None:
            allowed = self.allowed if isinstance(self.allowed, str) else ", ".join(self.allowed)
            parts.append(f"; allowed: {allowed}")
        return "".join(parts)
