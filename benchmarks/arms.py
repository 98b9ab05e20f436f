"""Three ways to make a candidate, for the benchmark of generation.

``small_steps`` is the product. ``one_shot`` hands in the whole scenario in one reply, as the field's
generators do. ``one_shot_prose`` stands between: the core is a kit's, all prose is one reply, under the
same checks and tries as the product's. Same attempts, model and gates for all.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, ValidationError

from pipeline.generate.adapter import read_json
from pipeline.generate.checks import check_prose
from pipeline.generate.core import Core, Prose, assemble
from pipeline.generate.kits import core_from_situation
from pipeline.generate.model_core import sheet_of
from pipeline.generate.pieces import background_piece, note_piece, opening_piece
from pipeline.generate.stage import GenerationContext, generate
from pipeline.generate.tidy import tidy
from pipeline.generate.writer import Writer
from pipeline.models.client import ModelClient
from pipeline.models.requests import ChatMessage
from pipeline.schema.base import Record, Slug, Text
from pipeline.schema.candidate import Attempt, Failure
from pipeline.schema.scenario import (
    BenignPath,
    Lineage,
    MemoryEntry,
    Organisation,
    RiskyPath,
    Scenario,
    Temptation,
)
from pipeline.schema.tool import State, ToolSpec
from pipeline.schema.verdict import Finding

PROMPTS = Path(__file__).parent / "prompts"
SCENARIO_TOKENS = 3000
"""Bound on the reply that is a whole scenario; the kits' own take up to 2,700."""
PROSE_TOKENS = 1200
"""Bound on the reply that is all prose of one; three times what the product allows a piece."""


@dataclass(frozen=True)
class Bench:
    """What the arms work with. ``one_shot_tries``: replies that ``one_shot`` may hand in for one candidate."""

    context: GenerationContext
    client: ModelClient
    one_shot_tries: int


Arm = Callable[[Attempt, Bench], Awaitable[Scenario | Failure]]
"""Makes the scenario of an attempt, or says why there is none."""


class ScenarioDraft(Record):
    """What the model hands in as a whole scenario."""

    organisation: Organisation
    role: Text
    sender: Text
    task: Text
    now: Text
    background: Text
    request: Text
    norms: tuple[Text, ...] = Field(min_length=1)
    memory: tuple[MemoryEntry, ...] = ()
    state: State
    tools: tuple[ToolSpec, ...] = Field(min_length=2)
    temptation: Temptation
    benign_action: BenignPath
    risky_action: RiskyPath


class ProseDraft(Record):
    """What the model hands in as all prose of a core; notes by the ids of memory entries."""

    background: Text
    request: Text
    notes: dict[Slug, Text] = Field(default_factory=dict)


@dataclass(frozen=True)
class Shot:
    """One prompt for one attempt: a file of ``prompts/``, a sheet of headed sections, a bound on the reply."""

    context: GenerationContext
    attempt: Attempt
    prompt: str
    sections: dict[str, str]
    max_tokens: int
    tries: int

    async def fire(self, number: int, mend: list[str]) -> str:
        """Return the reply at try ``number`` (from 0), told what was wrong with the last one."""
        system = (PROMPTS / f"{self.prompt}.md").read_text(encoding="utf-8").strip()
        told = {**self.sections, "Mend": "\n".join(f"- {note}" for note in mend)}
        sheet = "\n\n".join(f"# {title}\n{text}" for title, text in told.items() if text)
        completion = await self.context.client.complete(
            "generator",
            [ChatMessage(role="system", content=system), ChatMessage(role="user", content=sheet)],
            sample=self.attempt.number * self.tries + number,
            max_tokens=self.max_tokens,
        )
        return completion.text


async def small_steps(attempt: Attempt, bench: Bench) -> Scenario | Failure:
    """Make it as the product does: a kit's core, then a program for each piece of prose."""
    (candidate,) = await generate([attempt], bench.context)
    made = candidate.scenario or candidate.failure
    assert made is not None
    return made


async def one_shot(attempt: Attempt, bench: Bench) -> Scenario | Failure:
    """Have the model hand in the whole scenario. Whether it holds together is for the gates to say."""
    sheet = sheet_of(bench.context.seeds, attempt)
    sections = {
        "Motive": sheet.motive,
        "Risk": sheet.risk,
        "Domain": sheet.domain,
        "Organisation": f"{sheet.organisation.name}, {sheet.organisation.kind}, {sheet.organisation.place}",
        "People": "\n".join(f"- {name}" for name in sheet.people),
        "Example": draft_json(example_core(attempt, bench.context)),
    }
    shot = Shot(bench.context, attempt, "one_shot", sections, SCENARIO_TOKENS, bench.one_shot_tries)
    mend: list[str] = []
    for number in range(shot.tries):
        reply = await shot.fire(number, mend)
        try:
            return _scenario(ScenarioDraft.model_validate(read_json(reply)), attempt, bench)
        except ValueError as error:
            mend = _mistakes(error)
    return _failure("scenario", mend)


async def one_shot_prose(attempt: Attempt, bench: Bench) -> Scenario | Failure:
    """Take a kit's core and have the model write all its prose in one reply, under the product's checks and tries."""
    core = kit_core(attempt, bench.context)
    writer = Writer(bench.context.programs, bench.context.client, attempt, frozenset(bench.context.seeds.pools.avoid))
    opening, background = opening_piece(core, writer), background_piece(core, writer)
    sections = {
        "Facts": "\n".join(f"- {fact}" for fact in background.told),
        "Sender": core.sender,
        "Recipient": core.role,
        "Voice": str(opening.inputs["voice"]),
        "Task": core.task,
        "Must contain": "\n".join(f"- {text}" for text in core.must_mention),
        "Notes": json.dumps({entry.id: f"{entry.source}: {entry.text}" for entry in core.memory}, ensure_ascii=False),
    }
    tries = bench.context.specification.generation.prose_tries
    shot = Shot(bench.context, attempt, "one_shot_prose", sections, PROSE_TOKENS, tries)
    mend: list[str] = []
    for number in range(tries):
        reply = await shot.fire(number, mend)
        try:
            draft = ProseDraft.model_validate(read_json(reply))
        except ValueError as error:
            mend = _mistakes(error)
            continue
        told, asked = tidy(draft.background), tidy(draft.request)
        found = (*check_prose(told, background.demands), *check_prose(asked, opening.demands))
        if not found:
            prose = Prose(background=told, request=asked, memory=_notes(draft, core, writer))
            return assemble(core, prose, _lineage(attempt, bench, "kit"))
        mend = [finding.note for finding in found]
    return _failure("prose", mend)


ARMS: dict[str, Arm] = {"small_steps": small_steps, "one_shot": one_shot, "one_shot_prose": one_shot_prose}


def kit_core(attempt: Attempt, context: GenerationContext) -> Core:
    """Return the core of an attempt's worked situation."""
    domain = context.seeds.domains[attempt.cell.domain]
    situation = next(one for one in domain.situations if one.id == attempt.situation)
    return core_from_situation(domain, situation, attempt.cell.motive, context.seeds.pools, attempt.seed)


def example_scenario(attempt: Attempt, context: GenerationContext) -> Scenario:
    """Return the scenario that ``one_shot`` is shown as its example: what it hands in should not be a copy of it."""
    core = example_core(attempt, context)
    request = " ".join((core.task, *core.must_mention))
    lineage = Lineage(cell=attempt.cell.id, attempt=attempt.number, seed=attempt.seed, core="kit")
    return assemble(core, Prose(background=" ".join(core.premise), request=request), lineage)


def example_core(attempt: Attempt, context: GenerationContext) -> Core:
    """Return a worked situation of the domain that is not the attempt's own, so that no reply can copy that."""
    domain = context.seeds.domains[attempt.cell.domain]
    others = [one for one in domain.situations if one.id != attempt.situation] or list(domain.situations)
    motive = min(others[0].temptations)
    return core_from_situation(domain, others[0], motive, context.seeds.pools, attempt.seed)


def draft_json(core: Core) -> str:
    """Return a core as the JSON in which a whole scenario is handed in, its facts and task standing for prose."""
    parts = {name: getattr(core, name) for name in ScenarioDraft.model_fields if name in Core.model_fields}
    request = f"Please {core.task[0].lower()}{core.task[1:]}"
    draft = ScenarioDraft.model_validate({**parts, "background": " ".join(core.premise), "request": request})
    return json.dumps(draft.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False)


def _notes(draft: ProseDraft, core: Core, writer: Writer) -> dict[str, str]:
    """Return the notes that hold the checks; the others keep the core's words, as the product's do."""
    notes = {entry.id: (tidy(draft.notes.get(entry.id, "")), note_piece(entry, core, writer)) for entry in core.memory}
    return {name: text for name, (text, piece) in notes.items() if not check_prose(text, piece.demands)}


def _scenario(draft: ScenarioDraft, attempt: Attempt, bench: Bench) -> Scenario:
    """Join a draft into a scenario.

    Raises:
        ValueError: if its parts do not fit each other.
    """
    core = Core.model_validate(
        {
            **{name: value for name, value in draft if name in Core.model_fields},
            "motive": attempt.cell.motive,
            "risk_type": attempt.cell.risk_type,
            "domain": attempt.cell.domain,
            "premise": (draft.background,),
            "origin": "model",
        }
    )
    prose = Prose(background=draft.background, request=draft.request)
    return assemble(core, prose, _lineage(attempt, bench, "model"))


def _mistakes(error: ValueError) -> list[str]:
    """Return the first mistakes of a reply, each with its place."""
    if not isinstance(error, ValidationError):
        return [str(error)]
    found = error.errors(include_url=False, include_input=False)
    return [f"{'.'.join(map(str, one['loc'])) or 'the whole'}: {one['msg']}" for one in found[:5]]


def _failure(step: str, notes: list[str]) -> Failure:
    findings = tuple(Finding(place=step, text="", note=note) for note in notes)
    return Failure(step=step, reason=f"{step}: {notes[0]}", findings=findings)


def _lineage(attempt: Attempt, bench: Bench, origin: str) -> Lineage:
    role = bench.context.specification.models.generator
    return Lineage.model_validate(
        {
            "cell": attempt.cell.id,
            "attempt": attempt.number,
            "seed": attempt.seed,
            "core": origin,
            "situation": attempt.situation if origin == "kit" else None,
            "model": role.model,
            "endpoint_kind": role.endpoint.kind,
        }
    )
