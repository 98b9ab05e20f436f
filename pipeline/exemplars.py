"""Reads exemplars and their bad twins from ``seeds/exemplars/``, and makes scenarios of both."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import JsonValue, ValidationError

from pipeline.entries import load_entries, raise_first
from pipeline.errors import InputError
from pipeline.mistakes import Mistake
from pipeline.references import repeated, unknown
from pipeline.resources import seeds_dir
from pipeline.schema.base import sha256_of
from pipeline.schema.exemplar import Exemplar, Twin, Twins
from pipeline.schema.scenario import AgentView, JudgePart, Scenario, Simulation
from pipeline.seeds import Seeds, load_seeds
from pipeline.yaml_input import load_yaml_document

FOLDER = "exemplars"
TWINS_FOLDER = "twins"


class TwinError(ValueError):
    """A twin's change does not fit its exemplar. ``place`` is the entry of ``set`` or ``replace`` at fault."""

    def __init__(self, place: tuple[str, ...], problem: str) -> None:
        super().__init__(problem)
        self.place = place


def load_exemplars(root: Path | None = None, seeds: Seeds | None = None) -> dict[str, Exemplar]:
    """Read and check all exemplars.

    Args:
        root: the seeds folder; the installation's own if left out.
        seeds: the taxonomies and domains that exemplars name; read from ``root`` if left out.

    Returns:
        Exemplars by id, in the order of their ids.

    Raises:
        InputError: for the first mistake in any file, with the number of the others in that file.
    """
    root = seeds_dir() if root is None else root
    seeds = load_seeds(root) if seeds is None else seeds
    entries = load_entries(root / FOLDER, Exemplar)
    for exemplar, lines in entries.values():
        raise_first(lines, _exemplar_mistakes(exemplar, seeds))
    return {name: exemplar for name, (exemplar, _) in entries.items()}


def load_twins(exemplars: Mapping[str, Exemplar], root: Path | None = None) -> dict[str, tuple[Twin, ...]]:
    """Read and check the bad twins, by the id of their exemplar.

    Raises:
        InputError: for the first mistake in any file: an exemplar that does not exist, a change that fits
            nothing, a twin that is no valid scenario (or, of the gate ``schema``, that is one).
    """
    folder = (seeds_dir() if root is None else root) / FOLDER / TWINS_FOLDER
    if not folder.is_dir():
        raise InputError("there is no such folder", file=folder)
    loaded: dict[str, tuple[Twin, ...]] = {}
    for file in sorted(folder.glob("*.yaml")):
        twins, lines = load_yaml_document(file, Twins)
        if twins.exemplar != file.stem:
            raise lines.error(
                "the exemplar's id has to equal the file's name",
                ("exemplar",),
                value=twins.exemplar,
                allowed=file.stem,
            )
        if twins.exemplar not in exemplars:
            raise lines.first([unknown("exemplar", ("exemplar",), twins.exemplar, exemplars)])
        raise_first(lines, _twin_mistakes(twins, exemplars[twins.exemplar]))
        loaded[twins.exemplar] = twins.twins
    return loaded


def exemplar_hashes(exemplars: Mapping[str, Exemplar]) -> dict[str, str]:
    """Return the SHA-256 of each exemplar's canonical JSON, by ``exemplars/ID``."""
    return {f"{FOLDER}/{name}": sha256_of(one.model_dump(mode="json")) for name, one in exemplars.items()}


def twin_scenario(exemplar: Exemplar, twin: Twin) -> Scenario:
    """Return the scenario of a bad twin, under an id of its own.

    Raises:
        ValidationError: if the twin is no valid scenario, as those of the gate ``schema`` are not.
        TwinError: if the twin's change does not fit the exemplar.
    """
    content = twin_content(exemplar, twin)
    return Scenario.create(
        **{name: content[name] for name in ("motive", "risk_type", "domain")},
        view=AgentView.model_validate(content["view"]),
        simulation=Simulation.model_validate(content["simulation"]),
        judge=JudgePart.model_validate(content["judge"]),
        lineage=exemplar.scenario.lineage,
    )


def twin_content(exemplar: Exemplar, twin: Twin) -> dict[str, Any]:
    """Return the JSON form of a bad twin, without id and lineage.

    Raises:
        TwinError: if a place of ``set`` is not there, or a text of ``replace`` stands nowhere.
    """
    content: dict[str, Any] = exemplar.scenario.model_dump(mode="json", exclude={"id", "lineage"})
    for place, value in twin.set.items():
        _put(content, place, value)
    if not twin.replace:
        return content
    found = set[str]()
    longest_first = sorted(twin.replace, key=lambda old: (-len(old), old))
    pattern = re.compile("|".join(map(re.escape, longest_first)))

    def renamed(match: re.Match[str]) -> str:
        found.add(match[0])
        return twin.replace[match[0]]

    substituted: dict[str, Any] = _substituted(content, pattern, renamed)
    for old in twin.replace:
        if old not in found:
            raise TwinError(("replace", old), "this text stands nowhere in the exemplar, or only inside a longer one")
    return substituted


def _put(content: JsonValue, place: str, value: JsonValue) -> None:
    """Set a value at a dotted place. Keys of records may hold dots: the longest key that is there is taken."""
    node, parts, last = content, place.split("."), 0
    while last < len(parts) - 1:
        step = _step(node, parts[last:-1])
        if step is None:
            raise TwinError(("set", place), f"there is no {'.'.join(parts[: last + 1])} in the scenario")
        node, used = step
        last += used
    _assign(node, parts[last], value, place)


def _step(node: JsonValue, parts: list[str]) -> tuple[JsonValue, int] | None:
    """Return what lies one key or index further, and how many parts of the place that took."""
    if isinstance(node, list):
        index = int(parts[0]) if parts[0].isdecimal() else len(node)
        return (node[index], 1) if index < len(node) else None
    if isinstance(node, dict):
        for length in range(len(parts), 0, -1):
            key = ".".join(parts[:length])
            if key in node:
                return node[key], length
    return None


def _assign(node: JsonValue, key: str, value: JsonValue, place: str) -> None:
    if isinstance(node, list) and key.isdecimal() and int(key) < len(node):
        node[int(key)] = value
    elif isinstance(node, dict):
        node[key] = value
    else:
        raise TwinError(("set", place), f"there is no {place} in the scenario")


def _substituted(value: Any, pattern: re.Pattern[str], renamed: Callable[[re.Match[str]], str]) -> Any:
    """Return a JSON value with a substitution made in every string and key."""
    if isinstance(value, str):
        return pattern.sub(renamed, value)
    if isinstance(value, list):
        return [_substituted(item, pattern, renamed) for item in value]
    if isinstance(value, dict):
        return {pattern.sub(renamed, key): _substituted(item, pattern, renamed) for key, item in value.items()}
    return value


def _exemplar_mistakes(exemplar: Exemplar, seeds: Seeds) -> Iterator[Mistake]:
    axes = (
        ("motive", exemplar.motive, seeds.motives),
        ("risk_type", exemplar.risk_type, seeds.risk_types),
        ("domain", exemplar.domain, seeds.domains),
    )
    for axis, name, known in axes:
        if name not in known:
            yield unknown(axis.replace("_", " "), (axis,), name, known)
    ids = [entry.id for entry in exemplar.memory]
    yield from repeated("memory entry", [(("memory", index, "id"), name) for index, name in enumerate(ids)])
    yield from repeated("tool", [(("tools", index, "name"), tool.name) for index, tool in enumerate(exemplar.tools)])
    for index, name in enumerate(exemplar.judge.temptation.carried_by):
        if name not in ids:
            yield unknown("memory entry", ("judge", "temptation", "carried_by", index), name, ids)
    if not exemplar.judge.temptation.carried_by:
        path = ("judge", "temptation", "carried_by")
        yield Mistake(path, "names no memory entry, so the temptation could not be removed", allowed=ids)


def _twin_mistakes(twins: Twins, exemplar: Exemplar) -> Iterator[Mistake]:
    yield from repeated("twin", [(("twins", index, "id"), twin.id) for index, twin in enumerate(twins.twins)])
    for index, twin in enumerate(twins.twins):
        path = ("twins", index)
        try:
            valid = twin_scenario(exemplar, twin)
        except TwinError as error:
            yield Mistake((*path, *error.place), str(error))
        except ValidationError as error:
            if twin.gate != "schema":
                first = error.errors(include_url=False)[0]
                place = ".".join(map(str, first["loc"]))
                problem = f"makes no valid scenario, which only twins of the gate `schema` may: {place}: {first['msg']}"
                yield Mistake(path, problem)
        else:
            if twin.gate == "schema":
                yield Mistake(path, "is a valid scenario, so the record does not turn it away")
            elif valid.id == exemplar.scenario.id:
                yield Mistake(path, "changes nothing")
