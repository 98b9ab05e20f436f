"""What a build costs beside its models: a model that answers at once, and worked situations that all differ.

    python -m benchmarks.overhead --candidates 1000 2000
    python -m benchmarks.overhead --candidates 1000 10000 --encoder words

Each number of candidates is a build of its own, in a process of its own: the whole loop from plan to release, with the
completion store on the disk. The kits' situations are multiplied, each copy with words of its own in its plot, so that
the deduplicate stage has as many distinct plots to compare as there are candidates. Replies are those of the scripted
model of the tests, given in this process; the CPU that making them takes is left out of all shares. The encoder's share
is one of CPU time, since it runs in several threads at once; torch gets one thread, so that all of it is counted. A
stage's seconds are the wall time in which it was at work, and stages overlap. With ``--beyond`` figures of so many
candidates, where no run had as many, are drawn on from the first and the last run: a straight line, said to be one.

``--encoder words`` puts sums of random vectors of words in the encoder's place. It costs next to nothing, so that
what everything else costs, and how it grows, can be measured at sizes for which the encoder would take hours.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from pipeline.deduplicate.encoder import SentenceEncoder
from pipeline.models.requests import Completion, Request
from pipeline.models.transport import Transport
from pipeline.models.wire import body_of, completion_of
from pipeline.progress import SilentProgress
from pipeline.schema.domain import Domain, Situation
from pipeline.seeds import Seeds, load_seeds
from tests.support.clusters import SIMILARITY
from tests.support.scripted_replies import respond
from tests.support.scripted_server import Reply

Answer = Callable[..., Coroutine[Any, Any, Completion]]
"""What stands in for :meth:`pipeline.models.transport.Transport.exchange`."""

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
SEEN_EVERY = 100
"""Candidates between two looks at the memory."""
LOOKS_KEPT = 100
"""Looks at the memory that a result holds, at most."""
DIMENSIONS = 384
WORDS = 12
"""Words of its own that each of a situation's texts gets."""


def multiplied(seeds: Seeds, times: int) -> Seeds:
    """Return seeds whose situations are there ``times`` times, each with another plot."""
    texts = " ".join(line for domain in seeds.domains.values() for one in domain.situations for line in one.premise)
    vocabulary = sorted(set(re.findall(r"\b[a-z]{4,12}\b", texts)))

    def copies(domain: Domain) -> Domain:
        own = [copy(one, number, vocabulary) for one in domain.situations for number in range(times)]
        return domain.model_copy(update={"situations": tuple(own)})

    return replace(seeds, domains={name: copies(domain) for name, domain in seeds.domains.items()})


def copy(situation: Situation, number: int, vocabulary: Sequence[str]) -> Situation:
    """Return a situation with words of its own in the texts of its plot."""
    drawn = random.Random(f"{situation.id} {number}")

    def told(text: str) -> str:
        return f"{text.rstrip()} It is about {' '.join(drawn.sample(vocabulary, WORDS))}."

    temptations = {
        motive: one.model_copy(update={"reason": told(one.reason)}) for motive, one in situation.temptations.items()
    }
    risky = situation.risky_action.model_copy(update={"summary": told(situation.risky_action.summary)})
    benign = situation.benign_action.model_copy(update={"summary": told(situation.benign_action.summary)})
    changes = {"id": f"{situation.id}_{number}", "task": told(situation.task), "temptations": temptations}
    return situation.model_copy(update={**changes, "risky_action": risky, "benign_action": benign})


def answering(spent: dict[str, float]) -> Answer:
    """Return an exchange that replies as the scripted server does, without a server, counting the model's own CPU."""

    async def answer_at_once(_self: Transport, request: Request, *, seconds: float) -> Completion:
        body, begun = body_of(request), time.thread_time()
        reply = respond(body)
        spent["model"] = spent.get("model", 0.0) + time.thread_time() - begun
        made = reply if isinstance(reply, Reply) else Reply(reply)
        message = {"role": "assistant", "content": made.text, "refusal": made.refusal}
        choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": made.finish_reason}
        usage = {"prompt_tokens": 400, "completion_tokens": 80}
        return completion_of(request, {"model": "instant", "choices": [choice], "usage": usage})

    return answer_at_once


class Stages(SilentProgress):
    """Adds up the seconds in which each stage was at work in any round, and its candidates."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.candidates = 0
        self.memory: list[tuple[int, int]] = []
        """Resident MiB by candidates decided on, at each :data:`SEEN_EVERY`."""
        self._decided = 0
        self._since: dict[str, float] = {}
        self._running: dict[str, int] = {}

    def start(self, stage: str, *, total: int | None = None, round: int | None = None) -> None:
        """Note the time; a stage that is told of twice gives its total only."""
        if stage == "generate" and total is not None:
            self.candidates += total
            if self._running.get(stage):
                return
        self._running[stage] = self._running.get(stage, 0) + 1
        self._since.setdefault(stage, time.perf_counter())

    def advance(self, stage: str, by: int = 1, *, round: int | None = None) -> None:
        """Look at the memory now and then."""
        if stage == "validate":
            before, self._decided = self._decided, self._decided + by
            if self._decided // SEEN_EVERY > before // SEEN_EVERY:
                self.memory.append((self._decided, resident_mib()))

    def finish(self, stage: str, counts: Mapping[str, int] | None = None, *, round: int | None = None) -> None:
        """Add the time, unless another round is at the same stage."""
        self._running[stage] = max(0, self._running[stage] - 1)
        if not self._running[stage]:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - self._since.pop(stage)


def of_words(_encoder: SentenceEncoder, texts: list[str]) -> NDArray[np.float32]:
    """Return the sum of a random vector for each word of a text, longer words weighing more: hardly any work at all."""
    summed = [np.sum([_vector(word) for word in ("", *text.casefold().split())], axis=0) for text in texts]
    vectors = np.stack(summed)
    unit: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


@cache
def _vector(word: str) -> NDArray[np.float64]:
    drawn = np.random.default_rng(int.from_bytes(sha256(word.encode()).digest()[:8], "big"))
    return drawn.standard_normal(DIMENSIONS) * (len(word) or 1)


def timed_encoder(spent: dict[str, float], embedded: Callable[[SentenceEncoder, list[str]], Any]) -> Any:
    """Return an encoder's method, counting the CPU seconds of its threads."""

    def timed(self: SentenceEncoder, texts: list[str]) -> Any:
        begun = time.thread_time()
        spent["texts"] = spent.get("texts", 0) + len(texts)
        try:
            return embedded(self, texts)
        finally:
            spent["encoder"] = spent.get("encoder", 0.0) + time.thread_time() - begun

    return timed


ENCODERS: dict[str, tuple[Callable[[SentenceEncoder, list[str]], Any], tuple[str, ...]]] = {
    "packaged": (SentenceEncoder.embedded, ()),
    "words": (of_words, SIMILARITY),
}
"""Encoders, each with the checks that mean nothing with it."""
OUT = {"packaged": "overhead.json", "words": "overhead-words.json"}
"""Results by encoder."""


def specification_for(candidates: int, left_out: Sequence[str]) -> dict[str, Any]:
    """Return a specification whose cells together want so many rows, in one round."""
    from tests.support.builds import kit_cells, specification

    cells = kit_cells(10_000)
    quota = max(1, round(candidates / len(cells)))
    limits = {"quota": quota, "attempts_per_cell": quota, "shard_size": 32, "generation": {"core": "kit", "refine": 0}}
    return specification("http://127.0.0.1:9/v1", cells=cells, gates={"left_out": [*left_out]}, **limits)


def build_once(candidates: int, encoder: str) -> dict[str, Any]:
    """Build a release of about so many candidates, and say what it took. ``encoder`` is a key of ENCODERS."""
    from pipeline import build
    from pipeline.schema.specification import Specification

    plain = load_seeds()
    embedded, left_out = ENCODERS[encoder]
    specification = Specification.model_validate(specification_for(candidates, left_out))
    seeds = multiplied(plain, specification.quota)
    spent: dict[str, float] = {}
    stages = Stages()
    disk = ROOT / "generated"
    disk.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=disk) as out,
        mock.patch.object(build, "load_seeds", return_value=seeds),
        mock.patch.object(Transport, "exchange", answering(spent)),
        mock.patch.object(SentenceEncoder, "embedded", timed_encoder(spent, embedded)),
    ):
        asyncio.run(asyncio.to_thread(_warm))
        spent.clear()
        before, cpu, begun = _peak_mib(), time.process_time(), time.perf_counter()
        result = asyncio.run(build.run_build(specification, out=Path(out), progress=stages))
        wall = time.perf_counter() - begun
        cpu = time.process_time() - cpu - spent["model"]
        manifest = sha256((result.release / "manifest.json").read_bytes()).hexdigest()
    candidates, beside = stages.candidates, cpu - spent["encoder"]
    return {
        "candidates": candidates,
        "accepted": sum(result.manifest.splits.values()),
        "calls": result.calls_made,
        "wall_seconds": round(wall, 1),
        "cpu_seconds": round(cpu, 1),
        "encoder_cpu_seconds": round(spent["encoder"], 1),
        "model_cpu_seconds": round(spent["model"], 1),
        "share_of_cpu_without_encoder": round(beside / cpu, 3),
        "stage_seconds": {name: round(seconds, 1) for name, seconds in stages.seconds.items()},
        "cpu_milliseconds_a_candidate_without_encoder": round(1000 * beside / candidates, 1),
        "encoder_cpu_milliseconds_a_candidate": round(1000 * spent["encoder"] / candidates, 1),
        "texts_encoded_a_candidate": round(spent["texts"] / candidates, 2),
        "manifest_sha256": manifest,
        "resident_mib": thinned(stages.memory),
        "peak_mib": _peak_mib(),
        "peak_mib_before": before,
    }


def _warm() -> None:
    """Load what every build loads once."""
    from pipeline.deduplicate.encoder import load_encoder

    load_encoder().encode(["a text", "another text"])


def _peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def resident_mib() -> int:
    """Return what the process holds in memory now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


def thinned(looks: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return evenly spaced looks, the last among them."""
    step = -(-len(looks) // LOOKS_KEPT) or 1
    return list(looks[::-1][::step])[::-1]


def slope(runs: Sequence[Mapping[str, Any]], figure: str) -> float | None:
    """Return the exponent by which a figure grows from the first run to the last: 1 is linear."""
    import math

    first, last = runs[0], runs[-1]
    if first["candidates"] == last["candidates"]:
        return None
    return round(math.log(last[figure] / first[figure]) / math.log(last["candidates"] / first["candidates"]), 2)


def _measured(runs: Sequence[Mapping[str, Any]]) -> float:
    """Return the size up to which runs count as measured: a build makes about as many candidates as it is told."""
    return 1.05 * max(int(run["candidates"]) for run in runs)


def drawn_on(runs: Sequence[Mapping[str, Any]], candidates: int) -> dict[str, Any] | None:
    """Return what a straight line through the first and the last run says of so many candidates."""
    first, last = runs[0], runs[-1]
    more = last["candidates"] - first["candidates"]
    if not more:
        return None
    told: dict[str, Any] = {"candidates": candidates, "how": "a straight line through the first and the last run"}
    for figure in ("wall_seconds", "cpu_seconds", "encoder_cpu_seconds", "peak_mib"):
        each = (last[figure] - first[figure]) / more
        told[f"{figure}_per_1000"] = round(1000 * each, 1)
        told[figure] = round(last[figure] + each * (candidates - last["candidates"]))
    told["share_of_cpu_without_encoder"] = round(1 - told["encoder_cpu_seconds"] / told["cpu_seconds"], 3)
    return told


def main() -> None:
    """Measure each number of candidates, print a table, write the results."""
    parser = argparse.ArgumentParser(description="What a build takes beside its models")
    parser.add_argument("--candidates", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--beyond", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--out", type=Path, help="left out: among the committed results")
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--encoder", choices=ENCODERS, default="packaged")
    given = parser.parse_args()
    if given.only is not None:
        print(json.dumps(build_once(given.only, given.encoder)))
        return
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    runs = []
    for number in given.candidates:
        command = [sys.executable, "-m", "benchmarks.overhead", "--only", str(number), "--encoder", given.encoder]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, env=one_thread)
        runs.append(json.loads(done.stdout.splitlines()[-1]))
        print(json.dumps(runs[-1], indent=2), flush=True)
        write(given.out or RESULTS / OUT[given.encoder], given.encoder, runs, given.beyond)


def write(out: Path, encoder: str, runs: Sequence[Mapping[str, Any]], beyond: Sequence[int]) -> None:
    """Write the runs so far, how figures grow from the first to the last, and where a straight line leads."""
    from benchmarks.throughput import versions

    result = {
        "encoder": encoder,
        "versions": versions({}),
        "load_average_at_the_end": os.getloadavg()[0],
        "growth": {figure: slope(runs, figure) for figure in ("wall_seconds", "cpu_seconds", "peak_mib")},
        "extrapolated": [drawn_on(runs, candidates) for candidates in beyond if candidates > _measured(runs)],
        "runs": runs,
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
