"""A worker's work on a shard, in this process: by paths and hashes, and only with an installation like the build's."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.build import run_build
from pipeline.machines import worker
from pipeline.machines.dispatch import Dispatcher
from pipeline.machines.kit import OtherInstallation
from pipeline.machines.order import Done, Order
from pipeline.machines.worker import run_order
from pipeline.progress import SilentProgress
from pipeline.resources import prompts_dir
from pipeline.schema.run import Run
from pipeline.seeds import load_specification
from pipeline.shards import Shard
from pipeline.storage import StorageError
from tests.support.builds import folder_hashes, kit_cells, specification, write_specification
from tests.support.scripted_replies import respond
from tests.support.scripted_server import ScriptedServer


class Seen:
    """Does orders in this process, and keeps them."""

    def __init__(self) -> None:
        self.orders: list[Order] = []

    async def __call__(self, shard: Shard, order: Order) -> Done:
        self.orders.append(order)
        return await run_order(order)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_orders_give_the_release_of_the_plain_loop_and_hold_no_row(tmp_path: Path) -> None:
    seen, run = Seen(), Run(tasks="dask", storage=str(tmp_path / "shared"))
    with ScriptedServer(responder=respond) as server:
        spec = write_specification(tmp_path, specification(server.base_url, cells=kit_cells(3), shard_size=2))
        checked = load_specification(spec)
        plain = await run_build(checked, out=tmp_path / "plain", progress=SilentProgress())
        worker.load.cache_clear()
        async with Dispatcher(run, seen) as dispatcher:
            sent = await run_build(checked, out=tmp_path / "sent", progress=SilentProgress(), runner=dispatcher)
    assert folder_hashes(sent.release) == folder_hashes(plain.release)
    assert sent.calls_made == plain.calls_made
    assert max(len(order.model_dump_json()) for order in seen.orders) < 1000
    loads = worker.load.cache_info()
    assert (loads.misses, loads.hits) == (1, len(seen.orders) - 1), "the kit is loaded once"

    first = min(seen.orders, key=lambda order: (order.round, order.stage, order.index))
    with pytest.raises(StorageError, match=r"000-generate-0000\.in\.jsonl: holds \w+\.\.\. where 0+\.\.\. is expected"):
        await run_order(first.model_copy(update={"source": "0" * 64}))
    with pytest.raises(StorageError, match=r"kit-1{64}\.json: is not there"):
        await run_order(first.model_copy(update={"kit": "1" * 64}))


async def test_a_worker_with_other_prompts_is_refused_before_anything_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "prompts"
    shutil.copytree(prompts_dir(), other)
    with (other / "gates" / "realism.yaml").open("a") as file:
        file.write("# another\n")

    async def elsewhere(shard: Shard, order: Order) -> Done:
        monkeypatch.setenv("IMPRESS_PROMPTS", str(other))
        worker.load.cache_clear()
        return await run_order(order)

    with ScriptedServer(responder=respond) as server:
        checked = load_specification(write_specification(tmp_path, specification(server.base_url, cells=kit_cells(1))))
        async with Dispatcher(Run(tasks="ray"), elsewhere) as dispatcher:
            with pytest.raises(OtherInstallation, match=r"differs in prompts gates/realism\.yaml: install"):
                await run_build(checked, out=tmp_path, progress=SilentProgress(), runner=dispatcher)
        assert server.counts().calls == 0
