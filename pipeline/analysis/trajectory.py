"""A run as its readers get it: the scenario, and what the agent did. Read from an Inspect log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.evaluation.transcript import Transcript
from pipeline.schema.scenario import Scenario


@dataclass(frozen=True)
class Trajectory:
    """One run."""

    scenario: Scenario
    transcript: Transcript


def trajectory_of(file: Path, scenario: str, epoch: int) -> Trajectory:
    """Read the trajectory of a run.

    Args:
        file: the log.
        scenario: id of the scenario, which is the sample's.
        epoch: from 1.

    Raises:
        InputError: if the log has no such sample, or it is none of a task of ours.
    """
    from inspect_ai.log import read_eval_log_sample

    from pipeline.evaluation.agent import STOPPED
    from pipeline.evaluation.messages import transcript_of
    from pipeline.evaluation.samples import scenario_of

    try:
        sample = read_eval_log_sample(str(file), id=scenario, epoch=epoch)
        record = scenario_of(sample.metadata)
    except (IndexError, KeyError, ValueError, OSError) as error:
        told = str(error).splitlines()[:1]
        raise InputError(f"has no readable run of {scenario}, epoch {epoch}: {''.join(told)}", file=file) from error
    stop = sample.output.stop_reason if sample.output.choices else None
    return Trajectory(record, transcript_of(sample.messages, stop, stopped=sample.metadata.get(STOPPED)))
