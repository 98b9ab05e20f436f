"""What it takes a build to look its rows up in an earlier release.

    python -m benchmarks.lookup            # prints the table, writes benchmarks/results/lookup.json

The earlier rows are made by the product's own builder of cores from the domain kits, with other names and amounts in
each, and written as a release; no model writes anything. The kits have about a hundred plots, so a new row is near to
some hundred of 10 thousand earlier ones, more than in use, and there are few texts to encode: ``first`` would take
longer with plots that differ.

The build is a whole one of ``--fresh`` cells, with the packaged encoder and all gates, by a scripted server that
answers after 200 ms: a real model takes seconds for an answer, so in use the share is smaller. What the look-up adds to
it is all that a build with ``deduplication.against`` does and one without does not: once, finding the release (hashes
of its tables, ids of its rows) and reading the index; in each round, new rows against the earlier ones, in blocks as in
that build. New rows are encoded in any case, so that is not counted.

The index is made once, by ``impress index --rebuild`` or the first build after a release: ``first`` says what that
takes. It is not in the share.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

from benchmarks import throughput
from pipeline.build import run_build
from pipeline.deduplicate.encoder import RememberingEncoder, load_encoder
from pipeline.deduplicate.plot import plot_of
from pipeline.deduplicate.survivors import embed
from pipeline.generate.core import Prose, assemble
from pipeline.generate.kits import core_from_situation
from pipeline.pins import INDEX, rows_of
from pipeline.progress import SilentProgress
from pipeline.release.against import load_against
from pipeline.release.write import write_release
from pipeline.schema.scenario import Lineage, Scenario
from pipeline.schema.specification import DeduplicationSettings, Specification
from pipeline.schema.verdict import Verdict
from pipeline.seeds import load_seeds
from tests.support.builds import kit_cells, specification
from tests.support.releases import CandidateMaker, sample_inputs, sample_specification

RESULTS = Path(__file__).parent / "results" / "lookup.json"
EARLIER = "earlier-2026.10.0"
SHARE = 0.05
LATENCY = 0.2
"""Seconds in which the scripted server answers."""
Result = TypeVar("Result")


@dataclass(frozen=True)
class Times:
    """Seconds on the wall.

    ``find``: the release, its hashes and ids; ``first`` and ``read``: its rows, when the index is made and when it is
    there; ``look_up``: the new rows of a round against the earlier ones, in the first round, which sorts their words,
    and in a later one. ``copies``: how many of the new rows were called copies.
    """

    find: float
    first: float
    read: float
    look_up_first: float
    look_up_later: float
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


def released(rows: int, out: Path) -> None:
    """Write a release of so many rows."""
    named = sample_specification(name="earlier", version="2026.10.0")
    makers: dict[str, CandidateMaker] = {}
    for scenario in itertools.islice(scenarios(1), rows):
        makers.setdefault(scenario.lineage.cell, CandidateMaker(named)).accepted(scenario)
    candidates = [candidate for maker in makers.values() for candidate in maker.made]
    write_release(sample_inputs(named, candidates=candidates), out / "releases")


def measured(out: Path, new: Sequence[Scenario], block: int) -> Times:
    """Measure once, with an index that is made anew.

    Args:
        out: a folder with the release.
        new: rows of a round.
        block: rows that are looked up at once.
    """
    named = sample_specification(deduplication={"against": [{"release": EARLIER}]})
    inner = load_encoder()
    encoder, threshold = RememberingEncoder(inner), DeduplicationSettings().threshold
    plots = [plot_of(scenario) for scenario in new]
    embed([plot.parts for plot in plots], encoder)
    shutil.rmtree(out / INDEX, ignore_errors=True)
    _, first = timed(lambda: rows_of(load_against(named, out / "releases"), inner, out / INDEX))
    against, find = timed(lambda: load_against(named, out / "releases"))
    rows, read = timed(lambda: rows_of(against, inner, out / INDEX))
    assert rows is not None

    def one_round() -> list[Verdict | None]:
        blocks = [plots[start : start + block] for start in range(0, len(plots), block)]
        return [verdict for one in blocks for verdict in rows.copied_by(one, threshold, encoder)]

    found, look_up_first = timed(one_round)
    _, look_up_later = timed(one_round)
    return Times(find, first, read, look_up_first, look_up_later, sum(verdict is not None for verdict in found))


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """Do some work; return what comes of it, and the seconds."""
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


def build_seconds(cells: int) -> float:
    """Return what a whole build of so many cells takes, by a scripted server in a process of its own."""
    server = throughput.Scenario("a whole build", LATENCY, 64, 1)
    with throughput.scripted_server(server, "tests.support.scripted_replies:respond") as base_url:
        contents = specification(base_url, cells=kit_cells(cells))
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            asyncio.run(run_build(Specification.model_validate(contents), out=Path(folder), progress=SilentProgress()))
            return time.perf_counter() - began


def main() -> None:
    """Measure, print the table, write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000, help="rows of the earlier release")
    parser.add_argument("--fresh", type=int, default=48, help="cells of the build, and new rows in a round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the build: as many as it may try a cell")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--work", type=Path, default=Path("generated/runs/lookup"), help="keeps the earlier release")
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    block = Specification.model_validate(specification("http://localhost:1")).shard_size
    new = list(itertools.islice(scenarios(1_000_000), given.fresh))
    load_encoder().encode(["the first call loads and warms up"])
    if not (given.work / "releases" / EARLIER).exists():
        released(given.rows, given.work)
    runs = [measured(given.work, new, block) for _ in range(given.repeats)]
    builds = [build_seconds(given.fresh) for _ in range(given.repeats)]
    build = median(builds)
    added = median(run.find + run.read + run.look_up_first + (given.rounds - 1) * run.look_up_later for run in runs)
    result = {
        "machine": {"cpus": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
        "rows": given.rows,
        "fresh": given.fresh,
        "rounds": given.rounds,
        "rows_a_block": block,
        "latency_seconds": LATENCY,
        "runs": [{name: round(value, 4) for name, value in asdict(run).items()} for run in runs],
        "added_seconds": round(added, 3),
        "build_seconds": round(build, 2),
        "builds": [round(seconds, 2) for seconds in builds],
        "share_of_build": round(added / build, 4),
        "shortest_build_with_5_percent": round(added / SHARE, 1),
    }
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    for run in runs:
        print("  ".join(f"{name} {value:g}" for name, value in asdict(run).items()))
    print(f"{given.rounds} rounds add {added:.2f} s to a build of {build:.1f} s: {added / build:.1%}")


if __name__ == "__main__":
    main()
