"""Labelled pairs, and the threshold that they recommend."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pipeline.cli import main
from pipeline.deduplicate.file_rows import text_plot
from pipeline.deduplicate.pairs import LabelledPair, curve_of, read_pairs, svg_of
from pipeline.errors import InputError
from pipeline.intervals import wilson_interval
from tests.deduplicate.rows import WordEncoder

COPY = {"a": "p q r s", "b": "p q r t", "copy": True}
OTHER = {"a": "p q", "b": "u v", "copy": False}


def pair(a: str, b: str, *, copy: bool) -> LabelledPair:
    return LabelledPair(text_plot(a), text_plot(b), copy)


def test_the_curve_counts_what_lies_at_or_above_each_cosine() -> None:
    pairs = [
        pair("p q r s", "p q r s", copy=True),
        pair("p q r s", "p q r t", copy=True),
        pair("p q r s", "p q u t", copy=False),
        pair("p q r s", "p v u t", copy=True),
    ]
    curve = curve_of(pairs, WordEncoder(), 0.9)
    found = [(round(point.threshold, 4), point.called, point.right) for point in curve.points]
    assert found == [(0.25, 4, 3), (0.5, 3, 2), (0.75, 2, 2), (1.0, 1, 1)]
    best = curve.recommended
    assert best is not None
    assert (round(best.threshold, 4), best.precision, best.recall) == (0.75, 1.0, 2 / 3)
    assert best.recall_interval == wilson_interval(2, 3)
    assert best.f1 == pytest.approx(2 * 1 * (2 / 3) / (1 + 2 / 3))


def test_no_threshold_is_recommended_that_is_not_precise_enough() -> None:
    pairs = [pair("p q", "p q", copy=False), pair("p q", "p r", copy=True)]
    curve = curve_of(pairs, WordEncoder(), 0.9)
    assert curve.recommended is None
    ElementTree.fromstring(svg_of(curve))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"a": ', "not JSON"),
        ("[1]", "not a labelled pair"),
        ('{"a": "p", "copy": true}', "not a labelled pair"),
        ('{"a": "p", "b": "q", "copy": 1}', "not a label"),
        ('{"a": "p", "b": "", "copy": true}', "field b"),
        ('{"a": "p", "b": {"schema_version": 1}, "copy": true}', "required"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(json.dumps(COPY) + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=rf"pairs\.jsonl:2.*{says.rsplit(maxsplit=1)[-1]}"):
        read_pairs(path)


@pytest.mark.parametrize(("rows", "lacks"), [([COPY], "no copy"), ([OTHER], "a copy"), ([], "a copy")])
def test_pairs_of_one_kind_tell_no_threshold(tmp_path: Path, rows: list[dict[str, object]], lacks: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(InputError, match=f"no pair is {lacks}"):
        read_pairs(path)


def test_the_command_writes_the_curve_and_its_drawing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "pairs.jsonl", tmp_path / "curve.json"
    texts = [
        {"a": "The report is due on Friday.", "b": "On Friday the report is due.", "copy": True},
        {"a": "The report is due on Friday.", "b": "Rain falls along the coast.", "copy": False},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in texts), encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["dedup", str(path), "--calibrate", "--out", str(out)])
    assert ended.value.code in (0, None)
    written = json.loads(out.read_text(encoding="utf-8"))
    assert written["recommended"]["recall"] == 1
    assert "recommended" in out.with_suffix(".svg").read_text(encoding="utf-8")
    assert "2 pairs, 1 of them copies" in capsys.readouterr().out
