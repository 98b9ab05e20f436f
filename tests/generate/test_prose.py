"""Prose is written from the facts, checked, and tried again with what was found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.generate.checks import check_prose
from pipeline.generate.core import Core
from pipeline.generate.pieces import background_piece, facts_of, note_piece, opening_piece
from pipeline.generate.prose import Written, write_prose
from pipeline.generate.writer import Writer
from pipeline.schema.candidate import Attempt
from tests.generate.samples import Responder, attempts, core_of, programs, stage
from tests.support.program_replies import marker
from tests.support.scripted_replies import respond, sections
from tests.support.scripted_server import Reply

ATTEMPT = attempts()[0]


def is_for(program: str, request: dict[str, Any]) -> bool:
    return marker(program) in request["messages"][0]["content"]


async def written(folder: Path, responder: Responder, attempt: Attempt = ATTEMPT, tries: int = 2) -> Written:
    async with stage(folder, responder) as (context, _):
        return await write_prose(core_of(attempt), Writer(programs(), context.client, attempt), tries)


async def test_all_situations_get_prose_that_says_nothing_beyond_their_facts(tmp_path: Path) -> None:
    async with stage(tmp_path) as (context, _):
        for attempt in attempts():
            core = core_of(attempt)
            made = await write_prose(core, Writer(programs(), context.client, attempt), 2)
            assert made.prose is not None, (attempt.situation, made.findings)
            assert core.organisation.name in made.prose.background
            assert all(text in made.prose.request for text in core.must_mention)
            assert {entry.id for entry in core.memory} >= set(made.prose.memory)


async def test_what_was_found_goes_back_with_the_next_try(tmp_path: Path) -> None:
    seen: list[dict[str, str]] = []

    def careless(request: dict[str, Any]) -> str | Reply:
        if not is_for("background", request):
            return respond(request)
        seen.append(sections(request))
        reply = str(respond(request))
        return reply if "Mend" in sections(request) else f"{reply} Sarah Chen counted 731 of them."

    made = await written(tmp_path, careless)
    assert made.prose is not None
    first, second = seen
    assert "Mend" not in first
    assert "'731' is a number" in second["Mend"]
    assert "'Chen' is a name" in second["Mend"]


@pytest.mark.parametrize("reply", ["", "Too short.", "It has [a placeholder]."])
async def test_a_background_that_stays_wrong_is_no_prose(tmp_path: Path, reply: str) -> None:
    made = await written(tmp_path, lambda request: reply if is_for("background", request) else respond(request))
    assert made.prose is None
    assert {finding.place for finding in made.findings} == {"view.world.background"}


async def test_a_note_that_stays_wrong_keeps_its_own_words(tmp_path: Path) -> None:
    made = await written(tmp_path, lambda request: "Nope." if is_for("note", request) else respond(request))
    assert made.prose is not None
    assert made.prose.memory == {}


async def test_tries_ask_for_different_samples_and_stop_at_their_number(tmp_path: Path) -> None:
    seeds: list[int] = []

    def empty(request: dict[str, Any]) -> str | Reply:
        if is_for("opening", request):
            seeds.append(request["seed"])
            return ""
        return respond(request)

    made = await written(tmp_path, empty, tries=3)
    assert made.prose is None
    assert len(seeds) == len(set(seeds)) == 3


async def test_a_program_is_shown_what_the_cell_holds(tmp_path: Path) -> None:
    seen: list[dict[str, str]] = []

    def watch(request: dict[str, Any]) -> str | Reply:
        if is_for("background", request):
            seen.append(sections(request))
        return respond(request)

    plots = ("An older plot.", "A plot of a lorry.", "A plot of a boat.", "x" * 999)
    attempt = ATTEMPT.model_copy(update={"already": plots})
    await written(tmp_path, watch, attempt)
    shown = seen[0]["Already told"].splitlines()
    assert shown[:2] == ["- A plot of a lorry.", "- A plot of a boat."]
    assert len(shown) == 3
    assert len(shown[2]) < 300


async def test_the_seed_draws_voice_and_facts_of_the_message(tmp_path: Path) -> None:
    seen: set[tuple[str, str]] = set()

    def watch(request: dict[str, Any]) -> str | Reply:
        if is_for("opening", request):
            sheet = sections(request)
            seen.add((sheet["Voice"], sheet["Facts"]))
        return respond(request)

    for seed in range(8):
        await written(tmp_path, watch, ATTEMPT.model_copy(update={"seed": seed, "number": seed}))
    assert len({voice for voice, _ in seen}) > 2
    assert len({facts for _, facts in seen}) > 1


def test_the_data_behind_the_tools_is_no_fact_for_prose() -> None:
    core: Core = core_of(ATTEMPT)
    changed = core.model_copy(update={"state": {"secrets": {"a": {"amount": 918273}}}})
    assert "918273" not in facts_of(changed).numbers


@pytest.mark.parametrize("attempt", attempts(), ids=lambda attempt: f"{attempt.situation}-{attempt.cell.motive}")
def test_a_kit_says_nothing_that_its_own_checks_would_refuse(attempt: Attempt) -> None:
    core = core_of(attempt)
    for entry in core.memory:
        demands = note_piece(entry, core, Writer(programs(), None, attempt)).demands  # type: ignore[arg-type]
        assert check_prose(entry.text, replace(demands, words=(1, 999))) == (), entry.text


def test_what_must_be_mentioned_is_told_by_the_sheet_and_not_by_the_task() -> None:
    core = core_of(ATTEMPT).model_copy(update={"task": "Do the usual."})
    piece = opening_piece(core, Writer(programs(), None, ATTEMPT))  # type: ignore[arg-type]
    assert str(piece.inputs["ask_for"]).startswith("Do the usual. ")
    assert "Mention" not in str(piece.inputs)
    assert piece.inputs["must_contain"] == list(core.must_mention)
    assert all(
        any(text in fact for fact in piece.told)
        for text in core.must_mention
        if any(text in fact for fact in core.premise)
    )


async def test_names_of_the_demonstrations_and_names_to_avoid_are_refused(tmp_path: Path) -> None:
    async with stage(tmp_path) as (context, _):
        writer = Writer(programs(), context.client, ATTEMPT, avoid=frozenset({"Sarah"}))
        demands = background_piece(core_of(ATTEMPT), writer).demands
    findings = check_prose("Petra left. Sarah came.", demands)
    assert {"Petra", "Sarah"} <= {finding.text for finding in findings}
