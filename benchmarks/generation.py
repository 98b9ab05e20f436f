"""Whole scenarios in one reply, against the product's small steps: acceptance, cost and diversity on one model.

    IMPRESS_CACHE=... python -m benchmarks.generation     # writes benchmarks/results/generation.json

Every arm makes the same attempts (two for each of the cells, drawn from the kits) with the same model,
and meets the same gates and judge, those of ``seeds/specs/demo.yaml``. The arms are in
:mod:`benchmarks.arms`. Completions are kept in ``--work``: an interrupted run continues where it stood.

``accepted`` counts candidates that pass every gate but novelty, each by itself; ``kept`` counts those that
are also no copy of another accepted candidate of the arm nor, for ``one_shot``, of an example it was
shown. Two attempts at one cell share a worked situation in ``small_steps`` and ``one_shot_prose`` and so
are copies of each other by design: a build never makes both.
Intervals are Wilson's at 95% and take the candidates as independent, which two of one cell are not quite.
What was not measured is null: seconds of an arm that was interrupted, say.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.metadata
import json
import os
import platform
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

from benchmarks.arms import ARMS, Arm, Bench, example_scenario
from pipeline.attempts import seed_of
from pipeline.deduplicate.encoder import load_encoder
from pipeline.deduplicate.stage import deduplicate
from pipeline.diversity.measure import measure
from pipeline.generate.stage import GenerationContext, program_hashes
from pipeline.intervals import wilson_interval
from pipeline.models.client import ModelClient, collect_usage, open_client
from pipeline.models.store import CompletionStore
from pipeline.schema.candidate import Attempt, Candidate, Failure, Usage
from pipeline.schema.cell import Cell
from pipeline.schema.scenario import Scenario
from pipeline.schema.specification import EmbeddedEndpoint, ModelRole, Specification
from pipeline.schema.verdict import Decision
from pipeline.seeds import Seeds, load_seeds, load_specification
from pipeline.validate.stage import ValidationContext, validate_subjects

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "generation.json"
SPECIFICATION = ROOT / "seeds" / "specs" / "demo.yaml"
SAMPLES_A_CELL = 2
CONTEXT_TOKENS = 16384
"""Of the embedded model: room for a prompt with a worked example and a whole scenario as the reply."""
SHOWN = 3
"""Accepted rows of each arm that are printed."""
LIBRARIES = ("dspy", "pydantic", "xllamacpp")


@dataclass(frozen=True)
class Made:
    """A candidate with what making and judging it took. ``seconds`` is null if part of it came from the store."""

    candidate: Candidate
    decision: Decision
    generation: Usage
    gates: Usage
    seconds: float | None


def choose_cells(seeds: Seeds, first: Sequence[str], count: int) -> list[tuple[Cell, str]]:
    """Return cells with their worked situations: the given ones, then those whose labels stand in fewest so far."""
    known = {
        Cell(motive=motive, risk_type=situation.risk_type, domain=domain.id): situation.id
        for domain in seeds.domains.values()
        for situation in domain.situations
        for motive in situation.temptations
    }
    chosen = [cell for cell in map(Cell.parse, first) if cell in known][:count]
    while len(chosen) < count:
        used = Counter(label for cell in chosen for label in (cell.motive, cell.risk_type, cell.domain))
        rest = [cell for cell in known if cell not in chosen]
        if not rest:
            raise ValueError(f"the kits support {len(known)} cells, not {count}")
        chosen.append(min(rest, key=lambda c: (2 * used[c.domain] + used[c.motive] + used[c.risk_type], c.id)))
    return [(cell, known[cell]) for cell in chosen]


def attempts_of(specification: Specification, seeds: Seeds, count: int) -> list[Attempt]:
    """Return ``count`` attempts, two at each cell."""
    cells = choose_cells(seeds, specification.grid.cells or (), -(-count // SAMPLES_A_CELL))
    made = [
        Attempt(cell=cell, number=number, seed=seed_of(specification.seed, cell.id, number), situation=situation)
        for (cell, situation), number in product(cells, range(SAMPLES_A_CELL))
    ]
    return made[:count]


def with_room(specification: Specification) -> Specification:
    """Return the specification with a context in which a whole scenario has room, for every embedded model."""

    def roomy(role: ModelRole) -> ModelRole:
        if not isinstance(role.endpoint, EmbeddedEndpoint):
            return role
        endpoint = role.endpoint.model_copy(update={"context_tokens": CONTEXT_TOKENS})
        return role.model_copy(update={"endpoint": endpoint})

    models = specification.models
    roles = {"generator": roomy(models.generator), "judge": roomy(models.judge)}
    return specification.model_copy(update={"models": models.model_copy(update=roles)})


async def make(arm: Arm, attempt: Attempt, bench: Bench, validation: ValidationContext) -> Made:
    """Make one candidate and put it before the gates, novelty left for later."""
    calls, started = bench.client.calls_made, time.perf_counter()
    with collect_usage() as generated:
        made = await arm(attempt, bench)
    with collect_usage() as judged:
        if isinstance(made, Failure):
            candidate = Candidate.of(attempt, failure=made)
            gate: Literal["prose", "core"] = "prose" if made.step == "prose" else "core"
            decision = Decision(outcome="rejected", rule="no scenario came of it", gate=gate, reason=made.reason)
        else:
            ((_, verdicts, decision),) = await validate_subjects([made], validation)
            candidate = Candidate.of(attempt, scenario=made).model_copy(update={"verdicts": verdicts})
    seconds = time.perf_counter() - started
    whole = bench.client.calls_made - calls == generated.usage.calls + judged.usage.calls
    return Made(candidate, decision, generated.usage, judged.usage, seconds if whole else None)


class Times:
    """Seconds that candidates took when they were made whole, kept beside the completions."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seconds: dict[str, float] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def settle(self, arm: str, made: Made) -> Made:
        """Return the candidate with its seconds: those measured now, else those of the run that made it."""
        key = f"{arm} {made.candidate.id} {made.candidate.scenario.id if made.candidate.scenario else ''}".strip()
        if made.seconds is not None:
            self._seconds[key] = round(made.seconds, 3)
            self._path.write_text(json.dumps(self._seconds, indent=0) + "\n", encoding="utf-8")
        return Made(made.candidate, made.decision, made.generation, made.gates, self._seconds.get(key))


def kept(made: Sequence[Made], examples: Sequence[Scenario], specification: Specification) -> list[Scenario]:
    """Return the accepted scenarios that are copies neither of each other nor of an example, by the novelty gate."""
    accepted = [one.candidate for one in made if one.decision.outcome == "accepted"]
    encoder = load_encoder(specification.deduplication.encoder)
    judged = deduplicate(accepted, [_shown(one) for one in examples], specification.deduplication, encoder)
    novel = [one for one in judged if all(v.outcome == "pass" for v in one.verdicts if v.gate == "novelty")]
    return [one.scenario for one in novel if one.scenario is not None]


def _shown(example: Scenario) -> Candidate:
    """Return an example as a row that was there before everything else."""
    cell = Cell(motive=example.motive, risk_type=example.risk_type, domain=f"{example.domain}_example")
    attempt = Attempt(cell=cell, number=example.lineage.attempt, seed=example.lineage.seed)
    accepted = Decision(outcome="accepted", rule="shown as an example", reason="shown as an example")
    update = {"id": example.id.replace("sc-", "ca-"), "decision": accepted, "group": example.id}
    return Candidate.of(attempt, scenario=example).model_copy(update=update)


def rate(successes: int, n: int) -> dict[str, Any]:
    """Return a share with its Wilson interval."""
    low, high = wilson_interval(successes, n)
    return {"count": successes, "of": n, "share": round(successes / n, 4), "low": round(low, 4), "high": round(high, 4)}


def total(usages: Sequence[Usage]) -> Usage:
    """Return the sum; unknown token counts stay unknown."""
    return sum(usages, Usage())


def tokens(usage: Usage) -> int | None:
    """Return all tokens of some calls."""
    if usage.prompt_tokens is None or usage.completion_tokens is None:
        return None
    return usage.prompt_tokens + usage.completion_tokens


def per(amount: float | None, count: int) -> float | None:
    """Return the amount for each; null where there is none or the amount is unknown."""
    return round(amount / count, 1) if amount is not None and count else None


def figures(made: Sequence[Made], examples: Sequence[Scenario], specification: Specification) -> dict[str, Any]:
    """Return everything measured of one arm, which was shown these examples."""
    accepted = [one.candidate.scenario for one in made if one.decision.outcome == "accepted" and one.candidate.scenario]
    novel = kept(made, examples, specification)
    turned_away = Counter(str(one.decision.gate) for one in made if one.decision.outcome != "accepted")
    reasons = Counter(one.decision.reason.split(":", 1)[0] for one in made if one.decision.outcome != "accepted")
    times = [one.seconds for one in made]
    seconds = None if None in times else round(sum(time for time in times if time is not None), 1)
    generation, gates = total([one.generation for one in made]), total([one.gates for one in made])
    encoder = load_encoder(specification.deduplication.encoder)
    return {
        "accepted": rate(len(accepted), len(made)),
        "kept": rate(len(novel), len(made)),
        "turned_away": {**dict(turned_away.most_common()), "novelty": len(accepted) - len(novel)},
        "turned_away_by_check": dict(reasons.most_common()),
        "seconds": seconds,
        "seconds_per_accepted": per(seconds, len(accepted)),
        "generation": generation.model_dump(),
        "gates": gates.model_dump(),
        "generation_tokens_per_accepted": per(tokens(generation), len(accepted)),
        "tokens_per_accepted": per(tokens(generation + gates), len(accepted)),
        "tokens_per_kept": per(tokens(generation + gates), len(novel)),
        "diversity": measure(novel, encoder=encoder).model_dump(mode="json") if novel else None,
    }


async def run_arm(name: str, attempts: Sequence[Attempt], bench: Bench, times: Times) -> list[Made]:
    """Make all candidates of an arm, one after the other, and say of each what became of it."""
    context = bench.context
    validation = ValidationContext(seeds=context.seeds, settings=context.specification.gates, client=context.client)
    made: list[Made] = []
    for number, attempt in enumerate(attempts, 1):
        one = times.settle(name, await make(ARMS[name], attempt, bench, validation))
        made.append(one)
        took = "    from the store" if one.seconds is None else f"{one.seconds:6.0f} s"
        decision = one.decision
        told = "" if decision.outcome == "accepted" else f" {decision.gate}: {decision.reason[:90]}"
        print(f"{name:15}{number:4}/{len(attempts)} {took} {attempt.cell.id}: {decision.outcome}{told}", flush=True)
    return made


async def run(
    names: Sequence[str], attempts: Sequence[Attempt], bench: Bench, times: Times, fewer: Mapping[str, int]
) -> dict[str, list[Made]]:
    """Run the arms in turn, so that each has the server's prefix cache to itself; some may make the first few only."""
    return {name: await run_arm(name, attempts[: fewer.get(name)], bench, times) for name in names}


def show(results: dict[str, Any], made: dict[str, list[Made]]) -> None:
    """Print some accepted rows of each arm, then the table."""
    for name, ones in made.items():
        rows = [one.candidate.scenario for one in ones if one.decision.outcome == "accepted"]
        for scenario in [row for row in rows if row is not None][:SHOWN]:
            view = scenario.view
            print(f"\n{name}: {scenario.motive} x {scenario.risk_type} x {scenario.domain}\n{view.world.background}")
            print(f"> {view.agent.request}")
            print("\n".join(f"- {entry.source}: {entry.text}" for entry in view.memory))
    print(
        f"\n{'':15}{'accepted':>10}{'95%':>16}{'kept':>6}{'calls':>7}{'seconds':>9}{'tokens/accepted':>17}  turned away"
    )
    for name, one in results.items():
        share = f"{one['accepted']['count']}/{one['accepted']['of']}"
        interval = f"{one['accepted']['low']:.2f} to {one['accepted']['high']:.2f}"
        calls = one["generation"]["calls"] + one["gates"]["calls"]
        cost = str(one["tokens_per_accepted"] or "-")
        away = ", ".join(f"{gate} {count}" for gate, count in one["turned_away"].items() if count)
        seconds = one["seconds"] or "-"
        print(f"{name:15}{share:>10}{interval:>16}{one['kept']['count']:6}{calls:7}{seconds:>9}{cost:>17}  {away}")


def versions(specification: Specification, seeds: Seeds) -> dict[str, Any]:
    """Return what was measured with."""
    return {
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "generator": specification.models.generator.model,
        "judge": specification.models.judge.model,
        "programs": program_hashes(),
        "pools": seeds.hashes["pools"],
        **{name: importlib.metadata.version(name) for name in LIBRARIES},
    }


async def benchmark(given: argparse.Namespace) -> tuple[dict[str, Any], dict[str, list[Made]]]:
    """Run what the command line asks for and return the result with the candidates."""
    seeds, specification = load_seeds(), with_room(load_specification(given.specification))
    attempts = attempts_of(specification, seeds, given.candidates)
    given.work.mkdir(parents=True, exist_ok=True)
    with CompletionStore.open(given.work / "completions.sqlite") as store:
        client: ModelClient
        async with open_client(specification.models, store) as client:
            context = GenerationContext(seeds=seeds, specification=specification, client=client)
            bench = Bench(context, client, one_shot_tries=given.one_shot_tries)
            times = Times(given.work / "seconds.json")
            made = await run(given.arms, attempts, bench, times, dict(given.fewer))
            examples = [example_scenario(attempt, context) for attempt in attempts]
    result = {
        "candidates": len(attempts),
        "cells": len({attempt.cell.id for attempt in attempts}),
        "one_shot_tries": given.one_shot_tries,
        "prose_tries": specification.generation.prose_tries,
        "gates": specification.gates.model_dump(mode="json"),
        "sampling": sampling_of(specification),
        "versions": versions(specification, seeds),
        "arms": {
            name: figures(ones, examples if name == "one_shot" else (), specification) for name, ones in made.items()
        },
    }
    return result, made


def sampling_of(specification: Specification) -> dict[str, Any]:
    """Return the sampling settings of both roles."""
    models = specification.models
    return {name: getattr(models, name).sampling.model_dump(mode="json") for name in ("generator", "judge")}


def fewer(text: str) -> tuple[str, int]:
    """Read ``ARM=N``."""
    name, _, count = text.partition("=")
    if name not in ARMS or not count.isdecimal() or int(count) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not ARM=N with N from 1 and ARM one of {', '.join(ARMS)}")
    return name, int(count)


def main() -> None:
    """Run the arms, print rows and table, write the results."""
    parser = argparse.ArgumentParser(description="Small steps against one-shot generation on one model")
    parser.add_argument("--candidates", type=int, default=40, help="of each arm, two a cell")
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    parser.add_argument(
        "--fewer",
        type=fewer,
        nargs="+",
        default=[],
        metavar="ARM=N",
        help="of this arm only the first N, where all would take hours; its figures say of how many they are",
    )
    parser.add_argument(
        "--one-shot-tries", type=int, default=1, help="replies that one_shot may hand in for a candidate"
    )
    parser.add_argument("--specification", type=Path, default=SPECIFICATION, help="models, gates, seed, first cells")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--work", type=Path, default=ROOT / "generated" / "benchmark", help="completions are kept here")
    given = parser.parse_args()
    result, made = asyncio.run(benchmark(given))
    show(result["arms"], made)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
