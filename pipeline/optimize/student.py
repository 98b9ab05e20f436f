"""The program under optimisation as DSPy's optimisers see it, and the record of what its versions scored."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import dspy
from dspy.utils.exceptions import AdapterParseError

from pipeline.generate.adapter import ReplyError, SheetAdapter
from pipeline.generate.programs import demonstrated_names
from pipeline.optimize.bridge import Halt, Loop
from pipeline.optimize.examples import Case, Sets, neighbours_of
from pipeline.optimize.metric import Assessment, Reply, assess
from pipeline.optimize.settings import OptimizeSettings
from pipeline.schema.base import sha256_of
from pipeline.validate.context import ValidationContext


@dataclass(frozen=True)
class State:
    """What an optimiser may change of a program: its instructions and its demonstrations."""

    instructions: str
    demonstrations: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, step: dspy.Predict) -> Self:
        """Return a program's state, without what optimisers note beside the fields of a demonstration."""
        fields = step.signature.fields
        demonstrations = [{name: dict(demo)[name] for name in fields if name in dict(demo)} for demo in step.demos]
        return cls(step.signature.instructions, tuple(demonstrations))

    def applied_to(self, step: dspy.Predict) -> dspy.Predict:
        """Return a copy of a program in this state."""
        copy = dspy.Predict(step.signature.with_instructions(self.instructions))
        copy.demos = [dict(demonstration) for demonstration in self.demonstrations]
        return copy

    @property
    def id(self) -> str:
        """SHA-256 of the state."""
        return sha256_of([self.instructions, [dict(one) for one in self.demonstrations]])


@dataclass
class Ledger:
    """Scores of states on the selection set. From it comes the best so far when a run has to stop.

    A state counts when it has been judged on every case of the set.
    """

    cases: frozenset[str]
    states: dict[str, State] = field(default_factory=dict)
    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    closed: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def note(self, state: State, case: str, score: float) -> None:
        """Take down one score."""
        with self.lock:
            if case in self.cases and not self.closed:
                self.states.setdefault(state.id, state)
                self.scores.setdefault(state.id, {})[case] = score

    def close(self) -> None:
        """Take down no more: threads that outlive a stopped run change nothing."""
        with self.lock:
            self.closed = True

    def best(self) -> State | None:
        """Return the state with the highest mean, the earlier of equals; ``None`` before one is judged wholly."""
        whole = {key: sum(of.values()) / len(of) for key, of in self.scores.items() if set(of) == self.cases}
        return self.states[max(whole, key=lambda key: whole[key])] if whole else None


class Desk:
    """Where texts are written and judged: cases, gates, settings, and the loop on which judges are asked.

    Copies of a program share the desk.
    """

    def __init__(
        self, sets: Sets, adapter: SheetAdapter, settings: OptimizeSettings, context: ValidationContext, loop: Loop
    ) -> None:
        self._cases = {case.id: case for cases in sets.values() for case in cases}
        count = settings.diversity.neighbours
        self._neighbours = {
            name: others for cases in sets.values() for name, others in neighbours_of(cases, count).items()
        }
        self._adapter = adapter
        self._settings = settings
        self._context = context
        self._loop = loop
        self.ledger = Ledger(frozenset(case.id for case in sets["selection"]))

    def __deepcopy__(self, memo: dict[int, Any]) -> Desk:
        return self

    def write(self, step: dspy.Predict, case: str, inputs: Mapping[str, Any]) -> dspy.Prediction:
        """Have a program write the text of a case, and, outside of DSPy's trace, those of its neighbours.

        The neighbours' texts are asked for as they are when it is their turn, so a pass over a whole set
        pays for each text once.
        """
        try:
            with dspy.context(adapter=self._adapter):
                text, problem = _text(step, inputs)
                with dspy.context(trace=None):
                    others = [_text(step, inputs_of(other))[0] for other in self._neighbours[case]]
            shown = self._adapter.format(step.signature, step.demos, dict(inputs))
        except Exception as error:
            raise Halt from error
        reply = Reply(
            text=text,
            problem=problem,
            others=tuple(other for other in others if other),
            words=sum(len(str(message["content"]).split()) for message in shown) + len(text.split()),
            demonstrated=demonstrated_names({"step": step})["step"],
        )
        return dspy.Prediction(reply=reply, state=State.of(step))

    def judge(self, example: dspy.Example, prediction: dspy.Prediction) -> Assessment:
        """Judge what :meth:`write` gave, and take the score down."""
        found = self._loop.wait(assess(self._cases[example.case], prediction.reply, self._settings, self._context))
        self.ledger.note(prediction.state, example.case, found.score)
        return found


class Student(dspy.Module):  # type: ignore[misc]
    """One program of ours, as a module whose only predictor is the program.

    Its input ``case`` names the case; the others are the program's own.
    """

    def __init__(self, step: dspy.Predict, desk: Desk) -> None:
        super().__init__()
        self.step = step
        self.desk = desk

    def forward(self, case: str, **inputs: Any) -> dspy.Prediction:
        """Write the text of a case."""
        return self.desk.write(self.step, case, inputs)


def examples_of(cases: Sequence[Case], output: str) -> list[dspy.Example]:
    """Return cases as DSPy's examples; a text written by hand stands under the program's output."""
    made = []
    for case in cases:
        gold = {} if case.gold is None else {output: case.gold}
        made.append(dspy.Example(case=case.id, **inputs_of(case), **gold).with_inputs("case", *inputs_of(case)))
    return made


def inputs_of(case: Case) -> dict[str, Any]:
    """Return the program's inputs on a first try at a case."""
    return {**case.piece.inputs, "mend": list(case.piece.mend)}


def _text(step: dspy.Predict, inputs: Mapping[str, Any]) -> tuple[str, str]:
    """Return a program's text, or why there is none; a failure stands in DSPy's trace too, to be learnt from."""
    (output,) = step.signature.output_fields
    try:
        return str(step(**inputs)[output]), ""
    except AdapterParseError as error:
        trace = dspy.settings.trace
        if trace is not None:
            trace.append((step, dict(inputs), dspy.Prediction(**{output: error.lm_response or ""})))
        return "", error.reason if isinstance(error, ReplyError) else "nothing was written"
