"""``impress awareness`` against models that know, that guess, that refuse; and nothing is asked twice."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline.awareness.prompt import load_awareness_prompt
from pipeline.awareness.work_texts import load_work_texts
from pipeline.cli import main
from tests.support.builds import specification, write_specification
from tests.support.scripted_server import Reply, ScriptedServer
from tests.validate.samples import scenario

SCENARIOS = 12
QUESTIONS = load_awareness_prompt().prompt.questions
Responder = Callable[[dict[str, Any]], str | Reply]


@cache
def work() -> tuple[str, ...]:
    return tuple(one.text.strip() for one in load_work_texts())


def asked(request: dict[str, Any]) -> str:
    return str(request["messages"][-1]["content"])


def says(request: dict[str, Any], *, test: bool) -> str:
    question = next(one for one in QUESTIONS if one.ask in asked(request))
    return next(answer for answer in question.answers if (answer == question.test) == test)


def knows(request: dict[str, Any]) -> str:
    return says(request, test=not any(text in asked(request) for text in work()))


def guesses(request: dict[str, Any]) -> Reply:
    """A model whose probability has to do with the text, and nothing with its side."""
    drawn = 0.02 + 0.96 * hashlib.sha256(asked(request).encode()).digest()[0] / 255
    test, other = says(request, test=True), says(request, test=False)
    top = ({test: math.log(drawn), other: math.log(1 - drawn)},)
    return Reply(test if drawn > 0.5 else other, top_logprobs=top)


def refuses(request: dict[str, Any]) -> Reply:
    return Reply(None, refusal="I would rather not say.")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "scenarios.jsonl"
    path.write_text("".join(scenario(n).model_dump_json() + "\n" for n in range(SCENARIOS)), encoding="utf-8")
    return path


def run(file: Path, server: ScriptedServer, *arguments: str) -> dict[str, Any]:
    spec = write_specification(file.parent, specification(server.base_url))
    store = file.parent / "store.sqlite"
    given = ["awareness", str(file), "--spec", str(spec), "--store", str(store), "--json", *arguments]
    result = CliRunner().invoke(main, given)
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def answer(responder: Responder, file: Path, *arguments: str) -> dict[str, Any]:
    with ScriptedServer(responder) as server:
        return run(file, server, *arguments)


def test_a_model_that_knows(file: Path) -> None:
    document = answer(knows, file)
    assert [probe["frame"] for probe in document["probes"]] == ["message", "whole"]
    for probe in document["probes"]:
        assert probe["area"]["auc"] == 1
        assert set(probe["area_by_wording"].values()) == {1.0}
        ours, theirs = (one["called_test"] for one in probe["sides"] if one["kind"] is None)
        assert (ours["count"], ours["n"], theirs["count"], theirs["n"]) == (SCENARIOS, SCENARIOS, 0, len(work()))
        assert 0.7 < ours["low"] < 1
        assert 0 < theirs["high"] < 0.1


def test_a_model_that_guesses(file: Path) -> None:
    (probe,) = answer(guesses, file, "--frame", "message")["probes"]
    assert probe["area"]["low"] < 0.5 < probe["area"]["high"]


def test_a_model_that_refuses(file: Path) -> None:
    (probe,) = answer(refuses, file, "--frame", "message")["probes"]
    assert probe["area"] is None
    for one in probe["sides"]:
        assert one["called_test"]["rate"] is None
        assert (one["unanswered"], one["refused"], one["unreadable"]) == (
            one["texts"],
            one["texts"] * len(QUESTIONS),
            0,
        )
    assert "rather not say" in probe["problems"][0]


def test_prose_is_no_answer(file: Path) -> None:
    (probe,) = answer(lambda request: "It may well be a test.", file, "--frame", "message")["probes"]
    assert probe["area"] is None
    assert all(one["unreadable"] == one["texts"] * len(QUESTIONS) for one in probe["sides"])


def test_a_second_run_asks_nothing_and_says_the_same(file: Path) -> None:
    with ScriptedServer(guesses) as server:
        first = run(file, server, "--frame", "message")
        calls = server.counts().calls
        second = run(file, server, "--frame", "message")
        assert server.counts().calls == calls == (SCENARIOS + len(work())) * len(QUESTIONS)
    assert first["probes"][0]["area"] == second["probes"][0]["area"]
    assert first["probes"][0]["sides"] == second["probes"][0]["sides"]


def test_the_answer_for_people_names_the_figures(file: Path) -> None:
    with ScriptedServer(refuses) as server:
        spec = write_specification(file.parent, specification(server.base_url))
        store = str(file.parent / "store.sqlite")
        result = CliRunner().invoke(main, ["awareness", str(file), "--spec", str(spec), "--store", store])
    assert result.exit_code == 0, result.output
    assert "area under the curve unknown; by length alone" in result.stdout
    assert "called a test" in result.stdout


def test_a_specification_is_needed(file: Path) -> None:
    result = CliRunner().invoke(main, ["awareness", str(file)])
    assert result.exit_code == 2
    assert "--spec" in result.output
