"""What one slow reply of the generator costs a build: blocks are looked at in the order of their ids.

    python -m benchmarks.straggler               # prints the table, writes benchmarks/results/straggler.json

Every call takes half a second, but for one of the generator, which takes longer: of the first shard, so that all blocks
wait for it, or of the last. ``beyond`` is how much longer the build takes than one without the slow call, over what
the slow call takes longer: 1 if everything waits for it, 0 if nothing does. Replies are made in this process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.overhead import answering
from benchmarks.throughput import versions
from pipeline.build import run_build
from pipeline.models.requests import Completion, Request
from pipeline.models.transport import Transport
from pipeline.progress import SilentProgress
from pipeline.schema.specification import Specification
from tests.support.builds import kit_cells, specification

RESULTS = Path(__file__).parent / "results" / "straggler.json"
LATENCY = 0.5
CELLS = 64
SHARD = 8
DELAYS = (5.0, 20.0)


def build_seconds(slow_call: int | None, delay: float) -> tuple[float, int]:
    """Return the seconds of a build one call of which, by its number, takes ``delay``, and the generator's calls."""
    asked, answer_at_once = 0, answering({})

    async def answered(self: Transport, request: Request, *, seconds: float) -> Completion:
        nonlocal asked
        wait = LATENCY
        if "judge" not in request.model:
            wait = delay if asked == slow_call else LATENCY
            asked += 1
        await asyncio.sleep(wait)
        return await answer_at_once(self, request, seconds=seconds)

    with tempfile.TemporaryDirectory() as out, mock.patch.object(Transport, "exchange", answered):
        begun = time.perf_counter()
        asyncio.run(run_build(_specification(), out=Path(out), progress=SilentProgress()))
        return time.perf_counter() - begun, asked


def _specification() -> Specification:
    limits = {"quota": 1, "attempts_per_cell": 1, "shard_size": SHARD, "generation": {"core": "kit", "refine": 0}}
    content: dict[str, Any] = specification("http://127.0.0.1:9/v1", cells=kit_cells(CELLS), **limits)
    content["models"]["judge"]["model"] = "judge"
    return Specification.model_validate(content)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description="What one slow reply costs a build")
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    build_seconds(None, LATENCY)
    plain, calls = build_seconds(None, LATENCY)
    rows = []
    for delay in DELAYS:
        for name, number in (("first shard", 0), ("last shard", calls - 1)):
            seconds, _ = build_seconds(number, delay)
            beyond = round((seconds - plain) / (delay - LATENCY), 2)
            rows.append({"slow call in": name, "takes": delay, "build_seconds": round(seconds, 1), "beyond": beyond})
            print(rows[-1], flush=True)
    setting = {"candidates": CELLS, "shard_size": SHARD, "latency": LATENCY, "calls_of_the_generator": calls}
    result = {"versions": versions({}), "setting": setting, "build_seconds": round(plain, 1), "slow": rows}
    given.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
