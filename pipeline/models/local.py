"""A model of the transformers library run in this process: chats by its own template, and texts to be continued.

For guard models: it holds no reply to a schema and ends at no stop text. Weights are read from safetensors files alone,
and no code that comes with a model is run. One request at a time.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.models.errors import EndpointError
from pipeline.models.requests import ChatRequest, Completion, ModerationRequest, Request, TextRequest

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class _Loaded:
    """Tokenizer and model; transformers gives them no common type."""

    tokenizer: Any
    model: Any


@dataclass
class LocalModel:
    """A model and its tokenizer, loaded at the first request.

    Attributes:
        name: a folder, or a name on the Hub, from where it is fetched unless ``HF_HUB_OFFLINE`` is set.
        revision: branch, tag or commit on the Hub.
        device: where torch runs it, such as ``cpu`` or ``cuda:0``.
    """

    name: str
    revision: str | None
    device: str
    _loaded: _Loaded | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def exchange(self, request: Request, *, seconds: float) -> Completion:
        """Return the reply to a request. It takes as long as it takes: a thread cannot be ended after ``seconds``.

        Raises:
            EndpointError: if the model cannot be loaded, or the request is of a form that it has not.
        """
        return await asyncio.to_thread(self.complete, request)

    def complete(self, request: Request) -> Completion:
        """Return the reply to a request, in this thread; errors as for :meth:`exchange`."""
        if isinstance(request, ModerationRequest):
            raise EndpointError(f"{self.name}: a model run by transformers is no moderation endpoint")
        if isinstance(request, ChatRequest) and (request.stop or request.response_schema is not None):
            raise EndpointError(f"{self.name}: a model run by transformers keeps to no schema and no stop text")
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return _reply(self._loaded, request)

    def _load(self) -> _Loaded:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        source: dict[str, Any] = {"revision": self.revision} if self.revision is not None else {}
        try:
            tokenizer: Any = AutoTokenizer.from_pretrained(self.name, **source)
            model: Any = AutoModelForCausalLM.from_pretrained(self.name, use_safetensors=True, dtype="auto", **source)
            return _Loaded(tokenizer, model.to(self.device).eval())
        except (OSError, ValueError, RuntimeError) as error:
            raise EndpointError(f"{self.name}: transformers cannot load it: {error}") from error


def _reply(loaded: _Loaded, request: ChatRequest | TextRequest) -> Completion:
    import torch

    ids = _prompt_ids(loaded, request)
    most = request.sampling.max_tokens
    room = getattr(loaded.model.config, "max_position_embeddings", None)
    if room is not None and len(ids) + most > room:
        return Completion(key=request.key, text="", finish_reason="length", prompt_tokens=0, completion_tokens=0)
    prompt = torch.tensor([ids], device=loaded.model.device)
    with torch.inference_mode(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(request.seed)
        made = loaded.model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=most,
            pad_token_id=loaded.tokenizer.pad_token_id or 0,
            return_dict_in_generate=True,
            output_logits=True,
            **_sampling(request),
        )
    new = made.sequences[0][len(ids) :].tolist()
    ended = bool(new) and new[-1] in _ends(loaded)
    return Completion(
        key=request.key,
        text=loaded.tokenizer.decode(new, skip_special_tokens=True),
        finish_reason="stop" if ended else "length",
        prompt_tokens=len(ids),
        completion_tokens=len(new),
        model=request.model,
        top_logprobs=tuple(_alternatives(loaded, step[0], request.top_logprobs) for step in made.logits)
        if request.top_logprobs
        else (),
    )


def _prompt_ids(loaded: _Loaded, request: ChatRequest | TextRequest) -> list[int]:
    extra = request.sampling.extra
    if isinstance(request, TextRequest):
        prompt, added = request.prompt, extra.get("add_special_tokens", True) is True
    else:
        options = extra.get("chat_template_kwargs")
        messages = [message.model_dump() for message in request.messages]
        given: Mapping[str, Any] = options if isinstance(options, dict) else {}
        prompt = loaded.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, **given)
        added = False
    ids: list[int] = loaded.tokenizer(prompt, add_special_tokens=added)["input_ids"]
    return ids


def _sampling(request: ChatRequest | TextRequest) -> dict[str, Any]:
    sampling = request.sampling
    if sampling.temperature == 0:
        return {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    return {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}


def _ends(loaded: _Loaded) -> set[int]:
    """Ids of the tokens that end a reply."""
    of_model = loaded.model.generation_config.eos_token_id
    listed = of_model if isinstance(of_model, list) else [of_model]
    return {one for one in (*listed, loaded.tokenizer.eos_token_id) if one is not None}


def _alternatives(loaded: _Loaded, logits: torch.Tensor, number: int) -> dict[str, float]:
    """Return the likeliest tokens with their log probability; of tokens with equal text the likeliest counts."""
    import torch

    best = torch.log_softmax(logits.float(), dim=-1).topk(min(number, logits.shape[-1]))
    found: dict[str, float] = {}
    for value, token in zip(best.values.tolist(), best.indices.tolist(), strict=True):
        found.setdefault(loaded.tokenizer.decode([token]), value)
    return found
