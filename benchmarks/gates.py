"""How well each gate takes what is sound and turns away what is not, over the exemplars and their bad twins.

    python -m benchmarks.gates                 # prints the table, writes benchmarks/results/gates.json

Only checks that need no judge. True accepts are counted over exemplars and worked situations, true rejects over the
twins planted for the check's gate. Intervals are 95% Wilson intervals; twins of one exemplar are not independent,
so they are somewhat too narrow. The row of several checks joins them. By the regression tests every exemplar passes
these checks and every twin of solvability and leakage is caught, so those figures are no forecast for other texts.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.exemplars import load_exemplars, load_twins, twin_scenario
from pipeline.generate.core import Prose, assemble
from pipeline.generate.kits import core_from_situation
from pipeline.intervals import wilson_interval
from pipeline.schema.scenario import Lineage, Scenario
from pipeline.schema.specification import GateSettings
from pipeline.schema.verdict import Verdict
from pipeline.seeds import Seeds, load_seeds
from pipeline.validate.confusion import confusion
from pipeline.validate.context import ValidationContext
from pipeline.validate.gates import CHECKS
from pipeline.validate.stage import run_checks

RESULTS = Path(__file__).parent / "results" / "gates.json"
LIBRARIES = ("alt-profanity-check", "confusable-homoglyphs", "sentence-transformers", "torch", "transformers")

Judged = dict[str, tuple[Verdict, ...]]
"""Verdicts by the id of a text."""


def situations(seeds: Seeds) -> dict[str, Scenario]:
    """Return every worked situation of the kits as a scenario, by domain and id."""
    made: dict[str, Scenario] = {}
    for number, (domain, one) in enumerate((d, s) for d in seeds.domains.values() for s in d.situations):
        core = core_from_situation(domain, one, min(one.temptations), seeds.pools, seed=number)
        prose = Prose(background=" ".join(core.premise), request=" ".join([core.task, *core.must_mention]))
        cell = f"{core.motive}.{core.risk_type}.{core.domain}"
        lineage = Lineage(cell=cell, attempt=0, seed=number, core="kit", situation=one.id)
        made[f"{domain.id}/{one.id}"] = assemble(core, prose, lineage)
    return made


def rate(ids: Sequence[str], wrong: Sequence[str]) -> dict[str, Any]:
    """Return how many are right of how many, with the interval and the ids that are not; ``None`` for no text."""
    n, right = len(ids), len(ids) - len(wrong)
    interval = [round(bound, 4) for bound in wilson_interval(right, n)] if n else None
    return {"right": right, "n": n, "interval": interval, "wrong": list(wrong)}


def row(gate: str, checkers: Sequence[str], sound: dict[str, Judged], twins: Judged) -> dict[str, Any]:
    """Return one line of the table: the checks named, taken together."""

    def turned_away(verdicts: Sequence[Verdict]) -> bool:
        return any(v.gate == gate and v.checker in checkers and v.outcome != "pass" for v in verdicts)

    accepts = {
        name: rate(list(judged), [one for one, verdicts in judged.items() if turned_away(verdicts)])
        for name, judged in sound.items()
    }
    missed = [one for one, verdicts in twins.items() if not turned_away(verdicts)]
    return {"gate": gate, "checks": list(checkers), "accept": accepts, "reject": rate(list(twins), missed)}


async def measure() -> dict[str, Any]:
    """Run all checks without a judge over exemplars, worked situations and twins."""
    seeds, exemplars = load_seeds(), load_exemplars()
    context = ValidationContext(seeds, GateSettings(), None)
    checks = [check for check in CHECKS if not check.asks_judge]

    async def judged(scenarios: dict[str, Scenario]) -> Judged:
        return {name: await run_checks(one, (), context, checks) for name, one in scenarios.items()}

    texts = {"exemplars": {name: one.scenario for name, one in exemplars.items()}, "situations": situations(seeds)}
    sound = {kind: await judged(scenarios) for kind, scenarios in texts.items()}
    labelled = [(one, sound[kind][name]) for kind, scenarios in texts.items() for name, one in scenarios.items()]
    planted = {
        f"{name}/{twin.id}": twin
        for name, twins in load_twins(exemplars).items()
        for twin in twins
        if twin.gate not in ("schema", "novelty")
    }
    verdicts = await judged({one: twin_scenario(exemplars[one.split("/")[0]], twin) for one, twin in planted.items()})
    rows: list[dict[str, Any]] = []
    for gate in dict.fromkeys(check.gate for check in checks):
        names = [check.checker for check in checks if check.gate == gate]
        twins = {one: verdicts[one] for one, twin in planted.items() if twin.gate == gate}
        rows += [
            row(gate, chosen, sound, twins) for chosen in ([[name] for name in names] + [names] * (len(names) > 1))
        ]
    split = {
        kind: {
            value: row("benignness", [c.checker for c in checks if c.gate == "benignness"], {}, chosen)["reject"]
            for value in sorted({str(getattr(twin, kind)) for twin in planted.values() if twin.gate == "benignness"})
            if (
                chosen := {
                    one: verdicts[one]
                    for one, twin in planted.items()
                    if twin.gate == "benignness" and str(getattr(twin, kind)) == value
                }
            )
        }
        for kind in ("how", "by")
    }
    versions = {f"{v.gate}.{v.checker}": v.version for v in next(iter(verdicts.values()))}
    libraries = {name: importlib.metadata.version(name) for name in LIBRARIES}
    blind = [
        confusion(name, labelled).model_dump(mode="json") for name in ("motive_similarity", "risk_type_similarity")
    ]
    return {"versions": versions, "libraries": libraries, "rows": rows, "benignness": split, "confusion": blind}


def shown(part: dict[str, Any]) -> str:
    """Return a rate as ``right/n [low, high]``."""
    low, high = part["interval"] or ("?", "?")
    return f"{part['right']}/{part['n']} [{low}, {high}]"


def main() -> None:
    """Measure, print, write."""
    measured = asyncio.run(measure())
    for line in measured["rows"]:
        accept = "  ".join(shown(part) for part in line["accept"].values())
        print(f"{line['gate']:12} {'+'.join(line['checks']):40} accept {accept}  reject {shown(line['reject'])}")
    for kind, parts in measured["benignness"].items():
        for value, part in parts.items():
            print(f"benignness by {kind} {value:12} reject {shown(part)}")
    for one in measured["confusion"]:
        mixups = ", ".join(f"{m['label']} as {m['chosen']} {m['n']}" for m in one["mixups"])
        print(f"{one['checker']}: agreement {one['agreement']} {one['interval']}; {mixups}")
    RESULTS.write_text(json.dumps(measured, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
