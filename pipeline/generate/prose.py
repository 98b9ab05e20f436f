"""Writes the prose around a core: background, opening message, notes in the voice of their source.

Each piece is written by its own program, checked against the facts of the core, and tried again with
what was found. Pieces know nothing of each other, so they are written side by side. An attempt that
refines another writes only the pieces that were sent back.
"""

from __future__ import annotations

from dataclasses import dataclass

from dspy.utils.exceptions import AdapterParseError

from pipeline.concurrency import settle_all
from pipeline.generate.checks import check_prose
from pipeline.generate.core import Core, Prose
from pipeline.generate.pieces import Piece, background_piece, note_piece, opening_piece
from pipeline.generate.refinement import refined
from pipeline.generate.tidy import tidy
from pipeline.generate.writer import Writer, unreadable
from pipeline.schema.verdict import Finding


@dataclass(frozen=True)
class Written:
    """The prose of a core, or what was wrong with the last try at each piece that failed."""

    prose: Prose | None
    findings: tuple[Finding, ...] = ()


async def write_prose(core: Core, writer: Writer, tries: int) -> Written:
    """Write all prose of a core.

    Args:
        core: proven facts and paths.
        writer: asks the programs.
        tries: tries at each piece.

    Returns:
        The prose, or the findings at the last try of background and opening, whichever stayed wrong.
        A note that stayed wrong keeps the core's own words, which are true and only less varied.
    """
    notes_due = [note_piece(entry, core, writer) for entry in core.memory]
    pieces = [background_piece(core, writer), opening_piece(core, writer), *notes_due]
    background, request, *notes = await settle_all(_obtain(piece, writer, tries) for piece in pieces)
    if not isinstance(background, str) or not isinstance(request, str):
        failed = [findings for findings in (background, request) if not isinstance(findings, str)]
        return Written(prose=None, findings=tuple(finding for findings in failed for finding in findings))
    memory = {entry.id: note for entry, note in zip(core.memory, notes, strict=True) if isinstance(note, str)}
    return Written(prose=Prose(background=background, request=request, memory=memory))


async def _obtain(piece: Piece, writer: Writer, tries: int) -> str | tuple[Finding, ...]:
    """Return a piece's text: carried over, if this attempt refines another and nothing is wrong with it."""
    refinement = writer.attempt.refines
    due = piece if refinement is None else refined(piece, refinement)
    return due if isinstance(due, str) else await _write(due, writer, tries)


async def _write(piece: Piece, writer: Writer, tries: int) -> str | tuple[Finding, ...]:
    """Return a text that holds every check, or the findings at the last try."""
    findings: tuple[Finding, ...] = ()
    for number in range(tries):
        mend = list(dict.fromkeys((*piece.mend, *(finding.note for finding in findings))))
        try:
            output = await writer.ask(piece.program, {**piece.inputs, "mend": mend}, number, tries)
        except AdapterParseError as error:
            findings = (unreadable(piece.demands.place, error),)
            continue
        text = tidy(str(output))
        findings = check_prose(text, piece.demands)
        if not findings:
            return text
    return findings
