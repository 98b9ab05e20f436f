"""The generate stage: order, lineage, usage, failures, replay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.generate.programs import CORE_PROGRAMS, PROSE_PROGRAMS
from pipeline.generate.stage import generate
from pipeline.models.errors import EndpointUnavailable, MissingCompletion
from pipeline.schema.candidate import Candidate
from tests.generate.samples import attempts, programs, stage
from tests.support.program_replies import marker
from tests.support.scripted_replies import respond
from tests.support.scripted_server import Faults, Reply


async def test_one_candidate_for_each_attempt_in_their_order(tmp_path: Path) -> None:
    wanted = attempts()
    async with stage(tmp_path) as (context, server):
        made = await generate(wanted, context)
    assert [candidate.id for candidate in made] == [attempt.id for attempt in wanted]
    assert [candidate.failure for candidate in made] == [None] * len(wanted)
    assert sum(candidate.usage.calls for candidate in made) == server.counts().calls
    for candidate in made:
        assert Candidate.model_validate_json(candidate.model_dump_json()) == candidate


async def test_lineage_says_how_a_scenario_was_made(tmp_path: Path) -> None:
    attempt = attempts()[0]
    async with stage(tmp_path) as (context, _):
        (candidate,) = await generate([attempt], context)
    assert candidate.scenario is not None
    lineage = candidate.scenario.lineage
    assert (lineage.cell, lineage.attempt, lineage.seed) == (attempt.cell.id, 0, attempt.seed)
    assert (lineage.core, lineage.situation) == ("kit", attempt.situation)
    assert (lineage.model, lineage.endpoint_kind) == ("scripted", "openai")
    assert lineage.sampling == {"temperature": 0.7, "top_p": 1.0, "max_tokens": 512, "extra": {}}
    assert lineage.program == programs().version("background", "opening", "note")
    assert lineage.completions == candidate.completions
    assert len(candidate.completions) == candidate.usage.calls
    assert candidate.usage.prompt_tokens


async def test_a_core_of_the_model_gets_prose_of_its_own(tmp_path: Path) -> None:
    attempt = attempts(model=True)[0]
    async with stage(tmp_path) as (context, _):
        (candidate,) = await generate([attempt], context)
    assert candidate.scenario is not None
    assert candidate.scenario.lineage.core == "model"
    assert candidate.scenario.lineage.program == programs().version(*CORE_PROGRAMS, *PROSE_PROGRAMS)


def fails_at(step: str) -> Any:
    def reply(request: dict[str, Any]) -> str | Reply:
        return "No." if marker(step) in request["messages"][0]["content"] else respond(request)

    return reply


@pytest.mark.parametrize(("model", "program", "step"), [(False, "background", "prose"), (True, "world", "core")])
async def test_a_failed_attempt_keeps_its_reasons_and_what_it_took(
    tmp_path: Path, model: bool, program: str, step: str
) -> None:
    async with stage(tmp_path, fails_at(program)) as (context, server):
        (candidate,) = await generate(attempts(model=model)[:1], context)
    assert candidate.scenario is None
    assert candidate.failure is not None
    assert candidate.failure.step == step
    assert candidate.failure.findings[0].note in candidate.failure.reason
    assert candidate.usage.calls == server.counts().calls > 0


async def test_replay_makes_the_same_candidates_without_a_call(tmp_path: Path) -> None:
    async with stage(tmp_path) as (context, _):
        first = await generate(attempts(), context)
    async with stage(tmp_path, replay=True) as (context, server):
        assert await generate(attempts(), context) == first
        assert server.counts().calls == 0
        with pytest.raises(MissingCompletion):
            await generate([attempts()[0].model_copy(update={"seed": 1})], context)


async def test_an_endpoint_that_gave_up_stops_the_stage(tmp_path: Path) -> None:
    async with stage(tmp_path, faults=Faults.always("status_500", 99)) as (context, _):
        with pytest.raises(EndpointUnavailable):
            await generate(attempts()[:2], context)
