"""The contenders of the benchmark of throughput that run in this environment: each makes all calls of a load.

As a process of its own, ``python -m benchmarks.throughput_arms NAME LOAD`` runs one of them and prints, as JSON
on the last line, how many calls it made and what they took (as the scripts of ``benchmarks/rivals`` do).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.garbage import searched_seldom
from pipeline.generate.stage import GenerationContext, generate
from pipeline.models.client import open_client
from pipeline.models.requests import ChatMessage
from pipeline.models.store import CompletionStore
from pipeline.plan import plan
from pipeline.schema.candidate import Attempt
from pipeline.schema.specification import (
    CallLimits,
    GenerationSettings,
    ModelRole,
    Models,
    OpenAIEndpoint,
    Specification,
)
from pipeline.seeds import load_seeds
from tests.support.scripted_server import echo

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Load:
    """So many rows with at most so many calls in flight; prompts of so many words, their number last."""

    base_url: str
    rows: int
    in_flight: int
    words: int = 600

    @property
    def prompts(self) -> list[str]:
        """One prompt a row, as long as a scenario."""
        filler = " ".join(f"word{number % 7}" for number in range(self.words))
        return [f"{filler} Question {number}?" for number in range(self.rows)]


Contender = Callable[[Load], Coroutine[Any, Any, int]]
"""Does the work of a load and returns how many calls it took."""


@contextmanager
def store_on_disk() -> Iterator[CompletionStore]:
    """Give an empty store on the disk of the checkout (a temporary folder may be memory)."""
    disk = ROOT / "generated"
    disk.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=disk) as folder,
        CompletionStore.open(Path(folder) / "store.sqlite") as store,
    ):
        yield store


def roles(load: Load) -> Models:
    """Return all roles at the scripted server."""
    role = ModelRole(
        endpoint=OpenAIEndpoint(kind="openai", base_url=load.base_url),
        model="scripted",
        limits=CallLimits(in_flight=load.in_flight),
    )
    return Models(generator=role, judge=role)


async def our_client(load: Load) -> int:
    """Our client with its store on the disk: each completion is durable before it is handed out."""
    with store_on_disk() as store:
        async with open_client(roles(load), store) as client:
            await asyncio.gather(
                *(client.complete("generator", [ChatMessage(role="user", content=text)]) for text in load.prompts)
            )
            return len(store)


async def generate_stage(load: Load) -> int:
    """The whole generate stage, as a build runs it: cores from the kits, proven, prose by DSPy programs, checked."""
    seeds = load_seeds()
    fitting = Specification(
        name="throughput", version="2026.11.0", title="Throughput", models=roles(load), quota=64, attempts_per_cell=64,
        generation=GenerationSettings(core="kit"),
    )  # fmt: skip
    cells = plan(fitting, seeds).cells
    attempts = [
        Attempt(cell=cell.cell, number=number // len(cells), seed=number, situation=cell.situations[0])
        for number, cell in zip(range(load.rows), itertools.cycle(cells), strict=False)
    ]
    with store_on_disk() as store:
        async with open_client(fitting.models, store) as client:
            context = GenerationContext(seeds=seeds, specification=fitting, client=client)
            with searched_seldom():
                made = await generate(attempts, context)
            assert len(made) == load.rows
            return client.calls_made


async def bare_aiohttp(load: Load) -> int:
    """Bare aiohttp: nothing checked, nothing kept, nothing retried."""
    import aiohttp

    slots = asyncio.Semaphore(load.in_flight)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def call(text: str) -> None:
            async with slots, session.post(f"{load.base_url}/chat/completions", json=_body(text)) as response:
                assert (await response.json())["choices"]

        await asyncio.gather(*map(call, load.prompts))
    return load.rows


async def openai_httpx(load: Load) -> int:
    """``AsyncOpenAI`` on httpx, its default, with enough retries for a server that refuses: nothing kept."""
    from openai import AsyncOpenAI

    slots = asyncio.Semaphore(load.in_flight)
    async with AsyncOpenAI(base_url=load.base_url, api_key="none", max_retries=8) as client:

        async def call(text: str) -> None:
            async with slots:
                assert (await client.chat.completions.create(**_body(text))).choices

        await asyncio.gather(*map(call, load.prompts))
    return load.rows


async def dspy_lm(load: Load) -> int:
    """DSPy's own ``LM.acall``, its cache off."""
    import dspy

    model = _dspy_model(load)
    slots = asyncio.Semaphore(load.in_flight)

    async def call(text: str) -> None:
        async with slots:
            assert await model.acall(text)

    with dspy.context(disable_history=True):
        await asyncio.gather(*map(call, load.prompts))
    return load.rows


async def dspy_parallel(load: Load) -> int:
    """``dspy.Parallel`` over ``dspy.Predict``, a thread for each call in flight."""
    import dspy

    model, ask = _dspy_model(load), dspy.Predict("question -> answer")
    pairs = [(ask, dspy.Example(question=text).with_inputs("question")) for text in load.prompts]
    with dspy.context(lm=model, disable_history=True):
        parallel = dspy.Parallel(num_threads=load.in_flight, disable_progress_bar=True, max_errors=load.rows)
        made = await asyncio.to_thread(parallel, pairs)
    return sum(one is not None for one in made)


def in_dspys_form(request: dict[str, Any]) -> str:
    """Reply as ``dspy.Predict`` asks for, so that it has to ask once and no more."""
    return f"[[ ## answer ## ]]\n{echo(request)}\n\n[[ ## completed ## ]]"


def _dspy_model(load: Load) -> Any:
    import dspy

    return dspy.LM(
        "openai/scripted", api_base=load.base_url, api_key="none", cache=False, num_retries=8,
        temperature=0.7, max_tokens=512,
    )  # fmt: skip


def _body(text: str) -> dict[str, Any]:
    """A call as a client without a store would send it."""
    message = {"role": "user", "content": text}
    return {"model": "scripted", "messages": [message], "temperature": 0.7, "max_tokens": 512}


CONTENDERS: dict[str, Contender] = {
    "our client": our_client,
    "our generate stage": generate_stage,
    "aiohttp, bare": bare_aiohttp,
    "AsyncOpenAI": openai_httpx,
    "dspy.LM": dspy_lm,
    "dspy.Parallel": dspy_parallel,
}
"""By name; a new contender is a coroutine that takes the load, and a line here."""


def main() -> None:
    """Run one contender and print what it took."""
    work, load = CONTENDERS[sys.argv[1]], Load(**json.loads(sys.argv[2]))
    wall, cpu = time.perf_counter(), _cpu()
    calls = asyncio.run(work(load))
    print(json.dumps({"rows": calls, "seconds": time.perf_counter() - wall, "cpu_seconds": _cpu() - cpu}))


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
