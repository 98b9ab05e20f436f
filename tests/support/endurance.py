"""Builds that are stopped on purpose, again and again, and what must hold of each: for tests and benchmarks."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.build import run_build
from pipeline.models.guard import BudgetReached
from pipeline.progress import SilentProgress
from pipeline.resources import seeds_dir
from pipeline.seeds import load_specification
from tests.support.builds import folder_hashes, kit_cells, specification, write_specification
from tests.support.scripted_replies import respond
from tests.support.scripted_server import Counts, ScriptedServer

RELEASE = "releases/scripted-2026.11.0"
PRICE = {"model": "scripted", "currency": "USD", "prompt": 2.0, "completion": 8.0}
MICRO = 1_000_000


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

    @property
    def beyond_most(self) -> float:
        """How far beyond its limit a stop was at most; 0 for never."""
        return max((stop.spent - stop.limit for stop in self.stops), default=0.0) if self.stops else 0.0


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
