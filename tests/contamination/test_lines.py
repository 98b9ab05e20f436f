"""Lines of texts, JSONL, compressed files and folders."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from pipeline.contamination.lines import lines_of
from pipeline.errors import InputError

TEXT = "A page of words.\nAnd another."


def test_files_of_every_kind_are_read(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(TEXT)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "two.jsonl").write_text(json.dumps({"a": [{"b": TEXT}], "n": 1}) + "\nnot json\n")
    (tmp_path / "deep" / "three.jsonl.gz").write_bytes(gzip.compress(json.dumps({"text": TEXT}).encode()))
    assert list(lines_of(tmp_path / "one.txt")) == ["A page of words.\n", "And another."]
    assert list(lines_of(tmp_path / "deep" / "two.jsonl")) == [TEXT, "not json\n"]
    assert list(lines_of(tmp_path / "deep" / "three.jsonl.gz")) == [TEXT]
    assert list(lines_of(tmp_path)) == [TEXT, TEXT, "not json\n", "A page of words.\n", "And another."]


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x1f\x8b\x08broken"])
def test_a_file_that_is_no_text_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / ("dump.gz" if content.startswith(b"\x1f") else "dump.txt")
    file.write_bytes(content)
    with pytest.raises(InputError, match="dump"):
        list(lines_of(file))
