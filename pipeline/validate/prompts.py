"""The gates' word lists, questions and rubrics, read from ``prompts/gates/`` and checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal, Self, TypeVar, get_args

from pydantic import Field, field_validator, model_validator

from pipeline.resources import prompts_dir
from pipeline.schema.base import Record, Slug, Text
from pipeline.validate.may_match import MayMatch
from pipeline.validate.patterns import Patterned, PatternGroup, checked_pattern
from pipeline.validate.phrases import Lexicon
from pipeline.validate.remembered import Remembered
from pipeline.validate.sieve import Sieve
from pipeline.yaml_input import load_yaml_record

_R = TypeVar("_R", bound=Record)
_HASH_DIGITS = 8

Axis = Literal["motive", "risk_type"]

ComputedTell = Literal[
    "favourite_name",
    "favourite_full_name",
    "generic_setting",
    "no_such_day",
    "no_such_time",
    "wrong_weekday",
    "wrong_day_word",
    "note_from_later",
    "done_later",
    "ends_before_it_starts",
    "against_the_others",
    "impossible_figure",
    "odd_figure",
    "out_of_scale",
    "round_figures",
    "counted_ids",
]
"""Tells of a made-up text that are found by reckoning, not in a list."""


class JudgePrompt(Record):
    """What a judge is told before anything else."""

    version: Text
    system: Text


class YesNoQuestion(Record):
    """One question of the benignness rubric, on the case or, with ``paths``, on the case and both paths.

    An answer does not pass when it is not ``pass_answer``, nor when the other answer has a probability
    of ``doubt`` or more, where the endpoint gives probabilities.
    """

    id: Slug
    paths: bool = False
    ask: Text
    pass_answer: Literal["yes", "no"]
    doubt: float = Field(default=0.5, gt=0, le=1)
    concern: Text = Field(description="what the other answer means")
    about: Text = Field(default="view", description="dotted place in the scenario of what the question is about")


class BenignnessPrompt(Record):
    """The benignness rubric: separate questions, each with the answer that passes.

    ``span`` asks, after an answer that does not pass, for the words that show it.
    """

    version: Text
    span: Text
    questions: tuple[YesNoQuestion, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        ids = [question.id for question in self.questions]
        if len(set(ids)) != len(ids):
            raise ValueError("two questions have the same id")
        return self


class RelevancePrompt(Record):
    """The question of each axis for blind labelling."""

    version: Text
    axes: dict[Axis, Text]
    answer_form: Text

    @model_validator(mode="after")
    def _both_axes(self) -> Self:
        if set(self.axes) != {"motive", "risk_type"}:
            raise ValueError("`axes` needs a question for motive and one for risk_type")
        return self


class Band(Record):
    """One band of the realism rubric with its tells."""

    band: int = Field(ge=1, le=5)
    name: Text
    tells: Text


class RealismPrompt(Record):
    """The realism rubric."""

    version: Text
    ask: Text
    answer_form: Text
    bands: tuple[Band, ...] = Field(min_length=5, max_length=5)

    @model_validator(mode="after")
    def _one_to_five(self) -> Self:
        if [band.band for band in self.bands] != [1, 2, 3, 4, 5]:
            raise ValueError("`bands` are 1, 2, 3, 4, 5, in this order")
        return self


class Density(Record):
    """A figure of speech that counts by how thick it stands.

    It counts from ``at_least`` matches on and from ``per_thousand`` of them in a thousand words.
    """

    note: Text
    pattern: Text
    per_thousand: float = Field(gt=0)
    at_least: int = Field(ge=1)

    @field_validator("pattern")
    @classmethod
    def _compile(cls, pattern: str) -> str:
        return checked_pattern(pattern)

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The pattern; ``^`` is the start of a line."""
        return re.compile(self.pattern, re.MULTILINE)


class SmellsPrompt(Patterned):
    """What gives a text away as made up, without a judge.

    ``points`` of a kind are what one finding of it weighs; a scenario whose points reach 1 fails. Kinds are the names
    of the groups of ``words``, ``patterns`` and ``densities`` and the keys of ``computed``, whose values are notes.
    ``generic`` lists whole values, by dotted place with ``*`` for any number, that could be of any setting.
    """

    version: Text
    points: dict[Slug, float]
    words: Lexicon
    densities: dict[Slug, Density]
    generic: dict[Text, tuple[Text, ...]]
    computed: dict[ComputedTell, Text]

    @field_validator("points")
    @classmethod
    def _within_one(cls, points: dict[str, float]) -> dict[str, float]:
        wrong = [f"{kind} has {value:g}" for kind, value in points.items() if not 0 < value <= 1]
        if wrong:
            raise ValueError(f"points are above 0 and at most 1; {wrong[0]}")
        return points

    @model_validator(mode="after")
    def _every_kind_has_points(self) -> Self:
        missing = sorted(set(get_args(ComputedTell)) - set(self.computed))
        if missing:
            raise ValueError(f"`computed` lacks a note on {missing[0]}")
        groups: tuple[Iterable[str], ...] = (self.words.groups, self.patterns, self.densities, self.computed)
        kinds = [kind for group in groups for kind in group]
        twice = sorted({kind for kind in kinds if kinds.count(kind) > 1})
        if twice:
            raise ValueError(f"two groups are called {twice[0]}")
        unequal = sorted(set(kinds) ^ set(self.points))
        if unequal:
            raise ValueError(f"`points` has to name every kind and nothing else; look at {unequal[0]}")
        return self

    @cached_property
    def spans(self) -> Remembered[tuple[tuple[int, int, str], ...]]:
        """Gives the matches of words and patterns in a text: start, end, kind."""
        return Remembered(self._spans_in)

    def _spans_in(self, text: str) -> tuple[tuple[int, int, str], ...]:
        return (*self.words.spans(text), *self.matches_in(text))

    @cached_property
    def generic_places(self) -> dict[str, set[str]]:
        """The places at which a value, casefolded, could be of any setting."""
        values = {value.casefold() for values in self.generic.values() for value in values}
        folded = {place: {value.casefold() for value in values} for place, values in self.generic.items()}
        return {value: {place for place, known in folded.items() if value in known} for value in values}

    @cached_property
    def dense(self) -> Sieve:
        """Gives the matches of the densities in a text, by kind."""
        return Sieve({kind: one.compiled for kind, one in self.densities.items()})

    @cached_property
    def notes(self) -> dict[str, str]:
        """What each kind shows, to the reader of a finding."""
        groups = (self.words.groups, self.patterns, self.densities)
        return {kind: one.note for group in groups for kind, one in group.items()} | {**self.computed}


class InjectionLimits(Record):
    """Longest text and case, in characters, and the least share to which a text may compress."""

    text: int = Field(ge=100)
    case: int = Field(ge=1000)
    repeated: float = Field(gt=0, lt=1)


class InjectionPrompt(Patterned):
    """What shows that a text is addressed to a judge."""

    version: Text
    words: Lexicon
    patterns: dict[Slug, PatternGroup] = Field(min_length=1)
    limits: InjectionLimits

    def spans(self, text: str) -> tuple[tuple[int, int, str], ...]:
        """Return the matches of words and patterns in a folded text: start, end, what it is."""
        words = [(start, end, f"{name}: {self.words.groups[name].note}") for start, end, name in self.words.spans(text)]
        marks = [(start, end, f"{name}: {self.patterns[name].note}") for start, end, name in self.matches_in(text)]
        return (*words, *marks)

    def may_match(self, text: str) -> bool:
        """Whether there may be a match in a folded text; where not, there is none in any part of it either."""
        return self.words.may_match(text) or bool(self._may_match.named(text))


class StakesPrompt(Record):
    """What shows that an agent gains or loses by what it does: parts of which one sentence has to have each.

    ``places`` are dotted, with ``*`` for any number; ``excused`` is struck out of a sentence before it is searched.
    """

    version: Text
    places: tuple[Text, ...] = Field(min_length=1)
    excused: tuple[Text, ...]
    agent: tuple[Text, ...] = Field(min_length=1)
    agent_in_role: tuple[Text, ...] = Field(min_length=1)
    conditions: tuple[Text, ...] = Field(min_length=1)
    gains: PatternGroup
    losses: PatternGroup

    @field_validator("excused", "agent", "agent_in_role", "conditions")
    @classmethod
    def _compile(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(checked_pattern(pattern) for pattern in patterns)

    def covers(self, place: str) -> bool:
        """Whether a dotted place is one to search."""
        return self._places.fullmatch(place) is not None

    @cached_property
    def _places(self) -> re.Pattern[str]:
        return re.compile("|".join(re.escape(one).replace(r"\*", r"\d+") for one in self.places))

    def may_tell(self, sentences: Iterable[str]) -> bool:
        """Whether one of the sentences may name a gain or a loss and set a condition, whoever it speaks of."""
        may = self._may_match.named("\n".join(sentences))
        return "excused" in may or ("conditions" in may and "stakes" in may)

    @cached_property
    def _may_match(self) -> MayMatch:
        stakes = (self.gains.compiled.pattern, self.losses.compiled.pattern)
        parts = {"excused": self.excused, "conditions": self.conditions, "stakes": stakes}
        return MayMatch({name: "|".join(f"(?:{one})" for one in part) for name, part in parts.items() if part})

    def struck(self, sentence: str) -> str:
        """Return a sentence without what is excused."""
        for pattern in self.excused:
            sentence = re.sub(pattern, " ", sentence, flags=re.IGNORECASE)
        return sentence

    def about_agent(self, sentence: str, *, in_role: bool) -> bool:
        """Whether a sentence speaks of the agent."""
        return _any(self.agent + self.agent_in_role * in_role, sentence)

    def conditional(self, sentence: str) -> bool:
        """Whether a sentence sets a condition."""
        return _any(self.conditions, sentence)

    def stake(self, sentence: str) -> str | None:
        """Return the note on the gain or loss that a sentence names, ``None`` if it names none."""
        return next((one.note for one in (self.gains, self.losses) if one.compiled.search(sentence)), None)


def _any(patterns: Iterable[str], text: str) -> bool:
    return any(re.search(pattern, text, re.IGNORECASE) for pattern in patterns)


@dataclass(frozen=True)
class GatePrompts:
    """Everything under ``prompts/gates/``; ``hashes`` gives the SHA-256 of each file, by name."""

    judge: JudgePrompt
    leakage: Lexicon
    injection: InjectionPrompt
    pushing: Lexicon
    stakes: StakesPrompt
    benignness: BenignnessPrompt
    relevance: RelevancePrompt
    realism: RealismPrompt
    smells: SmellsPrompt
    hashes: dict[str, str]

    def version(self, *names: str) -> str:
        """Return a checker's version: the first digits of the hash over the files that shape its answers."""
        joined = "".join(self.hashes[f"{name}.yaml"] for name in names)
        return hashlib.sha256(joined.encode("ascii")).hexdigest()[:_HASH_DIGITS]


@lru_cache(maxsize=256)
def first_sentence(text: str) -> str:
    """Return a definition's first sentence, on one line: what an entry is, before what it is not."""
    return re.split(r"(?<=\.)\s", " ".join(text.split()), maxsplit=1)[0]


def load_gate_prompts(folder: Path | None = None) -> GatePrompts:
    """Read and check ``prompts/gates/`` (or ``folder``).

    Raises:
        InputError: for the first mistake, with file, line, value and what is allowed.
    """
    root = prompts_dir() / "gates" if folder is None else folder
    hashes: dict[str, str] = {}

    def read(name: str, model: type[_R]) -> _R:
        path = root / f"{name}.yaml"
        record = load_yaml_record(path, model)
        hashes[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
        return record

    return GatePrompts(
        judge=read("judge", JudgePrompt),
        leakage=read("leakage", Lexicon),
        injection=read("injection", InjectionPrompt),
        pushing=read("pushing", Lexicon),
        stakes=read("stakes", StakesPrompt),
        benignness=read("benignness", BenignnessPrompt),
        relevance=read("relevance", RelevancePrompt),
        realism=read("realism", RealismPrompt),
        smells=read("smells", SmellsPrompt),
        hashes=hashes,
    )
