"""Builds on Ray and Dask while a worker is killed: is it the release of one process? And what the gateway costs.

    python -m benchmarks.workers       # writes benchmarks/results/workers.json

Each build has two workers on this machine, of which one is killed with kill -9 while it waits for a call of a shard;
one build has its storage on an S3 server that runs here. The scripted server counts what it answered. Then so many
calls go through the gateway, from a process of their own, and as many straight to the client: CPU a call of the
build's process in both cases, and of the worker's; the server answers at once, in another process.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.metadata
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline.machines.caller import open_gateway_client
from pipeline.machines.gateway import Gateway
from pipeline.machines.order import Gate
from pipeline.models.client import open_client
from pipeline.models.requests import ChatMessage
from pipeline.models.store import CompletionStore
from pipeline.rounds.stages import Caller
from pipeline.schema.specification import CallLimits, ModelRole, Models, OpenAIEndpoint
from tests.support.clusters import build_on_cluster
from tests.support.s3 import BUCKET, s3_server

RESULTS = Path(__file__).parent / "results" / "workers.json"
LIBRARIES = ("aiohttp", "dask", "distributed", "prefect", "prefect-dask", "prefect-ray", "ray", "s3fs")
IN_FLIGHT = 64
PROMPT = "word " * 800


def main() -> None:
    """Run and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        print(asyncio.run(worker(Gate.model_validate_json(sys.stdin.read()), given.calls)))
        return
    result = {
        "builds": builds(),
        "gateway": gateway(given.calls),
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in LIBRARIES},
        },
    }
    given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result["gateway"], indent=1))


def builds() -> list[dict[str, Any]]:
    """Build on each cluster, and once with storage on S3."""
    found = []
    with s3_server() as s3:
        for tasks, storage in (("ray", None), ("dask", None), ("dask", f"s3://{BUCKET}/of")):
            with tempfile.TemporaryDirectory() as folder:
                began = time.perf_counter()
                built = build_on_cluster(Path(folder), tasks, storage=storage, environment=s3)
            told = {name: value for name, value in asdict(built).items() if name != "told"}
            found.append({"tasks": tasks, "s3": storage is not None, **told, "seconds": time.perf_counter() - began})
            print(found[-1], flush=True)
    return found


def gateway(calls: int) -> dict[str, Any]:
    """Make calls straight and through the gateway."""
    command = [sys.executable, "-m", "tests.support.scripted_server"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        url = server.stdout.readline().split()[1]
        return {"calls": calls, "in_flight": IN_FLIGHT, "prompt_bytes": len(PROMPT), **asyncio.run(_both(url, calls))}
    finally:
        server.kill()
        server.wait()


async def _both(url: str, calls: int) -> dict[str, float]:
    role = ModelRole(
        endpoint=OpenAIEndpoint(kind="openai", base_url=url), model="scripted", limits=CallLimits(in_flight=IN_FLIGHT)
    )
    models = Models(generator=role, judge=role)
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, CompletionStore.open(Path(folder) / "store.sqlite") as store:
        ready = asyncio.Event()
        async with (
            open_client(models, store) as client,
            Gateway(client, on_again=lambda shard, worker: ready.set()) as gate,
        ):
            await ask(client, 200, "warm up")
            figures["straight_cpu_ms"], figures["straight_seconds"] = await _timed(
                lambda: ask(client, calls, "a"), calls
            )
            command = [sys.executable, "-m", "benchmarks.workers", "--worker", "yes", "--calls", str(calls)]
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
            )
            assert process.stdin is not None and process.stdout is not None  # noqa: PT018
            told = {"address": gate.gate.address, "token": gate.gate.token.get_secret_value()}
            process.stdin.write(json.dumps(told).encode())
            process.stdin.close()
            await ready.wait()
            figures["gateway_cpu_ms"], _ = await _timed(process.wait, calls)
            figures["worker_cpu_ms"], figures["gateway_seconds"] = json.loads(await process.stdout.read())
    return figures


async def worker(gate: Gate, calls: int) -> str:
    """Make the calls of a worker; return its CPU in ms a call, and the seconds."""
    async with open_gateway_client(gate) as client:
        for _ in range(2):
            await client.begin("a", "b")
        return json.dumps(await _timed(lambda: ask(client, calls, "b"), calls))


async def ask(client: Caller, calls: int, about: str) -> None:
    """Make distinct calls, so many at a time."""
    places = asyncio.Semaphore(IN_FLIGHT)

    async def one(number: int) -> None:
        async with places:
            await client.complete("judge", [ChatMessage(role="user", content=f"{PROMPT}{about} {number}")])

    await asyncio.gather(*map(one, range(calls)))


async def _timed(work: Callable[[], Awaitable[object]], calls: int) -> tuple[float, float]:
    cpu, began = time.process_time(), time.perf_counter()
    await work()
    return (time.process_time() - cpu) * 1000 / calls, time.perf_counter() - began


if __name__ == "__main__":
    main()
