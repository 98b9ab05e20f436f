"""A worker's work on one shard: read the records, run the stage, write what was made.

What a worker loads, it loads once: seeds, prompts, programs and the kit of a build are kept for its shards, and so
is the sentence encoder, as in any process. Clients and semaphores belong to an event loop, and are made for each.
"""

from __future__ import annotations

import os
import socket
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipeline.generate.programs import Programs, load_programs
from pipeline.machines.caller import open_gateway_client
from pipeline.machines.kit import Installation, Kit, kit_name
from pipeline.machines.order import Done, Order
from pipeline.rounds.stages import stages_of, work_on
from pipeline.seeds import Seeds, load_seeds
from pipeline.shards import Shard
from pipeline.storage import Storage
from pipeline.validate.prompts import GatePrompts, load_gate_prompts


@dataclass(frozen=True)
class Loaded:
    """What a process keeps of a build from shard to shard."""

    kit: Kit
    seeds: Seeds
    programs: Programs
    prompts: GatePrompts


@lru_cache(maxsize=4)
def load(folder: str, kit: str) -> Loaded:
    """Load what a build needs, once per process.

    Raises:
        StorageError: if the kit is not there, or another.
        OtherInstallation: if this installation would make other rows.
    """
    given = Kit.model_validate_json(Storage(folder).read(kit_name(kit), kit))
    seeds = load_seeds()
    given.installation.check(Installation.of(seeds))
    return Loaded(given, seeds, load_programs(), load_gate_prompts())


async def run_order(order: Order) -> Done:
    """Work on a shard.

    Raises:
        StorageError: if its records are not there or are others, or what was made cannot be written.
        OtherInstallation: if this installation would make other rows.
        GatewayLost: if the build does not answer.
        ImpressError: what a call ended with, as :meth:`pipeline.models.client.ModelClient.complete`.
    """
    storage, worker = Storage(order.folder), f"{socket.gethostname()}:{os.getpid()}"
    loaded = load(order.folder, order.kit)
    with tempfile.TemporaryDirectory(prefix="impress-shard-") as folder:
        shard = order.shard(Path(folder))
        shard.source.parent.mkdir()
        shard.source.write_bytes(storage.read(_name(shard.source, shard), order.source))
        async with open_gateway_client(order.gate) as client:
            await client.begin(shard.name, worker)
            stages = stages_of(
                loaded.kit.specification,
                loaded.seeds,
                loaded.kit.calibration,
                client,
                reviews=loaded.kit.reviews,
                programs=loaded.programs,
                prompts=loaded.prompts,
            )
            await work_on(shard, stages)
        target = storage.write(_name(shard.target, shard), shard.target.read_bytes())
    return Done(target=target, worker=worker)


def _name(path: Path, shard: Shard) -> str:
    return path.relative_to(shard.folder).as_posix()
