"""What it takes a build to look its rows up in an earlier release.

    python -m benchmarks.lookup            # prints the table, writes benchmarks/results/lookup.json

The earlier rows are made by the product's own builder of cores from the domain kits, with other names and amounts in
each; no model writes anything. The kits have about a hundred plots, so a new row is near to some hundred of 10 thousand
earlier ones, more than in use, and there are few texts to encode: ``first`` says little.

Measured are, with one CPU thread per core or what OMP_NUM_THREADS says: making plots
and vectors the first time, making plots and reading the kept vectors each later time, and looking new rows up. Their
encoding is measured apart, since a build does it in any case. Reading and verifying the release's files is not in it.

A build spends ``setup`` once and ``look_up`` once a round. The share depends on how long the build takes: the table
gives the shortest build of which the sum is no more than 5%.
"""

from __future__ import annotations

import argparse
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

from pipeline.deduplicate.earlier import EarlierRows, earlier_rows
from pipeline.deduplicate.encoder import RememberingEncoder, load_encoder
from pipeline.deduplicate.plot import plot_of
from pipeline.deduplicate.survivors import embed
from pipeline.generate.core import Prose, assemble
from pipeline.generate.kits import core_from_situation
from pipeline.schema.scenario import Lineage, Scenario
from pipeline.schema.specification import DeduplicationSettings
from pipeline.seeds import load_seeds

RESULTS = Path(__file__).parent / "results" / "lookup.json"
SHARE = 0.05


@dataclass(frozen=True)
class Times:
    """Seconds on the wall.

    ``first`` and ``setup``: rows and vectors of the earlier release, when they are made and when they are read.
    ``encode``: the new rows' plots; ``look_up``: the new rows against the earlier ones, without that.
    ``copies``: how many of the new rows were called copies.
    """

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
    return Times(first, setup, encoded - began, looked_up - encoded, sum(verdict is not None for verdict in found))


def _set_up(old: list[Scenario], folder: Path) -> tuple[EarlierRows, float]:
    began = time.perf_counter()
    rows = earlier_rows([("earlier-2026.10.0", old)], load_encoder(), folder)
    return rows, time.perf_counter() - began


def main() -> None:
    """Measure, print the table, write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000, help="rows of the earlier release")
    parser.add_argument("--fresh", type=int, default=200, help="new rows in a round")
    parser.add_argument("--rounds", type=int, default=4, help="rounds of the build that the share is worked out for")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    runs = [measured(given.rows, given.fresh) for _ in range(given.repeats)]
    added = median(run.setup + given.rounds * run.look_up for run in runs)
    result = {
        "machine": {"cpus": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
        "rows": given.rows,
        "fresh": given.fresh,
        "rounds": given.rounds,
        "runs": [{name: round(value, 4) for name, value in asdict(run).items()} for run in runs],
        "added_seconds": round(added, 3),
        "shortest_build_with_5_percent": round(added / SHARE, 1),
    }
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    for run in runs:
        print("  ".join(f"{name} {value:g}" for name, value in asdict(run).items()))
    print(f"{given.rounds} rounds add {added:.2f} s: at most 5% of a build of {added / SHARE:.0f} s or more")


if __name__ == "__main__":
    main()
