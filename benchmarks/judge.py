"""What a judge tells apart: exemplars against the bad twins planted for the gates that it answers.

    python -m benchmarks.judge --work DIR        # writes benchmarks/results/judge.json

Each exemplar is asked every question of benignness and the rubric of realism; each twin the questions of its own gate.
Completions are kept in ``--work``, so an interrupted run goes on where it stopped, asking nothing twice. For each
question the probability of the concerning answer counts. Thresholds are chosen on the exemplars of one half (an even
first byte of the SHA-256 of the id) and applied to the other, which is the figure to read. The checks that need no
judge are counted on the same texts. An area under the curve (AUC) is the chance that a twin gives more concern than an
exemplar does, 0.5 for a coin; twins of one exemplar are not independent, so intervals are somewhat too narrow.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.metadata
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from pipeline.atomic import write_bytes_atomic
from pipeline.calibration.rates import auc
from pipeline.exemplars import load_exemplars, load_twins, twin_scenario
from pipeline.intervals import wilson_interval
from pipeline.models.client import open_client
from pipeline.models.store import CompletionStore
from pipeline.schema.base import canonical_json
from pipeline.schema.exemplar import Twin
from pipeline.schema.scenario import Scenario
from pipeline.schema.specification import Specification
from pipeline.seeds import load_seeds, load_specification
from pipeline.validate.context import ValidationContext
from pipeline.validate.filters import judge
from pipeline.validate.gates import CHECKS
from pipeline.validate.gates.realism import RUBRIC
from pipeline.validate.judge import ask, case_text
from pipeline.validate.stage import run_checks

RESULTS = Path(__file__).parent / "results" / "judge.json"
GATES = ("benignness", "realism")
LIBRARIES = ("sentence-transformers", "torch", "transformers", "xllamacpp")
ALLOWED = 0.125
"""Share of sound texts that a threshold may turn away in the half on which it is chosen."""
_YES_NO = ("yes", "no")

Row = dict[str, Any]
"""A case judged: ``id``, ``exemplar``, ``gate``, ``how``, ``by``, ``concern`` by question and ``outcome`` by gate."""


@dataclass(frozen=True)
class Case:
    """A text to judge: an exemplar (``twin`` is ``None``) or one of its bad twins."""

    id: str
    exemplar: str
    scenario: Scenario
    twin: Twin | None

    @property
    def gates(self) -> tuple[str, ...]:
        """The gates to ask about."""
        return GATES if self.twin is None else (self.twin.gate,)


def cases() -> Iterator[Case]:
    """Yield each exemplar before its twins: what they share is then at hand in a server's prefix cache."""
    exemplars = load_exemplars()
    twins = load_twins(exemplars)
    for name, exemplar in exemplars.items():
        yield Case(name, name, exemplar.scenario, None)
        for twin in twins.get(name, ()):
            if twin.gate in GATES:
                yield Case(f"{name}/{twin.id}", name, twin_scenario(exemplar, twin), twin)


async def outcomes(case: Case, context: ValidationContext) -> dict[str, str]:
    """Return what a build's checks by a judge say, by gate; they ask what :func:`concerns` asks, which is kept."""
    checks = {"benignness": judge.FILTER, "realism": RUBRIC}
    return {gate: (await checks[gate].run(case.scenario, context)).outcome for gate in case.gates}


async def concerns(case: Case, context: ValidationContext) -> dict[str, float | None]:
    """Return, by question, the probability of the concerning answer; ``None`` where there is no answer."""
    found: dict[str, float | None] = {}
    if "benignness" in case.gates:
        for question in context.prompts.benignness.questions:
            asked = await ask(context, case_text(case.scenario, paths=question.paths), question.ask, _YES_NO)
            given = asked.answer.probabilities
            if asked.answer.value is None:
                found[question.id] = None
            elif given is None:
                found[question.id] = float(asked.answer.value != question.pass_answer)
            else:
                found[question.id] = round(1 - given[question.pass_answer], 6)
    if "realism" in case.gates:
        verdict = await RUBRIC.run(case.scenario, context)
        found["realism"] = None if verdict.score is None else round(1 - verdict.score, 6)
    return found


async def measure(specification: Specification, work: Path) -> list[Row]:
    """Judge every case in turn and return a row for each."""
    rows: list[Row] = []
    with CompletionStore.open(work / "judge.sqlite") as store:
        async with open_client(specification.models, store) as client:
            context = ValidationContext(load_seeds(), specification.gates, client)
            for case in cases():
                started = time.perf_counter()
                found = await concerns(case, context)
                twin = case.twin
                rows.append(
                    {
                        "id": case.id,
                        "exemplar": case.exemplar,
                        "gate": "" if twin is None else twin.gate,
                        "how": "" if twin is None else twin.how,
                        "by": "" if twin is None else twin.by or "",
                        "concern": found,
                        "outcome": await outcomes(case, context),
                    }
                )
                print(f"{time.perf_counter() - started:6.1f} s  {case.id}: {found}", flush=True)
    return rows


def tuning(row: Row) -> bool:
    """Whether a case is of the half on which thresholds are chosen."""
    return hashlib.sha256(row["exemplar"].encode()).digest()[0] % 2 == 0


def area(rows: Sequence[Row], question: str, part: Sequence[Row]) -> float | None:
    """Return the AUC of a question, exemplars against some twins; ``None`` without an answer on either side."""
    sides = [[one["concern"].get(question) for one in rows if not one["gate"]], [o["concern"][question] for o in part]]
    sound, planted = ([value for value in side if value is not None] for side in sides)
    if not sound or not planted:
        return None
    benign = np.array([True] * len(sound) + [False] * len(planted))
    return round(auc(-np.array(sound + planted), benign), 3)


def areas(rows: Sequence[Row], gate: str) -> dict[str, Any]:
    """Return the AUC of each question of a gate over all its twins, and by how and by whom they push."""
    twins = [row for row in rows if row["gate"] == gate]
    found: dict[str, Any] = {}
    for question in twins[0]["concern"]:
        found[question] = {"n": len(twins), "auc": area(rows, question, twins)}
        for kind in ("how", "by"):
            values = sorted({row[kind] for row in twins if row[kind]})
            parts = {value: [row for row in twins if row[kind] == value] for value in values}
            found[question][kind] = {value: area(rows, question, part) for value, part in parts.items()}
    return found


def share(rows: Iterable[Row], refused: set[str]) -> dict[str, Any]:
    """Return how many of some cases are refused, with the 95% Wilson interval."""
    ids = [row["id"] for row in rows]
    n = sum(one in refused for one in ids)
    return {"refused": n, "n": len(ids), "interval": [round(bound, 3) for bound in wilson_interval(n, len(ids))]}


def by_outcome(rows: Iterable[Row], gate: str) -> set[str]:
    """Return the ids that a gate's check refuses in a build."""
    return {row["id"] for row in rows if row["outcome"][gate] != "pass"}


def by_threshold(rows: Sequence[Row], questions: Sequence[str]) -> tuple[set[str], dict[str, float]]:
    """Return the ids refused by any question, and its threshold: all at the same rank among the exemplars of one half.

    The lowest rank is taken at which no more than :data:`ALLOWED` of these exemplars is refused.
    """
    sound = [row for row in rows if not row["gate"] and tuning(row)]
    ranked = {question: sorted(_concern(row, question) for row in sound) for question in questions}
    for rank in range(len(sound)):
        limits = {question: ranked[question][rank] for question in questions}
        refused = {row["id"] for row in rows if any(_concern(row, one) > limit for one, limit in limits.items())}
        if sum(row["id"] in refused for row in sound) <= ALLOWED * len(sound):
            break
    return refused, limits


def _concern(row: Row, question: str) -> float:
    """An answer that is missing counts as concern; a question that was not asked does not."""
    value = row["concern"].get(question, 0.0)
    return 1.0 if value is None else float(value)


async def without_judge(gate: str) -> set[str]:
    """Return the ids that the checks of a gate refuse which need no judge."""
    context = ValidationContext(load_seeds(), load_specification(Path("seeds/specs/demo.yaml")).gates, None)
    checks = [check for check in CHECKS if check.gate == gate and not check.asks_judge]
    return {
        case.id
        for case in cases()
        if gate in case.gates and any(v.outcome != "pass" for v in await run_checks(case.scenario, (), context, checks))
    }


def figures(rows: Sequence[Row]) -> dict[str, Any]:
    """Return, by gate, what the judge tells apart and whom it refuses, beside the checks that need none."""
    found: dict[str, Any] = {}
    for gate in GATES:
        part = [row for row in rows if row["gate"] in ("", gate)]
        questions = list(next(row for row in rows if row["gate"] == gate)["concern"])
        chosen, limits = by_threshold(part, questions)
        embedded = asyncio.run(without_judge(gate))
        rules = {
            "judge, as a build asks": by_outcome(part, gate),
            "judge, at thresholds": chosen,
            "without a judge": embedded,
            "all checks, as a build asks": embedded | by_outcome(part, gate),
        }
        refused = {
            rule: {
                f"{side}, {'tuning' if half else 'other'} half": share(
                    [row for row in part if bool(row["gate"]) == (side == "twins") and tuning(row) == half], ids
                )
                for side in ("exemplars", "twins")
                for half in (True, False)
            }
            for rule, ids in rules.items()
        }
        found[gate] = {"thresholds": limits, "areas": areas(rows, gate), "refused": refused}
    return found


@click.command()
@click.option("--spec", "spec", type=click.Path(exists=True, path_type=Path), default=Path("seeds/specs/demo.yaml"))
@click.option("--work", type=click.Path(file_okay=False, path_type=Path), required=True, help="Keeps completions.")
def main(spec: Path, work: Path) -> None:
    """Ask the judge about exemplars and their bad twins; print and write what it tells apart."""
    work.mkdir(parents=True, exist_ok=True)
    specification = load_specification(spec)
    rows = asyncio.run(measure(specification, work))
    write_bytes_atomic(work / "rows.json", canonical_json(rows))
    measured = figures(rows)
    for gate, part in measured.items():
        for question, of in part["areas"].items():
            print(f"{gate} {question:20} AUC {of['auc']}  {of['how']}  {of['by']}")
        for rule, sides in part["refused"].items():
            print(f"{gate} {rule}: " + "; ".join(f"{side} {one['refused']}/{one['n']}" for side, one in sides.items()))
    model = specification.models.judge.model_dump(mode="json", exclude_none=True)
    libraries = {name: importlib.metadata.version(name) for name in LIBRARIES}
    result = {"judge": model, "libraries": libraries, **measured}
    RESULTS.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
