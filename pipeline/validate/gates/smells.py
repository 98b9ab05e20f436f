"""Test smells and machine prose, found without a judge: each with its place, its span, and why it counts.

What is looked for and what each finding weighs stand in ``prompts/gates/smells.yaml``. Kinds that no sound text
has are enough by themselves; of the others, which people write too, it takes several.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date

from pipeline.render import agent_texts, result_texts
from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Finding
from pipeline.validate.gates.dates import day_of, days_and_times_in, days_of_records, days_of_view
from pipeline.validate.gates.figures import counted_ids, figures_in, figures_of_records
from pipeline.validate.gates.prose_tells import densities_in
from pipeline.validate.gates.sighting import Placed, Sighting, at_match
from pipeline.validate.prompts import SmellsPrompt

FAILS_AT = 1.0
_ROUNDING = 1e-9
_NUMBER = re.compile(r"(?<=\.)\d+(?=\.)")
_DIGIT = re.compile(r"\d")
"""Days, times and figures have one."""
_ENTRY_ID = re.compile(r"view\.memory\.\d+\.id")
"""Ids of notes are for the record's own references; no agent reads them."""
_NAME = re.compile(r"[A-Z\u00c0-\u00de][\w'\u2019-]+")


@dataclass(frozen=True)
class Smells:
    """What was found, in order of text and span; what each finding weighs, and the distinct ones together."""

    findings: tuple[Finding, ...]
    weights: tuple[float, ...]
    points: float

    @property
    def heaviest(self) -> list[Finding]:
        """The findings, the heaviest first."""
        ranked = sorted(zip(self.weights, self.findings, strict=True), key=lambda pair: -pair[0])
        return [finding for _, finding in ranked]

    @property
    def fails(self) -> bool:
        """Whether the points are enough to turn a scenario away."""
        return self.points >= FAILS_AT - _ROUNDING


def smells_of_scenario(scenario: Scenario, prompt: SmellsPrompt, favourites: AbstractSet[str]) -> Smells:
    """Return what smells made up in all that an agent can read of a scenario, and in the data behind its tools.

    Args:
        scenario: the scenario.
        prompt: what is looked for.
        favourites: names that models reach for first, given and family names alike.
    """
    shown = [(place, text) for place, text in agent_texts(scenario.view) if not _is_entry_id(place)]
    state = scenario.simulation.state
    keys = [(f"simulation.state.{collection}.{key}", key) for collection, records in state.items() for key in records]
    texts = [*shown, *result_texts(scenario.simulation), *keys]
    now = day_of(scenario.view.world.now)
    sightings = [
        *_in_texts(texts, prompt, favourites, now),
        *_generic(prompt, shown),
        *days_of_view(scenario.view),
        *days_of_records(state, now),
        *figures_of_records(state),
        *counted_ids(state),
    ]
    return _weighed(sightings, prompt, [place for place, _ in texts])


def smells_of_text(text: str, prompt: SmellsPrompt, favourites: AbstractSet[str]) -> Smells:
    """Return what smells made up in a bare text; its place is called ``text``."""
    return _weighed(list(_in_texts([("text", text)], prompt, favourites, None)), prompt, ["text"])


def _is_entry_id(place: str) -> bool:
    return place.endswith(".id") and _ENTRY_ID.fullmatch(place) is not None


def _in_texts(
    texts: Sequence[Placed], prompt: SmellsPrompt, favourites: AbstractSet[str], now: date | None
) -> Iterator[Sighting]:
    for place, text in texts:
        for start, end, kind in prompt.spans(text):
            yield Sighting(kind, place, text[start:end], start, end)
        yield from _names(favourites, place, text)
        if _DIGIT.search(text):
            yield from days_and_times_in(place, text, now)
            yield from figures_in(place, text)
    yield from densities_in(prompt, texts)


def _names(favourites: AbstractSet[str], place: str, text: str) -> Iterator[Sighting]:
    """Yield favourite names: a given and a family name of the list side by side as one, others one by one."""
    if "'s" not in text and favourites.isdisjoint(_NAME.findall(text)):
        return
    taken = 0
    matches = [match for match in _NAME.finditer(text) if match[0].removesuffix("'s") in favourites]
    for match, following in itertools.zip_longest(matches, matches[1:]):
        if match.start() < taken:
            continue
        if following is not None and text[match.end() : following.start()] == " ":
            taken = following.end()
            yield Sighting("favourite_full_name", place, text[match.start() : taken], match.start(), taken)
        else:
            yield at_match("favourite_name", place, match)


def _generic(prompt: SmellsPrompt, texts: Sequence[Placed]) -> Iterator[Sighting]:
    for place, text in texts:
        places = prompt.generic_places.get(text.strip(" .").casefold())
        if places is not None and _NUMBER.sub("*", place) in places:
            yield Sighting("generic_setting", place, text, 0, len(text))


def _weighed(sightings: Sequence[Sighting], prompt: SmellsPrompt, places: Sequence[str]) -> Smells:
    """Return findings in the order of the texts, with their points; the same words of one kind have points once."""
    if not sightings:
        return Smells((), (), 0.0)
    rank = {place: number for number, place in reversed(list(enumerate(places)))}
    distinct: dict[tuple[str, str], float] = {}
    ordered = sorted(
        set(sightings), key=lambda one: (rank.get(one.place, len(rank)), one.start or 0, one.kind, one.said)
    )
    findings, weights = [], []
    for one in ordered:
        points = prompt.points[one.kind]
        distinct[one.kind, (one.text or one.place).casefold()] = points
        said = f"; {one.said}" if one.said else ""
        note = f"{one.kind} ({points:g}): {prompt.notes[one.kind]}{said}"
        findings.append(Finding(place=one.place, text=one.text, note=note, start=one.start, end=one.end))
        weights.append(points)
    return Smells(tuple(findings), tuple(weights), math.fsum(distinct.values()))
