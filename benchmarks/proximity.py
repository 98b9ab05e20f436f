"""From which cosine on does a text tell a row in other words? The ground of the threshold of `impress contamination`.

    python -m benchmarks.proximity         # prints the table, writes benchmarks/results/proximity.json

Rows are the 24 exemplars. Four texts are read as dumps, each by the product's own windows:

- ``work``: the texts from work among the seeds, which tell no row: what chance looks like.
- ``kin``: for each row all other exemplars and the worked situations of the domain kits, which have other plots and the
  same manner: the hardest texts that are no copies.
- ``copies``: each row with names, places, amounts, dates and codes swapped and its sentences in another order.
- ``paraphrases``: rows told in other words by hand (``benchmarks/paraphrases.yaml``), some with other names as well.

A row counts as told from the threshold on. Shares come with Wilson's interval at 95%.
"""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.copies import rebuilt, swaps_of
from benchmarks.gates import situations
from pipeline.awareness.work_texts import load_work_texts
from pipeline.contamination.proximity import STRIDE, THRESHOLD, WORDS, proximity, row_windows
from pipeline.deduplicate.encoder import RememberingEncoder, load_encoder
from pipeline.exemplars import load_exemplars
from pipeline.intervals import wilson_interval
from pipeline.schema.scenario import Scenario
from pipeline.seeds import load_seeds

RESULTS = Path(__file__).parent / "results" / "proximity.json"
PARAPHRASES = Path(__file__).parent / "paraphrases.yaml"
LIBRARIES = ("sentence-transformers", "torch", "transformers")
THRESHOLDS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85)


def prose(scenario: Scenario) -> str:
    """Return a row's background and opening message."""
    return f"{scenario.view.world.background}\n{scenario.view.agent.request}"


def cosines() -> dict[str, dict[str, float]]:
    """Return for each kind of text and each row the cosine of the nearest window of a text, each text for itself."""
    encoder = RememberingEncoder(load_encoder())

    def nearest(scenario: Scenario, texts: Iterable[str]) -> float:
        row = row_windows([scenario], encoder)
        return max(proximity(row, [text], "a text", encoder).nearest[0].cosine for text in texts)

    seeds = load_seeds()
    rows = {name: one.scenario for name, one in load_exemplars().items()}
    others = {name: prose(one) for name, one in {**rows, **situations(seeds)}.items()}
    told = yaml.safe_load(PARAPHRASES.read_text(encoding="utf-8"))["paraphrases"]
    work = [one.text for one in load_work_texts()]
    swapped = {
        name: prose(rebuilt(one, swaps_of(one, seeds, seed)["all_together"]))
        for seed, (name, one) in enumerate(rows.items())
    }
    return {
        "work": {name: nearest(one, work) for name, one in rows.items()},
        "kin": {name: nearest(one, [text for other, text in others.items() if other != name])
                for name, one in rows.items()},
        "copies": {name: nearest(one, [swapped[name]]) for name, one in rows.items()},
        "paraphrases": {one["of"]: nearest(rows[one["of"]], [one["text"]]) for one in told},
    }  # fmt: skip


def shares(found: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """Return for each threshold how many rows of each kind are told, with the interval of the share."""
    return {
        str(threshold): {
            kind: {
                "told": sum(one >= threshold for one in by_row.values()),
                "rows": len(by_row),
                "interval": [
                    round(bound, 3)
                    for bound in wilson_interval(sum(one >= threshold for one in by_row.values()), len(by_row))
                ],
            }
            for kind, by_row in found.items()
        }
        for threshold in THRESHOLDS
    }


def main() -> None:
    """Measure, print, write."""
    found = cosines()
    for kind, by_row in found.items():
        values = np.array(sorted(by_row.values()))
        print(f"{kind}: {len(values)} rows, {values.min():.3f} to {values.max():.3f}, median {np.median(values):.3f}")
    told = shares(found)
    for threshold, kinds in told.items():
        print(threshold, {kind: f"{one['told']}/{one['rows']}" for kind, one in kinds.items()})
    result = {
        "threshold": THRESHOLD,
        "window": {"words": WORDS, "stride": STRIDE},
        "encoder": load_encoder().name,
        "libraries": {one: importlib.metadata.version(one) for one in LIBRARIES},
        "told_from": told,
        "cosines": found,
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
