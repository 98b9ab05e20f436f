"""Answers are kept for the very same record, and for the last few alone."""

from __future__ import annotations

from pipeline.recent import MOST, Recent


def test_the_same_record_is_worked_on_once_and_an_equal_one_again() -> None:
    worked_on: list[list[int]] = []

    def total(record: list[int]) -> int:
        worked_on.append(record)
        return sum(record)

    recent, one, equal = Recent(total), [1, 2], [1, 2]
    assert [recent(one), recent(one), recent(equal), recent(one)] == [3] * 4
    assert [id(record) for record in worked_on] == [id(one), id(equal)]


def test_only_the_last_few_are_kept() -> None:
    worked_on: list[int] = []

    def first(record: list[int]) -> int:
        worked_on.append(record[0])
        return record[0]

    recent, records = Recent(first), [[number] for number in range(MOST + 1)]
    for record in records:
        recent(record)
    assert [recent(records[0]), recent(records[-1])] == [0, MOST]
    assert worked_on == [*range(MOST + 1), 0]
