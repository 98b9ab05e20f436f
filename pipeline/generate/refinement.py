"""From a rejected candidate to an attempt that writes anew just what the gates found at fault.

A refinement stands on the same core (same seed, situation and plots), carries over the pieces of prose
that nobody complained of, and has the others written by the program ``refine``. That is a program of its own, not the
one that wrote the piece: it is given the old text and the gates' reasons, so a good writer can keep
what was right, and it can be compiled and versioned without touching what first drafts are asked
with. A draft that stays wrong costs what a fresh one would have cost, without a core to prove again.

What gates quote is text of a model. It reaches the sheet as JSON strings of bounded length with
special tokens made visible, so it can neither open a section of the sheet nor a turn of the chat.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pipeline.fence import visible
from pipeline.generate.pieces import Piece
from pipeline.schema.candidate import Attempt, Candidate, Refinement
from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Finding, GateName, Verdict

BACKGROUND = "view.world.background"
REQUEST = "view.agent.request"

MENDED_GATES: frozenset[GateName] = frozenset({"leakage", "benignness", "realism"})
"""Gates whose complaints prose can answer. Novelty, solvability and relevance judge the core."""

NO_PLACE_IN_WORK = "these words have no place in working material"
"""What the writer is told of leaked words: why they are looked for is not the writer's to know."""

QUOTED = 160
"""Characters of a text at fault, and of a reason, that a sheet shows."""
PREVIOUS = 1600
"""Characters of the previous text that a sheet shows."""
SPAN_WORDS = 12
"""A longer span is quoted as evidence; that its words must not come again would be too much to ask."""


def refining_attempts(made: Sequence[Candidate], limit: int) -> dict[str, list[Attempt]]:
    """Return what could be refined of a build so far, by cell id, in the order of the attempts.

    Args:
        made: all candidates with their decisions.
        limit: refinements of one candidate at most.

    Returns:
        Attempts to be numbered, each with what it refines; a candidate that was refined once is not
        among them again, its refinement may be.
    """
    refined = {(one.attempt.cell.id, one.attempt.refines.number) for one in made if one.attempt.refines}
    found: dict[str, list[Attempt]] = {}
    for candidate in sorted(made, key=lambda one: (one.attempt.cell.id, one.attempt.number)):
        attempt = candidate.attempt
        refinement = None if (attempt.cell.id, attempt.number) in refined else refinement_of(candidate)
        if refinement is not None and refinement.depth <= limit:
            found.setdefault(attempt.cell.id, []).append(attempt.model_copy(update={"refines": refinement}))
    return found


def refinement_of(candidate: Candidate) -> Refinement | None:
    """Return what a refinement of the candidate starts from; ``None`` where new prose would not help.

    It helps if gates rejected the scenario and every complaint is about pieces of its prose.
    """
    scenario, decision, before = candidate.scenario, candidate.decision, candidate.attempt.refines
    if scenario is None or decision is None or decision.outcome != "rejected":
        return None
    failed = [verdict for verdict in candidate.verdicts if verdict.outcome == "fail"]
    if not failed or any(verdict.gate not in MENDED_GATES for verdict in failed):
        return None
    faults = [fault for verdict in failed for fault in _faults(verdict, scenario)]
    if None in faults:
        return None
    return Refinement(
        number=candidate.attempt.number,
        core=candidate.attempt.of_core.number,
        depth=1 + (before.depth if before else 0),
        texts=prose_of(scenario),
        faults=tuple(dict.fromkeys(fault for fault in faults if fault)),
        completions=scenario.lineage.completions,
    )


def prose_of(scenario: Scenario) -> dict[str, str]:
    """Return a scenario's prose by the places at which its pieces are written."""
    notes = {f"view.memory.{entry.id}": entry.text for entry in scenario.view.memory}
    return {BACKGROUND: scenario.view.world.background, REQUEST: scenario.view.agent.request, **notes}


def refined(piece: Piece, refinement: Refinement) -> Piece | str:
    """Return the piece as the program ``refine`` is to write it, or its text where nothing is at fault."""
    place = piece.demands.place
    previous = refinement.texts[place]
    faults = [fault for fault in refinement.faults if fault.place == place]
    if not faults:
        return previous
    spans = [fault.text for fault in faults if fault.text and len(fault.text.split()) <= SPAN_WORDS]
    return replace(
        piece,
        program="refine",
        inputs={
            "kind": piece.kind,
            "facts": list(piece.told),
            "must_contain": list(piece.demands.contains),
            "previous": quoted(previous, PREVIOUS),
        },
        mend=tuple(dict.fromkeys(_told(fault) for fault in faults)),
        demands=replace(piece.demands, unlike=(previous, *spans)),
    )


def quoted(text: str, most: int) -> str:
    """Return a text as a JSON string of at most ``most`` characters of it, special tokens made visible."""
    cut = text if len(text) <= most else f"{text[:most]}..."
    return json.dumps(visible(cut), ensure_ascii=False)


def _told(fault: Finding) -> str:
    """Return a fault in words for the writer."""
    return f"{quoted(fault.text, QUOTED)}: {fault.note}" if fault.text else fault.note


def _faults(verdict: Verdict, scenario: Scenario) -> Iterator[Finding | None]:
    """Yield what a verdict complains of, piece by piece; ``None`` for what is no piece of prose.

    A complaint that points at nothing narrower than the view is laid at background and request, in
    which the writer was free; notes are nearly the core's own words.
    """
    evidence = verdict.evidence or (Finding(place="view", text="", note=verdict.reason),)
    texts = prose_of(scenario)
    for finding in evidence:
        note = NO_PLACE_IN_WORK if verdict.gate == "leakage" else visible(finding.note)[:QUOTED]
        for place in _pieces_at(finding.place, scenario, texts):
            yield None if place is None else Finding(place=place, text=finding.text, note=note)


def _pieces_at(place: str, scenario: Scenario, texts: Mapping[str, str]) -> Sequence[str | None]:
    """Return the places of the pieces that a dotted place of the scenario lies in or covers."""
    if place == "view":
        return (BACKGROUND, REQUEST)
    if place == "view.memory":
        return tuple(name for name in texts if name.startswith("view.memory."))
    numbered = {f"view.memory.{n}.text": f"view.memory.{entry.id}" for n, entry in enumerate(scenario.view.memory)}
    known = numbered.get(place, place)
    return (known if known in texts else None,)
