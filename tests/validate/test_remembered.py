"""Answers are kept for short texts, forgotten in time, and not carried in a pickle."""

from __future__ import annotations

import pickle

import pytest

from pipeline.validate import remembered
from pipeline.validate.remembered import LONGEST, Remembered

asked: list[str] = []


def length(text: str) -> int:
    asked.append(text)
    return len(text)


@pytest.fixture(autouse=True)
def _nothing_asked() -> None:
    asked.clear()


def test_a_short_text_is_looked_at_once_and_a_long_one_each_time() -> None:
    answer = Remembered(length)
    long = "a" * (LONGEST + 1)
    assert [answer(text) for text in ("ab", "ab", long, long, "")] == [2, 2, LONGEST + 1, LONGEST + 1, 0]
    assert ["ab", long, long, ""] == asked


def test_it_holds_no_more_than_it_should(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "MOST", 2)
    answer = Remembered(length)
    assert [answer(text) for text in ("a", "b", "a", "c", "a", "b")] == [1] * 6
    assert asked == ["a", "b", "c", "b"]


def test_a_pickle_holds_no_answers() -> None:
    answer = Remembered(length)
    answer("secret text")
    assert b"secret" not in pickle.dumps(answer)
    assert pickle.loads(pickle.dumps(answer))("ab") == 2
