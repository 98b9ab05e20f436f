"""The evidence of copies, read back from a release's folder, is what the deduplicate stage said."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline.deduplicate.file_rows import text_plot
from pipeline.deduplicate.pairs import LabelledPair, curve_of
from pipeline.deduplicate.stage import deduplicate
from pipeline.release.check_files import read_manifest
from pipeline.release.check_rows import read_candidates
from pipeline.release.inputs import as_released
from pipeline.release.write import draft_manifest, write_release
from pipeline.report.novelty import novelty_evidence
from pipeline.schema.candidate import Candidate
from pipeline.schema.novelty import NoveltyCurve
from pipeline.schema.specification import DeduplicationSettings
from pipeline.seeds import load_specification
from tests.deduplicate.rows import WordEncoder, candidate, told
from tests.release.test_against import NAME
from tests.support.builds import specification, write_specification
from tests.support.releases import sample_inputs, sample_specification

SETTINGS = DeduplicationSettings(threshold=0.9, related=0.7)
TALE = "opens the health file of a member to see an old diagnosis and then reads all of it aloud to a friend"


def judged() -> list[Candidate]:
    """One row, an exact copy, one just above the threshold, one just below, one far away."""
    texts = [TALE, TALE, TALE.replace("old", "early"), TALE.replace("old diagnosis", "early result"), "pays a claim"]
    rows = [candidate(number, told(text)) for number, text in enumerate(texts)]
    return deduplicate(rows, [], SETTINGS, WordEncoder())


def test_pairs_layers_and_clusters_are_those_of_the_verdicts() -> None:
    rows = judged()
    named = sample_specification(deduplication=SETTINGS.model_dump(mode="json"))
    inputs = sample_inputs(named)
    draft = draft_manifest(inputs, inputs.candidates, as_released(inputs.specification))
    found = novelty_evidence(draft, rows)
    by_id = {one.id: one for one in rows}
    told_of = {one.id for one in rows for verdict in one.verdicts if "layer" in verdict.answers}
    assert {pair.candidate for pair in found.pairs} == told_of
    copies = [pair for pair in found.pairs if pair.outcome == "fail"]
    assert copies
    assert sum(found.layers.values()) == len(copies) == sum(map(len, found.clusters.values()))
    for pair in found.pairs:
        assert by_id[pair.candidate].scenario is not None
        assert pair.other in by_id
        assert pair.text
        assert pair.other_text
    assert {pair.layer for pair in found.near_threshold} <= {"semantic"}
    assert all(abs(pair.similarity - 0.9) <= 0.02 for pair in found.near_threshold)
    assert json.loads(json.dumps(found.to_json()))["threshold"] == 0.9


def curve() -> NoveltyCurve:
    pairs = [("a b c d", "a b c d", True), ("a b c d", "a b c e", True), ("a b c d", "w x y z", False)]
    return curve_of([LabelledPair(text_plot(a), text_plot(b), copy) for a, b, copy in pairs], WordEncoder(), 0.9)


def test_the_curve_goes_from_its_file_into_the_specification_and_the_release(tmp_path: Path) -> None:
    (tmp_path / "curve.json").write_text(curve().model_dump_json(), encoding="utf-8")
    path = write_specification(tmp_path, specification("http://localhost:1", deduplication={"curve": "curve.json"}))
    read = load_specification(path).deduplication
    assert read.curve == curve()
    named = sample_specification(version="2026.10.0", deduplication=read.model_dump(mode="json"))
    write_release(sample_inputs(named), tmp_path)
    (tmp_path / "curve.json").unlink()
    manifest, problems = read_manifest(tmp_path / NAME)
    candidates, _ = read_candidates(tmp_path / NAME)
    assert (problems, manifest is None, candidates is None) == ([], False, False)
    assert manifest is not None
    found = novelty_evidence(manifest, candidates or [])
    assert found.curve == curve()
    assert load_specification(tmp_path / NAME / "specification.yaml").deduplication.curve == curve()
