"""Seeds: all that ship load, and each mistake in one is told with its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.seeds import Seeds, load_seeds, load_specification
from tests.support.seed_files import DOMAIN, FILES, SPECIFICATION, line_of, write_seeds


@pytest.fixture(scope="module")
def shipped() -> Seeds:
    return load_seeds()


def error_after(tmp_path: Path, file: str, before: str, after: str) -> tuple[InputError, str]:
    """Break one file in one place, and return the error with the broken text."""
    root = write_seeds(tmp_path)
    text = FILES[file].replace(before, after, 1)
    assert text != FILES[file], "the test breaks nothing"
    (root / file).write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_seeds(root)
    assert caught.value.file == str(root / file)
    return caught.value, text


def test_the_motives_and_risk_types_are_there(shipped: Seeds) -> None:
    assert set(shipped.motives) == {
        "self_preservation", "goal_preservation", "power_autonomy", "resource_acquisition", "task_success",
        "efficiency", "loyalty", "approval_reputation", "accountability_avoidance", "curiosity",
        "benevolent_overreach",
    }  # fmt: skip
    assert set(shipped.risk_types) == {
        "deception", "privacy_violation", "corrupt_practice", "manipulation", "oversight_subversion",
        "unauthorized_access", "discrimination", "confidentiality_breach", "safety_negligence", "regulatory_violation",
        "financial_harm", "sabotage",
    }  # fmt: skip


def test_every_entry_says_what_a_blind_reader_needs(shipped: Seeds) -> None:
    for entry in [*shipped.motives.values(), *shipped.risk_types.values()]:
        assert len(entry.definition.split()) <= 60, entry.id
        assert len(entry.counts) >= 2, entry.id
        assert len(entry.excludes) >= 2, entry.id
        assert len(entry.cues) >= 3, entry.id
        openings = [example.split(":")[0] for example in entry.examples]
        assert openings == ["Counts", "Does not count"], entry.id


def test_every_definition_names_a_neighbour(shipped: Seeds) -> None:
    for entries in (shipped.motives, shipped.risk_types):
        names = [entry.name.lower() for entry in entries.values()]
        for entry in entries.values():
            told = " ".join((entry.definition, *entry.excludes)).lower()
            assert any(name in told for name in names if name != entry.name.lower()), entry.id


def test_every_risk_type_is_placed_in_the_other_taxonomies(shipped: Seeds) -> None:
    for risk in shipped.risk_types.values():
        assert set(risk.crosswalk) == {"mit_ai_risk_repository", "air_2024", "nist_ai_600_1"}, risk.id
        assert all(risk.crosswalk.values()), risk.id


def test_pools_are_wide_and_free_of_the_names_to_avoid(shipped: Seeds) -> None:
    assert len(shipped.pools.people) >= 10
    avoided = {name.casefold() for name in shipped.pools.avoid}
    assert {"sarah", "chen", "elena", "marcus", "priya", "patel", "emily", "thompson", "rodriguez", "kim"} <= avoided
    for tradition, pool in shipped.pools.people.items():
        for names in (pool.given, pool.family):
            assert len({name.casefold() for name in names} - avoided) >= 24, tradition


def test_hashes_name_every_entry(shipped: Seeds) -> None:
    expected = {f"motives/{name}" for name in shipped.motives}
    expected |= {f"risk_types/{name}" for name in shipped.risk_types}
    expected |= {f"domains/{name}" for name in shipped.domains}
    assert set(shipped.hashes) == {*expected, "pools", "implausible", "estimates", "prices"}


def test_a_hash_follows_the_content_and_not_the_layout(tmp_path: Path) -> None:
    root = write_seeds(tmp_path)
    before = load_seeds(root).hashes
    motive = root / "motives" / "haste.yaml"
    lines = motive.read_text().splitlines()
    motive.write_text("# a remark\n" + "\n".join([*lines[1:], lines[0], ""]))
    assert load_seeds(root).hashes == before
    motive.write_text(motive.read_text().replace("done soon", "done at once"))
    after = load_seeds(root).hashes
    assert {name for name in after if after[name] != before[name]} == {"motives/haste"}


def test_adding_an_entry_is_adding_a_file(tmp_path: Path) -> None:
    root = write_seeds(tmp_path)
    (root / "motives" / "idleness.yaml").write_text(FILES["motives/haste.yaml"].replace("haste", "idleness"))
    assert list(load_seeds(root).motives) == ["haste", "idleness"]


MOTIVE, RISK, KIT, NAMES, PAIRS, SIZES, PRICES = FILES
"""motives/haste.yaml, risk_types/spillage.yaml, domains/dairy.yaml, pools.yaml, and the three tables."""

FIRST = "situations[0]"

BROKEN: dict[str, tuple[str, str, str, str, str, str | None, str]] = {
    # case: file, text, its replacement, where the mistake stands, field, value, allowed
    "id and file name": (MOTIVE, "id: haste", "id: hurry", "id: hurry", "id", "hurry", "haste"),
    "an id with a capital": (MOTIVE, "id: haste", "id: Haste", "id: Haste", "id", "Haste", "lower-case letters"),
    "no sources": (MOTIVE, "sources:\n  - reference: A test\n", "", "id: haste", "sources", None, "at least 1 item"),
    "no cues": (RISK, "cues:\n  - a jug is full\n", "cues: []\n", "cues: []", "cues", None, "a list of at least 1"),
    "a misspelt key": (RISK, "definition:", "defintion:", "defintion:", "defintion", None, "definition, examples"),
    "an avoided name": (NAMES, "Givenb", "sam", "given:", "people.north.given[1]", "sam", "not on it"),
    "a name twice": (NAMES, "Familyb", "Familya", "family:", "people.north.family[1]", "Familya", "each name once"),
    "an unknown risk type": (
        KIT, "risk_type: spillage", "risk_type: spilage", "risk_type: spilage", f"{FIRST}.risk_type", "spilage",
        "spillage",
    ),
    "an unknown motive": (
        KIT, "      haste:\n", "      hast:\n", "      hast:\n", f"{FIRST}.temptations.hast", "hast", "haste",
    ),
    "an unknown tool on a path": (
        KIT, "- {tool: test_tank,", "- {tool: taste_tank,", "- {tool: taste_tank,",
        f"{FIRST}.benign_action.calls[0].tool", "taste_tank", "read_tank, send_order, test_tank",
    ),
    "an unknown tool in a pattern": (
        KIT, "        - tool: send_order\n", "        - tool: sell_order\n", "tool: sell_order",
        f"{FIRST}.risky_action.recognised_by[0].tool", "sell_order", "read_tank, send_order, test_tank",
    ),
    "an unknown tool in an exception": (
        KIT, "            - tool: test_tank", "            - tool: taste", "tool: taste",
        f"{FIRST}.risky_action.recognised_by[0].unless_after[0].tool", "taste", "read_tank, send_order, test_tank",
    ),
    "an operator that is none": (
        KIT, "        - tool: send_order\n",
        "        - tool: send_order\n          arguments: {order: {operator: equal, value: next}}\n", "operator: equal",
        f"{FIRST}.risky_action.recognised_by[0].arguments.order[0].operator", "equal", "absent, at_least, at_most",
    ),
    "a tool twice": (
        KIT, "name: read_tank", "name: test_tank", "description: Read a tank", f"{FIRST}.tools[1].name", "test_tank",
        "each name once",
    ),
    "an unknown slot": (
        KIT, "Send {litres} litres", "Send {liters} litres", "Send {liters}", f"{FIRST}.task", "liters",
        "asker, day, litres, more, tank",
    ),
    "an unknown slot in a key": (
        KIT, '"{tank}": {litres', '"{tink}": {litres', '"{tink}"', f"{FIRST}.state.tanks.{{tink}}", "tink",
        "asker, day, litres, more, tank",
    ),
    "a slot that nothing uses": (
        KIT, "      asker: {kind: person}\n", "      asker: {kind: person}\n      idle: {kind: person}\n", "idle:",
        f"{FIRST}.slots.idle", None, "slots that stand as {idle} in a text",
    ),
    "a slot made of nothing": (
        KIT, "of: litres", "of: gallons", "of: gallons", f"{FIRST}.slots.more.of", "gallons",
        "asker, day, litres, more, tank",
    ),
    "a slot made of another kind": (
        KIT, "of: litres", "of: asker", "of: asker", f"{FIRST}.slots.more.of", "asker", "integer or date or offset",
    ),
    "a slot made of itself": (
        KIT, "of: litres", "of: more", "of: more", f"{FIRST}.slots.more.of", "more", "another slot",
    ),
    "a kind of slot that is none": (
        KIT, "kind: code", "kind: codes", "kind: codes", f"{FIRST}.slots.tank.kind", "codes", "choice, code, date",
    ),
    "an unknown collection in an effect": (
        KIT, "kind: read, collection: tanks", "kind: read, collection: tank", "collection: tank,",
        f"{FIRST}.tools[1].effects[0].collection", "tank", "orders, tanks",
    ),
    "an unknown collection in a requirement": (
        KIT, "- {collection: orders, key: $args", "- {collection: order, key: $args", "collection: order,",
        f"{FIRST}.tools[2].requires[0].collection", "order", "orders, tanks",
    ),
    "an unknown collection in an end state": (
        KIT, "- {collection: orders, key: next", "- {collection: order, key: next", "collection: order,",
        f"{FIRST}.benign_action.end_state[0].collection", "order", "orders, tanks",
    ),
    "a memory id twice": (
        KIT, "id: long_queue", "id: queue_note", "reason: The test takes", f"{FIRST}.temptations.haste.memory[0].id",
        "queue_note", "each name once",
    ),
    "an effect that is none": (
        KIT, "{kind: read, collection", "{kind: reed, collection", "kind: reed", f"{FIRST}.tools[1].effects[0].kind",
        "reed", "create, delete, find, read, update",
    ),
    "a slot without quotes": (
        KIT, 'arguments: {tank: "{tank}"}', "arguments: {tank: {tank}}", "arguments: {tank: {tank}}",
        f"{FIRST}.benign_action.calls[0].arguments.tank", None, "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_mistake_in_a_seed_names_line_field_value_and_what_is_allowed(tmp_path: Path, case: str) -> None:
    file, before, after, marker, field, value, allowed = BROKEN[case]
    error, text = error_after(tmp_path, file, before, after)
    line = line_of(text, marker) + (2 if case == "a memory id twice" else -1 if case == "a tool twice" else 0)
    assert (error.line, error.field, error.value) == (line, field, value)
    assert allowed in str(error)


def test_no_two_mistakes_read_the_same(tmp_path: Path) -> None:
    messages = {str(error_after(tmp_path, file, before, after)[0]) for file, before, after, *_ in BROKEN.values()}
    assert len(messages) == len(BROKEN)


def test_a_refused_item_is_not_counted_twice(tmp_path: Path) -> None:
    error, _ = error_after(tmp_path, KIT, "kind: code", "kind: codes")
    assert "more mistake" not in str(error)


def test_a_situation_twice(tmp_path: Path) -> None:
    situation = DOMAIN[DOMAIN.index("  - id: untested_tank") :]
    error, _ = error_after(tmp_path, KIT, situation, situation + situation)
    assert error.field == "situations[1].id"
    assert error.line == line_of(DOMAIN, "- id: untested_tank") + situation.count("\n")


def test_a_file_that_would_not_be_read_is_an_error(tmp_path: Path) -> None:
    root = write_seeds(tmp_path)
    (root / "motives" / "idleness.yml").write_text("id: idleness\n")
    with pytest.raises(InputError, match=r"idleness\.yml.*would not be read.*\.yaml"):
        load_seeds(root)


@pytest.mark.parametrize("room", ["motives", "risk_types", "domains"])
def test_a_room_without_entries_is_an_error(tmp_path: Path, room: str) -> None:
    root = write_seeds(tmp_path)
    shutil.rmtree(root / room)
    with pytest.raises(InputError, match=f"{room}.*no such folder"):
        load_seeds(root)
    (root / room).mkdir()
    (root / room / "README.md").write_text("nothing yet")
    with pytest.raises(InputError, match=f"{room}.*holds no entry"):
        load_seeds(root)


HASTE_SPILLAGE = "pairs:\n  - {motive: haste, risk_type: spillage, reason: None.}\n"
IDLE = "  - {motive: idleness, risk_type: spillage, reason: None.}\n"


def pair_error(tmp_path: Path, text: str) -> InputError:
    root = write_seeds(tmp_path)
    (root / "motives" / "idleness.yaml").write_text(FILES[MOTIVE].replace("haste", "idleness"))
    (root / PAIRS).write_text(text)
    with pytest.raises(InputError) as caught:
        load_seeds(root)
    assert caught.value.file == str(root / PAIRS)
    return caught.value


def test_a_pair_that_a_situation_realises_is_not_implausible(tmp_path: Path) -> None:
    error = pair_error(tmp_path, HASTE_SPILLAGE)
    assert (error.line, error.field) == (2, "pairs[0].risk_type")
    assert f"`untested_tank` ({tmp_path / KIT}:{line_of(DOMAIN, '      haste:')})" in str(error)


@pytest.mark.parametrize(
    ("text", "field", "says"),
    [
        (f"pairs:\n{IDLE}{IDLE}", "pairs[1].risk_type", "stands twice"),
        (f"pairs:\n{IDLE.replace('idleness', 'idlenes')}", "pairs[0].motive", "did you mean `idleness`"),
        (f"pairs:\n{IDLE.replace('spillage', 'spilage')}", "pairs[0].risk_type", "did you mean `spillage`"),
        (f"pairs:\n{IDLE.replace('None.', chr(34) * 2)}", "pairs[0].reason", "is empty"),
    ],
)
def test_a_mistake_in_a_pair_names_its_place(tmp_path: Path, text: str, field: str, says: str) -> None:
    error = pair_error(tmp_path, text)
    assert error.field == field
    assert says in str(error)


@pytest.mark.parametrize("table", [PAIRS, SIZES, PRICES])
def test_a_table_that_is_missing_is_an_error(tmp_path: Path, table: str) -> None:
    root = write_seeds(tmp_path)
    (root / table).unlink()
    with pytest.raises(InputError, match=f"{table}.*no such file"):
        load_seeds(root)


def test_a_model_with_two_prices_is_an_error(tmp_path: Path) -> None:
    root = write_seeds(tmp_path)
    price = "  - {base_url: u, model: m, currency: EUR, prompt: 1, completion: 2, as_of: '2026-01-01', source: s}\n"
    (root / PRICES).write_text("prices:\n" + price * 2)
    with pytest.raises(InputError, match=r"prices\[1\].*stands twice"):
        load_seeds(root)


def test_the_shipped_pairs_leave_most_of_the_grid(shipped: Seeds) -> None:
    assert 0 < len(shipped.implausible) <= len(shipped.motives) * len(shipped.risk_types) // 4
    assert all(len(reason.split()) >= 8 for reason in shipped.implausible.values())


def test_a_listed_cell_of_an_implausible_pair_is_told_with_its_line(tmp_path: Path, shipped: Seeds) -> None:
    (motive, risk), reason = next(iter(shipped.implausible.items()))
    cell = f"{motive}.{risk}.{next(iter(shipped.domains))}"
    path = tmp_path / "spec.yaml"
    path.write_text(SPECIFICATION.replace("  motives: [haste]", f"  cells:\n    - {cell}"))
    with pytest.raises(InputError) as caught:
        load_specification(path, shipped)
    assert (caught.value.field, caught.value.value) == ("grid.cells[0]", cell)
    assert reason in str(caught.value)
    assert "implausible.yaml" in str(caught.value)
