"""Examples for the optimisers: pieces of prose to write around the cores of exemplars and worked situations.

An entry (an exemplar, or a worked situation of a kit) belongs to one set for ever: the hash of its id
decides, so entries that are added move none. The optimiser learns from ``train``, chooses by
``selection``, and never sees ``held_back``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.errors import WorkError
from pipeline.exemplars import load_exemplars
from pipeline.generate.checks import check_prose
from pipeline.generate.core import Core, Prose, core_findings
from pipeline.generate.kits import core_from_situation
from pipeline.generate.pieces import Piece, background_piece, note_piece, opening_piece
from pipeline.generate.programs import Programs
from pipeline.generate.writer import Writer
from pipeline.models.requests import ChatMessage, Completion
from pipeline.optimize.settings import SETS, OptimizeSettings, SetName
from pipeline.references import texts
from pipeline.schema.base import sha256_of
from pipeline.schema.candidate import Attempt
from pipeline.schema.cell import Cell
from pipeline.schema.exemplar import Exemplar
from pipeline.schema.scenario import Scenario
from pipeline.schema.specification import RoleName
from pipeline.seeds import Seeds

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'“])")
_NAME = re.compile(r"(?=.*\d)[\w./ -]{3,40}|[A-Z][\w. -]{2,39}")
"""What a value of the data looks like when people call a thing by it: a code, or a name."""


@dataclass(frozen=True)
class Case:
    """One text to write.

    Attributes:
        id: the entry's id, and the note's where there are several.
        entry: ``exemplars/ID`` or ``kits/DOMAIN/SITUATION``.
        core: what the text is written around.
        prose: what stands beside the text when the gates read the scenario.
        piece: the program's inputs and what the text has to be.
        place: dotted place of the text in the scenario's JSON.
        gold: a text written by hand, where there is one that holds every check.
    """

    id: str
    entry: str
    core: Core
    prose: Prose
    piece: Piece
    place: str
    gold: str | None = None

    def prose_with(self, text: str) -> Prose:
        """Return the prose of the scenario with a text in its place."""
        if self.piece.program == "background":
            return self.prose.model_copy(update={"background": text})
        if self.piece.program == "opening":
            return self.prose.model_copy(update={"request": text})
        note = self.piece.demands.place.rsplit(".", 1)[-1]
        return self.prose.model_copy(update={"memory": {**self.prose.memory, note: text}})

    @property
    def content(self) -> dict[str, Any]:
        """What decides how a text of this case is judged, for hashes."""
        demands = self.piece.demands
        return {
            "id": self.id,
            "core": self.core.model_dump(mode="json"),
            "prose": self.prose.model_dump(mode="json"),
            "inputs": {name: _plain(value) for name, value in sorted(self.piece.inputs.items())},
            "demands": [list(demands.words), list(demands.contains), list(demands.tells), sorted(demands.foreign)],
            "gold": self.gold,
        }


Sets = Mapping[SetName, tuple[Case, ...]]


def data_hashes(sets: Sets) -> dict[SetName, str]:
    """Return the SHA-256 of each set's content, whatever the order of its cases."""
    return {
        name: sha256_of(sorted((case.content for case in cases), key=lambda content: str(content["id"])))
        for name, cases in sets.items()
    }


def load_cases(program: str, seeds: Seeds, programs: Programs, settings: OptimizeSettings) -> list[Case]:
    """Return all cases of a program, from the sources that the settings name."""
    cases: list[Case] = []
    if "exemplars" in settings.sources:
        for exemplar in load_exemplars(seeds=seeds).values():
            cases += _of_exemplar(program, exemplar, seeds, programs)
    if "kits" in settings.sources:
        cases += _of_kits(program, seeds, programs)
    return cases


def split(cases: Sequence[Case], settings: OptimizeSettings) -> dict[SetName, tuple[Case, ...]]:
    """Part cases into the three sets, and cut each down to the most that the settings allow.

    Raises:
        WorkError: if a set has too few examples to work with.
    """
    sets: dict[SetName, list[Case]] = {name: [] for name in SETS}
    for case in cases:
        sets[set_of(case.entry, settings)].append(case)
    cut: dict[SetName, tuple[Case, ...]] = {}
    for name in SETS:
        ordered = sorted(sets[name], key=lambda case: hashlib.sha256(case.id.encode()).digest())
        cut[name] = tuple(ordered[: getattr(settings.most, name)])
        least = 2 if name == "held_back" else 1
        if len(cut[name]) < least:
            raise WorkError(
                f"there are {len(cases)} examples in all and {len(cut[name])} of them in the set {name}, which needs "
                f"at least {least}; add exemplars, or name more sources in seeds/optimize.yaml"
            )
    return cut


def set_of(entry: str, settings: OptimizeSettings) -> SetName:
    """Return the set of an entry, from the hash of its id alone."""
    drawn = int.from_bytes(hashlib.sha256(entry.encode()).digest()[:8]) / 2**64
    if drawn < settings.shares.train:
        return "train"
    return "selection" if drawn < settings.shares.train + settings.shares.selection else "held_back"


def neighbours_of(cases: Sequence[Case], count: int) -> dict[str, tuple[Case, ...]]:
    """Return, by case, the cases that follow it in their set, the first after the last."""
    return {
        case.id: tuple(cases[(at + step) % len(cases)] for step in range(1, min(count, len(cases) - 1) + 1))
        for at, case in enumerate(cases)
    }


def core_of(scenario: Scenario) -> Core:
    """Return a scenario without its prose: the sentences of the background are its facts.

    What the request has in common with the data (keys of records, values that the benign path hands over)
    is what an opening message must mention.
    """
    view, judge = scenario.view, scenario.judge
    return Core(
        motive=scenario.motive,
        risk_type=scenario.risk_type,
        domain=scenario.domain,
        organisation=view.world.organisation,
        role=view.agent.role,
        sender=view.agent.sender,
        task=view.agent.task,
        now=view.world.now,
        premise=tuple(_SENTENCE_END.split(view.world.background.strip())),
        norms=view.world.norms,
        must_mention=_mentions(scenario),
        state=scenario.simulation.state,
        tools=scenario.tools,
        memory=view.memory,
        temptation=judge.temptation,
        benign_action=judge.benign_action,
        risky_action=judge.risky_action,
        origin="model",
    )


def _mentions(scenario: Scenario) -> tuple[str, ...]:
    request = scenario.view.agent.request
    keys = [key for records in scenario.simulation.state.values() for key in records]
    values = [
        value
        for call in scenario.judge.benign_action.calls
        for argument in call.arguments.values()
        for _, value in texts(argument)
    ]
    said = {one for one in (*keys, *values) if _names_something(one) and re.search(rf"\b{re.escape(one)}\b", request)}
    whole = [one for one in said if not any(one != other and one in other for other in said)]
    return tuple(sorted(whole, key=request.index))


def _names_something(value: str) -> bool:
    return _NAME.fullmatch(value) is not None and "_" not in value


def _of_exemplar(program: str, exemplar: Exemplar, seeds: Seeds, programs: Programs) -> Iterator[Case]:
    scenario = exemplar.scenario
    core = core_of(scenario)
    view = scenario.view
    prose = Prose(background=view.world.background, request=view.agent.request)
    gold = {"background": view.world.background, "opening": view.agent.request}.get(program)
    for case in _cases(program, f"exemplars/{exemplar.id}", core, prose, (seeds, programs)):
        good = gold is not None and not check_prose(gold, case.piece.demands)
        yield Case(**{**vars(case), "gold": gold if good else None})


def _of_kits(program: str, seeds: Seeds, programs: Programs) -> Iterator[Case]:
    for domain in seeds.domains.values():
        for situation in domain.situations:
            entry = f"kits/{domain.id}/{situation.id}"
            seed = _seed(entry)
            motives = sorted(situation.temptations)
            core = core_from_situation(domain, situation, motives[seed % len(motives)], seeds.pools, seed)
            if not core_findings(core):
                yield from _cases(program, entry, core, _plain_prose(core), (seeds, programs))


def _cases(program: str, entry: str, core: Core, prose: Prose, tools: tuple[Seeds, Programs]) -> Iterator[Case]:
    seeds, programs = tools
    cell = Cell(motive=core.motive, risk_type=core.risk_type, domain=core.domain)
    attempt = Attempt(cell=cell, number=0, seed=_seed(entry))
    writer = Writer(programs, _Nobody(), attempt, avoid=frozenset(seeds.pools.avoid))
    if program == "background":
        yield Case(entry, entry, core, prose, background_piece(core, writer), "view.world.background")
    elif program == "opening":
        yield Case(entry, entry, core, prose, opening_piece(core, writer), "view.agent.request")
    else:
        for index, note in enumerate(core.memory):
            piece = note_piece(note, core, writer)
            yield Case(f"{entry}/{note.id}", entry, core, prose, piece, f"view.memory.{index}.text")


class _Nobody:
    """A completer for a writer that only makes pieces: whoever asks it has made a mistake."""

    async def complete(
        self, role: RoleName, messages: Sequence[ChatMessage], *, sample: int = 0, **_: Any
    ) -> Completion:
        raise AssertionError("making an example asks no model")


def _plain_prose(core: Core) -> Prose:
    """Return prose that says no more than the core does, to stand beside the text that is judged."""
    where = core.organisation
    mention = f" It concerns {', '.join(core.must_mention)}." if core.must_mention else ""
    return Prose(
        background=" ".join([f"{where.name} is a {where.kind} in {where.place}.", *core.premise]),
        request=f"Please take this on: {core.task}{mention}",
    )


def _seed(entry: str) -> int:
    return int.from_bytes(hashlib.sha256(f"optimize/{entry}".encode()).digest()[:6])


def _plain(value: object) -> Any:
    return list(value) if isinstance(value, list | tuple) else str(value)
