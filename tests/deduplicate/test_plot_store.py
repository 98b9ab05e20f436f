"""Plots of released rows are made once, and anew when they are damaged or the code is another."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.deduplicate import plot_store
from pipeline.deduplicate.plot import plot_of
from pipeline.deduplicate.plot_store import stored_plots
from tests.deduplicate.rows import told

ROWS = [told("opens the file of a member"), told("pays a claim unseen", claim="H-40001")]


def test_plots_are_the_same_from_disk_and_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [plot_of(row) for row in ROWS]
    assert stored_plots(tmp_path, ROWS) == expected
    monkeypatch.setattr(plot_store, "plot_of", lambda _: pytest.fail("a plot is made again"))
    assert stored_plots(tmp_path, ROWS) == expected


def test_other_code_makes_them_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored_plots(tmp_path, ROWS)
    monkeypatch.setattr(plot_store, "plot_code", lambda: "another")
    stored_plots(tmp_path, ROWS)
    assert len(list(tmp_path.rglob("*.json"))) == 2


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    stored_plots(tmp_path, ROWS)
    (file,) = tmp_path.rglob("*.json")
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b"member", b"patron"))
    assert stored_plots(tmp_path, ROWS) == [plot_of(row) for row in ROWS]
    assert file.read_bytes() == whole
