"""``impress serve`` against a Prefect server of its own, watched from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.support.builds import impress
from tests.support.prefect_servers import asked, prefect_server

PATIENCE = 400.0
"""Seconds for one thing to happen on a busy machine."""

ENDED = ("COMPLETED", "FAILED", "CRASHED")


@contextmanager
def scheduling_server(home: Path) -> Iterator[str]:
    """A server whose scheduler looks often; gives the address of its API."""
    with prefect_server(home, PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS="2") as address:
        yield address


def serve(path: Path, out: Path, address: str, home: Path, **environment: str) -> subprocess.Popen[str]:
    """Start ``impress serve`` on a specification."""
    settings = {"PREFECT_API_URL": address, "PREFECT_HOME": str(home), "PREFECT_RUNNER_POLL_FREQUENCY": "1"}
    return impress("serve", path, "--out", out, **settings, **environment)


@contextmanager
def served(path: Path, out: Path, address: str, home: Path, **environment: str) -> Iterator[None]:
    """Serve a specification until the block ends."""
    process = serve(path, out, address, home, **environment)
    try:
        yield
    finally:
        end(process)


def end(process: subprocess.Popen[Any], how: signal.Signals = signal.SIGKILL) -> None:
    """End a process with all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, how)
    process.communicate(timeout=60)


def wait_for(happened: Callable[[], Any]) -> Any:
    """Wait until something is so, and return it."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = happened()
        if found:
            return found
        time.sleep(0.5)
    raise AssertionError(f"did not happen within {PATIENCE:g} s: {happened}")


def states(address: str, name: str) -> list[tuple[str, str]]:
    """Name and message of the last state of each finished run of a deployment, oldest first."""
    runs = asked(address, "flow_runs", deployments={"name": {"any_": [name]}}, sort="START_TIME_ASC")
    final = [run for run in runs if run["state_type"] in ENDED]
    return [(run["state_name"], (run["state"] or {}).get("message") or "") for run in final]


def made(out: Path, name: str = "scripted") -> list[str]:
    """Names of the releases that are there."""
    return sorted(path.name for path in (out / "releases").glob(f"{name}-*"))
