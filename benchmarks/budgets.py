"""Twenty builds under random budgets that are raised until they are enough: where do they stop, and what do they make?

    python -m benchmarks.budgets               # prints a line a build, writes benchmarks/results/budgets.json

Budgets are in calls, tokens or money, drawn evenly up to what the undisturbed build takes, four to a build. A stop may
lie at most one window of calls in flight beyond its limit, as the server would bill it; the release has to be that of
the undisturbed build, byte for byte, and no call may be made twice.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import random
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.support.endurance import BudgetedBuild, build_in_budgets

LIBRARIES = ("aiohttp", "dspy", "prefect", "pyarrow")
RESULTS = Path(__file__).parent / "results" / "budgets.json"
KINDS = ("calls", "tokens", "money")


def main() -> None:
    """Run and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--builds", type=int, default=20)
    parser.add_argument("--seed", default="budgets")
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    builds: list[BudgetedBuild] = []
    for number in range(given.builds):
        kind, drawn = KINDS[number % len(KINDS)], random.Random(f"{given.seed} {number}")
        with tempfile.TemporaryDirectory() as folder:
            builds.append(build_in_budgets(Path(folder), kind, drawn))
        print(number, kind, [round(stop.spent / stop.limit, 3) for stop in builds[-1].stops], flush=True)
        given.out.write_text(json.dumps(summary(builds), indent=1) + "\n", encoding="utf-8")


def summary(builds: Sequence[BudgetedBuild]) -> dict[str, Any]:
    """Return what came of builds, together and each."""
    stops = [stop for build in builds for stop in build.stops]
    shares = [stop.spent / stop.limit for stop in stops]
    return {
        "builds": len(builds),
        "stops": len(stops),
        "stops_beyond_their_limit": sum(stop.spent > stop.limit for stop in stops),
        "stops_beyond_a_window": sum(stop.spent > stop.limit + stop.window for stop in stops),
        "spent_over_limit_least": min(shares, default=None),
        "spent_over_limit_most": max(shares, default=None),
        "same_release": sum(build.same_release for build in builds),
        "answered_again": sum(build.answered_again for build in builds),
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in LIBRARIES},
        },
        "each": [asdict(build) for build in builds],
    }


if __name__ == "__main__":
    main()
