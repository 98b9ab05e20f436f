"""A tiny model made here and saved to disk, run by transformers as a real one would be."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from pipeline.models.client import open_client
from pipeline.models.errors import EndpointError
from pipeline.models.local import LocalModel
from pipeline.models.requests import Completion, ModerationRequest, TextRequest
from pipeline.models.store import CompletionStore
from pipeline.schema.specification import GuardModel, ModelRole, Models, NoEndpoint, Sampling, TransformersEndpoint
from pipeline.validate.filters import ADAPTERS
from pipeline.validate.filters.guards import Guard
from tests.models.samples import request

WORDS = [
    "<pad>",
    "<s>",
    "</s>",
    "<unk>",
    "safe",
    "unsafe",
    "S1",
    "S2",
    "yes",
    "no",
    "a",
    "text",
    "user",
    "assistant",
    ":",
]
TEMPLATE = (
    "{{ '<s>' }}{% for message in messages %} {{ message.role }} : {{ message.content }}{% endfor %}"
    "{% if add_generation_prompt %} assistant :{% endif %}{% if extra %} {{ extra }}{% endif %}"
)
POSITIONS = 64
PROMPT = "<s> user : a text assistant :"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of 15 words, random but for a few steps of training that teach it to answer ``a text`` with ``safe``."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from tokenizers.processors import TemplateProcessing
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<pad>"
    )
    tokenizer.chat_template = TEMPLATE
    config = LlamaConfig(
        vocab_size=len(WORDS), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=POSITIONS, bos_token_id=1, eos_token_id=2, pad_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    model = LlamaForCausalLM(config)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    lesson = torch.tensor([tokenizer(f"{PROMPT} safe </s>", add_special_tokens=False)["input_ids"]])
    for _ in range(60):
        optimizer.zero_grad()
        model(lesson, labels=lesson).loss.backward()
        optimizer.step()
    place = tmp_path_factory.mktemp("model")
    model.save_pretrained(place)
    tokenizer.save_pretrained(place)
    return place


def complete(folder: Path, asked: Any) -> Completion:
    return LocalModel(str(folder), None, "cpu").complete(asked)


def greedy(**fields: Any) -> Sampling:
    return Sampling(temperature=0, **{"max_tokens": 5, **fields})


def test_a_chat_goes_through_the_model_s_template(folder: Path) -> None:
    done = complete(folder, request("a text", sampling=greedy()))
    assert (done.text.strip(), done.finish_reason) == ("safe", "stop")
    assert (done.prompt_tokens, done.completion_tokens) == (len(PROMPT.split()), 2)


def test_log_probabilities_are_those_of_the_model(folder: Path) -> None:
    """Compared with one pass over prompt and reply, without any generation."""
    import torch
    from transformers import AutoModelForCausalLM

    done = complete(folder, request("a text", sampling=greedy(), top_logprobs=4))
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    ids = torch.tensor([[WORDS.index(word) for word in f"{PROMPT} safe".split()]])
    expected = torch.log_softmax(model(ids).logits[0, -2:].detach().double(), dim=-1)
    assert len(done.top_logprobs) == 2
    for step, row in zip(done.top_logprobs, expected, strict=True):
        assert len(step) == 4
        assert set(step) == {WORDS[int(one)] for one in row.topk(4).indices}
        for word, logprob in step.items():
            assert logprob == pytest.approx(float(row[WORDS.index(word)]), abs=1e-4)


def test_options_reach_the_template_and_the_tokenizer(folder: Path) -> None:
    plain = complete(folder, request("a text", sampling=greedy()))
    told = complete(folder, request("a text", sampling=greedy(extra={"chat_template_kwargs": {"extra": "yes no"}})))
    assert plain.prompt_tokens is not None
    assert told.prompt_tokens == plain.prompt_tokens + 2
    text = {"endpoint_kind": "transformers", "model": "m", "prompt": "a text"}
    added = complete(folder, TextRequest(**text, sampling=greedy()))
    bare = complete(folder, TextRequest(**text, sampling=greedy(extra={"add_special_tokens": False})))
    assert (added.prompt_tokens, bare.prompt_tokens) == (3, 2)


def test_a_raw_prompt_is_continued(folder: Path) -> None:
    asked = TextRequest(endpoint_kind="transformers", model="m", prompt=PROMPT.removeprefix("<s> "), sampling=greedy())
    assert complete(folder, asked).text.strip() == "safe"


def test_a_reply_that_is_cut_off_and_a_prompt_that_is_too_long_say_so(folder: Path) -> None:
    cut = complete(folder, request("a text", sampling=greedy(max_tokens=1)))
    assert (cut.text, cut.finish_reason, cut.completion_tokens) == ("safe", "length", 1)
    fits = POSITIONS - len(PROMPT.split()) - 5 + 2
    assert complete(folder, request(" ".join(["a"] * fits), sampling=greedy())).prompt_tokens == POSITIONS - 5
    over = complete(folder, request(" ".join(["a"] * (fits + 1)), sampling=greedy()))
    assert (over.text, over.finish_reason, over.completion_tokens) == ("", "length", 0)


def test_sampling_repeats_for_a_request_and_differs_between_samples(folder: Path) -> None:
    sampling = Sampling(temperature=2.0, max_tokens=20)
    texts = {number: complete(folder, request("no yes", sampling=sampling, sample=number)).text for number in range(5)}
    assert texts == {
        number: complete(folder, request("no yes", sampling=sampling, sample=number)).text for number in range(5)
    }
    assert len(set(texts.values())) > 1


def test_what_it_cannot_do_is_an_error(folder: Path) -> None:
    moderation = ModerationRequest(endpoint_kind="transformers", model="m", input="a text")
    for asked in (moderation, request(stop=["x"]), request(response_schema={"type": "object"})):
        with pytest.raises(EndpointError):
            complete(folder, asked)


def test_a_model_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EndpointError, match=r"nothing.*transformers cannot load it"):
        complete(tmp_path / "nothing", request())


async def test_a_guard_in_this_process(folder: Path, tmp_path: Path) -> None:
    """What it was taught passes; what it was not gives whatever a random model says, which is no documented answer."""
    nobody = ModelRole(endpoint=NoEndpoint(kind="none"), model="none")
    endpoint = TransformersEndpoint(kind="transformers", path=str(folder), revision="main")
    model = GuardModel(adapter="llama_guard_3", endpoint=endpoint, model="tiny", sampling=greedy())
    roles = Models(generator=nobody, judge=nobody, guards={"mine": model, "same": model})
    with CompletionStore.open(tmp_path / "s.sqlite") as store:
        async with open_client(roles, store) as client:
            guard = Guard("mine", ADAPTERS["llama_guard_3"], model, client)
            good, strange = await asyncio.gather(guard.verdict_on("a text"), guard.verdict_on("S1 S2 yes"))
            assert client._roles["guards.mine"].source is client._roles["guards.same"].source
        async with open_client(roles, store, replay=True) as client:
            again = await Guard("mine", ADAPTERS["llama_guard_3"], model, client).verdict_on("a text")
    assert again == good
    assert good.outcome == "pass"
    assert good.score is not None
    assert good.score > 0.5
    assert strange.outcome == "error"
