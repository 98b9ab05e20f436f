"""The plot of a scenario: what happens in it, with who, where, when and how much taken out.

Two scenarios that differ in names, places, dates, codes and amounts have one plot, and so are
copies; two that share an organisation and differ in what is asked, what tempts and what can go
wrong are not. The prose (background, opening message) stays out: it is told anew for each row.

A plot has two parts, why the risky path pays and what happens, and they weigh the same: one
situation under two motives has one course of events, and only its temptation tells the two apart.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.deduplicate.amounts import (
    ATTACHED_UNIT,
    CODE,
    CODES,
    DATE,
    DATES,
    DIGIT,
    NUMBERS,
    WORD,
    amounts_of,
    orders_of,
)
from pipeline.schema.base import canonical_json
from pipeline.schema.scenario import Scenario
from pipeline.schema.tool import Effect, ToolCall

NAME, NUMBER = "name", "number"

TEMPTATION_WORDS = 170
EVENTS_WORDS = {"risky": 60, "task": 40, "benign": 40, "tools": 30}
"""Words kept of each text. A part of 170 words stays within the 256 word pieces that MiniLM reads."""

_WORDS = re.compile(rf"{WORD}(?: {WORD})+")
_NAME_IN_A_SENTENCE = re.compile(rf"(?<= )(?![a-z])(?:(?<=[^\W\d_] )|(?<=[,;:] )){WORD}")
_SPACE_BEFORE_A_SIGN = re.compile(r" ([.,;:!?)])")
_AFTER_THE_NAME = re.compile(r"[,(;]| - | \u2013 | \u2014 ")
_WORD = re.compile(WORD)
_PARTICLES = frozenset({"al", "bin", "da", "de", "del", "den", "der", "di", "du", "la", "of", "van", "von"})


@dataclass(frozen=True, slots=True)
class Plot:
    """What two scenarios are compared by.

    ``parts`` are masked texts, embedded one by one; ``amounts`` are the numbers that the mask took
    out, each with the word after it; ``surface`` is the hash of the normalised agent-visible text, for the
    exact layer; ``structure`` names the cell and the tools of both paths with their effects, and is empty for a text
    without paths; ``orders`` say which amount is less than which (:mod:`pipeline.deduplicate.amounts`).
    """

    parts: tuple[str, ...]
    amounts: tuple[str, ...]
    surface: str
    structure: str
    orders: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The parts as one text, to be read."""
        return " ".join(self.parts)


def plot_of(scenario: Scenario) -> Plot:
    """Return the plot of a scenario."""
    judge, texts = scenario.judge, _texts(scenario)
    effects = {one.tool: one.effects for one in scenario.simulation.behaviour}
    cell = f"{scenario.motive}.{scenario.risk_type}.{scenario.domain}"
    return Plot(
        parts=parts_of(scenario),
        amounts=amounts_of(" ".join(texts.values())),
        surface=view_surface(scenario),
        structure=f"{cell}|{_path(judge.risky_action.calls, effects)}|{_path(judge.benign_action.calls, effects)}",
        orders=orders_of(texts.values()),
    )


def parts_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the parts of a scenario's plot alone: why the risky path pays, and what happens."""
    judge, texts = scenario.judge, _texts(scenario)
    names = names_of(scenario, " ".join(texts.values()))
    masked = {part: mask(text, names) for part, text in texts.items()}
    masked["tools"] = f"{_told(judge.risky_action.calls)}, not {_told(judge.benign_action.calls)}"
    events = " ".join(_first_words(masked[part], words) for part, words in EVENTS_WORDS.items())
    return _first_words(masked["temptation"], TEMPTATION_WORDS), events


def view_surface(scenario: Scenario) -> str:
    """Return the surface of what an agent can see: equal for scenarios that read alike."""
    return surface_of(canonical_json(scenario.view.model_dump(mode="json")).decode("utf-8"))


def _texts(scenario: Scenario) -> dict[str, str]:
    judge = scenario.judge
    return {
        "temptation": judge.temptation.reason,
        "risky": judge.risky_action.summary,
        "task": scenario.view.agent.task,
        "benign": judge.benign_action.summary,
    }


def plot_text(scenario: Scenario) -> str:
    """Return the masked plot of a scenario as one text."""
    return plot_of(scenario).text


def normalise(text: str) -> str:
    """Return text in NFKC, without case, with each run of white space as one space.

    Nothing else is dropped: a sign or a decimal point can be all that two texts differ in.
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def surface_of(text: str) -> str:
    """Return the SHA-256 of a normalised text: equal for texts that are the same but for case and white space."""
    return hashlib.sha256(normalise(text).encode("utf-8")).hexdigest()


def mask(text: str, names: Collection[str] = ()) -> str:
    """Replace names, codes, dates and numbers by the word for their kind.

    Args:
        text: any text.
        names: names known from the data around the text; further ones are taken to be runs of two
            or more capitalised words, and single ones that do not begin a sentence.
    """
    if any(name in text for name in names):
        known = sorted(names, key=lambda name: (-len(name), name))
        text = re.sub(rf"(?<!\w)(?:{'|'.join(map(re.escape, known))})(?!\w)", NAME, text)
    text = _WORDS.sub(_mask_runs, DATES.sub(DATE, text))
    text = _NAME_IN_A_SENTENCE.sub(_mask_single, text)
    if DIGIT.search(text):
        text = NUMBERS.sub(f" {NUMBER} ", CODES.sub(CODE, ATTACHED_UNIT.sub(r"\1 \2", text)))
    return _SPACE_BEFORE_A_SIGN.sub(r"\1", " ".join(text.split()))


def names_of(scenario: Scenario, text: str) -> set[str]:
    """Return what of ``text`` the scenario's data name: organisation, place, people, codes, and single words of these.

    Data values count as names when they hold a digit or start each word with a capital letter. A
    word that also stands in ``text`` without its capital is a common word and no name.
    """
    organisation = scenario.view.world.organisation
    sender = _AFTER_THE_NAME.split(scenario.view.agent.sender, maxsplit=1)[0].strip()
    whole = {organisation.name, organisation.place, sender}
    parts = {organisation.name.split()[0], *sender.split()}
    for value in strings_in(scenario.simulation.state):
        words = value.split()
        if not 1 <= len(words) <= 4:
            continue
        if any(map(str.isdigit, value)):
            whole.add(value)
        elif all(word[0].isupper() for word in words):
            whole |= {value} if len(words) > 1 else set()
            parts |= set(words)
    common = {"a", "an", "the", *_WORD.findall(text)}
    names = whole | {part for part in parts if part[0].isupper() and part.lower() not in common}
    return {name for name in names if len(name) > 2 and name in text}


def _mask_runs(match: re.Match[str]) -> str:
    """Mask each run of two or more capitalised words; particles may stand inside a run."""
    found = match.group().split(" ")
    if sum(word[0].isupper() for word in found) < 2:
        return match.group()
    words: list[str] = []
    run: list[str] = []
    for word in [*found, ""]:
        capitalised = word[:1].isupper() and (len(word) == 1 or not word.isupper())
        if capitalised or (run and word in _PARTICLES):
            run.append(word)
            continue
        words += _masked_run(run) if run else run
        words.append(word)
        run = []
    return " ".join(words).rstrip()


def _masked_run(run: Sequence[str]) -> list[str]:
    last = max((place for place, word in enumerate(run) if word not in _PARTICLES), default=-1) + 1
    return [NAME, *run[last:]] if sum(word not in _PARTICLES for word in run) > 1 else list(run)


def _mask_single(match: re.Match[str]) -> str:
    word, before = match.group(), match.string[match.start() - 2]
    goes_on = before.islower() or before in ",;:"
    return NAME if goes_on and word[0].isupper() and len(word) > 1 and not word.isupper() else word


def strings_in(value: object) -> Iterator[str]:
    """Yield every text of data, keys among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from strings_in(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from strings_in(item)


def _path(calls: Sequence[ToolCall], effects: Mapping[str, Sequence[Effect]]) -> str:
    steps = []
    for call in calls:
        told = ",".join(f"{effect.kind}:{effect.collection}" for effect in effects.get(call.tool, ()))
        steps.append(f"{call.tool}({told})")
    return ">".join(steps)


def _told(calls: Sequence[ToolCall]) -> str:
    return " ".join(tool.replace("_", " ") for tool in dict.fromkeys(call.tool for call in calls))


def _first_words(text: str, words: int) -> str:
    return " ".join(text.split()[:words])
