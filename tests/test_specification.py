"""Specifications: those that ship load, and broken ones are told before anything is called or written."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import EXIT_USE, InputError
from pipeline.mistakes import PATTERNS_IN_WORDS
from pipeline.pins import run_folder
from pipeline.release.write import specification_text
from pipeline.schema.domain import Domain, Pools
from pipeline.schema.specification import Specification
from pipeline.schema.taxonomy import Motive, RiskType
from pipeline.seeds import Seeds, load_seeds, load_specification
from tests.support.seed_files import SPECIFICATION, line_of, write_seeds

SHIPPED = sorted((Path(__file__).parent.parent / "seeds" / "specs").glob("*.yaml"))


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Seeds:
    return load_seeds(write_seeds(tmp_path_factory.mktemp("seeds")))


def error_of(tmp_path: Path, seeds: Seeds, text: str) -> InputError:
    path = tmp_path / "spec.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_specification(path, seeds)
    assert caught.value.file == str(path)
    assert caught.value.exit_code == EXIT_USE
    return caught.value


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_specification_loads(path: Path) -> None:
    specification = load_specification(path)
    assert specification.name == f"impress-{path.stem}"


def test_three_specifications_ship() -> None:
    assert {path.stem for path in SHIPPED} >= {"demo", "openai", "vllm"}


def test_the_demo_needs_no_key_and_no_server_and_has_a_kit_for_each_cell() -> None:
    seeds = load_seeds()
    demo = load_specification(SHIPPED[0].parent / "demo.yaml", seeds)
    assert {demo.models.generator.endpoint.kind, demo.models.judge.endpoint.kind} == {"embedded"}
    assert demo.grid.cells is not None
    for cell in demo.grid.cells:
        motive, risk_type, domain = cell.split(".")
        fitting = [
            situation.id
            for situation in seeds.domains[domain].situations
            if situation.risk_type == risk_type and motive in situation.temptations
        ]
        assert fitting, cell


def test_a_good_specification_is_read(tmp_path: Path, seeds: Seeds) -> None:
    (tmp_path / "spec.yaml").write_text(SPECIFICATION)
    specification = load_specification(tmp_path / "spec.yaml", seeds)
    assert specification.release_id == "dairy-bench-2026.11.0"
    assert specification.grid.motives == ("haste",)
    assert specification.models.generator.sampling.temperature == 0.7


CELLS = "  motives: [haste]"

BROKEN: dict[str, tuple[str, str, str, str, str | int | float | None, str]] = {
    # case: text, its replacement, where the mistake stands, field, value, allowed
    "a name with a space": ("name: dairy-bench", "name: Dairy Bench", "name: D", "name", "Dairy Bench", "hyphens"),
    "a month without a zero": ("2026.11.0", "2026.1.0", "version:", "version", "2026.1.0", "YEAR.MONTH.PATCH"),
    "a version that is a number": ("2026.11.0", "2026.11", "version:", "version", 2026.11, "YEAR.MONTH.PATCH"),
    "no title": ("title: Dairy\n", "", "name:", "title", None, "text that is not empty"),
    "a quota of none": ("quota: 2", "quota: 0", "quota: 0", "quota", 0, "a whole number, at least 1"),
    "a quota in words": ("quota: 2", "quota: two", "quota: two", "quota", "two", "a whole number, at least 1"),
    "half a row": ("quota: 2", "quota: 1.5", "quota: 1.5", "quota", 1.5, "a whole number, at least 1"),
    "a truth value for a number": ("quota: 2", "quota: true", "quota: true", "quota", True, "a whole number"),
    "a misspelt key": ("quota: 2", "qouta: 2", "qouta", "qouta", None, "gates, generation, grid, items, licence"),
    "a floor out of range": (
        "quota: 2", "quota: 2\nfloors: {vendi_share: 1.5}", "floors:", "floors.vendi_share", 1.5, "at most 1",
    ),
    "a floor of no figure": (
        "quota: 2", "quota: 2\nfloors: {self_bleu: 20}", "floors:", "floors.self_bleu", None, "self_bleu_maximum",
    ),
    "a previous release without its version": (
        "quota: 2", "quota: 2\nprevious: {release: dairy-bench}", "previous:", "previous.release", "dairy-bench",
        "my-benchmark-2026.11.0",
    ),
    "itself as the previous release": (
        "quota: 2", "quota: 2\nprevious: {release: dairy-bench-2026.11.0}", "previous:", "previous.release",
        "dairy-bench-2026.11.0", "an earlier release",
    ),
    "too few attempts": (
        "attempts_per_cell: 4", "attempts_per_cell: 1", "attempts_per_cell", "attempts_per_cell", 1, "at least 2",
    ),
    "an unknown motive": ("[haste]", "[haste, hast]", "  motives:", "grid.motives[1]", "hast", "allowed: haste"),
    "a motive twice": ("[haste]", "[haste, haste]", "  motives:", "grid.motives[1]", "haste", "each name once"),
    "no motives": ("[haste]", "[]", "  motives:", "grid.motives", None, "allowed: haste"),
    "an unknown domain": (
        CELLS, "  domains:\n    - dairy\n    - diary", "- diary", "grid.domains[1]", "diary", "allowed: dairy",
    ),
    "a cell that is none": (
        CELLS, "  cells:\n    - haste.spillage", "- haste", "grid.cells[0]", "haste.spillage",
        "motive.risk_type.domain",
    ),
    "a cell of an unknown risk type": (
        CELLS, "  cells:\n    - haste.spill.dairy", "- haste", "grid.cells[0]", "spill", "allowed: spillage",
    ),
    "cells and motives": (
        CELLS, f"{CELLS}\n  cells: [haste.spillage.dairy]", "  motives", "grid.motives", None, "leave one of them out",
    ),
    "shares that do not sum to one": (
        "quota: 2", "splits: {dev: 0.5, test: 0.4}", "splits", "splits", None, "sum to 0.9, not to 1",
    ),
    "a share above one": (
        "quota: 2", "splits: {dev: 1.5, test: 0.5}", "splits", "splits.dev", 1.5, "at least 0 and at most 1",
    ),
    "no judge": ("  judge:", "  judges:", "  judges:", "models.judges", None, "generator, guards, judge"),
    "an endpoint that is none": (
        "kind: embedded", "kind: embeded", "kind: embeded", "models.generator.endpoint.kind", "embeded",
        "embedded, none, openai",
    ),
    "an endpoint without its kind": (
        "      kind: openai\n", "", "    endpoint:\n      base_url", "models.judge.endpoint.kind", None,
        "embedded, none, openai",
    ),
    "a URL without http": (
        "http://localhost:8000/v1", "localhost:8000/v1", "base_url", "models.judge.endpoint.base_url",
        "localhost:8000/v1", "starts with http://",
    ),
    "too hot": (
        "temperature: 0.7", "temperature: 7", "temperature: 7", "models.generator.sampling.temperature", 7,
        "at least 0 and at most 2",
    ),
    "a key of another kind of endpoint": (
        "weights: small_model", "base_url: http://localhost/v1", "base_url: http://localhost/v1",
        "models.generator.endpoint.base_url", None, "context_tokens, kind, parallel, path, weights",
    ),
    "an unknown source of cores": (
        "quota: 2", "generation: {core: kits}", "generation", "generation.core", "kits", "kit, kit_or_model, model",
    ),
    "an unknown runner of tasks": (
        "quota: 2", "run: {tasks: spark}", "run:", "run.tasks", "spark", "allowed: dask, ray, threads",
    ),
    "workers without a cluster": ("quota: 2", "run: {workers: 4}", "run:", "run", None, "say `tasks: ray`"),
    "workers of a cluster that runs": (
        "quota: 2", "run: {tasks: dask, address: 'tcp://a:8786', workers: 4}", "run:", "run", None, "leave one of them",
    ),
    "a gateway without its port": (
        "quota: 2", "run: {tasks: ray, gateway: here}", "run:", "run.gateway", "here", "HOST:PORT",
    ),
    "a port beyond all": (
        "quota: 2", "run: {tasks: ray, gateway: 'here:70000'}", "run:", "run", None, "from 1 to 65535",
    ),
    "no file": ("", "", "", "", None, "empty"),
}  # fmt: skip


def broken(case: str) -> str:
    before, after, *_ = BROKEN[case]
    if not before:
        return ""
    text = SPECIFICATION.replace(before, after, 1)
    assert text != SPECIFICATION, "the test breaks nothing"
    return text


@pytest.mark.parametrize("case", [case for case in BROKEN if case != "no file"])
def test_a_mistake_names_line_field_value_and_what_is_allowed(tmp_path: Path, seeds: Seeds, case: str) -> None:
    *_, marker, field, value, allowed = BROKEN[case]
    text = broken(case)
    error = error_of(tmp_path, seeds, text)
    assert (error.line, error.field, error.value) == (line_of(text, marker), field, value)
    assert allowed in str(error)
    assert list(tmp_path.iterdir()) == [tmp_path / "spec.yaml"], "something was written"


def test_no_two_mistakes_read_the_same(tmp_path: Path, seeds: Seeds) -> None:
    messages = {str(error_of(tmp_path, seeds, broken(case))) for case in BROKEN}
    assert len(messages) == len(BROKEN)


@pytest.mark.parametrize("field", ["api_key", "api_key_env"])
def test_a_key_in_the_file_is_refused_and_never_repeated(tmp_path: Path, seeds: Seeds, field: str) -> None:
    error = error_of(tmp_path, seeds, SPECIFICATION.replace("api_key_env: JUDGE_KEY", f"{field}: sk-very-secret"))
    assert error.field == f"models.judge.endpoint.{field}"
    assert "very-secret" not in str(error)
    assert "very-secret" not in repr(vars(error))


def test_a_password_in_a_url_is_refused_and_never_repeated(tmp_path: Path, seeds: Seeds) -> None:
    error = error_of(tmp_path, seeds, SPECIFICATION.replace("http://localhost", "http://me:hunter2@localhost"))
    assert error.field == "models.judge.endpoint.base_url"
    assert "hunter2" not in str(error)


def test_a_password_in_the_storage_is_refused_and_never_repeated(tmp_path: Path, seeds: Seeds) -> None:
    error = error_of(tmp_path, seeds, SPECIFICATION.replace("quota: 2", "run: {storage: 's3://me:hunter2@bucket/a'}"))
    assert error.field == "run.storage"
    assert "hunter2" not in str(error)


def test_where_a_build_runs_is_no_part_of_what_it_is(tmp_path: Path, seeds: Seeds) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(SPECIFICATION)
    here = load_specification(path, seeds)
    path.write_text(SPECIFICATION + "run: {tasks: ray, address: 'ray://head:10001', storage: 's3://bucket/a'}\n")
    there = load_specification(path, seeds)
    assert there.run.address == "ray://head:10001"
    assert run_folder(here, tmp_path) == run_folder(there, tmp_path)
    assert specification_text(here) == specification_text(there)
    assert there.model_dump() == here.model_dump()


def patterns(schema: object) -> set[str]:
    if isinstance(schema, dict):
        own = {schema["pattern"]} if isinstance(schema.get("pattern"), str) else set()
        keys = set(schema["patternProperties"]) if "patternProperties" in schema else set()
        return own.union(keys, *(patterns(item) for item in schema.values()))
    return set().union(*(patterns(item) for item in schema)) if isinstance(schema, list) else set()


@pytest.mark.parametrize("record", [Specification, Domain, Motive, RiskType, Pools])
def test_every_pattern_that_a_person_can_miss_is_put_in_words(record: type[Specification]) -> None:
    assert patterns(record.model_json_schema()) <= set(PATTERNS_IN_WORDS)
