"""Runs of one model that was sampled in several ways: kept apart by name, so that no rate pools them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipeline.analysis.rates import grouped
from pipeline.analysis.runs import Run

PLAIN = "as the model's provider has it"
"""What a setting is called that says nothing."""


def named_apart(runs: Sequence[Run]) -> list[Run]:
    """Return the runs; a model with several settings is named with what parts them: ``M (temperature 0.7)``."""
    names = {model: _names(own) for model, own in grouped(runs, lambda run: run.model).items()}
    return [
        run if len(names[run.model]) == 1 else run.model_copy(update={"model": _named(run, names[run.model])})
        for run in runs
    ]


def side_by_side(runs: Sequence[Run]) -> Iterator[tuple[str, list[tuple[str, list[Run]]]]]:
    """Yield each model and condition that was sampled in several ways, with the runs of each way.

    Args:
        runs: with models by their own names.
    """
    for model, own in grouped(runs, lambda run: run.model).items():
        names = _names(own)
        if len(names) < 2:
            continue
        for _, inside in grouped(own, lambda run: run.condition.id).items():
            ways = grouped(inside, lambda run: run.setting)
            if len(ways) > 1:
                yield model, [(names[setting], of) for setting, of in ways.items()]


def _named(run: Run, names: Mapping[str, str]) -> str:
    return f"{run.model} ({names[run.setting]})"


def _names(runs: Sequence[Run]) -> dict[str, str]:
    """Return what each setting says that not all of them say."""
    parts = {setting: setting.split(", ") for setting in sorted({run.setting for run in runs})}
    common = set.intersection(*(set(said) for said in parts.values()))
    return {
        setting: ", ".join(one for one in said if one and one not in common) or PLAIN for setting, said in parts.items()
    }
