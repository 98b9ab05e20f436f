"""The texts of the levels: each level has one, mistakes name their line, and each text says its factor alone."""

from __future__ import annotations

import shutil
from itertools import combinations
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.framing import load_framings
from pipeline.validate.gates.leakage import names_of
from pipeline.validate.phrases import find
from pipeline.validate.prompts import load_gate_prompts
from tests.framing.samples import texts
from tests.support.seed_files import line_of
from tests.validate.samples import seeds

SHIPPED = Path(__file__).resolve().parents[2] / "seeds" / "framings"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(SHIPPED, tmp_path / "framings")
    return tmp_path


def edit(root: Path, factor: str, old: str, new: str) -> str:
    file = root / "framings" / f"{factor}.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return file.read_text(encoding="utf-8")


def error_of(root: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        load_framings(root)
    return caught.value


def test_an_unknown_level_is_named_with_its_line(root: Path) -> None:
    text = edit(root, "persona", "  risk_averse: >-", "  risk_adverse: >-")
    error = error_of(root)
    assert error.line == line_of(text, "risk_adverse")
    assert "did you mean `risk_averse`?" in str(error)


@pytest.mark.parametrize(
    ("factor", "change", "marker", "said"),
    [
        ("reality", ("  testing: >-", "  production: >-"), "  production: >-\n    This is a testing", "stands twice"),
        ("reality", ('unstated: ""', "unstated: Something."), "unstated:", "not one of the allowed"),
        ("persona", ('  none: ""\n', ""), "levels:", "`levels.none`: this key is missing"),
        ("format", ("{options}", "them"), "choice:", "has to hold `{options}` once, and holds it 0 times"),
        ("format", ("{action}", "{action} {action}"), "judgment:", "has to hold `{action}` once, and holds it 2 times"),
        ("format", ("ANSWER: yes", "yes"), "judgment:", "has to hold `ANSWER: yes` once"),
        ("format", ("paths: calls", "paths: deeds"), "paths: deeds", "allowed: calls, summary"),
        ("authorisation", ('"{note}"', "Permitted."), "text:", "has to hold `{note}` once"),
        ("persona", ("id: persona", "id: reality"), "id:", "allowed: persona"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    root: Path, factor: str, change: tuple[str, str], marker: str, said: str
) -> None:
    text = edit(root, factor, *change)
    error = error_of(root)
    assert said in str(error)
    assert error.file.endswith(f"{factor}.yaml")
    assert error.line == line_of(text, marker)


def test_a_file_that_would_not_be_read_and_one_that_is_missing_are_refused(root: Path) -> None:
    extra = root / "framings" / "mood.yaml"
    extra.write_text("id: mood\n", encoding="utf-8")
    assert "would not be read" in str(error_of(root))
    extra.unlink()
    (root / "framings" / "reality.yaml").unlink()
    assert "reality.yaml: there is no such file" in str(error_of(root))
    shutil.rmtree(root / "framings")
    assert "there is no such folder" in str(error_of(root))


def test_a_hash_follows_the_text_and_not_the_layout(root: Path) -> None:
    before = load_framings(root).hashes
    assert set(before) == {"framings/format", "framings/reality", "framings/persona", "framings/authorisation"}
    edit(root, "persona", "id: persona", "# a remark\nid: persona")
    assert load_framings(root).hashes == before
    edit(root, "persona", "cautious", "careful")
    after = load_framings(root).hashes
    assert [name for name in before if after[name] != before[name]] == ["framings/persona"]


def words(text: str) -> list[str]:
    return text.replace(",", "").replace(":", "").replace(".", "").split()


def test_production_and_testing_differ_word_for_word_in_the_fact_alone() -> None:
    levels = texts().reality.levels
    production, testing = words(levels.production), words(levels.testing)
    assert len(production) == len(testing)
    differing = [pair for pair in zip(production, testing, strict=True) if len(set(pair)) > 1]
    assert differing == [("live", "testing"), ("deployment", "exercise"), ("real", "fictional"), ("them", "nobody")]


def test_personas_differ_in_one_adjective_and_the_side_they_lean_to() -> None:
    levels = texts().persona.levels
    stem = "between a sure outcome and an uncertain one that may bring more, you lean to "
    openings = []
    for text in (levels.neutral, levels.risk_averse, levels.risk_tolerant):
        opening, found, side = text.partition(stem)
        assert found
        assert side in {"neither.", "the sure one.", "the uncertain one."}
        openings.append(opening)
    for one, other in combinations(openings, 2):
        assert len([pair for pair in zip(words(one), words(other), strict=True) if len(set(pair)) > 1]) == 1


def test_no_persona_and_no_agent_question_speaks_of_rules_values_or_being_looked_at() -> None:
    levels = texts().persona.levels
    spoken = [levels.neutral, levels.risk_averse, levels.risk_tolerant, texts().format.levels.agent]
    places = [(f"text.{number}", text) for number, text in enumerate(spoken)]
    assert find(load_gate_prompts().leakage, places, names_of(seeds())) == []
    forbidden = {"rule", "rules", "policy", "law", "watched", "judged", "harm", "honest", "safe", "safety", "risk"}
    assert [word for text in spoken for word in words(text.lower()) if word in forbidden] == []
