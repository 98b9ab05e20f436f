"""Rows made through a server that fails on purpose: nothing lost, nothing paid for twice, no limit exceeded.

    python -m benchmarks.faults               # 5,000 rows, writes benchmarks/results/faults.json

The server refuses 10% of requests (429 with Retry-After) and fails at 5% (500), 2% (no reply until the client's
time-out), 2% (torn or malformed) and 1% (well formed, but not by the schema). The limit per minute is set so low that
it binds, and the server counts every arrival, failed ones too. The same rows are then made without faults and without
the limit; every completion and every row has to be equal. A reply that is not by the schema is a completion like any
other: what reads it asks again, with another sample, as the generate stage does.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.throughput_arms import ROOT
from pipeline.models.client import ModelClient, open_client
from pipeline.models.requests import ChatMessage
from pipeline.models.store import CompletionStore
from pipeline.schema.specification import CallLimits, ModelRole, Models, OpenAIEndpoint, RoleName
from tests.support.scripted_server import Counts, Faults, ScriptedServer

RESULTS = Path(__file__).parent / "results" / "faults.json"
FAULTS = Faults(
    status_429=0.10,
    status_500=0.05,
    hang=0.02,
    torn=0.01,
    no_choices=0.01,
    wrong_schema=0.01,
    retry_after="2",
    at_most=50,
)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"answer": {"type": "string"}, "score": {"type": "integer", "minimum": 0, "maximum": 9}},
    "required": ["answer", "score"],
    "additionalProperties": False,
}
SAMPLES = 5
"""Samples asked for until one is by the schema."""


@dataclass(frozen=True)
class Setting:
    """What is asked, and within which limits; seconds and tokens as the names say."""

    rows: int = 5000
    in_flight: int = 64
    latency: float = 0.2
    timeout: float = 4.0
    requests_per_minute: int = 3000
    tokens_per_minute: int = 2_000_000


async def make_row(client: ModelClient, number: int) -> tuple[str, int] | None:
    """Return a row and how many samples it took, ``None`` if none was by the schema. Two roles take turns."""
    role: RoleName = "generator" if number % 2 else "judge"
    message = ChatMessage(role="user", content=f"Answer question {number} and score your answer.")
    for sample in range(SAMPLES):
        done = await client.complete(role, [message], sample=sample, max_tokens=64, response_schema=SCHEMA)
        if SCHEMA["properties"].keys() == json.loads(done.text).keys():
            return done.text, sample + 1
    return None


def make_all(setting: Setting, folder: Path, faults: Faults, *, limited: bool) -> dict[str, Any]:
    """Make all rows once and return what was made, what it took and what the server counted."""
    limits = CallLimits(
        in_flight=setting.in_flight,
        timeout=setting.timeout,
        attempts=12,
        requests_per_minute=setting.requests_per_minute if limited else None,
        tokens_per_minute=setting.tokens_per_minute if limited else None,
    )

    async def run(base_url: str) -> tuple[list[tuple[str, int] | None], tuple[str, ...]]:
        endpoint = OpenAIEndpoint(kind="openai", base_url=base_url)
        role = ModelRole(endpoint=endpoint, model="scripted", limits=limits)
        with CompletionStore.open(folder / "store.sqlite") as store:
            async with open_client(Models(generator=role, judge=role), store) as client:
                rows = await asyncio.gather(*(make_row(client, number) for number in range(setting.rows)))
                return list(rows), client.used_keys

    begun = time.monotonic()
    with ScriptedServer(faults=faults, latency=setting.latency) as server:
        rows, keys = asyncio.run(run(server.base_url))
        counts = server.counts()
    return {"rows": rows, "keys": keys, "seconds": round(time.monotonic() - begun, 1), "counts": counts}


def judged(setting: Setting, faulty: dict[str, Any], clean: dict[str, Any]) -> dict[str, Any]:
    """Return the figures, and whether each promise held."""
    counts: Counts = faulty["counts"]
    most = {
        "requests": counts.arrivals.most_requests_in_a_minute,
        "tokens": counts.arrivals.most_tokens_in_a_minute,
    }
    return {
        "setting": asdict(setting),
        "faults": asdict(FAULTS),
        "seconds": faulty["seconds"],
        "arrivals": counts.calls,
        "faults_met": dict(counts.faults),
        "rows_with_another_sample": sum(row is not None and row[1] > 1 for row in faulty["rows"]),
        "most_in_any_minute": most,
        "result": {"sha256": _hash(faulty), "without_faults": _hash(clean)},
        "lost": sum(row is None for row in faulty["rows"]),
        "answered_twice": counts.answered_again,
        "in_flight_most": counts.in_flight_most,
        "held": {
            "nothing lost": all(row is not None for row in faulty["rows"]),
            "no request answered twice": counts.answered_again == 0,
            "requests per minute": most["requests"] <= setting.requests_per_minute,
            "tokens per minute": most["tokens"] <= setting.tokens_per_minute,
            "equal to the run without faults": _hash(faulty) == _hash(clean),
        },
    }


def _hash(made: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps([made["rows"], made["keys"]]).encode()).hexdigest()


def main() -> None:
    """Make the rows with and without faults, print and write the figures; exit with 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description="Rows made through a server that fails on purpose")
    parser.add_argument("--rows", type=int, default=Setting.rows)
    parser.add_argument("--requests-per-minute", type=int, default=Setting.requests_per_minute)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    setting = Setting(rows=given.rows, requests_per_minute=given.requests_per_minute)
    with tempfile.TemporaryDirectory(dir=ROOT / "generated") as one, tempfile.TemporaryDirectory() as other:
        faulty = make_all(setting, Path(one), FAULTS, limited=True)
        wrong_schema_alone = replace(Faults(), wrong_schema=FAULTS.wrong_schema)
        clean = make_all(setting, Path(other), wrong_schema_alone, limited=False)
    result = judged(setting, faulty, clean)
    print(json.dumps(result, indent=1))
    given.out.write_text(json.dumps(result, indent=1) + "\n")
    raise SystemExit(not all(result["held"].values()))


if __name__ == "__main__":
    main()
