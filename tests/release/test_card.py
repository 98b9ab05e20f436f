"""The card is written from the data, and text of a model stays text in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pipeline.release.card import front_matter, markdown, render_card
from pipeline.release.inputs import ReleaseInputs
from pipeline.release.write import draft_release
from pipeline.schema.base import normalise_text
from pipeline.schema.candidate import Usage
from pipeline.schema.history import Past, Succession
from pipeline.schema.manifest import Manifest, ModelUse
from tests.support.hostile import HOSTILE, hostile_inputs
from tests.support.releases import sample_inputs, sample_specification


def manifest_of(inputs: ReleaseInputs) -> Manifest:
    return draft_release(inputs).manifest


def parts_of(card: str) -> tuple[dict[str, Any], str]:
    """Split a card as the Hub does, and read its front matter."""
    match = re.match(r"\A---\n(.*?)\n---\n(.*)\Z", card, re.DOTALL)
    assert match
    return yaml.safe_load(match[1]), match[2]


def html_of(markdown_text: str) -> str:
    return str(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown_text))


def test_front_matter_names_splits_and_candidates() -> None:
    meta, _ = parts_of(render_card(manifest_of(sample_inputs()), sample_inputs().candidates))
    assert meta["license"] == "cc-by-4.0"
    assert meta["pretty_name"] == "Sample of the pipeline"
    assert meta["size_categories"] == ["n<1K"]
    default, prompts, candidates = meta["configs"]
    assert default["default"] is True
    assert {entry["split"]: entry["path"] for entry in default["data_files"]} == {
        "dev": "data/dev-00000-of-00001.parquet",
        "test": "data/test-00000-of-00001.parquet",
    }
    assert candidates["config_name"] == "candidates"
    assert prompts["config_name"] == "inspect"
    assert [entry["split"] for entry in prompts["data_files"]] == ["dev", "test"]


def test_the_card_of_a_release_on_top_of_another_tells_what_came_and_went() -> None:
    past = Past(version="2026.10.0", created="2026-10-02", manifest_sha256="0" * 64, rows=7, added=7, retired=0)
    succession = Succession(history=(past,), kept=3, added=3, retired=4, anchors=("sc-1", "sc-2"))
    meta, body = parts_of(render_card(manifest_of(sample_inputs(succession=succession)), sample_inputs().candidates))
    assert "retired" in [config["config_name"] for config in meta["configs"]]
    cells = [re.findall(r"<td.*?>(.*?)</td>", row) for row in html_of(body).split("<tr>")]
    assert ["2026.11.0", "2026-11-23", "3", "4"] in cells
    assert ["2026.10.0", "2026-10-02", "7", "0"] in cells
    assert "2 are anchors" in body


def test_the_hub_reads_the_card(tmp_path: Path) -> None:
    from huggingface_hub import DatasetCard

    path = tmp_path / "README.md"
    path.write_text(render_card(manifest_of(sample_inputs()), sample_inputs().candidates), encoding="utf-8")
    assert DatasetCard.load(path).data.license == "cc-by-4.0"


def test_an_unlisted_licence_goes_by_its_name() -> None:
    specification = sample_specification(licence="Our own: terms #1")
    meta = yaml.safe_load(front_matter(manifest_of(sample_inputs(specification))).strip("-\n"))
    assert (meta["license"], meta["license_name"]) == ("other", "Our own: terms #1")


def test_numbers_of_the_card_are_those_of_the_manifest() -> None:
    manifest = manifest_of(sample_inputs())
    _, body = parts_of(render_card(manifest, sample_inputs().candidates))
    for step in manifest.funnel:
        line = f"| {step.step} | {step.entered} | {step.passed} | {step.turned_away} | {step.errors} |"
        assert line in body
    for split, count in manifest.splits.items():
        assert f"| {split} | {count} | " in body
    assert "| efficiency | – | ◑ 1 of 2 | ■ 2 of 2 |" in body
    assert "| 52 | unknown | 8800 |" in body


@pytest.mark.parametrize(("kind", "warned"), [("embedded", True), ("openai", False)])
def test_only_an_embedded_model_is_warned_of(kind: str, *, warned: bool) -> None:
    use = ModelUse(role="generator", endpoint_kind=kind, model="m", usage=Usage(calls=1))
    inputs = sample_inputs(models=[use])
    assert ("to try the pipeline, not to publish" in render_card(manifest_of(inputs), inputs.candidates)) is warned


@pytest.mark.parametrize("payload", HOSTILE)
def test_hostile_text_stays_text(payload: str) -> None:
    harmless = hostile_inputs("plain words")
    plain = html_of(parts_of(render_card(manifest_of(harmless), harmless.candidates))[1])
    inputs = hostile_inputs(payload)
    meta, body = parts_of(render_card(manifest_of(inputs), inputs.candidates))
    assert set(meta) == {"pretty_name", "license", "language", "tags", "size_categories", "configs"}
    assert isinstance(meta["pretty_name"], str)
    tags = re.compile(r"<(/?[a-zA-Z!][^\s>]*)")
    assert sorted(set(tags.findall(html_of(body)))) == sorted(set(tags.findall(plain)))
    assert html_of(body).count("<tr>") == plain.count("<tr>")


@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), min_size=1))
def test_escaped_text_is_one_paragraph_without_markup(text: str) -> None:
    rendered = html_of(f"x {markdown(normalise_text(text))} x")
    assert re.fullmatch(r"<p>[^<]*</p>\n", rendered)


def test_checks_that_the_specification_leaves_out_are_said() -> None:
    specification = sample_specification(gates={"left_out": ["relevance.motive", "benignness.toxicity"]})
    inputs = sample_inputs(specification)
    assert "never made: relevance.motive, benignness.toxicity." in render_card(manifest_of(inputs), inputs.candidates)
    inputs = sample_inputs()
    assert "never made" not in render_card(manifest_of(inputs), inputs.candidates)


def test_diversity_stands_in_the_card_with_what_it_means() -> None:
    manifest = manifest_of(sample_inputs())
    _, body = parts_of(render_card(manifest, sample_inputs().candidates))
    plots, prose, people = manifest.diversity.plots, manifest.diversity.prose, manifest.diversity.spread["people"]
    assert plots is not None
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in body.splitlines() if line.startswith("|")]
    by_name = {row[0]: row[1:] for row in cells}
    assert by_name["Vendi score of plots"][0] == markdown(f"{plots.vendi:g} of 6 ({plots.vendi_share:.0%})")
    assert by_name["Vendi score of plots"][1] == "higher"
    assert by_name["self-BLEU"][:2] == [f"{prose.self_bleu:.1f} over 6 rows", "lower"]
    assert by_name["people"] == [str(people.values), f"{people.effective:.1f}", people.most_common, "33%"]
    assert any(row[1:2] == ["not measured: no exemplars given"] for row in cells)
