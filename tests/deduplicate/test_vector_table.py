"""A table of vectors gives back what was put in, wherever its blocks end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.deduplicate import vector_table
from pipeline.deduplicate.semantic import near_between
from pipeline.deduplicate.vector_table import VectorTable

FLOOR = 0.6


def unit_rows(rows: int) -> NDArray[np.float32]:
    made = np.random.default_rng(rows).standard_normal((rows, 3)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


@given(st.lists(st.integers(0, 9), max_size=6), st.data())
def test_rows_are_taken_and_compared_as_if_they_lay_in_one_piece(pieces: list[int], data: st.DataObject) -> None:
    rows, fresh = unit_rows(sum(pieces)), unit_rows(5)
    table = VectorTable()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vector_table, "BLOCK_ROWS", 4)
        for end, piece in zip(np.cumsum(pieces), pieces, strict=True):
            table.append(rows[end - piece : end])
        assert len(table) == len(rows)
        asked = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=8)) if len(rows) else []
        assert table.take(asked).tolist() == rows[asked].tolist()
        found = {
            (first + left, right): cosine
            for first, pairs in table.near(fresh, FLOOR)
            for left, right, cosine in zip(pairs.left, pairs.right, pairs.cosine, strict=True)
        }
    whole = near_between(rows, fresh, FLOOR)
    assert found == dict(zip(zip(whole.left, whole.right, strict=True), whole.cosine, strict=True))


def test_a_row_that_was_put_in_never_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that growing costs no copy: memory beyond the rows is that of one block."""
    monkeypatch.setattr(vector_table, "BLOCK_ROWS", 4)
    table = VectorTable()
    table.append(unit_rows(3))
    places = [block.ctypes.data for block in table._blocks]
    table.append(unit_rows(6))
    assert [block.ctypes.data for block in table._blocks][: len(places)] == places
    assert sum(map(len, table._blocks)) == 12
