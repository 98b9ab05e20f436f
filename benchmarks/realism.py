"""What the tells of a made-up text find without a judge, and how often they find it in texts that are sound.

    python -m benchmarks.realism               # prints the table, writes benchmarks/results/realism.json

Sound are the exemplars, the worked situations of the kits and the work texts of ``seeds/work_texts/``; planted are the
twins of the gate realism. Twins of exemplars whose id has an even first byte of its SHA-256 were read when the tells
were revised; the others were not, so theirs is the figure to go by. Intervals are 95% Wilson intervals.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.gates import situations
from pipeline.awareness.work_texts import load_work_texts
from pipeline.exemplars import load_exemplars, load_twins, twin_scenario
from pipeline.intervals import wilson_interval
from pipeline.schema.scenario import Scenario
from pipeline.seeds import load_seeds
from pipeline.validate.gates.smells import Smells, smells_of_scenario, smells_of_text
from pipeline.validate.prompts import load_gate_prompts

RESULTS = Path(__file__).parent / "results" / "realism.json"


def was_read(exemplar: str) -> bool:
    """Whether the twin of an exemplar was read when the tells were revised."""
    return hashlib.sha256(exemplar.encode()).digest()[0] % 2 == 0


def of_set(found: Mapping[str, Smells]) -> dict[str, Any]:
    """Return how many texts of a set fail, which, and the share of texts that have each kind of tell."""
    failing = [name for name, one in found.items() if one.fails]
    kinds = Counter(kind for one in found.values() for kind in {note.note.split(" ")[0] for note in one.findings})
    return {
        "n": len(found),
        "fail": len(failing),
        "interval": [round(bound, 4) for bound in wilson_interval(len(failing), len(found))],
        "failing": failing,
        "share_with": {kind: round(count / len(found), 4) for kind, count in sorted(kinds.items())},
    }


def measure() -> dict[str, Any]:
    """Run the tells over all sets."""
    seeds, exemplars, loaded = load_seeds(), load_exemplars(), load_gate_prompts()
    prompt, names = loaded.smells, frozenset(seeds.pools.avoid)

    def smelt(scenarios: Mapping[str, Scenario]) -> dict[str, Smells]:
        return {name: smells_of_scenario(one, prompt, names) for name, one in scenarios.items()}

    twins = {
        f"{name}/{twin.id}": twin_scenario(exemplars[name], twin)
        for name, of_one in load_twins(exemplars).items()
        for twin in of_one
        if twin.gate == "realism"
    }
    halves = {
        half: {name: one for name, one in twins.items() if was_read(name.split("/")[0]) == read}
        for half, read in (("twins_read", True), ("twins_unread", False))
    }
    sets = {
        "exemplars": smelt({name: one.scenario for name, one in exemplars.items()}),
        "situations": smelt(situations(seeds)),
        "work_texts": {one.id: smells_of_text(one.text, prompt, names) for one in load_work_texts()},
        **{half: smelt(members) for half, members in halves.items()},
    }
    return {"version": loaded.version("smells"), "sets": {name: of_set(found) for name, found in sets.items()}}


def main() -> None:
    """Measure, print, write."""
    measured = measure()
    for name, one in measured["sets"].items():
        low, high = one["interval"]
        print(f"{name:14} fail {one['fail']:3} of {one['n']:3} [{low:.2f}, {high:.2f}]  {one['share_with']}")
    RESULTS.write_text(json.dumps(measured, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
