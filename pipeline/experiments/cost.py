"""What an experiment is expected to take: runs, calls, tokens, and money where the price of a model is known.

Tokens are counted from the rendered texts, in characters; calls from the scenarios' own paths. Low is the shorter path
without a reply's reasoning, high every call that a run may make.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.evaluation.releases import Loaded
from pipeline.evaluation.samples import safety_prompt, shown
from pipeline.experiments.spec import Arm, Experiment
from pipeline.framing import available, load_framings
from pipeline.schema.base import Record
from pipeline.schema.estimate import Amount

CHARACTERS_A_TOKEN = 3.4
REPLY = Amount(low=40, typical=150, high=600)
"""Tokens of one turn's text and call."""
RESULT = 60
"""Tokens of one tool result."""
JUDGE_REPLY = 120


@dataclass(frozen=True)
class Sizes:
    """Of one scenario under one arm: tokens of both messages, and calls of its shorter and longer path."""

    prompt: float
    shorter: int
    longer: int


class Part(Record):
    """What one role takes in one arm, for one model."""

    role: str
    arm: str
    runs: int
    calls: Amount
    prompt_tokens: Amount
    completion_tokens: Amount


class Cost(Record):
    """The whole experiment."""

    parts: tuple[Part, ...]
    left_out: int
    runs: int
    calls: Amount
    prompt_tokens: Amount
    completion_tokens: Amount


def cost_of(experiment: Experiment, loaded: Loaded, *, models: int, judges: int, calls: int = 10) -> Cost:
    """Estimate an experiment on the rows of a release."""
    parts: list[Part] = []
    left_out = 0
    for arm in experiment.arms:
        sizes = _sizes(loaded, arm)
        left_out += len(loaded.rows) - len(sizes)
        times = experiment.epochs * models
        parts.append(_agents(arm, sizes, times, calls))
        if judges:
            parts.append(_judges(arm, sizes, times * judges))
    total: Mapping[str, Amount] = {
        name: sum((getattr(part, name) for part in parts), Amount.flat(0))
        for name in ("calls", "prompt_tokens", "completion_tokens")
    }
    runs = sum(part.runs for part in parts if part.role == "agent")
    return Cost(parts=tuple(parts), left_out=left_out, runs=runs, **total)


def _sizes(loaded: Loaded, arm: Arm) -> list[Sizes]:
    texts, safety = load_framings().texts, safety_prompt()
    found = []
    for row in loaded.rows:
        scenario = row.scenario
        if available(scenario, texts).why_not(arm.framing) is not None:
            continue
        view = shown(scenario, arm.condition, texts, safety)
        lengths = sorted((len(scenario.judge.benign_action.calls), len(scenario.judge.risky_action.calls)))
        found.append(Sizes((len(view.system) + len(view.user)) / CHARACTERS_A_TOKEN, *lengths))
    return found


def _agents(arm: Arm, sizes: Sequence[Sizes], times: int, calls: int) -> Part:
    acting = arm.format == "agent"
    turns = [(one.prompt, (one.shorter + 1, one.longer + 1, calls + 1) if acting else (1, 1, 1)) for one in sizes]
    per = [Amount(low=low, typical=typical, high=high) for _, (low, typical, high) in turns]
    prompts = [_read(prompt, of, replies) for prompt, of in turns for replies in [REPLY]]
    return Part(
        role="agent",
        arm=arm.condition.id,
        runs=len(sizes) * times,
        calls=sum(per, Amount.flat(0)) * Amount.flat(times),
        prompt_tokens=sum(prompts, Amount.flat(0)) * Amount.flat(times),
        completion_tokens=sum((one * REPLY for one in per), Amount.flat(0)) * Amount.flat(times),
    )


def _read(prompt: float, turns: tuple[int, int, int], reply: Amount) -> Amount:
    """Return what a server reads over a run: each turn reads all that came before it."""

    def over(count: int, size: float) -> float:
        return count * prompt + (size + RESULT) * count * (count - 1) / 2

    low, typical, high = turns
    return Amount(low=over(low, reply.low), typical=over(typical, reply.typical), high=over(high, reply.high))


def _judges(arm: Arm, sizes: Sequence[Sizes], times: int) -> Part:
    questions = 2 if arm.format == "agent" else 1
    prompt = sum(one.prompt for one in sizes) * 1.3 * times * (1.5 if questions == 2 else 0.5)
    calls = Amount.flat(len(sizes) * times * questions)
    return Part(
        role="judge",
        arm=arm.condition.id,
        runs=len(sizes) * times,
        calls=calls,
        prompt_tokens=Amount(low=0.7 * prompt, typical=prompt, high=2 * prompt),
        completion_tokens=calls * Amount(low=5, typical=JUDGE_REPLY, high=400),
    )
