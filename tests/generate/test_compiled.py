"""Compiled states: what is written is what is read, and a file that does not fit is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.generate.compiled import load_compiled, state_hash, write_compiled
from pipeline.generate.programs import load_programs, version_of
from pipeline.schema.candidate import Usage
from pipeline.schema.compiled import Measured, Provenance

SHA = "0" * 64
SCORE = Measured(mean=0.5, n=4, low=0.4, high=0.6)


def program() -> dspy.Predict:
    """A program in a state of its own."""
    step = load_programs(compiled=False).steps["note"]
    step.signature = step.signature.with_instructions("Say it again, “so”.")
    return step


def provenance(step: dspy.Predict, **changes: Any) -> Provenance:
    given: dict[str, Any] = {
        "program": "note",
        "fields": tuple(step.signature.fields),
        "state": state_hash(step),
        **dict.fromkeys(("program_before", "program_after", "settings_hash", "weights_hash", "gates_hash"), SHA),
        "optimizer": "gepa",
        "settings": {},
        "judged": False,
        "data": {},
        "models": (),
        **dict.fromkeys(("before", "after", "gain"), SCORE),
        "usage": Usage(),
        "usage_by_role": {},
        "reported": {},
        "budget": {"calls": None},
        "stopped_by": "done",
        "seed": 0,
        "libraries": {},
        "created": "2026-11-23",
        **changes,
    }
    return Provenance(**given)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    step = program()
    write_compiled(tmp_path / "note.json", step, provenance(step))
    return tmp_path / "note.json"


def fresh() -> dspy.Predict:
    return load_programs(compiled=False).steps["note"]


def test_the_state_comes_back_with_its_provenance(written: Path) -> None:
    step = fresh()
    assert load_compiled(written, "note", step) == provenance(program())
    assert step.signature.instructions == "Say it again, “so”."
    assert [dict(demo) for demo in step.demos] == [dict(demo) for demo in program().demos]


def test_dspy_reads_the_file_too(written: Path) -> None:
    step = fresh()
    step.load(str(written))
    assert step.signature.instructions == "Say it again, “so”."


def test_a_state_that_dspy_saved_by_itself_has_no_provenance(tmp_path: Path) -> None:
    program().save(str(tmp_path / "note.json"))
    assert load_compiled(tmp_path / "note.json", "note", fresh()) is None


@settings(max_examples=25)
@given(st.lists(st.lists(st.text(), min_size=4, max_size=4), max_size=3))
def test_prompts_survive_saving_and_loading(tmp_path_factory: pytest.TempPathFactory, texts: list[list[str]]) -> None:
    programs = load_programs(compiled=False)
    step = programs.steps["note"]
    keys = ("source", "date", "text", "note")
    step.demos = [{**dict(zip(keys, values, strict=True)), "mend": []} for values in texts]
    path = tmp_path_factory.mktemp("state") / "note.json"
    write_compiled(path, step, provenance(step))
    loaded = fresh()
    load_compiled(path, "note", loaded)
    inputs = {"source": "a log", "date": "today", "text": "It rained.", "mend": []}
    first, second = (programs.adapter.format(one.signature, one.demos, inputs) for one in (step, loaded))
    assert first == second
    versions = {version_of(one, programs.system, programs.wording) for one in (step, loaded)}
    assert len(versions) == 1


def test_the_version_changes_with_a_demonstration_and_not_with_provenance(written: Path, tmp_path: Path) -> None:
    programs = load_programs(compiled=False)

    def version(path: Path) -> str:
        step = fresh()
        load_compiled(path, "note", step)
        return version_of(step, programs.system, programs.wording)

    first = version(written)
    step = program()
    write_compiled(written, step, provenance(step, seed=7, created="2026-11-24"))
    assert version(written) == first
    step.demos = [*step.demos[:-1], {**dict(step.demos[-1]), "note": "Another."}]
    write_compiled(written, step, provenance(step))
    assert version(written) != first


def _wrong_program(state: dict[str, Any]) -> None:
    state["metadata"]["impress"]["program"] = "opening"


def _wrong_field(state: dict[str, Any]) -> None:
    state["metadata"]["impress"]["fields"][0] = "origin"


def _instructions_changed(state: dict[str, Any]) -> None:
    state["signature"]["instructions"] += " And sing."


def _demonstration_changed(state: dict[str, Any]) -> None:
    state["demos"][0]["note"] = "Another."


def _unknown_field(state: dict[str, Any]) -> None:
    state["demos"][0]["notes"] = "Another."


def _fields_of_another(state: dict[str, Any]) -> None:
    state["signature"]["fields"] = state["signature"]["fields"][1:]


def _no_signature(state: dict[str, Any]) -> None:
    del state["signature"]


def _torn_provenance(state: dict[str, Any]) -> None:
    del state["metadata"]["impress"]["optimizer"]


def _no_instructions(state: dict[str, Any]) -> None:
    state["signature"]["instructions"] = " "


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (_wrong_program, "metadata.impress.program"),
        (_wrong_field, "metadata.impress.fields"),
        (_instructions_changed, "changed after it was compiled"),
        (_demonstration_changed, "changed after it was compiled"),
        (_unknown_field, "demos.0"),
        (_fields_of_another, "signature.fields"),
        (_no_signature, "no signature"),
        (_torn_provenance, "metadata.impress.optimizer"),
        (_no_instructions, "signature.instructions"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(
    written: Path, spoil: Callable[[dict[str, Any]], None], named: str
) -> None:
    state = json.loads(written.read_text(encoding="utf-8"))
    spoil(state)
    written.write_text(json.dumps(state), encoding="utf-8")
    with pytest.raises(InputError, match=named) as caught:
        load_compiled(written, "note", fresh())
    assert str(written) in str(caught.value)
