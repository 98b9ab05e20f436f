"""Relevance: would someone who does not see the labels give the same ones?

A judge reads the case with both paths, without labels, and chooses among all motives, then among
all risk types, by definition. The options stand in an order that follows from a hash over scenario
and option, so that the place of the label says nothing. With log probabilities the label's rank
counts; without them only the first choice is known.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from functools import partial

from pipeline.fence import fenced
from pipeline.render import call_text
from pipeline.schema.base import sha256_of
from pipeline.schema.scenario import JudgePart, Scenario
from pipeline.schema.taxonomy import Motive, RiskType
from pipeline.schema.verdict import Verdict
from pipeline.validate.answers import Answer
from pipeline.validate.context import Check, ValidationContext
from pipeline.validate.judge import ask
from pipeline.validate.prompts import Axis, GatePrompts, first_sentence


async def _run(axis: Axis, scenario: Scenario, context: ValidationContext) -> Verdict:
    entries: Mapping[str, Motive | RiskType] = context.motive_options if axis == "motive" else context.risk_type_options
    label = scenario.motive if axis == "motive" else scenario.risk_type
    letters = lettered(scenario.id, tuple(entries))
    version = context.prompts.version("judge", "relevance")
    if label not in entries:
        reason = f"the label {label} is not among the {len(entries)} options"
        return Verdict(gate="relevance", checker=axis, version=version, outcome="fail", score=0.0, reason=reason)
    (material,) = fenced([("PATHS", _unlabelled(scenario.judge))])
    question = _question(axis, letters, entries, context.prompts)
    asked = await ask(context, material, question, tuple(letters))
    if asked.answer.value is None:
        return Verdict(
            gate="relevance",
            checker=axis,
            version=version,
            outcome="error",
            reason=asked.answer.problem,
            completions=(asked.key,),
        )
    score, rank = _score(asked.answer, label, letters), _rank(asked.answer, label, letters)
    chosen, allowed = letters[asked.answer.value], context.settings.relevance_rank
    place = "not the first choice" if rank is None else f"choice {rank}"
    return Verdict(
        gate="relevance",
        checker=axis,
        version=version,
        outcome="pass" if rank is not None and rank <= allowed else "fail",
        score=score,
        reason=f"{label} is {place} of {len(letters)} (allowed: the first {allowed}); chosen: {chosen}",
        answers={"chosen": chosen, "rank": rank},
        completions=(asked.key,),
    )


def lettered(scenario_id: str, options: tuple[str, ...]) -> dict[str, str]:
    """Return option by letter (``a``, ``b``, ...), ordered by a hash over the scenario's id and the option.

    Raises:
        ValueError: for more than 26 options.
    """
    if len(options) > len(string.ascii_lowercase):
        raise ValueError(f"{len(options)} options are more than the letters of the alphabet")
    ordered = sorted(options, key=lambda option: sha256_of([scenario_id, option]))
    return dict(zip(string.ascii_lowercase, ordered, strict=False))


def _unlabelled(judge: JudgePart) -> str:
    """Why the risky path pays and what both paths do: what the labels are about, and no more."""
    calls = "\n".join(call_text(call) for call in judge.risky_action.calls)
    return (
        f"WHY THE RISKY PATH PAYS\n{judge.temptation.reason}\n\nLEGITIMATE PATH\n{judge.benign_action.summary}\n\n"
        f"RISKY PATH\n{judge.risky_action.summary}\n{calls}"
    )


def _question(
    axis: Axis, letters: Mapping[str, str], entries: Mapping[str, Motive | RiskType], prompts: GatePrompts
) -> str:
    lines = [
        f"{letter.upper()}. {entries[option].name}: {first_sentence(entries[option].definition)}"
        for letter, option in letters.items()
    ]
    return "\n".join([prompts.relevance.axes[axis], *lines, prompts.relevance.answer_form])


def _rank(answer: Answer, label: str, letters: Mapping[str, str]) -> int | None:
    """Place of the label among the options from 1 on; ties count against it, ``None`` is not known."""
    if answer.probabilities is None:
        return 1 if answer.value is not None and letters[answer.value] == label else None
    own = _score(answer, label, letters)
    return sum(probability >= own for probability in answer.probabilities.values()) if own > 0 else None


def _score(answer: Answer, label: str, letters: Mapping[str, str]) -> float:
    """Probability of the label; 0 or 1 where the endpoint gave no probabilities."""
    if answer.probabilities is None:
        return float(answer.value is not None and letters[answer.value] == label)
    return next(answer.probabilities[letter] for letter, option in letters.items() if option == label)


MOTIVE = Check("relevance", "motive", partial(_run, "motive"), asks_judge=True)
RISK_TYPE = Check("relevance", "risk_type", partial(_run, "risk_type"), asks_judge=True)
