"""Builds that are stopped on purpose, again and again, and what must hold of each: for tests and benchmarks."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.build import run_build
from pipeline.models.guard import BudgetReached
from pipeline.progress import SilentProgress
from pipeline.resources import seeds_dir
from pipeline.seeds import load_specification
from tests.support.builds import folder_hashes, impress, kit_cells, specification, write_specification
from tests.support.scripted_replies import respond
from tests.support.scripted_server import Counts, ScriptedServer

RELEASE = "releases/scripted-2026.11.0"
PRICE = {"model": "scripted", "currency": "USD", "prompt": 2.0, "completion": 8.0}
MICRO = 1_000_000
POLL = 0.02
SHARE_AT_START, SHARE_OF_CALLS = 0.1, 0.6
"""Of kills: in the first seconds, and between replies; the rest falls after the last reply."""
SECONDS_AT_START = 10.0


@dataclass
class KilledBuild:
    """A build that was killed with kill -9 again and again, and started again each time.

    ``moments``: the last line of progress before each kill. ``in_flight``: calls that the kills cut off, of which
    nobody can know whether they were paid for.
    """

    kills: int = 0
    moments: list[str] = field(default_factory=list)
    in_flight: int = 0
    answered_again: int = 0
    same_calls: bool = False
    same_release: bool = False


@dataclass(frozen=True)
class Stop:
    """One stop of a build at its budget. ``limit`` and ``spent`` are in calls, tokens or millionths of a dollar."""

    limit: float
    spent: float
    window: float
    """What calls in flight may come to at once: how far beyond the limit is allowed."""


@dataclass
class BudgetedBuild:
    """A build under a budget that was raised until it was enough."""

    kind: str
    stops: list[Stop] = field(default_factory=list)
    same_release: bool = False
    answered_again: int = 0

    @property
    def within(self) -> bool:
        """Whether no stop lies more than a window beyond its limit."""
        return all(stop.spent <= stop.limit + stop.window for stop in self.stops)


@contextmanager
def seeds_with_price(folder: Path, base_url: str) -> Iterator[None]:
    """Let the installation's seeds know a price of the scripted model at an address."""
    copy = folder / "seeds"
    shutil.copytree(seeds_dir(), copy)
    price = {**PRICE, "base_url": base_url, "as_of": "2026-01-01", "source": "a test"}
    (copy / "prices.yaml").write_text(json.dumps({"prices": [price]}), encoding="utf-8")  # JSON is YAML
    before = os.environ.get("IMPRESS_SEEDS")
    os.environ["IMPRESS_SEEDS"] = str(copy)
    try:
        yield
    finally:
        os.environ.pop("IMPRESS_SEEDS")
        if before is not None:
            os.environ["IMPRESS_SEEDS"] = before


def billed(counts: Counts, kind: str) -> float:
    """Return what a provider would bill, in calls, tokens or millionths of a dollar."""
    if kind == "calls":
        return sum(counts.answered.values())
    if kind == "tokens":
        return counts.prompt_tokens + counts.completion_tokens
    return counts.prompt_tokens * PRICE["prompt"] + counts.completion_tokens * PRICE["completion"]  # type: ignore[operator]


def budget_of(kind: str, limit: float) -> dict[str, Any]:
    """Return the part of a specification that bounds calls, tokens or money."""
    if kind == "money":
        return {"money": {"amount": limit / MICRO, "currency": "USD"}}
    return {kind: int(limit)}


def build_in_budgets(
    folder: Path, kind: str, drawn: random.Random, *, cells: int = 4, in_flight: int = 8, raises: int = 4
) -> BudgetedBuild:
    """Build undisturbed, then under random budgets that are raised until they are enough, and compare.

    The undisturbed build has a server of its own on the same port, so that both specifications are the same.
    """
    result = BudgetedBuild(kind)

    def run(out: Path, base_url: str, budget: dict[str, Any]) -> None:
        contents = specification(base_url, cells=kit_cells(cells), budget=budget)
        for role in contents["models"].values():
            role["limits"]["in_flight"] = in_flight
        path = write_specification(folder, contents)
        asyncio.run(run_build(load_specification(path), out=out, progress=SilentProgress()))

    with ScriptedServer(responder=respond) as whole, seeds_with_price(folder, whole.base_url):
        run(folder / "whole", whole.base_url, {})
        most = billed(whole.counts(), kind)
        calls = sum(whole.counts().answered.values())
    window = 2 * in_flight * max(1.0, 4 * most / calls)  # both roles; a call may be several times the mean
    with ScriptedServer(responder=respond, latency=0.005, port=whole.port) as server:
        (folder / "seeds").rename(folder / "seeds-before")
        with seeds_with_price(folder, server.base_url):
            for limit in [*sorted(drawn.uniform(0, 0.98) * most for _ in range(raises)), 4 * most + 10**6]:
                try:
                    run(folder / "stopped", server.base_url, budget_of(kind, limit))
                except BudgetReached:
                    result.stops.append(Stop(limit, billed(server.counts(), kind), window))
                else:
                    break
            result.answered_again = server.counts().answered_again
    result.same_release = folder_hashes(folder / "stopped" / RELEASE) == folder_hashes(folder / "whole" / RELEASE)
    return result


def whole_build(spec: Path, out: Path, server: ScriptedServer) -> float:
    """Build undisturbed in a process of its own; return the seconds between the last reply and the end."""
    process = impress("build", spec, "--out", out, "--no-server")
    answered, last = -1, time.monotonic()
    while process.poll() is None:
        if (now := server.counts().answered.total()) != answered:
            answered, last = now, time.monotonic()
        time.sleep(POLL)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    return time.monotonic() - last


def kill_builds(
    folder: Path, drawn: random.Random, *, builds: int, kills: int, latency: float = 0.15, cells: int = 6
) -> Iterator[KilledBuild]:
    """Kill each of so many builds so often, at moments drawn over what is left of it, and then let it end.

    Moments are drawn in replies of the server, and after the last of these in time, so that they are spread over a
    build whatever else the machine does. The server counts what it answered. A call that was in flight at a kill may
    come again, and no other.
    """
    with ScriptedServer(responder=respond, latency=latency) as quiet:
        spec = write_specification(folder, specification(quiet.base_url, cells=kit_cells(cells)))
        tail = whole_build(spec, folder / "whole", quiet)
        whole = quiet.counts()
    wanted = folder_hashes(folder / "whole" / RELEASE)
    for number in range(builds):
        out, result = folder / f"killed-{number}", KilledBuild()
        with ScriptedServer(responder=respond, latency=latency, port=quiet.port) as server:
            while result.kills < kills:
                process = impress("build", spec, "--out", out, "--no-server")
                _kill_one(process, server, (len(whole.answered), tail), drawn, result)
            whole_build(spec, out, server)
            counts = server.counts()
        result.answered_again = counts.answered_again
        result.same_calls = counts.answered.keys() == whole.answered.keys()
        result.same_release = folder_hashes(out / RELEASE) == wanted
        yield result


def _kill_one(
    process: subprocess.Popen[str],
    server: ScriptedServer,
    whole: tuple[int, float],
    drawn: random.Random,
    result: KilledBuild,
) -> None:
    """Kill a build: before its first reply, after so many of those that are left, or in what follows the last.

    ``whole``: of an undisturbed build, the calls and the seconds after the last reply.
    """
    calls, tail = whole
    left = calls - len(server.counts().answered)
    place = drawn.random()
    if place < SHARE_AT_START:
        time.sleep(drawn.uniform(0, SECONDS_AT_START))
    else:
        at = calls - left + round(drawn.random() * left) if place < SHARE_AT_START + SHARE_OF_CALLS else calls
        while len(server.counts().answered) < at and process.poll() is None:
            time.sleep(POLL)
        time.sleep(drawn.uniform(0, tail if at == calls else server.latency))
    in_flight, ended = server.counts().in_flight, process.poll() is not None
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    in_flight = max(in_flight, server.counts().in_flight)
    _, told = process.communicate()
    result.kills += 1
    result.in_flight += in_flight
    lines = [line for line in told.splitlines() if line.startswith("event=")]
    result.moments.append("after its end" if ended else _moment(lines))


def _moment(lines: list[str]) -> str:
    """Return what a build was at, from its lines of progress."""
    last = dict(part.partition("=")[::2] for part in lines[-1].split()) if lines else {}
    if not last:
        return "start"
    if last["event"] == "finish" and last.get("stage") == "validate":
        return "between rounds, or release"
    return f"{last.get('stage', 'note')}"
