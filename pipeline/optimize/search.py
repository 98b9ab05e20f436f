"""Runs DSPy's own optimisers on a student, in a thread, quietly, and keeps the best so far when one has to stop."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import dspy

from pipeline.optimize.bridge import BridgedLM, Halt
from pipeline.optimize.meter import BudgetSpent
from pipeline.optimize.order import OptimizerName
from pipeline.optimize.settings import OptimizeSettings
from pipeline.optimize.student import State, Student

_LOUD = ("dspy", "optuna", "gepa", "LiteLLM")


@dataclass(frozen=True)
class Models:
    """``task`` writes the texts, ``reflection`` proposes instructions."""

    task: BridgedLM
    reflection: BridgedLM


@dataclass(frozen=True)
class Found:
    """The state that a search came to, and whether the budget ended it before its time."""

    state: State
    stopped_by_budget: bool


@dataclass(frozen=True)
class Search:
    """One optimiser's run on one program.

    Args:
        student: the program, on its desk.
        train: examples to learn from.
        selection: examples to choose by.
        models: who writes and who proposes.
        settings: how much is searched.
        seed: of the optimiser's own choices.
        threads: texts written and judged side by side.
    """

    student: Student
    train: list[dspy.Example]
    selection: list[dspy.Example]
    models: Models
    settings: OptimizeSettings
    seed: int
    threads: int

    async def run(self, optimizer: OptimizerName) -> Found:
        """Search until the optimiser is done or the budget is spent.

        Raises:
            ImpressError: whatever else ended the run; completions so far are kept.
        """
        compile_with = self._gepa if optimizer == "gepa" else self._mipro
        try:
            best = await asyncio.to_thread(self._quietly, compile_with)
        except Halt as halt:
            ledger = self.student.desk.ledger
            ledger.close()
            if not isinstance(halt.__cause__, BudgetSpent):
                raise _cause(halt) from halt
            return Found(ledger.best() or State.of(self.student.step), stopped_by_budget=True)
        return Found(State.of(best.step), stopped_by_budget=False)

    def _quietly(self, work: Callable[[], Any]) -> Any:
        with quiet(), dspy.context(lm=self.models.task, disable_history=True, num_threads=self.threads):
            return work()

    def _gepa(self) -> Any:
        def metric(gold: Any, pred: Any, trace: Any = None, name: Any = None, of_name: Any = None) -> Any:
            found = self.student.desk.judge(gold, pred)
            return dspy.Prediction(score=found.score, feedback=found.feedback)

        optimizer = dspy.GEPA(
            metric=metric,
            max_metric_calls=self.settings.gepa.metric_calls,
            reflection_minibatch_size=self.settings.gepa.minibatch,
            reflection_lm=self.models.reflection,
            use_merge=False,  # it joins predictors, and there is one
            num_threads=self.threads,
            seed=self.seed,
        )
        return optimizer.compile(self.student, trainset=self.train, valset=self.selection)

    def _mipro(self) -> Any:
        def metric(gold: Any, pred: Any, trace: Any = None) -> float:
            return float(self.student.desk.judge(gold, pred).score)

        (output,) = self.student.step.signature.output_fields
        wanted = self.settings.mipro
        optimizer = dspy.MIPROv2(
            metric=metric,
            prompt_model=self.models.reflection,
            task_model=self.models.task,
            auto=None,
            num_candidates=wanted.candidates,
            max_bootstrapped_demos=wanted.bootstrapped,
            max_labeled_demos=wanted.labelled if all(output in example for example in self.train) else 0,
            metric_threshold=wanted.threshold,
            init_temperature=self.settings.reflection.temperature,
            num_threads=self.threads,
            max_errors=len(self.train) + len(self.selection) + 1,
            seed=self.seed + 1,  # MIPROv2 takes 0 for "none given"
            track_stats=False,
        )
        return optimizer.compile(
            self.student,
            trainset=self.train,
            valset=self.selection,
            num_trials=wanted.trials,
            minibatch=False,
            program_aware_proposer=False,  # it would show our source code; a program of one step has none to learn from
        )


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the optimisers' bars and chatter off the terminal; warnings and errors of ours still show."""
    loggers = [logging.getLogger(name) for name in _LOUD]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _cause(halt: Halt) -> BaseException:
    return halt.__cause__ or halt
