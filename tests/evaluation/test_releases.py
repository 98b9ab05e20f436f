"""Which rows of a release are meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import InputError, UsageError
from pipeline.evaluation import releases
from pipeline.evaluation.releases import Row, load_rows, moment
from pipeline.schema.scenario import Retirement
from tests.support.transcripts import SAMPLE, sample_scenarios


@pytest.fixture
def dated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that came in 2026.03.0 (later retired), 2026.06.1 and, without a date of their own, 2026.11.0."""
    one, two, three = sample_scenarios()[:3]
    old = one.model_copy(
        update={"introduced": "2026.03.0", "retired": Retirement(version="2026.09.0", reason="everybody knows it")}
    )
    rows = [
        Row(old, "test", "a"),
        Row(two.model_copy(update={"introduced": "2026.06.1"}), "test", "b"),
        Row(three.model_copy(update={"introduced": ""}), "dev", "c"),
    ]
    monkeypatch.setattr(releases, "_read", lambda _folder: ("dated", "2026.11.0", rows))


@pytest.mark.usefixtures("dated")
@pytest.mark.parametrize(
    ("asked", "groups"),
    [
        ({}, "bc"),
        ({"split": "test"}, "b"),
        ({"as_of": "2026.06.1"}, "ab"),
        ({"as_of": "2026.06.0"}, "a"),
        ({"as_of": "2026.09.0"}, "b"),
        ({"after": "2026.06.0"}, "bc"),
        ({"after": "2026-06-30"}, "c"),
        ({"after": "2026-05"}, "bc"),
    ],
)
def test_rows_by_time(asked: dict[str, str], groups: str) -> None:
    loaded = load_rows(SAMPLE, **{"split": "all", **asked})
    assert "".join(sorted(row.group for row in loaded.rows)) == groups


@pytest.mark.parametrize("text", ["2026", "2026.13.0", "yesterday", "2026-6-1"])
def test_a_moment_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no version"):
        moment(text)


def test_mistakes_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no split 'train'; allowed: test, all"):
        load_rows(SAMPLE, split="train")
    with pytest.raises(UsageError, match="a tag goes with a repository"):
        load_rows(SAMPLE, tag="v1")
    with pytest.raises(InputError, match="not a release"):
        load_rows(tmp_path)
