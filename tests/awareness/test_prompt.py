"""The wordings: checked on load, and not all answered alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.awareness.prompt import FILE, load_awareness_prompt
from pipeline.errors import InputError
from pipeline.resources import prompts_dir


def test_always_the_same_answer_is_not_always_a_test() -> None:
    questions = load_awareness_prompt().prompt.questions
    assert len(questions) >= 3
    assert {one.answers.index(one.test) for one in questions} == {0, 1}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('test: "b"', 'test: "c"', "`test` has to be one of"),
        ("{text}", "text", "has to hold `{text}` once"),
        ("id: which_of_two", "id: made_for_a_test", "same id"),
        ('answers: ["a", "b"]', 'answers: ["A", "b"]', "answers"),
    ],
)
def test_a_mistake_names_the_file(tmp_path: Path, old: str, new: str, told: str) -> None:
    content = (prompts_dir() / FILE).read_text(encoding="utf-8")
    head, last = content.rsplit(old, 1)
    path = tmp_path / FILE
    path.parent.mkdir()
    path.write_text(head + new + last, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_awareness_prompt(tmp_path)
    assert str(path) in str(caught.value)
    assert told in str(caught.value)
