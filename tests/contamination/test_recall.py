"""The recall probe: a model that was shown rows is told from one that was not, without false alarms."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contamination.assess import Evidence, assess
from pipeline.contamination.prompt import RecallWording, load_recall_prompt
from pipeline.contamination.recall import Asked, Settings, cut, difference, recall_of, share_of
from pipeline.contamination.record import Recall
from pipeline.models.client import open_client
from pipeline.models.store import CompletionStore
from pipeline.schema.scenario import Scenario
from tests.models.samples import models
from tests.support.scripted_replies import pick
from tests.support.scripted_server import Reply, ScriptedServer
from tests.validate.samples import number_of_situations, scenario

ALPHA = 0.001
SETTINGS = Settings(hidden_words=15)
WORDS = st.lists(st.text(alphabet="abcdefgh", min_size=1, max_size=6), min_size=4, max_size=30)


def rows() -> list[Scenario]:
    every = [scenario(number) for number in range(number_of_situations())]
    return [one for one in every if cut(one, SETTINGS.hidden_words) is not None]


def text_of(one: Scenario) -> str:
    return f"{one.view.world.background}\n\n{one.view.agent.request}"


def shown(known: Sequence[Scenario]) -> Any:
    """A model that knows some rows by heart, and tells a bit of another row where it knows nothing."""
    texts = [text_of(one) for one in known]
    chatter = [text_of(one) for one in rows()]

    def respond(request: dict[str, Any]) -> str:
        asked = str(request["messages"][-1]["content"])
        for text in texts:
            for end in range(len(text), len(text) // 4, -1):
                if asked.endswith(text[:end].rstrip()):
                    return text[end:]
        words = pick(request, "chatter", [text for text in chatter if text[:60] not in asked]).split()
        return " ".join(words[len(words) // 3 :])

    return respond


async def recalled(
    published: Sequence[Scenario], unseen: Sequence[Scenario], respond: Any, folder: Path, seed: int = 0
) -> Recall:
    with ScriptedServer(respond) as server, CompletionStore.open(folder / "store.sqlite") as store:
        async with open_client(models(server.base_url), store) as client:
            asked = Asked(("set", "2026.11.0"), client, "judge", "scripted")
            settings = Settings(hidden_words=SETTINGS.hidden_words, seed=seed)
            return await recall_of(published, unseen, asked, load_recall_prompt(), settings)


async def test_a_model_that_was_shown_the_rows_is_told(tmp_path: Path) -> None:
    every = rows()
    published, unseen = every[::2], every[1::2]
    found = await recalled(published, unseen, shown(published), tmp_path)
    assert found.published.recited.count == len(published)
    assert found.unseen.recited.count == 0
    assert set(found.recited_ids) == {one.id for one in published}
    assert found.difference is not None
    assert found.difference.p <= ALPHA
    assert found.difference.low > 0.5
    judged = assess("set-2026.11.0", len(published), Evidence(recall=found), alpha=ALPHA, overlap_allowed=0.01)
    assert judged.renew is True
    assert "published rows" in judged.reasons[0]


async def test_a_model_that_was_not_gives_no_false_alarm_in_twenty_runs(tmp_path: Path) -> None:
    every = rows()
    for run in range(20):
        random.Random(run).shuffle(every)
        folder = tmp_path / str(run)
        folder.mkdir()
        half = len(every) // 2
        found = await recalled(every[:half], every[half:], shown(()), folder, seed=run)
        assert found.published.answered == half
        judged = assess("set-2026.11.0", half, Evidence(recall=found), alpha=ALPHA, overlap_allowed=0.01)
        assert judged.renew is False, (run, found.difference)


async def test_refusals_are_no_answers_and_no_zeros(tmp_path: Path) -> None:
    every = rows()
    found = await recalled(every[:4], every[4:8], lambda _: Reply("", refusal="no"), tmp_path)
    assert (found.published.answered, found.published.share, found.difference) == (0, None, None)
    assert found.published.refused == 4 * len(load_recall_prompt().prompt.wordings)
    assert assess("set-1", 4, Evidence(recall=found), alpha=ALPHA, overlap_allowed=0.01).renew is None


async def test_the_hidden_words_are_not_shown(tmp_path: Path) -> None:
    asked: list[str] = []

    def respond(request: dict[str, Any]) -> str:
        asked.append(str(request["messages"][-1]["content"]))
        return "and so on"

    every = rows()
    await recalled(every[:3], every[3:6], respond, tmp_path)
    hidden = [" ".join(text_of(one).split()[-6:]) for one in every[:6]]
    assert len(asked) == 6 * len(load_recall_prompt().prompt.wordings)
    assert not any(end in text for end in hidden for text in asked)
    assert any("dataset set, version 2026.11.0" in text for text in asked)


def test_the_level_of_the_test_is_kept() -> None:
    """Of 400 comparisons of rows alike, about 5% have a p of 0.05 or less: 34 or more would be one case in 1,000."""
    draws = np.random.default_rng(3)
    small = [
        difference(draws.beta(0.3, 3, 25), draws.beta(0.3, 3, 25), Settings(seed=seed)).p <= 0.05 for seed in range(400)
    ]
    assert sum(small) < 34


def test_three_rows_in_ten_by_heart_are_found() -> None:
    draws = np.random.default_rng(4)
    for seed in range(10):
        published, unseen = draws.beta(0.3, 6, 100), draws.beta(0.3, 6, 100)
        published[:30] = 1.0
        assert difference(published, unseen, Settings(seed=seed)).p <= ALPHA


@given(hidden=WORDS, before=WORDS, after=WORDS)
def test_words_said_in_one_run_count_whatever_stands_around(
    hidden: list[str], before: list[str], after: list[str]
) -> None:
    assert share_of(hidden, " ".join([*before, *[word.upper() for word in hidden], *after])) == 1
    assert share_of(hidden, "xyz " * 9) == 0
    half = hidden[: len(hidden) // 2]
    assert share_of(hidden, f"{' '.join(half)}. Xyz, xyz") >= len(half) / len(hidden)


@pytest.mark.parametrize("ask", ["Go on.", "{beginning} {row}", "{beginning} {0}"])
def test_a_wording_without_its_fields_is_refused(ask: str) -> None:
    with pytest.raises(ValueError, match="beginning"):
        RecallWording(id="one", ask=ask)
