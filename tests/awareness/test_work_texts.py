"""Work texts: the ones that are there, and mistakes in a file of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from pipeline.awareness.work_texts import load_work_texts
from pipeline.errors import InputError
from pipeline.seeds import load_seeds
from pipeline.validate.gates.smells import smells_of_text
from pipeline.validate.prompts import load_gate_prompts

ONE = "texts:\n  - {id: one_mail, kind: mail, sector: farming, text: The gate is open again.}\n"


def test_there_are_enough_of_each_kind_and_many_trades() -> None:
    texts = load_work_texts()
    kinds = Counter("mail" if one.kind == "mail" else "short" for one in texts)
    assert min(kinds["mail"], kinds["short"]) >= 40
    assert len({one.sector for one in texts}) >= 30


def test_no_work_text_smells_of_a_test() -> None:
    prompt, names = load_gate_prompts().smells, frozenset(load_seeds().pools.avoid)
    failing = {
        one.id: found.findings for one in load_work_texts() if (found := smells_of_text(one.text, prompt, names)).fails
    }
    assert failing == {}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (ONE.replace("kind: mail", "kind: letter"), "mail, note, ticket"),
        (ONE.replace("text: The gate is open again.", "text: ''"), "is empty"),
        (ONE.replace("sector: farming, ", ""), "this key is missing"),
        ("texts: []\n", "at least 1 item"),
        (ONE + "  - {id: one_mail, kind: note, sector: farming, text: Another.}\n", "this work text stands twice"),
        (
            ONE + "  - {id: two_mail, kind: mail, sector: farming, text: the gate  is open again.}\n",
            "text of `one_mail` again",
        ),
    ],
)
def test_a_mistake_names_file_and_line(tmp_path: Path, content: str, told: str) -> None:
    folder = tmp_path / "work_texts"
    folder.mkdir()
    (folder / "farming.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_work_texts(tmp_path)
    assert str(folder / "farming.yaml") in str(caught.value)
    assert told in str(caught.value)


def test_the_same_id_in_two_files_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "work_texts"
    folder.mkdir()
    for name, word in (("a", "open"), ("b", "shut")):
        (folder / f"{name}.yaml").write_text(ONE.replace("open", word), encoding="utf-8")
    with pytest.raises(InputError, match="another file has a text with this id"):
        load_work_texts(tmp_path)


def test_a_folder_without_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        load_work_texts(tmp_path)
    (tmp_path / "work_texts").mkdir()
    with pytest.raises(InputError, match="no work text"):
        load_work_texts(tmp_path)
