"""How close tools come to what a server's latency allows, on the wire and from call to return, and what CPU they take.

    python -m benchmarks.throughput                            # all scenarios with what is at hand
    python -m benchmarks.throughput --only "200 ms, 64" --rivals distilabel=/venv/bin/python curator=...

A scripted server runs in a process of its own. With ``n`` calls and at most ``k`` in flight the ideal is
``n / k`` times the mean latency. *Wire* is the time from the first arrival to the last reply as the server saw it,
*return* from the call of the tool to its return; imports are in neither. CPU is that of all processes of the tool.

A refused call is to wait for a second or longer, and the last ones wait alone: whoever keeps all places busy and does
each wait needs 1.7 times the ideal for 30 rounds of 64 calls with faults, and less for more. So there are 60. Where
latency spreads a run ends with the slowest of its last calls: who keeps all places busy needs 1.10 times the ideal for
60 rounds, on average, and 1.03 for 180. So there are 180. The generate stage begins with cores and ends with the last
candidates' calls, which follow on each other: a second or so in which not all places are taken, of 24 at 64 in flight.

Each contender runs in a process of its own: ours, bare aiohttp, AsyncOpenAI and DSPy in this environment, the rivals
(``distilabel``, ``datadesigner``, ``curator``) in the environments whose interpreters are given, by ``--rivals`` or
the variable ``IMPRESS_RIVALS``; what is not given or fails is null. Results are merged into the JSON by scenario.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.throughput_arms import CONTENDERS

RESULTS = Path(__file__).parent / "results" / "throughput.json"
ROOT = Path(__file__).parents[1]
RIVALS = {"distilabel": "distilabel", "datadesigner": "data-designer", "curator": "bespokelabs-curator"}
"""Rivals, by the name of their package."""
NEVER_TRY_AGAIN = ("aiohttp, bare",)
CALLS_A_CANDIDATE = 4.6
"""Of the generate stage, so that it makes about as many calls as the others: what ends a run weighs alike."""
RESPONDERS = {
    "our generate stage": "tests.support.scripted_replies:respond",
    "dspy.Parallel": "benchmarks.throughput_arms:in_dspys_form",
}
"""Who replies to those that read replies; the others get an echo."""
FAULTY = {"status_429": 0.10, "status_500": 0.05, "retry_after": "1", "at_most": 20}
LIBRARIES = ("aiohttp", "dspy", "httpx", "openai", "pydantic")
LONGEST = 240
"""Seconds after which a contender is ended."""


@dataclass(frozen=True)
class Scenario:
    """A server and a load. ``rounds``: how often all calls in flight are answered in the ideal case."""

    name: str
    latency: float
    in_flight: int
    rounds: int
    sigma: float = 0.0
    faults: dict[str, Any] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """Calls in all."""
        return self.in_flight * self.rounds

    def ideal(self, calls: float) -> float:
        """Seconds that nobody can go below with so many calls, on average."""
        return calls / self.in_flight * self.latency


SCENARIOS = (
    Scenario("200 ms, 64 in flight", 0.2, 64, 120),
    Scenario("200 ms, 256 in flight", 0.2, 256, 30),
    Scenario("200 ms, 1024 in flight", 0.2, 1024, 8),
    Scenario("2 s, 64 in flight", 2.0, 64, 16),
    Scenario("2 s, 256 in flight", 2.0, 256, 16),
    Scenario("2 s, 1024 in flight", 2.0, 1024, 8),
    Scenario("200 ms, 64 in flight, 10% 429 and 5% 500", 0.2, 64, 60, faults=FAULTY),
    Scenario("200 ms, 64 in flight, lognormal", 0.2, 64, 180, sigma=0.8),
)


@dataclass(frozen=True)
class Measurement:
    """One contender in one scenario; figures are ``None`` where it could not be run, and ``problem`` says why."""

    contender: str
    calls: int | None = None
    lost: int | None = None
    wire_ratio: float | None = None
    return_ratio: float | None = None
    cpu_ms_a_call: float | None = None
    in_flight_most: int | None = None
    problem: str | None = None


def measure(name: str, command: Sequence[str], scenario: Scenario, rows: int, base_url: str) -> Measurement:
    """Run one contender in a process of its own."""
    _get(base_url, "forget", post=True)
    load = {"base_url": base_url, "rows": rows, "in_flight": scenario.in_flight, "words": 600}
    try:
        done = subprocess.run(
            [*command, json.dumps(load)], capture_output=True, text=True, timeout=LONGEST, cwd=ROOT, check=True
        )
        took = json.loads(done.stdout.strip().splitlines()[-1])
    except subprocess.TimeoutExpired:
        return Measurement(name, problem=f"not done after {LONGEST} s")
    except (subprocess.SubprocessError, ValueError, IndexError) as error:
        said = str(getattr(error, "stderr", None) or error).strip().splitlines()
        return Measurement(name, problem=f"{type(error).__name__}: {said[-1][:200] if said else ''}")
    seen = _get(base_url, "counts")
    calls = seen["answered"]
    ideal = scenario.ideal(calls)
    return Measurement(
        contender=name,
        calls=calls,
        lost=max(0, rows - took["rows"]),
        wire_ratio=round(seen["seconds_on_the_wire"] / ideal, 2),
        return_ratio=round(took["seconds"] / ideal, 2),
        cpu_ms_a_call=round(1000 * took["cpu_seconds"] / calls, 2),
        in_flight_most=seen["in_flight_most"],
    )


def run(scenario: Scenario, chosen: Sequence[str], rivals: dict[str, str]) -> list[Measurement]:
    """Run all contenders of a scenario against a server each of ours shares."""
    measured = []
    for name in [one for one in (*CONTENDERS, *RIVALS) if not chosen or one in chosen]:
        stage = name == "our generate stage"
        if name in RIVALS and name not in rivals:
            measured.append(Measurement(name, problem="no interpreter given"))
            continue
        if name in NEVER_TRY_AGAIN and scenario.faults:
            measured.append(Measurement(name, problem="tries nothing again"))
            continue
        ours = [sys.executable, "-m", "benchmarks.throughput_arms", name]
        command = ours if name in CONTENDERS else [rivals[name], f"benchmarks/rivals/{name}_rows.py"]
        rows = int(scenario.calls / CALLS_A_CANDIDATE) if stage else scenario.calls
        with scripted_server(scenario, RESPONDERS.get(name)) as base_url:
            measured.append(measure(name, command, scenario, rows, base_url))
        show(measured[-1])
    return measured


@contextmanager
def scripted_server(scenario: Scenario, responder: str | None = None) -> Iterator[str]:
    """Run the scripted server in a process of its own; give its base URL."""
    given = {"latency": scenario.latency, "sigma": scenario.sigma, "faults": json.dumps(scenario.faults)}
    command = [sys.executable, "-m", "tests.support.scripted_server"]
    command += [part for name, value in given.items() for part in (f"--{name}", str(value))]
    process = subprocess.Popen(
        [*command, *(["--responder", responder] if responder else [])], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().removeprefix("listening ").strip()
    finally:
        process.terminate()
        process.wait(timeout=10)


def _get(base_url: str, path: str, *, post: bool = False) -> Any:
    request = urllib.request.Request(base_url.removesuffix("v1") + path, data=b"" if post else None)
    with urllib.request.urlopen(request, timeout=30) as response:
        text = response.read()
    return json.loads(text) if text else None


def versions(rivals: dict[str, str]) -> dict[str, str | None]:
    """What was measured with; the rivals' versions as their environments tell."""
    found: dict[str, str | None] = {"python": platform.python_version(), "cpus": str(os.cpu_count())}
    found |= {name: importlib.metadata.version(name) for name in LIBRARIES}
    for name, package in RIVALS.items():
        ask = f"import importlib.metadata as m; print(m.version({package!r}))"
        told = None
        if name in rivals:
            told = subprocess.run([rivals[name], "-c", ask], capture_output=True, text=True, check=False)
        found[package] = told.stdout.strip() if told and not told.returncode else None
    return found


def wanted(name: str, given: str) -> bool:
    """Whether a scenario is meant by what was given: its name, or how the names of several begin."""
    return name == given if any(one.name == given for one in SCENARIOS) else name.startswith(given)


def show(one: Measurement) -> None:
    """Print a line."""
    if one.problem:
        print(f"  {one.contender:22} {one.problem}", flush=True)
        return
    print(
        f"  {one.contender:22}{one.calls:7} calls  wire {one.wire_ratio:6.2f}  return {one.return_ratio:6.2f}  "
        f"CPU {one.cpu_ms_a_call:6.2f} ms  lost {one.lost}  in flight {one.in_flight_most}",
        flush=True,
    )


def main() -> None:
    """Measure, print, merge into the results."""
    parser = argparse.ArgumentParser(description="Calls through our client and its rivals, against a scripted server")
    parser.add_argument("--only", nargs="*", default=[], help="scenarios by name, or by how their names begin")
    parser.add_argument("--contenders", nargs="*", default=[], help=f"of {', '.join((*CONTENDERS, *RIVALS))}")
    parser.add_argument(
        "--rivals", nargs="*", default=os.environ.get("IMPRESS_RIVALS", "").split(), metavar="NAME=PYTHON"
    )
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    rivals = dict(one.split("=", 1) for one in given.rivals)
    known = json.loads(given.out.read_text()) if given.out.exists() else {}
    scenarios = known.get("scenarios", {})
    for scenario in SCENARIOS:
        if given.only and not any(wanted(scenario.name, start) for start in given.only):
            continue
        print(scenario.name, flush=True)
        kept = scenarios.get(scenario.name, {}).get("measurements", {})
        new = run(scenario, given.contenders, rivals)
        kept |= {one.contender: asdict(one) for one in new if one.calls or not kept.get(one.contender, {}).get("calls")}
        scenarios[scenario.name] = {**asdict(scenario), "measurements": kept}
        result = {
            "versions": versions(rivals),
            "load_average_at_the_end": round(os.getloadavg()[0], 1),
            "scenarios": scenarios,
        }
        given.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
