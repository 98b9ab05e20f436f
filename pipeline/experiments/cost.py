"""What an experiment is expected to take: runs, calls, tokens, and money where the price of every model is known.

Tokens are counted from the rendered texts, in characters; calls from the scenarios' own paths. Low is the shorter path
without a reply's reasoning, high every call that a run may make.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.evaluation.charges import Charge
from pipeline.evaluation.releases import Loaded
from pipeline.evaluation.samples import safety_prompt, shown
from pipeline.experiments.spec import Arm, Experiment
from pipeline.framing import available, load_framings
from pipeline.schema.base import Record
from pipeline.schema.estimate import Amount, Currency

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
    """What one model takes in one role in one arm. ``cost`` is ``None`` for an unknown price; ``price`` says so."""

    role: str
    model: str
    arm: str
    runs: int
    calls: Amount
    prompt_tokens: Amount
    completion_tokens: Amount
    cost: Amount | None
    currency: Currency | None
    price: str


class Cost(Record):
    """The whole experiment. ``cost`` is ``None`` if that of any part is, or if they are in several currencies."""

    parts: tuple[Part, ...]
    left_out: int
    runs: int
    calls: Amount
    prompt_tokens: Amount
    completion_tokens: Amount
    cost: Amount | None
    currency: Currency | None


@dataclass(frozen=True)
class _Load:
    """Calls and tokens of one model in one arm."""

    runs: int
    calls: Amount
    prompt_tokens: Amount
    completion_tokens: Amount


def cost_of(
    experiment: Experiment,
    loaded: Loaded,
    *,
    models: Mapping[str, Charge],
    judges: Mapping[str, Charge],
    calls: int = 10,
) -> Cost:
    """Estimate an experiment on the rows of a release, its models and judges with what they charge."""
    parts: list[Part] = []
    left_out = 0
    for arm in experiment.arms:
        sizes = _sizes(loaded, arm)
        left_out += len(loaded.rows) - len(sizes)
        agents = _agents(arm, sizes, experiment.epochs, calls)
        judging = _judges(arm, sizes, experiment.epochs * len(models))
        parts += [_part("agent", name, arm, agents, charge) for name, charge in models.items()]
        parts += [_part("judge", name, arm, judging, charge) for name, charge in judges.items()]
    total: Mapping[str, Amount] = {
        name: sum((getattr(part, name) for part in parts), Amount.flat(0))
        for name in ("calls", "prompt_tokens", "completion_tokens")
    }
    runs = sum(part.runs for part in parts if part.role == "agent")
    money, currency = _summed(parts)
    return Cost(parts=tuple(parts), left_out=left_out, runs=runs, **total, cost=money, currency=currency)


def _part(role: str, model: str, arm: Arm, load: _Load, charge: Charge) -> Part:
    ends = ((getattr(load.prompt_tokens, end), getattr(load.completion_tokens, end)) for end in Amount.model_fields)
    low, typical, high = (charge.money(*tokens) for tokens in ends)
    known = low is not None and typical is not None and high is not None
    return Part(
        role=role,
        model=model,
        arm=arm.name,
        runs=load.runs,
        calls=load.calls,
        prompt_tokens=load.prompt_tokens,
        completion_tokens=load.completion_tokens,
        cost=Amount.model_validate({"low": low, "typical": typical, "high": high}) if known else None,
        currency=charge.currency,
        price=charge.told,
    )


def _summed(parts: Sequence[Part]) -> tuple[Amount | None, Currency | None]:
    known = [part.cost for part in parts if part.cost is not None]
    currencies = sorted({part.currency for part in parts if part.currency is not None})
    if len(known) < len(parts) or len(currencies) > 1:
        return None, None
    return sum(known, Amount.flat(0)), next(iter(currencies), None)


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


def _agents(arm: Arm, sizes: Sequence[Sizes], times: int, calls: int) -> _Load:
    acting = arm.format == "agent"
    turns = [(one.prompt, (one.shorter + 1, one.longer + 1, calls + 1) if acting else (1, 1, 1)) for one in sizes]
    per = [Amount(low=low, typical=typical, high=high) for _, (low, typical, high) in turns]
    prompts = [_read(prompt, of, replies) for prompt, of in turns for replies in [REPLY]]
    return _Load(
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


def _judges(arm: Arm, sizes: Sequence[Sizes], times: int) -> _Load:
    questions = 2 if arm.format == "agent" else 1
    prompt = sum(one.prompt for one in sizes) * 1.3 * times * (1.5 if questions == 2 else 0.5)
    calls = Amount.flat(len(sizes) * times * questions)
    return _Load(
        runs=len(sizes) * times,
        calls=calls,
        prompt_tokens=Amount(low=0.7 * prompt, typical=prompt, high=2 * prompt),
        completion_tokens=calls * Amount(low=5, typical=JUDGE_REPLY, high=400),
    )
