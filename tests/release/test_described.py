"""What describes a release for machines: Croissant, CITATION.cff, eval.yaml, each read by what it is meant for."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
import yaml

from pipeline.release.inspect_rows import eval_yaml
from pipeline.release.tables import read_rows, scenario_schema
from pipeline.release.write import write_release
from tests.support.releases import sample_inputs


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(sample_inputs(), tmp_path_factory.mktemp("described"))[0]


def test_croissant_is_valid_and_its_records_are_the_rows(release: Path, caplog: pytest.LogCaptureFixture) -> None:
    import mlcroissant

    with caplog.at_level(logging.WARNING):
        dataset = mlcroissant.Dataset(jsonld=str(release / "croissant.json"))
    assert [record.message for record in caplog.records if "croissant" in record.message.lower()] == []
    for split in ("dev", "test"):
        found = [record[f"{split}/id"] for record in dataset.records(split)]
        rows = read_rows(release / f"data/{split}-00000-of-00001.parquet", scenario_schema())
        assert [one.decode() if isinstance(one, bytes) else one for one in found] == [row["id"] for row in rows]


def test_croissant_gives_the_hash_of_every_table(release: Path) -> None:
    record = json.loads((release / "croissant.json").read_bytes())
    manifest = json.loads((release / "manifest.json").read_bytes())
    listed = {entry["path"]: entry["sha256"] for entry in manifest["files"] if entry["path"].endswith(".parquet")}
    assert {one["contentUrl"]: one["sha256"] for one in record["distribution"]} == listed


def test_the_citation_names_the_version_and_the_licence(release: Path) -> None:
    record = yaml.safe_load((release / "CITATION.cff").read_text(encoding="utf-8"))
    assert record["cff-version"] == "1.2.0"
    assert (record["version"], record["license"]) == ("2026.11.0", "CC-BY-4.0")
    assert {"message", "title", "authors", "type"} <= set(record)


def test_each_open_split_is_a_task(release: Path) -> None:
    tasks = yaml.safe_load((release / "eval.yaml").read_text(encoding="utf-8"))["tasks"]
    assert [(task["id"], task["split"]) for task in tasks] == [("dev", "dev"), ("test", "test")]
    assert yaml.safe_load(eval_yaml([]))["tasks"] == []
