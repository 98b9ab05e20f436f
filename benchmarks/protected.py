"""Can a plot be recognised in a stranger's text? Recall and false positives of cosines of sentence vectors.

    python -m benchmarks.protected   # writes benchmarks/results/protected.json (about 2 minutes)

The plots of the 24 exemplars, told by hand as another benchmark might tell them (`benchmarks/strangers.yaml`), are
compared with the exemplars and with 48 worked situations: the plot told is to be found, every other row and every work
text is not. Texts and plots are masked alike. For each half of the exemplars (every other one) the threshold comes from
the other half: just above the highest cosine of a wrong pair. Intervals are Wilson's at 95%.
"""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import RootModel

from benchmarks.copies import LIBRARIES
from benchmarks.gates import situations
from pipeline.awareness.work_texts import load_work_texts
from pipeline.deduplicate.encoder import PACKAGED, load_encoder
from pipeline.deduplicate.plot import mask, plot_of
from pipeline.exemplars import load_exemplars
from pipeline.intervals import wilson_interval
from pipeline.seeds import load_seeds
from pipeline.yaml_input import load_yaml_document

TELLINGS = Path(__file__).with_name("strangers.yaml")
RESULTS = Path(__file__).parent / "results" / "protected.json"
STEP = 0.0001


class Tellings(RootModel[dict[str, str]]):
    """A stranger's telling of each exemplar, by the exemplar's name."""


def main() -> None:
    """Measure, print, write."""
    told = json.loads(load_yaml_document(TELLINGS, Tellings)[0].model_dump_json())
    rows = {name: one.scenario for name, one in load_exemplars().items()} | situations(load_seeds())
    encoder = load_encoder()
    names = list(rows)
    plots = encoder.encode([plot_of(rows[name]).text for name in names])
    tellings = encoder.encode([mask(text) for text in told.values()]).astype(np.float64)
    work = encoder.encode([mask(one.text) for one in load_work_texts()]).astype(np.float64)
    cosines, from_work = tellings @ plots.T, plots @ work.T
    own = np.array([[name == telling for name in names] for telling in told])
    found: dict[str, float] = {}
    wrong, others, thresholds = 0, 0, []
    for half in (0, 1):
        here, there = np.arange(len(told)) % 2 == half, np.arange(len(told)) % 2 != half
        threshold = max(cosines[there][~own[there]].max(), from_work[:, half::2].max()) + STEP
        thresholds.append(round(float(threshold), 4))
        for telling, row, mine in zip(np.array(list(told))[here], cosines[here], own[here], strict=True):
            if row[mine][0] >= threshold:
                found[str(telling)] = round(float(row[mine][0]), 4)
        wrong += int((cosines[here][~own[here]] >= threshold).sum())
        others += int((~own[here]).sum())
    best = {telling: names[int(row.argmax())] for telling, row in zip(told, cosines, strict=True)}
    result: dict[str, Any] = {
        "encoder": PACKAGED,
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "thresholds": thresholds,
        "tellings": len(told),
        "found": len(found),
        "recall_interval": [round(bound, 4) for bound in wilson_interval(len(found), len(told))],
        "other_pairs": others,
        "wrongly_called": wrong,
        "false_positive_interval": [round(bound, 4) for bound in wilson_interval(wrong, others)],
        "nearest_row_is_the_one_told": sum(telling == name for telling, name in best.items()),
        "cosine_to_the_plot_told": {
            telling: round(float(row[mine][0]), 4) for telling, row, mine in zip(told, cosines, own, strict=True)
        },
        "highest_cosine_to_another_plot": round(float(cosines[~own].max()), 4),
        "highest_cosine_of_a_work_text": round(float(from_work.max()), 4),
    }
    print(json.dumps(result, indent=1))
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
