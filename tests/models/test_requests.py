"""The key of a request holds everything that decides its reply."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.models.requests import ChatMessage, ChatRequest, ModerationRequest, Request, TextRequest, request_of
from pipeline.schema.specification import Sampling
from tests.models.samples import request

CHANGES: list[dict[str, Any]] = [
    {"endpoint_kind": "embedded"},
    {"model": "other"},
    {"messages": [ChatMessage(role="system", content="hello")]},
    {"messages": [ChatMessage(role="user", content="hello"), ChatMessage(role="assistant", content="yes")]},
    {"sampling": Sampling(temperature=0.1)},
    {"sampling": Sampling(max_tokens=9)},
    {"sampling": Sampling(extra={"top_k": 3})},
    {"response_schema": {"type": "object"}},
    {"top_logprobs": 2},
    {"stop": ["."]},
    {"sample": 1},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_each_field_changes_the_key(change: dict[str, Any]) -> None:
    assert request(**change).key != request().key


def test_key_is_the_hash_of_canonical_json() -> None:
    plain = {
        "endpoint_kind": "openai",
        "messages": [{"content": "hello", "role": "user"}],
        "model": "scripted",
        "response_schema": None,
        "sample": 0,
        "sampling": {"extra": {}, "max_tokens": 512, "temperature": 0.5, "top_p": 1},
        "stop": [],
        "top_logprobs": 0,
    }
    text = json.dumps(plain, separators=(",", ":"), sort_keys=True)
    assert request(sampling=Sampling(temperature=0.5)).key == hashlib.sha256(text.encode()).hexdigest()


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_samples_differ_in_key_and_seed(one: int, other: int) -> None:
    first, second = request(sample=one), request(sample=other)
    assert (first.key == second.key) == (one == other)
    assert 0 <= first.seed < 2**31
    assert first.seed == request(sample=one).seed


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1))
def test_a_request_survives_json(text: str) -> None:
    asked = request(text)
    assert ChatRequest.model_validate_json(asked.model_dump_json()).key == asked.key


FORMS: list[Request] = [
    request(),
    TextRequest(endpoint_kind="openai", model="scripted", prompt="hello", sampling=Sampling()),
    ModerationRequest(endpoint_kind="openai", model="scripted", input="hello"),
]


def test_forms_of_a_request_come_back_from_json_and_differ_in_key() -> None:
    assert [request_of(one.model_dump(mode="json")) for one in FORMS] == FORMS
    assert len({one.key for one in FORMS}) == len(FORMS)
    assert {one.asked for one in FORMS} == {"hello"}


@pytest.mark.parametrize("content", [None, [], "text", {}, {"form": "chat"}, {"form": 3}, {"form": "text"}])
def test_what_is_no_request_is_refused(content: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        request_of(content)
