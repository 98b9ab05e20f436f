"""The canary in texts and in what a model says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline.canary import canary_of, canary_sentence
from pipeline.contamination.assess import Evidence, assess
from pipeline.contamination.canary import canary_in, canary_known
from pipeline.contamination.prompt import load_recall_prompt
from pipeline.contamination.recall import Asked
from pipeline.contamination.record import CanaryKnown
from pipeline.models.client import open_client
from pipeline.models.store import CompletionStore
from tests.models.samples import models
from tests.support.scripted_server import Reply, ScriptedServer

RELEASE = ("set", "2026.11.0")
CANARY = canary_of(*RELEASE, ["sc-1", "sc-2"])
OTHER = canary_of("set", "2026.12.0", ["sc-1", "sc-2"])
SENTENCE = canary_sentence(*RELEASE, CANARY)


@pytest.mark.parametrize("line", [SENTENCE, f'"canary":"{CANARY.upper()}"', CANARY.replace("-", "")])
def test_it_is_found_in_every_form(line: str) -> None:
    said = canary_in(CANARY, ["A page.\n", line, "Another.\n", line], "a dump")
    assert (said.lines, said.count) == (4, 2)
    assert said.first == line


@pytest.mark.parametrize("line", [OTHER, CANARY[:-1], SENTENCE.replace(CANARY, "")])
def test_nothing_else_is_taken_for_it(line: str) -> None:
    said = canary_in(CANARY, [line], "a dump")
    assert (said.lines, said.count, said.first) == (1, 0, None)


async def known(respond: Any, folder: Path) -> CanaryKnown:
    with ScriptedServer(respond) as server, CompletionStore.open(folder / "store.sqlite") as store:
        async with open_client(models(server.base_url), store) as client:
            return await canary_known(CANARY, Asked(RELEASE, client, "judge", "scripted"), load_recall_prompt())


def completes(sentences: Sequence[str]) -> Any:
    """A model that knows some sentences by heart."""

    def respond(request: dict[str, Any]) -> str:
        asked = str(request["messages"][-1]["content"])
        for sentence in sentences:
            for end in range(len(sentence), 20, -1):
                if asked.endswith(sentence[:end].rstrip()):
                    return sentence[end:]
        return "I do not know how it goes on."

    return respond


async def test_a_model_that_was_trained_on_it_completes_it(tmp_path: Path) -> None:
    found = await known(completes([SENTENCE]), tmp_path)
    assert (found.asked, found.answered, found.digits, found.known) == (4, 4, 32, True)
    judged = assess("set-2026.11.0", 2, Evidence(canary_known=found), alpha=0.001, overlap_allowed=0.01)
    assert judged.renew is True
    assert "completes the canary" in judged.reasons[0]


def repeats(request: dict[str, Any]) -> str:
    """A model that says back what it was shown, and makes up the rest."""
    return str(request["messages"][-1]["content"]) + OTHER[8:]


@pytest.mark.parametrize("respond", [lambda _: OTHER, lambda _: "I cannot know that.", repeats])
async def test_a_model_that_makes_canaries_up_or_repeats_what_it_is_shown_does_not_know_it(
    respond: Any, tmp_path: Path
) -> None:
    found = await known(respond, tmp_path)
    assert (found.answered, found.known) == (4, False)
    judged = assess("set-1", 2, Evidence(canary_known=found), alpha=0.001, overlap_allowed=0.01)
    assert judged.renew is None


async def test_a_refusal_leaves_it_unknown(tmp_path: Path) -> None:
    found = await known(lambda _: Reply("", refusal="no"), tmp_path)
    assert (found.answered, found.digits, found.known) == (0, None, None)


async def test_digits_that_count_are_never_shown(tmp_path: Path) -> None:
    asked: list[str] = []

    def respond(request: dict[str, Any]) -> str:
        asked.append(str(request["messages"][-1]["content"]))
        return "and so on"

    await known(respond, tmp_path)
    assert len(asked) == 4
    assert all(CANARY[8:] not in text for text in asked)
    assert sum(CANARY[:8] in text for text in asked) == 2
