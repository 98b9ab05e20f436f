"""The pieces of prose around a core: what each program is given, and what its text has to be."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from pipeline.generate.address import sender_name
from pipeline.generate.checks import Demands
from pipeline.generate.core import Core
from pipeline.generate.facts import Facts
from pipeline.generate.slots import MONTHS, WEEKDAYS
from pipeline.generate.writer import Writer
from pipeline.schema.scenario import MemoryEntry

BACKGROUND_WORDS = (45, 230)
OPENING_WORDS = (15, 170)
FACTS_IN_OPENING = 2


@dataclass(frozen=True)
class Piece:
    """One piece of prose to write.

    Attributes:
        program: writes it.
        inputs: the program's sheet.
        demands: what the text has to be.
        kind: what text it is, in words.
        told: the facts that this piece is about.
        mend: what is wrong before the first try, for a text that was sent back.
    """

    program: str
    inputs: dict[str, object]
    demands: Demands
    kind: str
    told: tuple[str, ...]
    mend: tuple[str, ...] = ()


def facts_of(core: Core) -> Facts:
    """Return all that prose about a core may say: everything an agent is told, but not the data behind the tools."""
    where = core.organisation
    notes = [text for entry in core.memory for text in (entry.date, entry.source, entry.text)]
    told = (*core.premise, *core.norms, *core.must_mention, core.task, core.role, core.sender, core.now)
    return Facts.of((where.name, where.kind, where.place, *told, *notes))


def background_piece(core: Core, writer: Writer) -> Piece:
    """Return the piece that tells the organisation and the situation."""
    where = core.organisation
    telling = writer.draw("telling").choice(writer.programs.wording.tellings)
    told = (f"{where.name}: {where.kind} in {where.place}.", *core.premise)
    inputs: dict[str, object] = {"already_told": writer.already_told, "telling": telling, "facts": list(told)}
    demands = Demands(
        place="view.world.background",
        facts=facts_of(core),
        words=BACKGROUND_WORDS,
        contains=(core.organisation.name,),
        tells=core.premise,
        foreign=writer.foreign_names("background"),
        wording=writer.programs.wording,
    )
    return Piece("background", inputs, demands, kind=f"background of a case, one paragraph; {telling}", told=told)


def opening_piece(core: Core, writer: Writer) -> Piece:
    """Return the piece with which the sender asks for the task."""
    tied = _tied_facts(core)
    facts, voice = _few(core, writer), writer.draw("voice").choice(writer.programs.wording.voices)
    inputs: dict[str, object] = {
        "already_told": writer.already_told,
        "facts": facts,
        "sender": core.sender,
        "recipient": core.role,
        "voice": voice,
        "ask_for": " ".join((core.task, *tied)),
        "must_contain": list(core.must_mention),
    }
    demands = Demands(
        place="view.agent.request",
        facts=facts_of(core),
        words=OPENING_WORDS,
        contains=core.must_mention,
        tells=(core.task,),
        asks=core.task,
        foreign=writer.foreign_names("opening"),
        sender=core.sender,
        wording=writer.programs.wording,
        closed=False,
    )
    kind = f"message from {core.sender}, to the {core.role}; {voice}"
    return Piece("opening", inputs, demands, kind=kind, told=(*facts, *tied, core.task))


def note_piece(entry: MemoryEntry, core: Core, writer: Writer) -> Piece:
    """Return the piece that rewords a memory entry."""
    day = _day(entry.date)
    inputs: dict[str, object] = {"source": entry.source, "date": day, "text": entry.text}
    length = len(entry.text.split())
    demands = Demands(
        place=f"view.memory.{entry.id}",
        facts=facts_of(core),
        words=(max(3, length // 2), length * 2 + 12),
        keeps=entry.text,
        foreign=writer.foreign_names("note"),
        wording=writer.programs.wording,
        closed=False,
    )
    return Piece("note", inputs, demands, kind=f"note: {entry.source}, {day}", told=(entry.text,))


def _tied_facts(core: Core) -> list[str]:
    """Return the facts with something that the message must mention and the task does not say.

    They stand behind the task, as the sender would say them, since a small model overlooks a bare list of
    codes, and copies any instruction about them into the message.
    """
    unsaid = [text for text in core.must_mention if text not in core.task]
    return [fact for fact in core.premise if any(text in fact for text in unsaid)]


def _few(core: Core, writer: Writer) -> list[str]:
    """Draw further facts that the opening message may mention, in their order; the background has them all.

    Facts about the sender are the background's alone: from the sender they would be told as of another.
    """
    name, tied = sender_name(core.sender), _tied_facts(core)
    draw, left = writer.draw("facts"), [fact for fact in core.premise if fact not in tied and name not in fact]
    chosen = set[str]()
    while left and len(chosen) < FACTS_IN_OPENING:
        chosen.add(left.pop(draw.below(len(left))))
    return [fact for fact in core.premise if fact in chosen]


def _day(date: str) -> str:
    """Return an ISO date as people write it: ``Monday 3 March 2025``."""
    day = datetime.date.fromisoformat(date)
    return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]} {day.year}"
