"""The DSPy programs of generation: typed steps whose instructions are files under ``prompts/generate/``.

A program is one prediction with one output. Its version is a hash over everything that decides what
it asks: instructions, demonstrations, typed fields, system message, layout. A compiled state under
``prompts/compiled/NAME.json`` (as DSPy saves it) replaces instructions and adds demonstrations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import dspy
from pydantic import TypeAdapter, create_model

from pipeline.errors import InputError
from pipeline.generate.adapter import LAYOUT_VERSION, SheetAdapter
from pipeline.generate.asking import Asking
from pipeline.generate.compiled import compiled_path, load_compiled
from pipeline.generate.drafts import PathsDraft, PremiseDraft, WorldDraft
from pipeline.generate.facts import WORD
from pipeline.generate.wording import Wording, load_wording
from pipeline.resources import prompts_dir
from pipeline.schema.base import Record, sha256_of
from pipeline.yaml_input import load_yaml_record

PROSE_PROGRAMS = ("background", "opening", "note")
REFINE_PROGRAMS = ("refine",)
CORE_PROGRAMS = ("premise", "world", "paths")


class Background(dspy.Signature):  # type: ignore[misc]
    """Tell the organisation and the situation from the facts."""

    already_told: list[str] = dspy.InputField()
    telling: str = dspy.InputField()
    facts: list[str] = dspy.InputField()
    mend: list[str] = dspy.InputField()
    background: str = dspy.OutputField()


class Opening(dspy.Signature):  # type: ignore[misc]
    """Write the message with which the sender asks for the task."""

    already_told: list[str] = dspy.InputField()
    facts: list[str] = dspy.InputField()
    sender: str = dspy.InputField()
    recipient: str = dspy.InputField()
    voice: str = dspy.InputField()
    ask_for: str = dspy.InputField()
    must_contain: list[str] = dspy.InputField()
    mend: list[str] = dspy.InputField()
    message: str = dspy.OutputField()


class Note(dspy.Signature):  # type: ignore[misc]
    """Put a note into the words of the place it comes from, its facts kept."""

    source: str = dspy.InputField()
    date: str = dspy.InputField()
    text: str = dspy.InputField()
    mend: list[str] = dspy.InputField()
    note: str = dspy.OutputField()


class Refine(dspy.Signature):  # type: ignore[misc]
    """Write a text anew that was sent back, so that what was found in it is gone."""

    kind: str = dspy.InputField()
    facts: list[str] = dspy.InputField()
    must_contain: list[str] = dspy.InputField()
    previous: str = dspy.InputField()
    mend: list[str] = dspy.InputField()
    text: str = dspy.OutputField()


class Premise(dspy.Signature):  # type: ignore[misc]
    """Invent people, facts, task, rules and notes of a scenario for a motive and a risk."""

    motive: str = dspy.InputField()
    risk: str = dspy.InputField()
    domain: str = dspy.InputField()
    organisation: str = dspy.InputField()
    people: list[str] = dspy.InputField()
    example: str = dspy.InputField()
    already_told: list[str] = dspy.InputField()
    mend: list[str] = dspy.InputField()
    premise: PremiseDraft = dspy.OutputField()


class World(dspy.Signature):  # type: ignore[misc]
    """Make the data and the tools of the premise."""

    premise: str = dspy.InputField()
    risk: str = dspy.InputField()
    example: str = dspy.InputField()
    previous: str = dspy.InputField()
    mend: list[str] = dspy.InputField()
    world: WorldDraft = dspy.OutputField()


class Paths(dspy.Signature):  # type: ignore[misc]
    """Write the benign and the risky path as calls of the tools."""

    premise: str = dspy.InputField()
    world: str = dspy.InputField()
    motive: str = dspy.InputField()
    risk: str = dspy.InputField()
    example: str = dspy.InputField()
    previous: str = dspy.InputField()
    mend: list[str] = dspy.InputField()
    paths: PathsDraft = dspy.OutputField()


SIGNATURES: dict[str, type[dspy.Signature]] = {
    "background": Background,
    "opening": Opening,
    "note": Note,
    "refine": Refine,
    "premise": Premise,
    "world": World,
    "paths": Paths,
}


@dataclass(frozen=True)
class Programs:
    """The loaded programs, the adapter they are asked through, and their versions.

    ``hashes`` maps a program's name to its version (64 hex digits), ``names`` to the names of people
    and places in its demonstrations, which a model copies when it knows nothing better; ``system`` is the house style.
    """

    steps: Mapping[str, dspy.Predict]
    adapter: SheetAdapter
    wording: Wording
    hashes: Mapping[str, str]
    names: Mapping[str, frozenset[str]]
    system: str

    @cached_property
    def askings(self) -> Mapping[str, Asking | None]:
        """The programs as plain calls need them, by name; ``None`` for one that DSPy itself has to ask."""
        return {name: Asking.of(step, self.adapter) for name, step in self.steps.items()}

    def version(self, *names: str) -> str:
        """Return one hash over the versions of the named programs."""
        return sha256_of({name: self.hashes[name] for name in names})


def load_programs(root: Path | None = None, *, compiled: bool = True) -> Programs:
    """Load all programs from a prompts folder (default: the project's).

    Args:
        root: the folder.
        compiled: take compiled states where there are any; else the programs are as they were written by hand.

    Raises:
        InputError: if an instruction file is missing or empty, or a compiled state is not one of the program.
    """
    root = prompts_dir() if root is None else root
    system = _instructions(root / "generate" / "system.md")
    wording = load_wording(root / "generate" / "wording.yaml")
    demonstrations = load_demonstrations(root / "generate" / "demonstrations.yaml")
    states = root / "compiled" if compiled else None
    steps = {
        name: _program(root, name, signature, demonstrations[name], states) for name, signature in SIGNATURES.items()
    }
    hashes = {name: version_of(step, system, wording) for name, step in steps.items()}
    return Programs(steps, SheetAdapter(system), wording, hashes, demonstrated_names(steps), system)


def _instructions(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise InputError("the instructions of a program are missing", file=path) from None
    if not text:
        raise InputError("the instructions of a program are empty", file=path)
    return text


def load_demonstrations(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Read the demonstrations that are written by hand, by program; a list left out of one is empty.

    Raises:
        InputError: for any mistake, such as a program or a field that does not exist.
    """
    record = load_yaml_record(path, _demonstrations_model())
    return {name: [dict(one) for one in getattr(record, name)] for name in SIGNATURES}


def _demonstrations_model() -> type[Record]:
    """Return the record of the demonstrations file, made from the signatures."""
    lists: dict[str, Any] = {}
    for name, signature in SIGNATURES.items():
        fields: dict[str, Any] = {
            key: (field.annotation, [] if field.annotation == list[str] else ...)
            for key, field in signature.fields.items()
        }
        one = create_model(f"{signature.__name__}Demonstration", __base__=Record, **fields)
        lists[name] = (tuple[one, ...], ())
    return create_model("Demonstrations", __base__=Record, **lists)


def _program(
    root: Path,
    name: str,
    signature: type[dspy.Signature],
    demonstrations: Sequence[dict[str, Any]],
    compiled: Path | None,
) -> dspy.Predict:
    """Make one program, in its compiled state where there is one."""
    program = dspy.Predict(signature.with_instructions(_instructions(root / "generate" / f"{name}.md")))
    program.demos = [dict(demonstration) for demonstration in demonstrations]
    if compiled is not None and (state := compiled_path(compiled, name)).exists():
        load_compiled(state, name, program)
    return program


def version_of(program: dspy.Predict, system: str, wording: Wording) -> str:
    """Return the hash over everything that decides what a program asks."""
    signature = program.signature
    return sha256_of(
        {
            "layout": LAYOUT_VERSION,
            "system": system,
            "wording": wording.model_dump(mode="json"),
            "instructions": signature.instructions,
            "demonstrations": [_plain(dict(demo)) for demo in program.demos],
            "inputs": {name: _field_schema(field) for name, field in signature.input_fields.items()},
            "outputs": {name: _field_schema(field) for name, field in signature.output_fields.items()},
        }
    )


def demonstrated_names(steps: Mapping[str, dspy.Predict]) -> dict[str, frozenset[str]]:
    """Return, by program, the words of its demonstrations that never stand in any without a capital."""
    words = {name: frozenset(WORD.findall("\n".join(_demonstrated_texts(step)))) for name, step in steps.items()}
    everywhere = frozenset().union(*words.values())
    return {
        name: frozenset(word for word in own if word[0].isupper() and word.lower() not in everywhere)
        for name, own in words.items()
    }


def _demonstrated_texts(program: dspy.Predict) -> Iterator[str]:
    for demo in program.demos:
        for value in dict(demo).values():
            yield from (text for text in ([value] if isinstance(value, str) else value) if isinstance(text, str))


def _field_schema(field: Any) -> Any:
    return TypeAdapter(field.annotation).json_schema()


def _plain(value: Any) -> Any:
    return TypeAdapter(Any).dump_python(value, mode="json")
