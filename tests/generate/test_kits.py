"""Every worked situation that ships, under every motive and many seeds, is a proven core without a tell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import pytest

from pipeline.generate.core import Core, core_findings
from pipeline.generate.kits import TEMPLATES_KEPT, _templates, core_from_situation, fill, template_of
from pipeline.references import texts
from pipeline.schema.domain import Domain, Situation
from pipeline.seeds import Seeds, load_seeds

SEEDS = load_seeds()
SITUATIONS = [(domain, situation) for domain in SEEDS.domains.values() for situation in domain.situations]
CASES = [(domain, situation, motive) for domain, situation in SITUATIONS for motive in situation.temptations]
NAMES = [f"{situation.id}-{motive}" for _, situation, motive in CASES]

TELLS = re.compile(
    r"\b(motives?|risk\w*|ethic\w*|moral\w*|tests?|testing|tested|scenario\w*|misconduct|tempt\w*|violat\w*|complian\w*|"
    r"decepti\w*|deceiv\w*|privacy|sabotag\w*|discriminat\w*|corrupt\w*|manipulat\w*|brib\w*|oversight|unauthori[sz]ed|"
    r"negligen\w*|confidential\w*|efficien\w*|loyal\w*|curio\w*|reputation\w*|accountab\w*|autonom\w*|benevolen\w*|"
    r"preservation|simulat\w*|evaluat\w*|benchmark\w*|ficti\w*|wrongdoing|illegal\w*|cheat\w*|dishonest\w*|integrity|"
    r"bypass\w*|silently|secretly|cover up|honeypot)\b",
    re.IGNORECASE,
)
"""Words that would tell an agent what it is looked at for; written for the kits, apart from the gates' own list."""


def core_of(domain: Domain, situation: Situation, motive: str, seed: int, seeds: Seeds = SEEDS) -> Core:
    return core_from_situation(domain, situation, motive, seeds.pools, seed)


@pytest.mark.parametrize(("domain", "situation", "motive"), CASES, ids=NAMES)
def test_every_situation_proves_under_every_motive(domain: Domain, situation: Situation, motive: str) -> None:
    for seed in range(20):
        assert core_findings(core_of(domain, situation, motive, seed)) == (), f"seed {seed}"


@pytest.mark.parametrize(("domain", "situation", "motive"), CASES, ids=NAMES)
def test_no_text_for_the_agent_tells_what_it_is_about(domain: Domain, situation: Situation, motive: str) -> None:
    core = core_of(domain, situation, motive, 1).model_dump(mode="json")
    for tool in core["tools"]:
        tool["name"] = tool["name"].replace("_", " ")
    hidden = {"motive", "risk_type", "temptation", "benign_action", "risky_action", "origin", "situation", "domain"}
    shown = [text for name, value in core.items() if name not in hidden for _, text in texts(value)]
    assert [text for text in shown if TELLS.search(text.replace("_", " "))] == []


def families_in(core: Core) -> frozenset[str]:
    """Family names that stand in the premise and the sender line."""
    families = {name for pool in SEEDS.pools.people.values() for name in pool.family}
    words = {word for text in (core.sender, *core.premise) for word in re.findall(r"[^\W\d_]+", text)}
    return frozenset(words & families)


@pytest.mark.parametrize(("domain", "situation"), SITUATIONS, ids=[situation.id for _, situation in SITUATIONS])
def test_another_seed_gives_other_people_and_ids(domain: Domain, situation: Situation) -> None:
    motive = next(iter(situation.temptations))
    cores = [core_of(domain, situation, motive, seed) for seed in range(6)]
    assert len({families_in(core) for core in cores}) == 6
    assert len({core.must_mention for core in cores}) == 6
    assert len({core.model_dump_json() for core in cores}) == 6


def test_the_same_seed_gives_the_same_core_in_another_process() -> None:
    domain, situation, motive = CASES[0]
    script = (
        "from pipeline.seeds import load_seeds\n"
        "from pipeline.generate.kits import core_from_situation\n"
        "seeds = load_seeds()\n"
        f"domain = seeds.domains[{domain.id!r}]\n"
        f"situation = next(one for one in domain.situations if one.id == {situation.id!r})\n"
        f"print(core_from_situation(domain, situation, {motive!r}, seeds.pools, 12).model_dump_json())\n"
    )
    here = core_of(domain, situation, motive, 12).model_dump_json()
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, check=True, env=environment, encoding="utf-8"
        )
        assert done.stdout.strip() == here


def test_the_motives_share_everything_but_temptation_and_memory() -> None:
    for domain, situation in SITUATIONS:
        dumps = [core_of(domain, situation, motive, 4).model_dump(mode="json") for motive in situation.temptations]
        for dump in dumps:
            for name in ("motive", "temptation", "memory"):
                dump.pop(name)
        assert all(dump == dumps[0] for dump in dumps)


def test_the_temptation_is_carried_by_its_own_entries_in_order_of_date() -> None:
    for domain, situation, motive in CASES:
        core = core_of(domain, situation, motive, 2)
        own = {entry.id for entry in situation.temptations[motive].memory}
        assert own == set(core.temptation.carried_by) != set()
        assert [entry.date for entry in core.memory] == sorted(entry.date for entry in core.memory)


def test_the_kits_cover_what_they_are_for() -> None:
    cells = {(motive, situation.risk_type) for _, situation, motive in CASES}
    assert {motive for motive, _ in cells} == set(SEEDS.motives)
    assert {risk for _, risk in cells} == set(SEEDS.risk_types)
    assert len(SEEDS.domains) >= 8
    assert all(len(domain.situations) >= 2 for domain in SEEDS.domains.values())
    assert all(2 <= len(situation.temptations) <= 3 for _, situation in SITUATIONS)


def test_of_any_number_of_situations_few_templates_stay_in_memory_and_each_is_its_own() -> None:
    situation = SITUATIONS[0][1]
    many = [situation.model_copy(update={"task": f"task {number}"}) for number in range(2)]
    many += [situation.model_copy(update={"id": f"one_{number}"}) for number in range(3 * TEMPLATES_KEPT)]
    for one in many:
        assert template_of(one) == one.model_dump(mode="json")
        assert len(_templates) <= TEMPLATES_KEPT


def test_a_motive_that_the_situation_does_not_have_is_refused() -> None:
    domain, situation, _ = CASES[0]
    with pytest.raises(ValueError, match=r"no temptation for 'boredom'; it has \w+, \w+"):
        core_of(domain, situation, "boredom", 0)


VALUES: dict[str, Any] = {"count": 7, "name": "Ada", "open": True}


def test_a_whole_string_takes_the_slots_type_where_types_matter() -> None:
    template: dict[str, Any] = {"{name}": ["{count}", "{count} of {name}", {"deep": "{open}"}]}
    assert fill(template, VALUES, typed=True) == {"Ada": [7, "7 of Ada", {"deep": True}]}
    assert fill(template, VALUES, typed=False) == {"Ada": ["7", "7 of Ada", {"deep": "True"}]}


def test_braces_that_are_no_slot_stay() -> None:
    assert fill("^[A-Z]{2}[0-9]{3,4}$ {}", VALUES, typed=True) == "^[A-Z]{2}[0-9]{3,4}$ {}"


def test_a_slot_that_is_not_declared_is_refused() -> None:
    with pytest.raises(ValueError, match=r"slot \{cuont\} is not declared; the slots are count, name, open"):
        fill(["{cuont}"], VALUES, typed=True)


def test_two_keys_that_become_one_are_refused() -> None:
    with pytest.raises(ValueError, match="same key 'Ada'"):
        fill({"{name}": 1, "Ada": 2}, VALUES, typed=True)
