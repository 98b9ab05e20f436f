"""A review in progress: the material, the acts kept so far, and the rules by which an act is taken."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from pipeline.errors import UsageError
from pipeline.evaluation.judge import load_judge_prompt
from pipeline.review.events import Act, Answered, Event, Finished, Opened, Suggested, Undone
from pipeline.review.items import Item, Material
from pipeline.review.questions import GATES, Question, asked_of, run_questions, scenario_questions
from pipeline.review.spans import raw_quote, raw_span, text_at
from pipeline.review.state import Reading, State
from pipeline.review.store import LabelStore
from pipeline.review.turns import Standing, Turns
from pipeline.schema.label import UNSURE
from pipeline.seeds import load_seeds
from pipeline.validate.prompts import load_gate_prompts


class ActRefusedError(UsageError):
    """An act that cannot be taken: what it names is not there, or something is missing before it."""


@dataclass(frozen=True)
class Rules:
    """How a review is done.

    Args:
        readers: that every item gets.
        blind: readers see neither verdicts of gates nor labels of others.
        gates: whose questions are asked.
    """

    readers: int = 2
    blind: bool = True
    gates: tuple[str, ...] = GATES


class Review:
    """A review. Its methods may be called from several threads.

    Args:
        material: what there is to read.
        store: where acts are kept.
        rules: how it is done.
        now: the time, UTC.
    """

    def __init__(
        self,
        material: Material,
        store: LabelStore,
        rules: Rules | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.material = material
        self.store = store
        self.rules = rules or Rules()
        self.state = State(store.events())
        self.questions = lru_cache(maxsize=4096)(self._questions)
        self.turns = Turns(list(material.items.values()), self.questions, self.rules.readers, self.state, now)
        self._prompts = load_gate_prompts()
        minimum = material.manifest.specification.gates.realism_minimum
        self._on_scenarios = scenario_questions(
            self._prompts, load_seeds(), realism_minimum=minimum, gates=self.rules.gates
        )
        self._lock = threading.RLock()

    @property
    def rubrics(self) -> dict[str, str]:
        """SHA-256 of each file that the questions come from."""
        gates = {f"gates/{gate}.yaml": self._prompts.hashes[f"{gate}.yaml"] for gate in self.rules.gates}
        return gates | {"evaluation/judge.yaml": load_judge_prompt()[1]}

    def item(self, name: str) -> Item:
        """Return an item.

        Raises:
            ActRefusedError: if there is none of this id.
        """
        if name not in self.material.items:
            raise ActRefusedError(f"there is no item {name[:60]!r} in this review")
        return self.material.items[name]

    def asked(self, item: str, reader: str) -> tuple[Question, ...]:
        """Return the questions that a reader is asked: all, or to settle it those that two readers differ on."""
        questions, standing = self.questions(item), self.turns.standing(item)
        if standing.stage == "first" or reader in [one.reader for one in standing.first]:
            return tuple(questions)
        return tuple(one for one in questions if one.id in standing.disputed) or tuple(questions)

    def missing(self, reading: Reading) -> tuple[Question, ...]:
        """Return the questions that a reader has yet to answer."""
        return tuple(one for one in self.asked(reading.item, reading.reader) if one.id not in reading.answers)

    def open(self, reader: str, wanted: Callable[[Item], bool] = lambda item: True) -> str | None:
        """Return the item that a reader is to read next, and hold it for them; ``None`` if there is none."""
        with self._lock:
            found = self.turns.next_for(reader, wanted)
            if found is not None:
                self.take(reader, uuid.uuid4().hex, Opened(item=found))
            return found

    def take(self, reader: str, key: str, act: Act) -> Event:
        """Keep an act of a reader; return it once it is on the disk. One that is sent twice counts once.

        Raises:
            ActRefusedError: if it cannot be taken.
            WorkError: if the disk refuses it.
        """
        with self._lock:
            self._check(reader, act)
            event, fresh = self.store.add(reader, key, self._in_the_record(reader, act))
            if fresh:
                self.state.add(event)
            return event

    def undo(self, reader: str, key: str) -> Event | None:
        """Take back the last act of a reader that stands, and return it; ``None`` if there is none."""
        with self._lock:
            last = self.state.last_act(reader)
            if last is None:
                return None
            event, fresh = self.store.add(reader, key, Undone(item=last.act.item, event=last.number))
            if fresh:
                self.state.add(event)
            return last

    def touched(self) -> list[Item]:
        """Return the items that somebody did something with, in their order."""
        with self._lock:
            return self.turns.touched()

    def standing(self, item: str) -> Standing:
        """Return where an item stands."""
        with self._lock:
            return self.turns.standing(item)

    def _questions(self, name: str) -> Sequence[Question]:
        item = self.material.items[name]
        if item.subject == "run":
            both = run_questions(load_judge_prompt()[0])
            return both if self.material.trajectory(name).transcript.visible_reasoning else both[:1]
        return asked_of(item, self._on_scenarios)

    def _check(self, reader: str, act: Act) -> None:
        """Refuse what names nothing that is there, and a finish before every question has its answer."""
        item = self.item(act.item)
        reading = self.state.reading(act.item, reader)
        if isinstance(act, Undone):
            raise ActRefusedError("what is taken back is the last act; ask for that")
        if reading.done and not isinstance(act, Opened):
            raise ActRefusedError("you are done with this item; take that back first")
        if isinstance(act, Answered):
            self._check_answer(act)
        if isinstance(act, Suggested) and item.subject == "run":
            raise ActRefusedError("a run is what happened; there is nothing to suggest in it")
        if isinstance(act, Finished) and (missing := self.missing(reading)):
            raise ActRefusedError(f"not answered yet: {', '.join(one.id for one in missing)}")

    def _check_answer(self, act: Answered) -> None:
        known = {one.id: one for one in self.questions(act.item)}
        question = known.get(act.question)
        if question is None:
            raise ActRefusedError(f"there is no question {act.question!r} on this item; allowed: {', '.join(known)}")
        if act.answer not in question.answers:
            raise ActRefusedError(
                f"{act.answer!r} is no answer to {act.question}; allowed: {', '.join(question.answers)}"
            )
        if question.quotes and question.value(act.answer) and not act.quote:
            raise ActRefusedError("mark the words of the reasoning that show it first")

    def _in_the_record(self, reader: str, act: Act) -> Act:
        """Return an act with its span or quote as it stands in the record, not as the page shows it."""
        if isinstance(act, Suggested):
            text = text_at(self.material.scenario(act.item), act.place)
            span = None if text is None else raw_span(text, act.start, act.end)
            if span is None:
                raise ActRefusedError(f"{act.place} holds no such span")
            return act.model_copy(update={"start": span[0], "end": span[1]})
        if isinstance(act, Answered) and act.quote and act.answer != UNSURE:
            found = raw_quote(self.material.trajectory(act.item).transcript.visible_reasoning, act.quote)
            if found is None:
                raise ActRefusedError("these words do not stand in the reasoning")
            return act.model_copy(update={"quote": found})
        return act
