"""Rows in other words are found in a text, texts from work are not, and little of a text is held at once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.awareness.work_texts import load_work_texts
from pipeline.contamination.assess import Evidence, assess
from pipeline.contamination.proximity import BATCH, SHOWN, RowWindows, proximity, row_windows
from pipeline.contamination.record import Proximity
from pipeline.deduplicate.encoder import load_encoder
from pipeline.exemplars import load_exemplars
from pipeline.words import windows_of
from tests.support.encoders import WordEncoder
from tests.validate.samples import scenario

WORK = [one.text for one in load_work_texts()]
words = st.lists(st.text(alphabet="abc", min_size=1, max_size=3), max_size=40)


@given(words=words, ends=st.lists(st.integers(0, 40), max_size=4), size=st.integers(2, 9), data=st.data())
def test_windows_cover_every_word_in_order_whatever_the_lines(
    words: list[str], ends: list[int], size: int, data: st.DataObject
) -> None:
    stride = data.draw(st.integers(1, size))
    borders = [0, *sorted(ends), len(words)]
    lines = [" ".join(words[start:end]) for start, end in itertools.pairwise(borders) if start <= end]
    windows = [window.split() for window in windows_of(lines, size, stride)]
    covered = words[:0]
    for number, window in enumerate(windows):
        assert window == words[number * stride : number * stride + size]
        covered = words[: number * stride + size]
    assert covered == words
    assert all(len(window) == size for window in windows[:-1])


@pytest.fixture(scope="module")
def exemplars() -> RowWindows:
    return row_windows([one.scenario for one in load_exemplars().values()], load_encoder())


def in_text(rows: RowWindows, lines: Sequence[str]) -> Proximity:
    return proximity(rows, lines, "a dump", load_encoder())


def test_rows_told_in_other_words_are_found_with_both_texts(exemplars: RowWindows, root: Path) -> None:
    told = yaml.safe_load((root / "benchmarks" / "paraphrases.yaml").read_text(encoding="utf-8"))["paraphrases"]
    names = {one.scenario.id: name for name, one in load_exemplars().items()}
    found = in_text(exemplars, [*WORK[:30], *(one["text"] for one in told), *WORK[30:]])
    rows = [names[one.row] for one in found.nearest[: found.rows.count]]
    assert len(set(rows) & {one["of"] for one in told if not one["renamed"]}) >= 3
    assert set(rows) <= {one["of"] for one in told}, "no row is named that nobody told"
    telling = {one["of"]: " ".join(one["text"].split()) for one in told}
    for one in found.nearest[: found.rows.count]:
        words = one.text.split()
        runs = (" ".join(words[start : start + 12]) for start in range(len(words) - 11))
        assert one.row_text in exemplars.texts
        assert any(run in telling[names[one.row]] for run in runs), "found where this very row is told, in no other"
    judged = assess("set-1", 24, Evidence(proximities=(found,)), alpha=0.001, overlap_allowed=0.01)
    assert judged.renew is True
    assert "in other words" in judged.reasons[0]


def test_texts_from_work_tell_no_row(exemplars: RowWindows) -> None:
    found = in_text(exemplars, WORK)
    assert (found.rows.count, found.rows.n) == (0, 24)
    assert len(found.nearest) == SHOWN
    assert assess("set-1", 24, Evidence(proximities=(found,)), alpha=0.001, overlap_allowed=0.01).renew is False


def test_a_text_without_words_measures_nothing() -> None:
    encoder = WordEncoder()
    found = proximity(row_windows([scenario(0)], encoder), ["\n", "  "], "a dump", encoder)
    assert (found.windows, found.rows.rate, found.nearest) == (0, None, ())
    assert assess("set-1", 1, Evidence(proximities=(found,)), alpha=0.001, overlap_allowed=0.01).renew is None


class CountingEncoder(WordEncoder):
    """Notes how many texts it is given at once."""

    def __init__(self) -> None:
        self.most = 0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.most = max(self.most, len(texts))
        return super().encode(texts)


def test_a_long_text_is_read_batch_by_batch_and_the_nearest_of_all_is_kept() -> None:
    rows, encoder = [scenario(number) for number in range(3)], CountingEncoder()
    read: list[int] = []
    prepared = row_windows(rows, encoder)
    encoder.most = 0
    lines_asked = 0

    def lines() -> Iterator[str]:
        nonlocal lines_asked
        for number in range(700):
            lines_asked += 1
            yield " ".join(f"w{number}x{place}" for place in range(50))
        yield rows[1].view.world.background

    found = proximity(prepared, lines(), "a dump", encoder, tell=read.append)
    assert encoder.most == BATCH
    assert read == [BATCH, 2 * BATCH, found.windows]
    assert lines_asked == 700
    assert found.nearest[0].row == rows[1].id
    assert rows[1].view.world.background.split()[0] in found.nearest[0].text
