"""What a command takes before it does anything: the help, a finished build without a server, and with one of Prefect.

    python -m benchmarks.startup               # prints the table, writes benchmarks/results/startup.json

The build is finished, so every completion comes from the store and the release is there: what is left is start-up, the
stages on a few rows, and what Prefect adds. ``first`` is a Prefect home that is made for the first time, ``again`` one
that is there, ``running`` a server that runs already. The best of so many repeats, in seconds.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.builds import CHECKOUT, kit_cells, specification, write_specification
from tests.support.prefect_servers import prefect_server
from tests.support.scripted_replies import respond
from tests.support.scripted_server import ScriptedServer

RESULTS = Path(__file__).parent / "results" / "startup.json"
LIBRARIES = ("prefect", "fastapi", "sqlalchemy", "dspy", "torch")


def seconds_of(*arguments: str | Path, **environment: str) -> float:
    """Run the command line once and return how long it took."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "pipeline.cli", *map(str, arguments)]
    done = subprocess.run(
        command,
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return time.perf_counter() - started


def measured(folder: Path, repeats: int) -> dict[str, float]:
    """Return the best time of each command, by name."""
    found: dict[str, float] = {"help": min(seconds_of("--help") for _ in range(repeats))}
    with ScriptedServer(responder=respond) as server:
        spec = write_specification(folder, specification(server.base_url, cells=kit_cells(2)))
        build = ("build", spec, "--out", folder / "out")
        seconds_of(*build, "--no-server")
        found["build, no server"] = min(seconds_of(*build, "--no-server") for _ in range(repeats))
        first = []
        for number in range(repeats):
            first.append(seconds_of(*build, PREFECT_HOME=str(folder / f"home-{number}")))
        found["build, Prefect for the first time"] = min(first)
        home = str(folder / "home-0")
        found["build, Prefect again"] = min(seconds_of(*build, PREFECT_HOME=home) for _ in range(repeats))
        with prefect_server(folder / "server") as api:
            found["build, Prefect server running"] = min(
                seconds_of(*build, PREFECT_API_URL=api, PREFECT_HOME=home) for _ in range(repeats)
            )
    return found


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        seconds = measured(folder, given.repeats)
    finally:
        shutil.rmtree(folder)
    for name, value in seconds.items():
        print(f"{name:<36} {value:6.2f} s")
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    result = {
        "repeats": given.repeats,
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
        "prefect_adds_over_no_server": {
            name: round(value - seconds["build, no server"], 2) for name, value in seconds.items() if "Prefect" in name
        },
        "load_average_at_the_end": round(os.getloadavg()[0], 1),
        "versions": {"python": platform.python_version(), "cpus": str(os.cpu_count()), **versions},
    }
    given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
