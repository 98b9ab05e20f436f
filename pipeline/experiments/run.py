"""Runs an experiment: one Inspect evaluation set, which continues where an earlier one ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import UsageError, WorkError
from pipeline.evaluation.charges import Charge, charge_of
from pipeline.experiments.spec import Arm, Experiment
from pipeline.schema.estimate import Prices

if TYPE_CHECKING:
    from inspect_ai import Task


@dataclass(frozen=True)
class Who:
    """Which models take part.

    ``model_args`` (``base_url``, ``api_key_env``) go to the agents, and to judges of the same provider. Judges measure,
    so they are sampled at temperature 0 unless ``judge_temperature`` says otherwise.
    """

    models: tuple[str, ...]
    judges: tuple[str, ...] = ()
    model_args: Mapping[str, Any] = field(default_factory=dict)
    judge_temperature: float = 0.0

    def charges(self, prices: Prices) -> tuple[dict[str, Charge], dict[str, Charge]]:
        """Return what agents and judges charge, by name."""
        agents = {name: charge_of(name, self.model_args.get("base_url"), prices) for name in self.models}
        judges = {name: charge_of(name, _args(self, name).get("base_url"), prices) for name in self.judges}
        return agents, judges


def check(experiment: Experiment, who: Who) -> None:
    """Say what is missing before anything is paid for.

    Raises:
        UsageError: if the experiment needs more models or judges, or is none that runs agents.
    """
    if experiment.kind != "runs":
        raise UsageError(f"{experiment.id} runs no agents: {experiment.read}")
    if len(set(who.models)) < experiment.models_at_least:
        raise UsageError(
            f"{experiment.id} needs {experiment.models_at_least} models, and {len(set(who.models))} are named"
        )
    if len(set(who.judges)) < experiment.judges_at_least:
        raise UsageError(
            f"{experiment.id} needs {experiment.judges_at_least} judges (--judge), and {len(set(who.judges))} are named"
        )


def tasks_of(experiment: Experiment, release: str, **which: Any) -> list[Task]:
    """Return the Inspect tasks of the experiment's arms. ``which``: tag, split, as_of, after."""
    import impress

    makers = {"agent": impress.agent, "choice": impress.choice, "judgment": impress.judgment}
    return [
        _with_sampling(makers[arm.format](release=release, **which, **arm_arguments(arm)), arm)
        for arm in experiment.arms
    ]


def arm_arguments(arm: Arm) -> dict[str, Any]:
    """Return the arguments of an arm's task, those at their baseline left out."""
    given = arm.model_dump(exclude_defaults=True)
    return {name: value for name, value in given.items() if name not in ("format", "temperature", "top_p")}


def run(
    experiment: Experiment,
    release: str,
    who: Who,
    out: Path,
    *,
    ids: Sequence[str] | None = None,
    which: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Sequence[Path]:
    """Run an experiment, or go on with it.

    Replies are kept in Inspect's cache as they come, for these logs alone: what was interrupted is not paid for twice,
    and another run of the same experiment asks anew.

    Args:
        experiment: what to run.
        release: folder, or dataset repository on the Hub.
        who: agents and judges.
        out: folder of the logs; runs that are whole there are not run again.
        ids: the scenarios to run; all that have an arm's framing if left out.
        which: tag, split, as_of, after.
        settings: more of Inspect's own (``max_connections``, ``max_tokens``, ``display``).

    Returns:
        The logs.

    Raises:
        WorkError: if runs are still missing at the end; to run again goes on from there.
    """
    from inspect_ai import eval_set
    from inspect_ai.model import CachePolicy, GenerateConfig, get_model

    check(experiment, who)
    models = [get_model(name, **who.model_args) for name in who.models]
    judging = GenerateConfig(temperature=who.judge_temperature, max_tokens=(settings or {}).get("max_tokens"))
    judges = [get_model(name, config=judging, **_args(who, name)) for name in who.judges]
    done, logs = eval_set(
        tasks_of(experiment, release, **(which or {})),
        log_dir=str(out),
        model=models,
        model_roles={"judge": judges} if judges else None,
        epochs=experiment.epochs,
        sample_id=None if ids is None else list(ids),
        cache=CachePolicy(expiry=None, scopes={"logs": str(out.absolute())}),
        **(settings or {}),
    )
    if not done or not logs:  # interrupted, it gives no log at all
        raise WorkError(f"{out}: not all runs ended well; run the same again to go on from there")
    return [Path(log.location.removeprefix("file://")) for log in logs]


def _args(who: Who, judge: str) -> Mapping[str, Any]:
    providers = {name.partition("/")[0] for name in who.models}
    return who.model_args if judge.partition("/")[0] in providers else {}


def _with_sampling(task: Task, arm: Arm) -> Task:
    changes = {name: value for name in ("temperature", "top_p") if (value := getattr(arm, name)) is not None}
    if changes:
        task.config = task.config.model_copy(update=changes)
    return task
