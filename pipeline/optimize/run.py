"""The whole of an optimisation: score, search, score again on examples nobody has seen, keep what is better.

The completion store is the only state. A run that was killed is started again with the same command:
it makes the same choices, finds its completions in the store, and calls begin where the store ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dspy
from filelock import FileLock, Timeout

from pipeline.errors import UsageError, WorkError
from pipeline.generate.compiled import compiled_path, load_compiled, state_hash, write_compiled
from pipeline.generate.programs import PROSE_PROGRAMS, Programs, load_programs, version_of
from pipeline.models.client import ModelClient, open_client
from pipeline.models.store import CompletionStore
from pipeline.optimize.bridge import BridgedLM, Halt, Loop
from pipeline.optimize.estimate import Estimate, estimate, floor_of
from pipeline.optimize.examples import Sets, data_hashes, load_cases, split
from pipeline.optimize.meter import BudgetSpent, Meter
from pipeline.optimize.order import Order, Outcome
from pipeline.optimize.scores import gained, measured
from pipeline.optimize.search import Found, Models, Search, quiet
from pipeline.optimize.settings import OptimizeSettings, load_settings
from pipeline.optimize.student import Desk, State, Student, examples_of
from pipeline.progress import Progress
from pipeline.provenance import library_versions, prompt_hashes
from pipeline.schema.base import sha256_of
from pipeline.schema.compiled import ExampleSet, Measured, Provenance, PurposeOfModel
from pipeline.schema.specification import EmbeddedEndpoint, ModelRole, RoleName
from pipeline.seeds import load_seeds
from pipeline.validate.context import ValidationContext

STORE_NAME = "completions.sqlite"
MOST_THREADS = 32


@dataclass(frozen=True)
class _Bench:
    """What the steps of one optimisation share."""

    order: Order
    settings: OptimizeSettings
    programs: Programs
    sets: Sets
    desk: Desk
    meter: Meter
    client: ModelClient
    store: CompletionStore
    loop: Loop
    progress: Progress

    @property
    def base(self) -> dspy.Predict:
        """The program as it was written by hand."""
        return self.programs.steps[self.order.program]

    @property
    def threads(self) -> int:
        """Texts written side by side: as many as the generator's endpoint takes.

        Within a budget it is one, so that every run of the same command spends it on the same calls.
        """
        if self.order.calls is not None or self.order.tokens is not None:
            return 1
        role = self.order.specification.models.generator
        endpoint = role.endpoint
        most = endpoint.parallel if isinstance(endpoint, EmbeddedEndpoint) else role.limits.in_flight
        return min(most, MOST_THREADS)


async def optimize(order: Order, progress: Progress) -> Outcome:
    """Optimise a program and save it if it scores at least as high as the one in use.

    Raises:
        UsageError: for a program that cannot be optimised, or a budget below what scoring takes.
        InputError: for a mistake in a file: settings, seeds, prompts, the compiled program that is there.
        WorkError: if there are too few examples, or another process works on the same program.
        EndpointUnavailable: if an endpoint gave out; run the same command again, nothing is lost.
    """
    _check_program(order.program)
    settings = order.settings or load_settings()
    models = order.specification.models
    folder = order.work / f"{order.specification.name}-{sha256_of(models.model_dump(mode='json'))[:8]}"
    folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        stack.enter_context(_only_one(folder / f"{order.program}.lock"))
        store = stack.enter_context(CompletionStore.open(folder / STORE_NAME))
        client = await stack.enter_async_context(open_client(models, store, budget=order.specification.budget))
        bench = _bench(order, settings, client, store, progress)
        _check_budget(bench)
        return await _optimize(bench)


def expected(order: Order) -> tuple[Estimate, Sets]:
    """Return what an optimisation would take, and its examples, without a call.

    Raises:
        UsageError, InputError, WorkError: as :func:`optimize`.
    """
    _check_program(order.program)
    settings = order.settings or load_settings()
    programs = load_programs(compiled=False)
    sets = split(load_cases(order.program, load_seeds(), programs, settings), settings)
    there = compiled_path(order.out, order.program).exists()
    questions = _questions(order)
    return estimate(order.optimizer, sets, settings, judge_per_text=questions, incumbent=there), sets


def _bench(
    order: Order, settings: OptimizeSettings, client: ModelClient, store: CompletionStore, progress: Progress
) -> _Bench:
    seeds, programs = load_seeds(), load_programs(compiled=False)
    sets = split(load_cases(order.program, seeds, programs, settings), settings)
    meter, loop = Meter(client, calls=order.calls, tokens=order.tokens), Loop()
    context = ValidationContext(seeds=seeds, settings=order.specification.gates, client=meter if order.judge else None)
    desk = Desk(sets, programs.adapter, settings, context, loop)
    return _Bench(order, settings, programs, sets, desk, meter, client, store, loop, progress)


async def _optimize(bench: _Bench) -> Outcome:
    base, path = bench.base, compiled_path(bench.order.out, bench.order.program)
    incumbent, of_same_order = _incumbent(bench, path)
    before = await _score(bench, base, "before")
    tokens = bench.meter.usage.tokens
    still_to_score = 1 + (incumbent is not None and not of_same_order)
    later = still_to_score * _floor(bench), None if tokens is None else 2 * still_to_score * tokens
    with bench.meter.kept_for_later(*later):
        found = await _search(bench)
    best, scored, standing = found.state.applied_to(base), {State.of(base).id: before}, None
    try:
        after = scored[found.state.id] = scored.get(found.state.id) or await _score(bench, best, "after")
        if incumbent is not None:
            standing = scored.get(State.of(incumbent).id) or await _score(bench, incumbent, "incumbent")
    except BudgetSpent:
        return _unscored(bench, before)
    return _conclude(bench, best, found, path, (before, after, standing))


def _incumbent(bench: _Bench, path: Path) -> tuple[dspy.Predict | None, bool]:
    """Return the compiled program that is there, if one is, and whether the same order made it.

    The same order, run again, comes to the same program, so no budget is kept for scoring both.
    """
    if not path.exists():
        return None, False
    program = dspy.Predict(bench.base.signature)
    provenance = load_compiled(path, bench.order.program, program)
    if provenance is None:
        return program, False
    asked = _asked(bench)
    return program, asked == {name: getattr(provenance, name) for name in asked}


async def _score(bench: _Bench, step: dspy.Predict, stage: str) -> dict[str, float]:
    """Return the score of a program on each held-back example, the mean over its samples."""
    cases = bench.sets["held_back"]
    (output,) = step.signature.output_fields
    examples = examples_of(cases, output)
    bench.progress.start(stage, total=len(cases))

    def work(sample: int) -> list[float]:
        evaluate = dspy.Evaluate(
            devset=examples,
            metric=lambda example, prediction: bench.desk.judge(example, prediction).score,
            num_threads=bench.threads,
            max_errors=1,
        )
        lm = BridgedLM(bench.meter, bench.loop, "generator", sample=sample)
        with quiet(), dspy.context(lm=lm, disable_history=True):
            results = evaluate(Student(step, bench.desk)).results
        return [float(score) for *_, score in results]

    try:
        runs = [await asyncio.to_thread(work, sample) for sample in range(bench.settings.samples)]
    except Halt as halt:
        raise halt.__cause__ or halt from halt
    scores = {case.id: sum(run[at] for run in runs) / len(runs) for at, case in enumerate(cases)}
    bench.progress.advance(stage, len(cases))
    bench.progress.finish(stage, {"score_percent": round(100 * sum(scores.values()) / len(scores))})
    return scores


async def _search(bench: _Bench) -> Found:
    order, (output,) = bench.order, bench.base.signature.output_fields
    reflection = bench.settings.reflection
    search = Search(
        student=Student(State.of(bench.base).applied_to(bench.base), bench.desk),
        train=examples_of(bench.sets["train"], output),
        selection=examples_of(bench.sets["selection"], output),
        models=Models(
            task=BridgedLM(bench.meter, bench.loop, "generator"),
            reflection=BridgedLM(
                bench.meter,
                bench.loop,
                reflection.role,
                numbered=True,
                max_tokens=reflection.max_tokens,
                temperature=reflection.temperature,
            ),
        ),
        settings=bench.settings,
        seed=order.seed,
        threads=bench.threads,
    )
    bench.progress.start("search")
    found = await search.run(order.optimizer)
    bench.progress.finish("search", {"calls": bench.meter.usage.calls, "out_of_budget": int(found.stopped_by_budget)})
    return found


def _conclude(
    bench: _Bench,
    best: dspy.Predict,
    found: Found,
    path: Path,
    scores: tuple[dict[str, float], dict[str, float], dict[str, float] | None],
) -> Outcome:
    """Save the program, or say why not."""
    before, after, standing = scores
    resamples = bench.settings.resamples
    summary = measured(before, resamples), measured(after, resamples), gained(before, after, resamples)
    incumbent = None if standing is None else measured(standing, resamples)
    provenance = _provenance(bench, best, found, summary)
    in_use = summary[0] if incumbent is None else incumbent
    better, unchanged = summary[1].mean >= in_use.mean, found.state.id == State.of(bench.base).id
    saved = path if better and not unchanged else None
    if saved is not None:
        write_compiled(saved, best, provenance)
    return Outcome(
        saved=saved,
        better=better,
        verdict=_verdict(path, summary[1], in_use, better=better, unchanged=unchanged),
        before=summary[0],
        after=summary[1],
        gain=summary[2],
        incumbent=incumbent,
        stopped_by_budget=found.stopped_by_budget,
        calls=bench.meter.usage.calls,
        tokens=bench.meter.usage.tokens,
        calls_made=bench.client.calls_made,
        provenance=provenance,
    )


def _verdict(path: Path, after: Measured, in_use: Measured, *, better: bool, unchanged: bool) -> str:
    if not better:
        return (
            f"not saved: on the held-back set the program found scores {after.mean:.3f} and the one in use "
            f"{in_use.mean:.3f}"
        )
    if unchanged:
        return "not saved: the search found nothing better than the program as it was written by hand"
    return f"saved: {path}"


def _unscored(bench: _Bench, before: dict[str, float]) -> Outcome:
    return Outcome(
        saved=None,
        better=False,
        verdict="not saved: the budget was spent before the program found was compared on the held-back set",
        before=measured(before, bench.settings.resamples),
        after=None,
        gain=None,
        incumbent=None,
        stopped_by_budget=True,
        calls=bench.meter.usage.calls,
        tokens=bench.meter.usage.tokens,
        calls_made=bench.client.calls_made,
        provenance=None,
    )


def _provenance(
    bench: _Bench, best: dspy.Predict, found: Found, scores: tuple[Measured, Measured, Measured]
) -> Provenance:
    programs = bench.programs
    created = bench.store.first_day(bench.meter.keys)
    if created is None:
        raise WorkError("no completion was used, so there is nothing to save")
    roles = sorted({model.role for model in _models(bench)})
    return Provenance(
        **_asked(bench),
        fields=tuple(best.signature.fields),
        state=state_hash(best),
        program_after=version_of(best, programs.system, programs.wording),
        settings=bench.settings.model_dump(mode="json"),
        before=scores[0],
        after=scores[1],
        gain=scores[2],
        usage=bench.meter.usage,
        usage_by_role={role: bench.meter.usage_of(role) for role in roles},
        reported={role: tuple(sorted(bench.client.reported(role))) for role in roles},
        stopped_by="budget" if found.stopped_by_budget else "done",
        libraries=library_versions("gepa", "optuna"),
        created=created,
    )


def _asked(bench: _Bench) -> dict[str, Any]:
    """Return the part of the provenance that is known before a call: what decides the result."""
    order, settings = bench.order, bench.settings
    worth = {name: getattr(settings, name).model_dump(mode="json") for name in ("weights", "diversity", "cost")}
    gates = {name: digest for name, digest in prompt_hashes().items() if name.startswith("gates/")}
    return {
        "program": order.program,
        "program_before": bench.programs.hashes[order.program],
        "optimizer": order.optimizer,
        "settings_hash": sha256_of(settings.model_dump(mode="json")),
        "weights_hash": sha256_of(worth),
        "gates_hash": sha256_of([order.specification.gates.model_dump(mode="json"), gates]),
        "judged": order.judge,
        "data": {
            name: ExampleSet(n=len(bench.sets[name]), sha256=digest) for name, digest in data_hashes(bench.sets).items()
        },
        "models": _models(bench),
        "budget": {"calls": order.calls, "tokens": order.tokens},
        "seed": order.seed,
    }


def _models(bench: _Bench) -> tuple[PurposeOfModel, ...]:
    roles: dict[str, RoleName] = {"task": "generator", "reflection": bench.settings.reflection.role}
    if bench.order.judge:
        roles["judge"] = "judge"
    return tuple(
        _model_of(purpose, getattr(bench.order.specification.models, role), role) for purpose, role in roles.items()
    )


def _model_of(purpose: str, model: ModelRole, role: RoleName) -> PurposeOfModel:
    return PurposeOfModel.model_validate(
        {
            "purpose": purpose,
            "role": role,
            "endpoint_kind": model.endpoint.kind,
            "model": model.model,
            "sampling": model.sampling.model_dump(mode="json"),
        }
    )


def _check_program(name: str) -> None:
    if name not in PROSE_PROGRAMS:
        raise UsageError(f"there is no program {name!r} to optimise; there are {', '.join(PROSE_PROGRAMS)}")


def _check_budget(bench: _Bench) -> None:
    calls = bench.order.calls
    needed = 2 * _floor(bench)
    if calls is not None and calls < needed:
        raise UsageError(
            f"--calls {calls} is too little: scoring before and after on {len(bench.sets['held_back'])} held-back "
            f"examples alone takes up to {needed}"
        )


def _floor(bench: _Bench) -> int:
    return floor_of(bench.sets, bench.settings, _questions(bench.order))


def _questions(order: Order) -> int:
    """Return how many calls the judge's checks of one text take."""
    if not order.judge:
        return 0
    from pipeline.validate.prompts import load_gate_prompts

    return len(load_gate_prompts().benignness.questions) + 1


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    try:
        with FileLock(lock, timeout=0):
            yield
    except Timeout as error:
        raise WorkError(f"{lock}: another process optimises this program with these models; wait for it") from error
