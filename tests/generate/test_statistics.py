"""A thousand scenarios: no name, organisation, code or number is more frequent than its pool explains.

Bounds come from the pools alone. How often a value is seen is at most binomial with the chance that its pool
gives it (several draws of one scenario exclude each other, so their sum is more concentrated still: Hoeffding 1956,
Annals of Mathematical Statistics 27:713-721), and a count counts as too high if its upper tail is below ``LEVEL``
over the number of values looked at (Bonferroni).
"""

from __future__ import annotations

import asyncio
import datetime
import itertools
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import pytest
from scipy.stats import binom  # type: ignore[import-untyped]

from pipeline.attempts import seed_of
from pipeline.generate.core import Core, assemble
from pipeline.generate.prose import write_prose
from pipeline.generate.slots import LETTERS, draw_organisation, draw_slots, looks_made_up
from pipeline.generate.writer import Writer
from pipeline.render import agent_texts, result_texts
from pipeline.schema.candidate import Attempt
from pipeline.schema.domain import ChoiceSlot, CodeSlot, DateSlot, IntegerSlot, PersonSlot, Situation, Slot
from pipeline.schema.scenario import Lineage, Scenario
from tests.generate.samples import attempts, core_of, programs, seeds
from tests.support.scripted_replies import respond

SCENARIOS = 1000
LEVEL = 0.01
ENUMERATED = 5000
"""Pools up to this size are counted out; of larger ones a share of values that look invented is estimated."""


class ScriptedWriter(Writer):
    """Asks the scripted replies in place, without server, store and DSPy's machinery."""

    async def ask(self, program: str, inputs: dict[str, object], number: int, tries: int) -> object:
        step, adapter = self.programs.steps[program], self.programs.adapter
        sheet = adapter.format_user_message_content(step.signature, inputs)
        system = adapter.format_system_message(step.signature)
        messages = [{"role": "system", "content": system}, {"role": "user", "content": sheet}]
        reply = respond({"messages": messages, "seed": self.attempt.number * tries + number})
        (output,) = step.signature.output_fields
        return adapter.parse(step.signature, str(reply))[output]


@dataclass(frozen=True)
class Made:
    attempt: Attempt
    situation: Situation
    core: Core
    scenario: Scenario


@pytest.fixture(scope="module")
def made() -> list[Made]:
    """Scenarios of all cells in turn, with the seeds that a build would give them."""
    cells = attempts()
    wanted = [
        one.model_copy(update={"number": number, "seed": seed_of(11, one.cell.id, number)})
        for number, one in itertools.product(range(-(-SCENARIOS // len(cells))), cells)
    ]
    return asyncio.run(make_all(wanted[:SCENARIOS]))


async def make_all(wanted: Iterable[Attempt]) -> list[Made]:
    made = []
    for attempt in wanted:
        core = core_of(attempt)
        written = await write_prose(core, ScriptedWriter(programs(), None, attempt), 2)  # type: ignore[arg-type]
        assert written.prose is not None, (attempt.situation, written.findings)
        lineage = Lineage(cell=attempt.cell.id, attempt=attempt.number, seed=attempt.seed, core="kit")
        made.append(Made(attempt, situation_of(attempt), core, assemble(core, written.prose, lineage)))
    return made


def situation_of(attempt: Attempt) -> Situation:
    domain = seeds().domains[attempt.cell.domain]
    return next(one for one in domain.situations if one.id == attempt.situation)


def visible(scenario: Scenario) -> str:
    """All that an agent can see or get from a tool, record keys included."""
    texts = [text for _, text in (*agent_texts(scenario.view), *result_texts(scenario.simulation))]
    keys = [key for records in scenario.simulation.state.values() for key in records]
    return "\n".join((*texts, *keys))


@cache
def most_explained(draws: int, chance: float, level: float) -> int:
    """The highest count that a value of such a chance has in so many draws, but for a probability of ``level``."""
    return int(binom.isf(level, draws, min(1.0, chance)))


def too_frequent(
    seen: Mapping[str, int], chances: Mapping[str, float], draws: Mapping[str, int], level: float
) -> dict[str, tuple[int, int]]:
    """Return values seen more often than explained, with the count and the highest that is.

    ``level`` is that of one value: the whole test's over the number of values that might be seen.
    """
    most = {name: most_explained(draws[name], chances[name], level) for name in seen}
    return {name: (count, most[name]) for name, count in seen.items() if count > most[name]}


def test_the_bound_finds_a_favourite() -> None:
    """Against itself: a name that comes in one scenario of ten where its pool gives one of 200."""
    chances, draws = {f"n{i}": 1 / 200 for i in range(200)}, dict.fromkeys((f"n{i}" for i in range(200)), 1000)
    assert set(too_frequent({"n0": 100, "n1": 9}, chances, draws, LEVEL / 200)) == {"n0"}


@pytest.mark.parametrize("part", [0, 1], ids=["given", "family"])
def test_no_name_of_a_person_is_a_favourite(made: list[Made], part: int) -> None:
    people = seeds().pools.people
    chances: dict[str, float] = defaultdict(float)
    for pool in people.values():
        for name in (pool.given, pool.family)[part]:
            chances[name] += 1 / (len(people) * len((pool.given, pool.family)[part]))
    seen, slots = Counter[str](), 0
    for one in made:
        names = full_names(visible(one.scenario))
        seen.update({name[part] for name in names})
        slots += sum(isinstance(slot, PersonSlot) for slot in one.situation.slots.values())
    most = max(sum(isinstance(slot, PersonSlot) for slot in one.situation.slots.values()) for one in made)
    # A name whose part is taken is drawn again, so each of the others becomes likelier by what is left out.
    left_out = 2 * (most - 1) * max(chances.values())
    likelier = {name: chance / (1 - left_out) for name, chance in chances.items()}
    assert sum(seen.values()) > SCENARIOS, "the scenarios name people"
    assert too_frequent(seen, likelier, dict.fromkeys(likelier, slots), LEVEL / len(likelier)) == {}


def full_names(text: str) -> set[tuple[str, str]]:
    """Return the people a text names, given and family name of one tradition beside each other."""
    return {(match[1], match[2]) for match in full_name().finditer(text)}


@cache
def full_name() -> re.Pattern[str]:
    pools = seeds().pools.people.values()
    given = {name for pool in pools for name in pool.given}
    family = {name for pool in pools for name in pool.family}
    return re.compile(rf"(?<!\w)({'|'.join(map(re.escape, given))}) ({'|'.join(map(re.escape, family))})(?!\w)")


def test_no_name_that_models_reach_for_appears(made: list[Made]) -> None:
    """Not of people, that is: a place may be Saint John."""
    avoided = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, seeds().pools.avoid))})(?![\w-])")
    told = (visible(one.scenario).replace(one.core.organisation.place, "") for one in made)
    found = Counter(match[0] for text in told for match in avoided.finditer(text))
    assert found == {}


@pytest.mark.parametrize("what", ["name", "stem", "place"])
def test_no_organisation_is_a_favourite(made: list[Made], what: str) -> None:
    seen, draws, chances = Counter[str](), Counter[str](), defaultdict[str, float](float)
    per_domain = Counter(one.attempt.cell.domain for one in made)
    for domain, count in per_domain.items():
        pools = seeds().domains[domain].organisations
        for pool in pools:
            names = [f"{stem} {suffix}" for stem in pool.stems for suffix in pool.suffixes]
            values = {"name": names, "stem": pool.stems, "place": pool.places}[what]
            for value in values:
                chances[f"{domain}: {value}"] += 1 / (len(pools) * len(values))
                draws[f"{domain}: {value}"] = count
    for one in made:
        place, domain = one.scenario.view.world.organisation, one.attempt.cell.domain
        stems = [stem for pool in seeds().domains[domain].organisations for stem in pool.stems]
        stem = max((stem for stem in stems if place.name.startswith(f"{stem} ")), key=len)
        seen[f"{domain}: {({'name': place.name, 'stem': stem, 'place': place.place})[what]}"] += 1
    assert too_frequent(seen, chances, draws, LEVEL / len(chances)) == {}


def test_no_code_number_date_or_choice_is_a_favourite(made: list[Made]) -> None:
    seen, sizes = defaultdict[tuple[str, str], Counter[str]](Counter), dict[tuple[str, str], float]()
    for one in made:
        place = draw_organisation(seeds().domains[one.attempt.cell.domain], one.attempt.seed)
        values = draw_slots(one.situation.id, one.situation.slots, place, seeds().pools, one.attempt.seed)
        told = told_text(one.scenario)
        for name, slot in one.situation.slots.items():
            key = (one.situation.id, name)
            if key not in sizes:
                sizes[key] = POOL_SIZES[type(slot)](slot) if type(slot) in POOL_SIZES else 0.0
            if sizes[key] and str(values[name]) in told:
                seen[key][str(values[name])] += 1
    assert sum(map(len, seen.values())) > SCENARIOS, "the scenarios hold what was drawn"
    for key, counts in seen.items():
        level = LEVEL / (len(seen) * sizes[key])
        chances, draws = dict.fromkeys(counts, 1 / sizes[key]), dict.fromkeys(counts, counts.total())
        assert too_frequent(counts, chances, draws, level) == {}, key


def told_text(scenario: Scenario) -> str:
    """Everything in a scenario, as one text."""
    return json.dumps(scenario.model_dump(mode="json", include={"view", "simulation"}), ensure_ascii=False)


def code_pool(slot: Slot) -> float:
    """Codes of a pattern that do not look invented."""
    assert isinstance(slot, CodeSlot)
    options = [char_options(slot.pattern, place) for place in range(len(slot.pattern))]
    size = 1
    for chars in options:
        size *= len(chars)
    if size <= ENUMERATED:
        return sum(not looks_made_up("".join(chars)) for chars in itertools.product(*options))
    return size / 2  # runs such as 1234 or 7777 and round hundreds are fewer than one code in fifty


def char_options(pattern: str, place: int) -> str:
    if pattern[place] == "@":
        return LETTERS
    if pattern[place] != "#":
        return pattern[place]
    leads = place == 0 or not (pattern[place - 1] == "#" or pattern[place - 1].isdigit())
    return "123456789" if leads else "0123456789"


def integer_pool(slot: Slot) -> float:
    """Integers of a range, without round and invented-looking ones where others are left."""
    assert isinstance(slot, IntegerSlot)
    values = range(slot.low, slot.high + 1, slot.step)
    real = [value for value in values if not (abs(value) >= 10 and value % 10 == 0) and not looks_made_up(str(value))]
    return len(real or values)


def date_pool(slot: Slot) -> float:
    """Working days of a range."""
    assert isinstance(slot, DateSlot)
    first, last = datetime.date.fromisoformat(slot.first), datetime.date.fromisoformat(slot.last)
    return sum((first + datetime.timedelta(days=n)).weekday() < 5 for n in range((last - first).days + 1))


def choice_pool(slot: Slot) -> float:
    """The listed values."""
    assert isinstance(slot, ChoiceSlot)
    return len({json.dumps(value) for value in slot.values})


POOL_SIZES: dict[type, Callable[[Slot], float]] = {
    CodeSlot: code_pool,
    IntegerSlot: integer_pool,
    DateSlot: date_pool,
    ChoiceSlot: choice_pool,
}
