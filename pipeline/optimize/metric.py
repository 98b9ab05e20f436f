"""What a text is worth: facts kept, gates passed, phrases of its own, few words; and, in words, what was wrong.

Everything but the judge's part is a deterministic function of the text, the case and the texts on
neighbouring cases. The judge's answers come from the completion store like everything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from pipeline.generate.checks import check_prose
from pipeline.generate.core import assemble, missing_mentions
from pipeline.generate.tidy import tidy
from pipeline.optimize.examples import Case
from pipeline.optimize.settings import OptimizeSettings
from pipeline.schema.cell import Cell
from pipeline.schema.scenario import Lineage, Scenario
from pipeline.schema.verdict import Verdict
from pipeline.validate.context import Check, ValidationContext
from pipeline.validate.filters import judge, lexical, stakes, toxicity
from pipeline.validate.gates import leakage, realism
from pipeline.validate.stage import run_checks

WITHOUT_JUDGE: tuple[Check, ...] = (
    leakage.WORDS,
    lexical.FILTER,
    stakes.FILTER,
    toxicity.FILTER,
    realism.TELLS,
)
WITH_JUDGE: tuple[Check, ...] = (judge.FILTER, realism.RUBRIC)
"""The checks that prose can pass or fail; solvability and relevance stand in the core."""

_WORD = re.compile(r"\w+(?:['’]\w+)?")
_SHOWN = 3


@dataclass(frozen=True)
class Reply:
    """What a program wrote on a case.

    Attributes:
        text: as it came; empty where there is none.
        problem: why there is none, in words.
        others: its texts on the neighbouring cases.
        words: of prompt and reply together.
        demonstrated: names in the program's demonstrations, which it may not copy.
    """

    text: str
    problem: str = ""
    others: tuple[str, ...] = ()
    words: int = 0
    demonstrated: AbstractSet[str] = frozenset()


@dataclass(frozen=True)
class Assessment:
    """A score from 0 to 1, its parts, and what was wrong, in words for whoever mends the instructions."""

    score: float
    parts: Mapping[str, float]
    feedback: str


async def assess(case: Case, reply: Reply, settings: OptimizeSettings, context: ValidationContext) -> Assessment:
    """Judge a text.

    Args:
        case: what was to be written.
        reply: what was written.
        settings: weights and scales.
        context: the gates' settings; with a client the judge is asked.

    Raises:
        EndpointError, EndpointUnavailable, MissingCompletion, BudgetSpent: from the judge's calls.
    """
    text = tidy(reply.text)
    if not text:
        return Assessment(0.0, {}, f"- {reply.problem or 'nothing was written'}")
    notes: list[str] = []
    parts = {
        "facts": _facts(case, reply, text, notes),
        **await _gates(case, text, context, notes),
        "diversity": _diversity(case, text, reply.others, settings.diversity.words, notes),
        "cost": min(1.0, settings.cost.words / max(1, reply.words)),
    }
    weights = {name: getattr(settings.weights, name) for name in parts}
    score = sum(weights[name] * part for name, part in parts.items()) / sum(weights.values())
    if parts["cost"] < 1:
        notes.append(f"prompt and reply have {reply.words} words; fewer are cheaper")
    return Assessment(round(score, 6), parts, "\n".join(f"- {note}" for note in dict.fromkeys(notes)) or "- no fault")


def _facts(case: Case, reply: Reply, text: str, notes: list[str]) -> float:
    """Return 1 without a finding of the writer's checks, a half with one, and so on."""
    demands = case.piece.demands
    demands = replace(demands, foreign=frozenset(demands.foreign) | reply.demonstrated)
    findings = check_prose(text, demands)
    notes += [finding.note for finding in findings]
    return 1 / (1 + len(findings))


async def _gates(case: Case, text: str, context: ValidationContext, notes: list[str]) -> dict[str, float]:
    """Return the share of gate checks that the text passes, and, with a judge, the mean of what the judge says."""
    scenario = _scenario(case, text)
    asked = WITH_JUDGE if context.client is not None else ()
    if scenario is None:
        notes.append("without what it has to contain, the gates cannot read it")
        return {"gates": 0.0, **({"judge": 0.0} if asked else {})}
    verdicts = await run_checks(scenario, (), context, (*WITHOUT_JUDGE, *asked))
    of_judge = {(check.gate, check.checker) for check in asked}
    scores: dict[bool, list[float]] = {True: [], False: []}
    for verdict in verdicts:
        by_judge = (verdict.gate, verdict.checker) in of_judge
        score, said = _score_of(verdict, case.place)
        scores[by_judge].append(score)
        notes += said
    gates = {"gates": _mean(scores[False])} if scores[False] else {}
    return gates | ({"judge": _mean(scores[True])} if scores[True] else {})


def _score_of(verdict: Verdict, place: str) -> tuple[float, list[str]]:
    """Return a verdict as a number, and what it says of the text at ``place``; faults elsewhere are not the text's."""
    if verdict.outcome == "pass":
        return 1.0, []
    if verdict.outcome == "fail" and verdict.evidence:
        here = [finding for finding in verdict.evidence if finding.place == place]
        said = [f"{verdict.gate}: {finding.text!r} is {finding.note}" for finding in here]
        return (0.0, said) if here else (1.0, [])
    if verdict.outcome == "fail":
        return (verdict.score or 0.0) / 2, [f"{verdict.gate}: {verdict.reason}"]
    return 0.0, []


def _diversity(case: Case, text: str, others: Sequence[str], length: int, notes: list[str]) -> float:
    """Return the share of the text's phrases that stand neither in its facts nor in texts on other cases."""
    given = _phrases(" . ".join((case.piece.demands.facts.text, *_strings(case.piece.inputs.values()))), length)
    own = _phrases(text, length) - given
    elsewhere = set().union(*(_phrases(other, length) for other in others)) if others else set()
    shared = own & elsewhere
    if not own:
        return 1.0
    if shared:
        shown = ", ".join(repr(" ".join(phrase)) for phrase in sorted(shared)[:_SHOWN])
        notes.append(f"these phrases come back in texts on other cases: {shown}; vary the wording")
    return 1 - len(shared) / len(own)


def _phrases(text: str, length: int) -> set[tuple[str, ...]]:
    words = [word.casefold() for word in _WORD.findall(text)]
    return {tuple(words[at : at + length]) for at in range(len(words) - length + 1)}


def _strings(values: object) -> Iterator[str]:
    if isinstance(values, str):
        yield values
    elif isinstance(values, list | tuple) or hasattr(values, "__iter__"):
        for value in values:
            yield from _strings(value)


def _scenario(case: Case, text: str) -> Scenario | None:
    """Return the case's scenario with the text in its place, or nothing if the text lacks what it must mention."""
    prose = case.prose_with(text)
    if missing_mentions(case.core, prose.request):
        return None
    core = case.core
    cell = Cell(motive=core.motive, risk_type=core.risk_type, domain=core.domain)
    return assemble(core, prose, Lineage(cell=cell.id, attempt=0, seed=0, core="kit"))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
