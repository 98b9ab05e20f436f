"""Bodies that are sent and bodies that come."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.models.requests import ModerationRequest, TextRequest
from pipeline.models.wire import (
    LOWEST_LOGPROB,
    MalformedReply,
    body_of,
    completion_of,
    declined,
    is_strict,
    path_of,
)
from pipeline.schema.specification import Sampling
from tests.models.samples import request

CLOSED = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


def reply(message: dict[str, Any], **choice: Any) -> dict[str, Any]:
    return {"choices": [{"message": message, "finish_reason": "stop", **choice}], "model": "m"}


def test_body_follows_the_protocol() -> None:
    asked = request("hi", sampling=Sampling(temperature=0.3, top_p=0.9, max_tokens=7), stop=["END"], top_logprobs=4)
    assert body_of(asked) == {
        "model": "scripted",
        "messages": [{"role": "user", "content": "hi"}],
        "temperature": 0.3,
        "top_p": 0.9,
        "max_tokens": 7,
        "seed": asked.seed,
        "stop": ["END"],
        "logprobs": True,
        "top_logprobs": 4,
    }


def test_schema_is_sent_as_response_format() -> None:
    sent = body_of(request(response_schema=CLOSED))["response_format"]
    assert sent == {"type": "json_schema", "json_schema": {"name": "reply", "schema": CLOSED, "strict": True}}


@pytest.mark.parametrize(
    "part",
    [{"additionalProperties": True}, {"required": []}, {"properties": {"a": {"type": "object", "properties": {}}}}],
)
def test_open_schemas_are_not_strict(part: dict[str, Any]) -> None:
    assert is_strict(CLOSED)
    assert not is_strict({**CLOSED, **part})
    assert not is_strict({"type": "array", "items": {**CLOSED, **part}})


def test_extra_replaces_and_null_leaves_out() -> None:
    sent = body_of(request(sampling=Sampling(extra={"seed": None, "temperature": None, "top_p": 0.5, "min_p": 0.1})))
    assert "seed" not in sent
    assert "temperature" not in sent
    assert (sent["top_p"], sent["min_p"]) == (0.5, 0.1)


def test_newer_name_of_the_token_limit_stands_alone() -> None:
    sent = body_of(request(sampling=Sampling(max_tokens=5, extra={"max_completion_tokens": 6})))
    assert sent["max_completion_tokens"] == 6
    assert "max_tokens" not in sent


def test_extra_cannot_change_what_is_asked() -> None:
    extra: dict[str, Any] = {"model": "other", "messages": [], "stream": True}
    sent = body_of(request("hi", sampling=Sampling(extra=extra)))
    assert sent["model"] == "scripted"
    assert sent["messages"] == [{"role": "user", "content": "hi"}]
    assert "stream" not in sent


def test_what_a_server_leaves_out_is_unknown() -> None:
    done = completion_of(request(), {"choices": [{"message": {"content": "yes"}}]})
    assert done.text == "yes"
    assert (done.finish_reason, done.prompt_tokens, done.completion_tokens, done.model) == (None, None, None, None)


def test_empty_refused_and_cut_replies_are_completions() -> None:
    done = completion_of(request(), reply({"content": None, "refusal": "I cannot"}, finish_reason="length"))
    assert (done.text, done.refusal, done.finish_reason) == ("", "I cannot", "length")


def test_lone_surrogates_are_replaced() -> None:
    assert completion_of(request(), reply({"content": "a\ud83db"})).text == "a\ufffdb"


def test_content_in_parts_is_joined() -> None:
    parts = [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]
    assert completion_of(request(), reply({"content": parts})).text == "one two"


@pytest.mark.parametrize(
    "body",
    [None, [], "text", {}, {"choices": []}, {"choices": "x"}, {"choices": [{}]}, {"choices": [{"message": None}]}],
)
def test_what_is_no_chat_completion_is_malformed(body: object) -> None:
    with pytest.raises(MalformedReply):
        completion_of(request(), body)


def test_malformed_reply_tells_the_server_s_error() -> None:
    with pytest.raises(MalformedReply, match="upstream is down"):
        completion_of(request(), {"error": {"message": "upstream is down"}})


def test_logprobs_by_token() -> None:
    alternatives = [
        {"token": "yes", "logprob": -0.1}, {"token": "no", "logprob": -2.5},
        {"token": "no", "logprob": -3.5}, {"token": "?", "logprob": None},
    ]  # fmt: skip
    steps = {"content": [{"token": "yes", "logprob": -0.1, "top_logprobs": alternatives}]}
    done = completion_of(request(top_logprobs=4), reply({"content": "yes"}, logprobs=steps))
    assert done.top_logprobs == ({"yes": -0.1, "no": -2.5, "?": LOWEST_LOGPROB},)
    assert completion_of(request(), reply({"content": "yes"}, logprobs=steps)).top_logprobs == ()


def test_refusal_of_one_prompt_is_a_completion() -> None:
    filtered = declined(request(), {"error": {"message": "stopped by the filter", "code": "content_filter"}})
    assert filtered is not None
    assert (filtered.finish_reason, filtered.refusal) == ("content_filter", "stopped by the filter")
    too_long = declined(request(), {"error": {"message": "too long", "type": "exceed_context_size_error", "code": 400}})
    assert too_long is not None
    assert too_long.finish_reason == "length"
    assert declined(request(), {"error": {"message": "no such field", "code": "invalid_request"}}) is None


TEXT = TextRequest(
    endpoint_kind="openai",
    model="m",
    prompt="Is it?",
    sampling=Sampling(temperature=0, max_tokens=1, extra={"add_special_tokens": False}),
    top_logprobs=5,
)
MODERATION = ModerationRequest(endpoint_kind="openai", model="m", input="some text", extra={"priority": 1})


def test_each_form_has_its_path_and_body() -> None:
    assert [path_of(one) for one in (request(), TEXT, MODERATION)] == ["chat/completions", "completions", "moderations"]
    assert body_of(TEXT) == {
        "model": "m",
        "prompt": "Is it?",
        "temperature": 0,
        "top_p": 1.0,
        "max_tokens": 1,
        "seed": TEXT.seed,
        "logprobs": 5,
        "add_special_tokens": False,
    }
    assert body_of(MODERATION) == {"model": "m", "input": "some text", "priority": 1}


def test_a_text_completion_is_read() -> None:
    choice = {
        "text": "No",
        "finish_reason": "length",
        "logprobs": {"top_logprobs": [{"No": -0.1, "Yes": float("nan")}]},
    }
    usage = {"prompt_tokens": 3, "completion_tokens": 1}
    read = completion_of(TEXT, {"choices": [choice], "model": "served", "usage": usage})
    assert (read.key, read.text, read.finish_reason, read.model) == (TEXT.key, "No", "length", "served")
    assert (read.prompt_tokens, read.completion_tokens) == (3, 1)
    assert read.top_logprobs == ({"No": -0.1, "Yes": LOWEST_LOGPROB},)


@pytest.mark.parametrize("logprobs", [None, {}, {"top_logprobs": None}, {"top_logprobs": "x"}, []])
def test_a_text_completion_without_log_probabilities_has_none(logprobs: Any) -> None:
    assert completion_of(TEXT, {"choices": [{"text": "No", "logprobs": logprobs}]}).top_logprobs == ()


@pytest.mark.parametrize("body", [{}, {"choices": []}, {"choices": ["No"]}, []])
def test_what_is_no_text_completion_is_malformed(body: Any) -> None:
    with pytest.raises(MalformedReply):
        completion_of(TEXT, body)


def test_a_moderation_is_kept_as_it_came() -> None:
    results = [{"flagged": False, "categories": {"hate": False}, "category_scores": {"hate": 0.01}}]
    read = completion_of(MODERATION, {"id": "modr-1", "model": "omni", "results": results})
    assert json.loads(read.text) == results
    assert (read.finish_reason, read.model, read.prompt_tokens) == ("stop", "omni", None)
    with pytest.raises(MalformedReply, match="no results: over"):
        completion_of(MODERATION, {"error": {"message": "over"}})


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens.",
        "The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
    ],
)
def test_a_prompt_that_vllm_finds_too_long_concerns_that_prompt_alone(message: str) -> None:
    error = {"error": {"message": message, "type": "BadRequestError", "param": None, "code": 400}}
    for asked in (request(), TEXT):
        refused = declined(asked, error)
        assert refused is not None
        assert (refused.text, refused.finish_reason) == ("", "length")
    other = {"error": {"message": "max_tokens must be at least 1", "type": "BadRequestError", "code": 400}}
    assert declined(TEXT, other) is None
