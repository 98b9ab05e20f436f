"""Runs: what one model did in one scenario under one condition, one epoch. Read from Inspect logs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from pipeline.errors import InputError, UsageError
from pipeline.evaluation.charges import in_process
from pipeline.evaluation.condition import Condition
from pipeline.schema.base import Record, content_id

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog, EvalSample
    from inspect_ai.scorer import Score

_SIZE = re.compile(r"(?<![a-z0-9.])(\d+(?:[._]\d+)?)\s?([bm])(?![a-z0-9])", re.IGNORECASE)
_NAME = re.compile(r"[a-z]+", re.IGNORECASE)
_SETTINGS = ("temperature", "top_p", "max_tokens", "seed", "reasoning_effort")
_OURS = {"action", "answer", "induced", "considered"}


class Used(Record):
    """Tokens that a model took in a run, as its endpoint counted them; ``None`` where it did not."""

    model: str
    base_url: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Run(Record):
    """One run. ``rule``, ``induced`` and ``considered`` are ``None`` where they were not measured.

    ``status`` is that of :mod:`pipeline.evaluation.rule`, or ``error`` for a sample that broke off.
    """

    model: str
    scenario: str
    epoch: int
    condition: Condition
    release: str
    motive: str
    risk_type: str
    domain: str
    status: str
    group: str = ""
    setting: str = ""
    rule: bool | None = None
    induced: bool | None = None
    considered: bool | None = None
    judges: tuple[str, ...] = ()
    induced_agreement: float | None = None
    quote: str = ""
    aware: bool = False
    failed_calls: int = 0
    flagged: bool | None = None
    attempted: bool | None = None
    used: tuple[Used, ...] = ()
    log: str = ""
    task: str = ""

    @property
    def id(self) -> str:
        """``run-`` and 20 hex digits, of what makes it this run: the same wherever its log lies, and after a retry."""
        who = [self.model, self.setting, self.task, self.condition.id]
        return content_id("run", [self.release, self.scenario, self.epoch, *who])

    @property
    def action(self) -> bool | None:
        """Whether the risky action was taken: by rule, else by the judges where the run ended of its own accord."""
        return self.induced if self.rule is None and self.status == "unfinished" else self.rule

    @property
    def family(self) -> str:
        """The model's family: the first word of its name, or ``unknown``."""
        return family_of(self.model)

    @property
    def size(self) -> str:
        """Its number of parameters as its name says it (``1.5B``), or ``unknown``."""
        return size_of(self.model)

    @property
    def cell(self) -> str:
        """Motive and risk type."""
        return f"{self.motive} x {self.risk_type}"


@dataclass(frozen=True)
class Moment:
    """A message of a trajectory to read."""

    who: str
    text: str


def family_of(model: str) -> str:
    """Return the first word of a model's own name, lower case; ``unknown`` for a name without letters."""
    match = _NAME.search(model.rsplit("/", 1)[-1])
    return match[0].lower() if match else "unknown"


def size_of(model: str) -> str:
    """Return the size that a model's name states, such as ``1.5B``; ``unknown`` where it states none."""
    match = _SIZE.search(model.rsplit("/", 1)[-1].replace("-", " ").replace("_", " ", 0))
    if match is None:
        match = re.search(r"(?:^|_)(\d+(?:_\d+)?)([bm])(?:_|$)", model.rsplit("/", 1)[-1], re.IGNORECASE)
    return f"{match[1].replace('_', '.')}{match[2].upper()}" if match else "unknown"


def log_files(paths: Iterable[Path]) -> list[Path]:
    """Return the logs among files and folders, in order of their names.

    Raises:
        UsageError: if there is none.
    """
    given = list(paths)
    found = [file for path in given for file in (sorted(path.rglob("*.eval")) if path.is_dir() else [path])]
    if not found:
        raise UsageError(f"no Inspect log (*.eval) in {', '.join(map(str, given))}")
    return found


def read_runs(files: Sequence[Path]) -> tuple[list[Run], list[str]]:
    """Read runs from Inspect logs.

    Returns:
        The runs, each once: of logs of one evaluation that was retried, a run counts from the last log that has it
        scored. Then remarks on logs that are not whole, nor continued by one that is.

    Raises:
        InputError: for a file that is no log, or a log without our scores.
    """
    runs: dict[tuple[Any, ...], Run] = {}
    whole, broken = set(), {}
    for file in files:
        log = _read(file)
        if log.status == "success":
            whole.add(log.eval.task_id)
        else:
            broken[file] = (log.status, log.eval.task_id)
        for sample in log.samples or ():
            if _broken_off(log, sample):
                continue
            run = _run(log, sample, file)
            key = (run.model, run.scenario, run.epoch, run.condition.id, run.setting, log.eval.task_id)
            if key not in runs or run.status != "error":
                runs[key] = run
    if not runs:
        raise InputError(
            "holds no run of a task of ours", file=files[0], allowed="logs of impress/agent, choice, judgment"
        )
    remarks = [
        f"{file.name}: {status}, so some of its runs may be missing"
        for file, (status, task) in broken.items()
        if task not in whole
    ]
    return list(runs.values()), remarks


def _broken_off(log: EvalLog, sample: EvalSample) -> bool:
    """Tell whether somebody interrupted the run: nothing that the agent did ended it, and it will be run anew."""
    return log.status == "cancelled" and sample.error is not None and "CancelledError" in sample.error.message


def moments_of(file: Path, scenario: str, epoch: int) -> list[Moment]:
    """Return a run's messages with what is visible of the reasoning, to be read by people."""
    from inspect_ai.log import read_eval_log_sample

    from pipeline.evaluation.messages import reasoning_of

    sample = read_eval_log_sample(str(file), id=scenario, epoch=epoch)
    found = []
    for message in sample.messages:
        calls = getattr(message, "tool_calls", None) or ()
        asked = [f"{call.function}({', '.join(f'{k}={v!r}' for k, v in call.arguments.items())})" for call in calls]
        error = getattr(message, "error", None)
        thought = reasoning_of(message)
        told = [f"(reasoning) {thought}" if thought else "", message.text if error is None else error.message, *asked]
        text = "\n".join(filter(None, told))
        found.append(Moment(message.role, text))
    return found


def _read(file: Path) -> EvalLog:
    from inspect_ai.log import read_eval_log

    try:
        return read_eval_log(str(file))
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise InputError(f"not a log of Inspect: {str(error).splitlines()[0]}", file=file) from error


def _run(log: EvalLog, sample: EvalSample, file: Path) -> Run:
    about = sample.metadata
    if "condition" not in about or "record" not in about:
        raise InputError(f"sample {sample.id} is not one of a task of ours", file=file)
    scores = {name.rsplit("/", 1)[-1]: score for name, score in (sample.scores or {}).items()}
    first = scores.get("action") or scores.get("answer")
    notes = (first.metadata if first is not None else None) or {}
    induced, considered = scores.get("induced"), scores.get("considered")
    judged = (induced.metadata if induced is not None else None) or {}
    guarded = [one["outcome"] for one in notes.get("guarded", [])]
    status = "error" if sample.error is not None or first is None else str(notes.get("status", first.reason))
    return Run(
        model=log.eval.model,
        scenario=str(about["scenario"]),
        epoch=sample.epoch,
        condition=Condition.model_validate(about["condition"]),
        release=f"{about['release']}-{about['version']}",
        motive=about["motive"],
        risk_type=about["risk_type"],
        domain=about["domain"],
        group=about.get("group", ""),
        setting=_setting(log),
        status=status,
        rule=_said(first),
        induced=_said(induced),
        considered=_said(considered),
        judges=tuple(one["judge"] for one in judged.get("opinions", [])),
        induced_agreement=judged.get("agreement"),
        quote=(considered.explanation or "") if considered is not None else "",
        aware=bool(notes.get("aware")),
        failed_calls=int(notes.get("failed_calls", 0)),
        flagged=None if not guarded else any(outcome != "pass" for outcome in guarded),
        attempted=None if not notes else bool(notes.get("risky_calls") or notes.get("blocked_risky")),
        used=tuple(_used(log, sample)),
        log=str(file),
        task=log.eval.task_id,
    )


def _used(log: EvalLog, sample: EvalSample) -> Iterator[Used]:
    """Yield what each model took: prompts with what a provider read from or wrote to its cache of them."""
    roles = (log.eval.model_roles or {}).values()
    others = [one for role in roles for one in (role if isinstance(role, list) else [role])]
    places = {log.eval.model: log.eval.model_base_url} | {one.model: one.base_url for one in others}
    for name in dict.fromkeys((log.eval.model, *sample.model_usage)):
        at = None if in_process(name) else places.get(name)
        took = sample.model_usage.get(name)
        if took is None or took.input_tokens + took.output_tokens == 0:
            yield Used(model=name, base_url=at)
            continue
        prompt = took.input_tokens + (took.input_tokens_cache_read or 0) + (took.input_tokens_cache_write or 0)
        yield Used(model=name, base_url=at, prompt_tokens=prompt, completion_tokens=took.output_tokens)


def _said(score: Score | None) -> bool | None:
    if score is None or not isinstance(score.value, int | float) or math.isnan(score.value):
        return None
    return score.value == 1


def _setting(log: EvalLog) -> str:
    """Return how the model was sampled, in words; runs of different settings are never pooled."""
    given = log.plan.config.model_dump(exclude_none=True) | log.eval.model_generate_config.model_dump(exclude_none=True)
    return ", ".join(f"{name} {given[name]}" for name in _SETTINGS if name in given)
