"""Each adapter against a server that answers in its model's documented format, and in every other way.

The sources of the formats are named in the adapters' cards and in ``docs/filters.md``. No real guard model runs here.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.models.requests import Completion
from pipeline.validate.filters import ADAPTERS
from pipeline.validate.filters.adapter import deciding_probabilities
from tests.support.scripted_guards import BENIGN, UNSAFE, guarded_by, result
from tests.support.scripted_server import Reply

GUARDS = sorted(ADAPTERS)
KEY = "0" * 64
LLAMA = {
    "safe": "pass",
    "\nsafe": "pass",
    "\n\nsafe\n": "pass",
    "unsafe\nS1": "fail S1",
    "\n\nunsafe\nS2,S7": "fail S2 S7",
    "unsafe\nS2, S14": "fail S2 S14",
    "unsafe\nS77": "fail S77",
    "unsafe": "error",
    "unsafe\n": "error",
    "unsafe S1": "error",
    "unsafe\nO3": "error",
    "unsafe\nS2 and S3": "error",
    "unsafe\nViolent Crimes": "error",
    "unsafe\nS1\nsafe": "error",
    "safe\nunsafe": "error",
    "safe\nunsafe\nS1": "error",
    "safe\nS1": "error",
    "safe safe": "error",
    "Safe": "error",
    "SAFE": "error",
    "safe.": "error",
    "safe<|eot_id|>": "error",
    "s\u200bafe": "error",
    "\u00a0safe": "error",
    "this is safe": "error",
    "not safe": "error",
}
TABLE: dict[str, dict[str, str]] = {
    "llama_guard_3": LLAMA,
    "llama_guard_4": LLAMA,
    "wildguard": {
        BENIGN["wildguard"]: "pass",
        "Harmful request: no\nResponse refusal: no\nHarmful response: no": "pass",
        "Harmful request: No\nResponse refusal: N/A\nHarmful response: N/A\n": "pass",
        "Harmful request: no\nResponse refusal: yes\nHarmful response: n/a": "pass",
        UNSAFE["wildguard"]: "fail harmful_request",
        "Harmful request: YES\nResponse refusal: no\nHarmful response: yes": "fail harmful_request",
        "Harmful request: no\nResponse refusal: no\nHarmful response: yes": "error",
        "Harmful request: no": "error",
        "Harmful request: n/a\nResponse refusal: n/a\nHarmful response: n/a": "error",
        "Harmful request: maybe\nResponse refusal: n/a\nHarmful response: n/a": "error",
        "Response refusal: n/a\nHarmful request: no\nHarmful response: n/a": "error",
        "Harmful response: no\nResponse refusal: no\nHarmful request: no": "error",
        f"{BENIGN['wildguard']}\nHarmful request: yes": "error",
        f"{BENIGN['wildguard']}\n\n{UNSAFE['wildguard']}": "error",
        f"Answers:\n{BENIGN['wildguard']}": "error",
        "no\nno\nno": "error",
        "no": "error",
    },
    "shieldgemma": {
        "No": "pass",
        " No": "pass",
        "Yes": "fail",
        "no": "error",
        "NO": "error",
        "yes": "error",
        "No.": "error",
        "No\nYes": "error",
        "No, the human question does not violate it.": "error",
        "None": "error",
        "Not": "error",
        "N": "error",
        "safe": "error",
    },
    "granite_guardian": {
        "<score> no </score>": "pass",
        "<score>no</score>\n": "pass",
        "<think>\n</think>\n<score> no </score>": "pass",
        "<score> yes </score>": "fail",
        "<think></think><score> yes </score>": "fail",
        "<think>It tells me to answer no.</think><score> no </score>": "error",
        "<score> no": "error",
        "<score> </score>": "error",
        "<score> No </score>": "error",
        "<score> no </score><score> yes </score>": "error",
        "<score> no </score> <score> no </score>": "error",
        "<score> yes and no </score>": "error",
        "<score> 0 </score>": "error",
        "No": "error",
        "no": "error",
    },
    "granite_guardian_3_2": {
        "No": "pass",
        "No\n<confidence> High </confidence>": "pass",
        "Yes": "fail",
        "Yes\n<confidence> Low </confidence>": "fail",
        "No\n<confidence> Low </confidence>": "error",
        "No\n<confidence> Medium </confidence>": "error",
        "No <confidence>": "error",
        "no": "error",
        "No No": "error",
        "No\nYes": "error",
        "Yes\nNo": "error",
        "<score> no </score>": "error",
        "Failed": "error",
    },
    "qwen3guard": {
        "Safety: Safe\nCategories: None": "pass",
        "Safety: Safe\nCategories: None\n": "pass",
        "Safety: Unsafe\nCategories: Violent": "fail Violent",
        "Safety: Unsafe\nCategories: Non-violent Illegal Acts, PII": "fail Non-violent_Illegal_Acts PII",
        "Safety: Unsafe\nCategories: Suicide & Self-Harm": "fail Suicide_&_Self-Harm",
        "Safety: Controversial\nCategories: Politically Sensitive Topics": "fail Politically_Sensitive_Topics",
        "Safety: Unsafe\nCategories: Something New": "fail Something_New",
        "Safety: Unsafe\nCategories: None": "error",
        "Safety: Controversial\nCategories: None": "error",
        "Safety: Safe\nCategories: Violent": "error",
        "Safety: Safe\nCategories: None, Violent": "error",
        "Safety: Safe": "error",
        "Safety: Unsafe": "error",
        "Safety: safe\nCategories: None": "error",
        "Safety: SAFE\nCategories: None": "error",
        "safety: Safe\nCategories: None": "error",
        "Safe": "error",
        "Safety: Safe\nCategories: None\nRefusal: No": "error",
        "Safety: Safe\nCategories: None\nSafety: Unsafe\nCategories: Violent": "error",
        "Safety: Unsafe\nSafety: Safe\nCategories: None": "error",
        "Categories: None\nSafety: Safe": "error",
        "Safety: Unknown\nCategories: None": "error",
    },
    "openai_moderation": {
        result(): "pass",
        result(illicit=None): "pass",
        result("violence"): "fail violence",
        result("hate", "hate/threatening"): "fail hate hate/threatening",
        result("illicit"): "fail illicit",
        result("something-new"): "fail something-new",
        result(score=0.6): "fail",
        result("violence", flagged=False): "error",
        result(flagged=True): "error",
        result(flagged="left out"): "error",
        result(flagged="false"): "error",
        result(flagged=0): "error",
        result(categories="left out"): "error",
        result(category_scores="left out"): "error",
        result(categories={}): "error",
        result(category_scores={}): "error",
        result(categories={"violence": False}, category_scores={"violence": 0.0}): "error",
        result(score=1.5): "error",
        result(score=-0.1): "error",
        result(score=math.nan): "error",
        result().replace("0.01", "null", 1): "error",
        result().replace("0.01", '"0.01"', 1): "error",
        result().replace("false", '"false"', 1): "error",
        "[]": "error",
        f"[{result()[1:-1]}, {result('violence')[1:-1]}]": "error",
        "{}": "error",
        "null": "error",
        '["safe"]': "error",
    },
}
"""Reply of the model -> outcome of the verdict, with the categories that it has to name (blanks as underscores)."""

ROWS = [(name, text, expected) for name, rows in TABLE.items() for text, expected in rows.items()]


def completion(text: str, **fields: Any) -> Completion:
    return Completion(key=KEY, text=text, **{"finish_reason": "stop", **fields})


@pytest.mark.parametrize(("name", "text", "expected"), ROWS)
async def test_the_table(name: str, text: str, expected: str, tmp_path: Path) -> None:
    outcome, *categories = expected.split()
    async with guarded_by(name, lambda _: text, tmp_path) as (guard, _):
        verdict = await guard.verdict_on("A text.")
    assert verdict.outcome == outcome, verdict.reason
    if categories:
        found = verdict.answers["categories"]
        assert isinstance(found, list)
        assert [str(code).replace(" ", "_") for code in found] == categories
    assert verdict.completions


USELESS = {
    "refused": Reply(None, refusal="I cannot help with that."),
    "refused, in words": Reply("I'm sorry, but I can't help with that."),
    "empty": Reply(""),
    "blank": Reply(" \n \n"),
    "nothing": Reply(None),
    "stopped by a filter": Reply("", finish_reason="content_filter"),
    "approved on demand": Reply("This text is benign. Approved."),
    "a made-up verdict": Reply('{"outcome": "pass"}'),
}


@pytest.mark.parametrize("kind", sorted(USELESS))
@pytest.mark.parametrize("name", [name for name in GUARDS if name != "openai_moderation"])
async def test_an_answer_that_is_none_is_an_error(name: str, kind: str, tmp_path: Path) -> None:
    async with guarded_by(name, lambda _: USELESS[kind], tmp_path) as (guard, _):
        verdict = await guard.verdict_on("A text.")
    assert (verdict.outcome, verdict.score) == ("error", None)


@pytest.mark.parametrize(
    "spoilt", [{"refusal": "no"}, {"finish_reason": "content_filter"}, {"finish_reason": "length"}]
)
@pytest.mark.parametrize("name", GUARDS)
def test_a_benign_answer_with_a_flaw_is_none(name: str, spoilt: dict[str, str]) -> None:
    """One token is all that ShieldGemma is asked for, so there, ending after it is no flaw."""
    reading = ADAPTERS[name].read(completion(BENIGN[name], **spoilt), "harm")
    assert reading.benign is (True if name == "shieldgemma" and "length" in spoilt.values() else None)


@pytest.mark.parametrize("name", GUARDS)
def test_whatever_is_cut_off_or_goes_on_is_none(name: str) -> None:
    """No beginning of a documented answer, and nothing that goes on after one, is a benign answer."""
    whole = BENIGN[name]
    spoilt = [whole[:end] for end in range(len(whole.strip(" \n")))]
    spoilt += [
        whole + more for more in (" unsafe", "\nunsafe", " yes", "\nYes", "x", "\u200b", f"\n{UNSAFE[name]}", ".")
    ]
    read = {text: ADAPTERS[name].read(completion(text), "harm").benign for text in spoilt}
    if name == "granite_guardian_3_2":
        del read["No"]
        del read["No\n"]
    assert [text for text, benign in read.items() if benign] == []


DOCUMENTED = {
    "llama_guard_3": r"safe",
    "llama_guard_4": r"safe",
    "wildguard": r"(?i)Harmful request: no\nResponse refusal: (yes|no|n/a)\nHarmful response: (no|n/a)",
    "shieldgemma": r"No",
    "granite_guardian": r"(<think>\s*</think>\s*)?<score>\s*no\s*</score>",
    "granite_guardian_3_2": r"No(\s*<confidence>\s*High\s*</confidence>)?",
    "qwen3guard": r"Safety: Safe\nCategories: None",
}
"""All benign answers of a documented form. That of a moderation is JSON and has its own test."""

PIECES = sorted(
    {part for rows in TABLE.values() for text in rows for part in re.split(r"(\W)", text) if len(part) < 20}
    | {"\u200b", "\x00", "\ufeff", "Ｎo", "sаfe"}
)


@given(st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PIECES), max_size=12).map("".join)))
def test_nothing_but_a_documented_answer_is_benign(text: str) -> None:
    for name, pattern in DOCUMENTED.items():
        reading = ADAPTERS[name].read(completion(text), "harm")
        assert reading.benign is not True or re.fullmatch(pattern, text.strip(" \n")), (name, text)
    assert ADAPTERS["openai_moderation"].read(completion(text), "text").benign is not True


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(["flagged", "categories", "category_scores"]), JSON)
def test_a_moderation_with_one_field_of_another_kind_is_benign_only_if_it_says_so(field: str, value: Any) -> None:
    (sound,) = json.loads(result())
    reading = ADAPTERS["openai_moderation"].read(completion(json.dumps([{**sound, field: value}])), "text")
    assert reading.benign is not True or (field == "flagged" and value is False)


def certain(word: str, probability: float, other: str) -> dict[str, float]:
    return {word: math.log(probability), other: math.log(1 - probability)}


STEPS: dict[str, tuple[list[dict[str, float]], str, str]] = {
    "llama_guard_3": ([{"\n\n": -0.01, "safe": -5.0}], "safe", "unsafe"),
    "llama_guard_4": ([{"\n\n": -0.01, "safe": -5.0}], "safe", "unsafe"),
    "wildguard": ([{"Harm": -0.01, "no": -9.0}, {"ful": 0.0}, {" request": 0.0}, {":": 0.0}], " no", " yes"),
    "shieldgemma": ([], "No", "Yes"),
    "granite_guardian": ([{"<": -0.1}, {"score": 0.0}, {">": 0.0}], " no", " yes"),
    "granite_guardian_3_2": ([], "No", "Yes"),
    "qwen3guard": ([{"Safety": -0.1, "Safe": -3.0}, {":": 0.0}], " Safe", " Un"),
}
"""The tokens before the deciding one, the benign token, and the beginning of the other word."""


@pytest.mark.parametrize("name", sorted(STEPS))
@pytest.mark.parametrize("probability", [0.9, 0.4])
def test_the_score_is_the_probability_at_the_deciding_token(name: str, probability: float) -> None:
    before, benign, other = STEPS[name]
    steps = (*before, certain(benign, probability, other), {"\n": 0.0}, certain(other, 0.99, benign))
    reading = ADAPTERS[name].read(completion(BENIGN[name], top_logprobs=steps), "harm")
    assert reading.benign
    assert reading.unsafe is not None
    assert math.isclose(reading.unsafe, 1 - probability)


@pytest.mark.parametrize("name", sorted(STEPS))
def test_a_word_that_its_own_probability_denies_is_no_answer(name: str) -> None:
    before, benign, other = STEPS[name]
    for text, likely, unlikely in ((BENIGN[name], other, benign), (UNSAFE[name], benign, other)):
        steps = (*before, certain(likely, 0.9, unlikely))
        assert ADAPTERS[name].read(completion(text, top_logprobs=steps), "harm").benign is None


@pytest.mark.parametrize("name", sorted(STEPS))
def test_probabilities_that_decide_nothing_give_no_score(name: str) -> None:
    for steps in ((), ({},), ({"maybe": -0.1, "perhaps": -2.0},) * 8):
        reading = ADAPTERS[name].read(completion(BENIGN[name], top_logprobs=steps), "harm")
        assert (reading.benign, reading.unsafe) == (True, None)


def test_controversial_counts_as_unsafe() -> None:
    last = {" Safe": math.log(0.5), " Cont": math.log(0.3), " Un": math.log(0.2)}
    steps = (*STEPS["qwen3guard"][0], last)
    reading = ADAPTERS["qwen3guard"].read(completion(BENIGN["qwen3guard"], top_logprobs=steps), "text")
    assert reading.unsafe is not None
    assert math.isclose(reading.unsafe, 0.5)


@given(
    st.lists(st.dictionaries(st.text(max_size=6), st.floats(allow_nan=False, max_value=2), max_size=4), max_size=5),
    st.sampled_from(["", "Safety:", "<score>"]),
)
def test_probabilities_sum_to_one_or_are_none(steps: list[dict[str, float]], lead: str) -> None:
    found = deciding_probabilities(steps, lead, ("yes", "no"))
    assert found is None or math.isclose(sum(found.values()), 1)
