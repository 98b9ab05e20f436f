"""Plots of released rows on disk: a plot follows from its scenario's id, since that is the hash of what is in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from pipeline.deduplicate import amounts
from pipeline.deduplicate import plot as plot_module
from pipeline.deduplicate.kept_files import Note, keep, kept
from pipeline.deduplicate.plot import Plot, plot_of
from pipeline.schema.base import sha256_of
from pipeline.schema.scenario import Scenario

FOLDER = "plots"


def plot_code() -> str:
    """Return the SHA-256 of the code that makes plots: with other code they are made anew."""
    code = b"".join(Path(str(module.__file__)).read_bytes() for module in (amounts, plot_module))
    return hashlib.sha256(code).hexdigest()


def plots_file(folder: Path, scenarios: Sequence[Scenario]) -> Path:
    """Return the file that holds the plots of scenarios, whether it is there or not."""
    return folder / FOLDER / f"{sha256_of([plot_code(), [scenario.id for scenario in scenarios]])}.json"


def stored_plots(folder: Path, scenarios: Sequence[Scenario], note: Note | None = None) -> list[Plot]:
    """Return the plots of scenarios, from the folder if they are there, else made and kept there.

    Args:
        folder: is made if it is not there.
        scenarios: of a release.
        note: told of a damaged file.
    """
    file = plots_file(folder, scenarios)
    body = kept(file, note)
    if body is not None:
        return [
            Plot(tuple(one["parts"]), tuple(one["amounts"]), one["surface"], one["structure"], tuple(one["orders"]))
            for one in json.loads(body)
        ]
    plots = [plot_of(scenario) for scenario in scenarios]
    keep(file, json.dumps([asdict(plot) for plot in plots], ensure_ascii=False).encode("utf-8"))
    return plots
