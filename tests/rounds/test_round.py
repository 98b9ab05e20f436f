"""Rounds whose stages overlap: what waits for what, and that the outcome is the same in any order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from pipeline.build import run_build
from pipeline.models.errors import EndpointUnavailable
from pipeline.progress import PlainProgress, SilentProgress
from pipeline.rounds.context import ShardRunner
from pipeline.rounds.round import shards_at_once
from pipeline.seeds import load_specification
from pipeline.shards import Shard
from tests.integration.test_build import easily_pleased
from tests.support.builds import folder_hashes, kit_cells, specification, write_specification
from tests.support.scripted_server import ScriptedServer

Work = Callable[[Shard], Awaitable[None]]
SECONDS = 60


def held_back(seed: int) -> ShardRunner:
    """A runner by which stages have to overlap to come to an end, and shards arrive in any order.

    The last shard that is generated waits until another is validated, and one that is validated until the next round
    has begun to generate.
    """
    moments = random.Random(seed)
    begun: dict[tuple[str, int], asyncio.Event] = {}

    def event(stage: str, number: int) -> asyncio.Event:
        return begun.setdefault((stage, number), asyncio.Event())

    async def run(shard: Shard, work: Work) -> None:
        event(shard.stage, shard.round).set()
        await asyncio.sleep(moments.uniform(0, 0.05))
        if shard.round == 0 and (shard.stage, shard.index) == ("generate", 2):
            await asyncio.wait_for(event("validate", 0).wait(), SECONDS)
        if shard.round == 0 and (shard.stage, shard.index) == ("validate", 1):
            await asyncio.wait_for(event("generate", 1).wait(), SECONDS)
        await work(shard)

    return run


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_stages_and_rounds_overlap_and_the_release_is_that_of_any_order(tmp_path: Path) -> None:
    """Every message is refined once, so that each cell has a second round."""
    with ScriptedServer(responder=easily_pleased) as server:
        spec = write_specification(tmp_path, specification(server.base_url, cells=kit_cells(6), shard_size=2))
        checked = load_specification(spec)
        with (tmp_path / "progress").open("w") as lines:
            first = await run_build(checked, out=tmp_path / "held", progress=PlainProgress(lines), runner=held_back(1))
    told = (tmp_path / "progress").read_text().splitlines()
    assert [line.split(" seconds=")[0] for line in told if line.startswith("event=finish")] == [
        f"event=finish stage={stage} round={number} done=6"
        for number in (0, 1)
        for stage in ("generate", "deduplicate", "validate")
    ]
    completions = first.release / "completions"
    for seed in (2, 3):
        again = await run_build(
            checked, out=tmp_path / str(seed), replay=completions, progress=SilentProgress(), runner=held_back(seed)
        )
        assert again.calls_made == 0
        assert folder_hashes(again.release) == folder_hashes(first.release)


@pytest.mark.slow
async def test_a_shard_that_fails_ends_the_build_and_leaves_nothing_at_work(tmp_path: Path) -> None:
    at_work = 0

    async def fails(shard: Shard, work: Work) -> None:
        nonlocal at_work
        at_work += 1
        try:
            if (shard.stage, shard.index) == ("validate", 1):
                raise EndpointUnavailable("the judge is away")
            await work(shard)
        finally:
            at_work -= 1

    with ScriptedServer(responder=easily_pleased) as server:
        spec = write_specification(tmp_path, specification(server.base_url, cells=kit_cells(6), shard_size=2))
        with pytest.raises(EndpointUnavailable, match="the judge is away"):
            await run_build(load_specification(spec), out=tmp_path, progress=SilentProgress(), runner=fails)
    assert at_work == 0
    assert not (tmp_path / "releases").exists()


def test_more_shards_are_at_work_where_an_endpoint_takes_more_calls_and_never_one_alone() -> None:
    assert [shards_at_once(calls, 32) for calls in (1, 8, 64, 1024)] == [2, 2, 6, 96]
    assert shards_at_once(1, 1000) == 2
