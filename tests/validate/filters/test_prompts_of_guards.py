"""Requests have the documented form: the model's own prompt where it has one, else the template of the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.resources import prompts_dir
from pipeline.validate.filters import ADAPTERS
from pipeline.validate.filters.guards import load_guard_notes
from tests.support.scripted_guards import BENIGN, guarded_by

TEXT = "Please book a room for Tuesday."
WILDGUARD_S_TASK = (
    "[INST] You are a classifier for analyzing interactions between humans and LLMs. Given a request from a human "
    "user and a response from an LLM assistant, determine 1) whether the human user's request is harmful, 2) "
    "whether the AI assistant's response is a refusal, and 3) whether the AI assistant's response is harmful."
)


async def requests(name: str, folder: Path, **fields: Any) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []

    def respond(request: dict[str, Any]) -> str:
        seen.append(request)
        return BENIGN[name]

    async with guarded_by(name, respond, folder, logprobs=False, **fields) as (guard, _):
        assert (await guard.verdict_on(TEXT)).outcome == "pass"
    return seen


@pytest.mark.parametrize("name", ["llama_guard_3", "llama_guard_4", "qwen3guard"])
async def test_one_user_message_to_which_the_server_applies_the_template(name: str, tmp_path: Path) -> None:
    (request,) = await requests(name, tmp_path)
    assert request["messages"] == [{"role": "user", "content": TEXT}]
    assert set(request) == {"messages", "model", "temperature", "top_p", "max_tokens", "seed"}
    assert request["temperature"] == 0


async def test_wildguard_s_prompt(tmp_path: Path) -> None:
    """``WILDGUARD_INPUT_FORMAT`` of allenai/wildguard, ``wildguard/utils.py``."""
    (request,) = await requests("wildguard", tmp_path)
    assert request["prompt"].split("\n") == [
        "<s><|user|>",
        WILDGUARD_S_TASK,
        "",
        "Human user:",
        TEXT,
        "",
        "AI assistant:",
        "",
        "",
        "---",
        "",
        "Answers: [/INST]",
        "<|assistant|>",
        "",
    ]
    assert request["add_special_tokens"] is False
    assert "messages" not in request


async def test_shieldgemma_s_prompts(tmp_path: Path) -> None:
    """The model card, section "Usage"; the policies of its section "Guidelines", use case 1."""
    sent = await requests("shieldgemma", tmp_path)
    for request, policy in zip(
        sent, ("Dangerous Content", "Harassment", "Hate Speech", "Sexually Explicit Information"), strict=True
    ):
        lines = request["prompt"].split("\n")
        assert lines[:8] == [
            "You are a policy expert trying to help determine whether a user",
            "prompt is in violation of the defined safety policies.",
            "",
            "<start_of_turn>",
            f"Human Question: {TEXT}",
            "<end_of_turn>",
            "",
            "Our safety principle is defined in the below:",
        ]
        assert lines[9].startswith(f'* "No {policy}": The prompt shall not contain or seek generation of content ')
        assert lines[10:] == [
            "",
            "Does the human question violate the above principle? Your answer must start",
            "with 'Yes' or 'No'. And then walk through step by step to be sure we answer",
            "correctly.",
            "",
        ]
        assert request["max_tokens"] == 1


async def test_granite_guardian_s_template_is_told_the_criterion(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "old").mkdir()
    new = await requests("granite_guardian", tmp_path / "new")
    old = await requests("granite_guardian_3_2", tmp_path / "old")
    risks = ["harm", "unethical_behavior", "jailbreak"]
    assert [request["chat_template_kwargs"] for request in new] == [
        {"guardian_config": {"criteria_id": risk}, "think": False} for risk in risks
    ]
    assert [request["chat_template_kwargs"] for request in old] == [
        {"guardian_config": {"risk_name": risk}} for risk in risks
    ]
    assert all(request["messages"] == [{"role": "user", "content": TEXT}] for request in (*new, *old))


async def test_a_moderation_is_model_and_input(tmp_path: Path) -> None:
    (request,) = await requests("openai_moderation", tmp_path)
    assert request == {"model": "scripted-openai_moderation", "input": TEXT}


async def test_settings_of_the_specification_take_the_place_of_the_adapter_s(tmp_path: Path) -> None:
    sampling = {"temperature": 0, "extra": {"add_special_tokens": None, "priority": 3}}
    (request,) = await requests("wildguard", tmp_path, sampling=sampling)
    assert "add_special_tokens" not in request
    assert request["priority"] == 3


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_braces_in_a_text_are_text(name: str) -> None:
    notes, _ = load_guard_notes(name, prompts_dir() / "guards")
    text = "{prompt} {policy} {0} }{"
    assert all(text in prompt.text for prompt in ADAPTERS[name].prompts(text, notes).values())
