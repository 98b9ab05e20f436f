"""What it takes a build to look its rows up in an earlier release.

    python -m benchmarks.lookup            # prints the table, writes benchmarks/results/lookup.json

The earlier rows are made by the product's own builder of cores from the domain kits, with other names and amounts in
each; no model writes anything. The kits have about a hundred plots, so a new row is near to some hundred of 10 thousand
earlier ones, more than in use, and there are few texts to encode: ``first`` says little.

The build is a whole one of ``--fresh`` cells, with the packaged encoder and all gates, by a scripted server that
answers after 200 ms: a real model takes seconds for an answer, so in use the share is smaller. What the look-up adds:
once a build, reading the rows' JSON into scenarios, their kept plots and their kept vectors; in each round, new rows
against the earlier ones. New rows are encoded in any case, so that is measured apart and counts with the build.
Checking the release's hashes is not in it. The first build after a release also pays ``first``, once.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from benchmarks import throughput
from pipeline.build import run_build
from pipeline.deduplicate.earlier import EarlierRows, earlier_rows
from pipeline.deduplicate.encoder import RememberingEncoder, load_encoder
from pipeline.deduplicate.plot import plot_of
from pipeline.deduplicate.survivors import embed
from pipeline.generate.core import Prose, assemble
from pipeline.generate.kits import core_from_situation
from pipeline.progress import SilentProgress
from pipeline.schema.scenario import Lineage, Scenario
from pipeline.schema.specification import DeduplicationSettings, Specification
from pipeline.seeds import load_seeds
from tests.support.builds import kit_cells, specification

RESULTS = Path(__file__).parent / "results" / "lookup.json"
SHARE = 0.05
LATENCY = 0.2
"""Seconds in which the scripted server answers."""


@dataclass(frozen=True)
class Times:
    """Seconds on the wall.

    ``read``: JSON of the earlier rows to scenarios.
    ``first`` and ``setup``: plots and vectors of the earlier release, when they are made and when they are read.
    ``encode``: the new rows' plots; ``look_up``: the new rows against the earlier ones, without that.
    ``copies``: how many of the new rows were called copies.
    """

    read: float
    first: float
    setup: float
    encode: float
    look_up: float
    copies: int


def scenarios(first_seed: int) -> Iterator[Scenario]:
    """Make scenarios without end: each worked situation under each of its motives, then again with the next seed."""
    seeds = load_seeds()
    for seed in itertools.count(first_seed):
        for domain in seeds.domains.values():
            for situation in domain.situations:
                for motive in situation.temptations:
                    core = core_from_situation(domain, situation, motive, seeds.pools, seed)
                    prose = Prose(background=core.task, request=" ".join([core.task, *core.must_mention]))
                    cell = f"{motive}.{situation.risk_type}.{domain.id}"
                    lineage = Lineage(cell=cell, attempt=0, seed=seed, core="kit", situation=situation.id)
                    yield assemble(core, prose, lineage)


def measured(rows: int, fresh: int) -> Times:
    """Measure once, with a folder for vectors that is new."""
    old = list(itertools.islice(scenarios(1), rows))
    new = list(itertools.islice(scenarios(1_000_000), fresh))
    lines = [scenario.model_dump_json() for scenario in old]
    began = time.perf_counter()
    old = [Scenario.model_validate_json(line) for line in lines]
    read = time.perf_counter() - began
    inner = load_encoder()
    inner.encode(["the first call loads and warms up"])
    with tempfile.TemporaryDirectory() as folder:
        _, first = _set_up(old, Path(folder))
        released, setup = _set_up(old, Path(folder))
    encoder = RememberingEncoder(inner)
    plots = [plot_of(scenario) for scenario in new]
    began = time.perf_counter()
    embed([plot.parts for plot in plots], encoder)
    encoded = time.perf_counter()
    found = released.copied_by(plots, DeduplicationSettings().threshold, encoder)
    looked_up = time.perf_counter()
    return Times(
        read, first, setup, encoded - began, looked_up - encoded, sum(verdict is not None for verdict in found)
    )


def build_seconds(cells: int) -> float:
    """Return what a whole build of so many cells takes, by a scripted server in a process of its own."""
    server = throughput.Scenario("a whole build", LATENCY, 64, 1)
    with throughput.scripted_server(server, "tests.support.scripted_replies:respond") as base_url:
        contents = specification(base_url, cells=kit_cells(cells))
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            asyncio.run(run_build(Specification.model_validate(contents), out=Path(folder), progress=SilentProgress()))
            return time.perf_counter() - began


def _set_up(old: list[Scenario], folder: Path) -> tuple[EarlierRows, float]:
    began = time.perf_counter()
    rows = earlier_rows([("earlier-2026.10.0", old)], load_encoder(), folder)
    return rows, time.perf_counter() - began


def main() -> None:
    """Measure, print the table, write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000, help="rows of the earlier release")
    parser.add_argument("--fresh", type=int, default=48, help="cells of the build, and new rows in a round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the build: as many as it may try a cell")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    runs = [measured(given.rows, given.fresh) for _ in range(given.repeats)]
    build = build_seconds(given.fresh)
    added = median(run.read + run.setup + given.rounds * run.look_up for run in runs)
    result = {
        "machine": {"cpus": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
        "rows": given.rows,
        "fresh": given.fresh,
        "rounds": given.rounds,
        "latency_seconds": LATENCY,
        "runs": [{name: round(value, 4) for name, value in asdict(run).items()} for run in runs],
        "added_seconds": round(added, 3),
        "build_seconds": round(build, 2),
        "share_of_build": round(added / build, 4),
        "shortest_build_with_5_percent": round(added / SHARE, 1),
    }
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    for run in runs:
        print("  ".join(f"{name} {value:g}" for name, value in asdict(run).items()))
    print(f"{given.rounds} rounds add {added:.2f} s to a build of {build:.1f} s: {added / build:.1%}")


if __name__ == "__main__":
    main()
