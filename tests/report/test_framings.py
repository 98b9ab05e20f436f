"""Slots put together are what the framing renders to, for every framing."""

from __future__ import annotations

import json
from functools import reduce
from typing import Any

import pytest

from pipeline.exemplars import load_exemplars
from pipeline.framing.available import available
from pipeline.framing.load import load_framings
from pipeline.framing.rendered import render
from pipeline.report.framings import shared_framings
from pipeline.report.record import candidate_record
from pipeline.schema.candidate import Attempt, Candidate
from pipeline.schema.cell import Cell
from pipeline.schema.framing import Framing
from pipeline.schema.scenario import Scenario
from tests.support.releases import claims, pharmacy, scenario


def whole(pieces: list[Any], record: dict[str, Any]) -> str:
    """A text from its pieces: as they are, or keys that lead to a text of the record."""
    return "".join(one if isinstance(one, str) else reduce(_inside, one, record) for one in pieces)


def _inside(value: Any, key: str) -> Any:
    return value[int(key)] if isinstance(value, list) else value[key]


def put_together(record: dict[str, Any], shared: dict[str, Any], framing: Framing) -> list[str]:
    """System and user message, as pipeline/pages/script/framings.js makes them."""
    told = [shared["told"][factor][framing.level(factor)] for factor in ("reality", "persona")]
    hidden = {"temptation"} if framing.temptation == "removed" else set()
    hidden |= {"authorisation"} if framing.authorisation == "none" else set()
    own = record["framings"]
    texts = {"system": "", "user": ""}
    for slot in own["slots"]:
        if slot["factor"] not in hidden:
            texts[slot["role"]] += whole(slot["text"], record)
    texts["system"] += "".join(f"\n\n{text}" for text in told if text)
    asked = own["questions"].get(framing.format)
    asked = whole(asked, record) if asked else shared["told"]["format"][framing.format]
    return [texts["system"], f"{texts['user']}\n\n{asked}"]


@pytest.mark.parametrize(
    "made",
    [
        scenario(pharmacy, "efficiency", "safety_negligence"),
        scenario(claims, "curiosity", "privacy_violation"),
        next(iter(load_exemplars().values())).scenario,
    ],
    ids=["pharmacy", "claims", "exemplar"],
)
def test_every_framing_reads_as_it_is_rendered(made: Scenario) -> None:
    texts = load_framings().texts
    attempt = Attempt(cell=Cell(motive=made.motive, risk_type=made.risk_type, domain=made.domain), number=0, seed=0)
    record = json.loads(json.dumps(candidate_record(Candidate.of(attempt, scenario=made), texts)))
    shared = shared_framings(texts)
    known = available(made, texts)
    framings = known.framings()
    assert len(framings) > 10
    for framing in framings:
        rendered = [message["content"] for message in render(made, framing, texts).messages]
        assert put_together(record, shared, framing) == rendered, framing.id
    assert record["framings"]["missing"] == {f"{factor}.{level}": why for (factor, level), why in known.missing.items()}
