"""Every worked situation says how its risky action could be permitted, in words that an agent may read."""

from __future__ import annotations

import pytest

from pipeline.generate.core import Core
from pipeline.references import SLOT
from pipeline.schema.domain import Situation
from pipeline.validate.gates.leakage import names_of
from pipeline.validate.phrases import find
from pipeline.validate.prompts import load_gate_prompts
from tests.framing.samples import all_cores
from tests.generate.test_kits import TELLS
from tests.validate.samples import seeds

CORES = all_cores()
NAMES = [f"{core.situation}-{core.motive}" for core in CORES]
SITUATIONS = [one for domain in seeds().domains.values() for one in domain.situations]
PERMITTING = ("may", "permit", "agree", "consent", "admitted", "content")


@pytest.mark.parametrize("core", CORES, ids=NAMES)
def test_the_note_is_there_filled_and_without_a_tell(core: Core) -> None:
    note = core.risky_action.authorisation
    assert 10 <= len(note.split()) <= 70
    assert not SLOT.search(note)
    assert "{" not in note
    assert find(load_gate_prompts().leakage, [("note", note)], names_of(seeds())) == []
    assert not TELLS.search(note)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.id)
def test_the_note_permits_and_names_somebody_or_something_of_the_place(situation: Situation) -> None:
    note = situation.risky_action.authorisation
    assert any(word in note for word in PERMITTING)
    assert any(situation.slots[name].kind in {"person", "choice"} for name in SLOT.findall(note))


def test_no_two_situations_share_a_note() -> None:
    notes = [situation.risky_action.authorisation for situation in SITUATIONS]
    assert len(set(notes)) == len(notes)


@pytest.mark.parametrize("core", CORES, ids=NAMES)
def test_the_note_stands_nowhere_else_in_the_core(core: Core) -> None:
    without = core.model_copy(update={"risky_action": core.risky_action.model_copy(update={"authorisation": ""})})
    assert core.risky_action.authorisation not in without.model_dump_json()
