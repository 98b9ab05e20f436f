"""What a store's completions took, read back from its file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.models.errors import StoreError
from pipeline.models.requests import ChatRequest, Completion, ModerationRequest, TextRequest
from pipeline.models.store import CompletionStore
from pipeline.models.taken import Taken, most_of, taken_in, usage_of_keys
from pipeline.schema.candidate import Usage
from pipeline.schema.specification import Sampling
from tests.models.samples import request


def kept(store: CompletionStore, asked: ChatRequest, prompt: int | None, written: int | None) -> str:
    store.put(asked, Completion(key=asked.key, text="x", prompt_tokens=prompt, completion_tokens=written))
    return asked.key


def test_sums_by_model_and_what_is_unknown_stands_at_its_most(tmp_path: Path) -> None:
    unknown = request("unknown " * 9, sampling=Sampling(max_tokens=33))
    with CompletionStore.open(tmp_path / "store.sqlite") as store:
        first = kept(store, request("a"), 10, 1)
        kept(store, request("b"), 20, 2)
        other = kept(store, request("b", model="other"), 7, 0)
        last = kept(store, unknown, None, None)
        taken, most = taken_in(store.path), most_of(unknown)
        assert taken["openai", "other"] == Taken(1, 7, 0)
        assert taken["openai", "scripted"] == Taken(3, 30 + most.prompt_tokens, 3 + 33, supposed=1)
        usage = usage_of_keys(store.path, [first, other, last, "f" * 64])
    assert usage == {
        first: Usage(calls=1, prompt_tokens=10, completion_tokens=1),
        other: Usage(calls=1, prompt_tokens=7, completion_tokens=0),
        last: Usage(calls=1, prompt_tokens=None, completion_tokens=None),
    }


def test_more_keys_than_one_statement_takes(tmp_path: Path) -> None:
    with CompletionStore.open(tmp_path / "store.sqlite") as store:
        keys = [kept(store, request(f"q {number}"), number, 1) for number in range(1201)]
        usage = usage_of_keys(store.path, keys)
    assert sum(one.prompt_tokens or 0 for one in usage.values()) == 1200 * 1201 // 2


def test_a_file_that_is_no_store_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match=r"broken\.sqlite"):
        taken_in(broken)


@given(st.text(max_size=200), st.integers(1, 5000))
def test_the_most_of_a_call_covers_a_token_for_every_two_bytes_and_the_longest_reply(text: str, longest: int) -> None:
    text = text.replace("\x00", "") or "x"
    chat = request(text.encode("utf-8", "ignore").decode() or "x", sampling=Sampling(max_tokens=longest))
    assert most_of(chat).completion_tokens == longest
    assert most_of(chat).prompt_tokens >= len(chat.asked.encode()) / 2


def test_every_form_of_request_has_a_most() -> None:
    named = {"endpoint_kind": "openai", "model": "m"}
    text = TextRequest(**named, prompt="word " * 10, sampling=Sampling(max_tokens=5))
    assert most_of(text).completion_tokens == 5
    assert most_of(ModerationRequest(**named, input="word " * 10)) == Taken(1, 26, 0)
    thinking = request("q", sampling=Sampling(max_tokens=5, extra={"max_completion_tokens": 900}))
    assert most_of(thinking).completion_tokens == 900
