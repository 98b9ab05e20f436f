"""Fifty kill -9 at random moments over whole builds, each resumed: is it the same release, and is nothing paid twice?

    python -m benchmarks.kills                 # prints a line a build, writes benchmarks/results/kills.json
    python -m benchmarks.kills --go-on         # adds the builds that are missing there

Ten builds are killed five times each, at moments drawn evenly over the length of an undisturbed build, so that
start-up, stages, index and release are all hit. The scripted server counts what it answered. A call whose reply was
on its way at a kill is asked for again, as nobody can know whether it was paid for; no other may be.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.support.endurance import KilledBuild, kill_builds

LIBRARIES = ("aiohttp", "dspy", "prefect", "pyarrow")
RESULTS = Path(__file__).parent / "results" / "kills.json"


def main() -> None:
    """Run and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--builds", type=int, default=10)
    parser.add_argument("--kills", type=int, default=5, help="of each build")
    parser.add_argument("--seed", default="kills")
    parser.add_argument("--go-on", action="store_true", help="add to the builds that the results hold already")
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    held = json.loads(given.out.read_text(encoding="utf-8"))["each"] if given.go_on and given.out.exists() else []
    builds = [KilledBuild(**one) for one in held]
    left, drawn = given.builds - len(builds), random.Random(f"{given.seed} {len(builds)}" if builds else given.seed)
    with tempfile.TemporaryDirectory() as folder:
        for build in kill_builds(Path(folder), drawn, builds=left, kills=given.kills):
            print(build, flush=True)
            builds.append(build)
            given.out.write_text(json.dumps(summary(builds), indent=1) + "\n", encoding="utf-8")


def summary(builds: Sequence[KilledBuild]) -> dict[str, Any]:
    """Return what came of builds, together and each."""
    return {
        "kills": sum(build.kills for build in builds),
        "builds": len(builds),
        "same_release": sum(build.same_release for build in builds),
        "same_calls": sum(build.same_calls for build in builds),
        "in_flight_at_kills": sum(build.in_flight for build in builds),
        "answered_again": sum(build.answered_again for build in builds),
        "answered_again_and_not_in_flight": sum(max(0, one.answered_again - one.in_flight) for one in builds),
        "killed_during": dict(Counter(moment for build in builds for moment in build.moments)),
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in LIBRARIES},
        },
        "each": [asdict(build) for build in builds],
    }


if __name__ == "__main__":
    main()
