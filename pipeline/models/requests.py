"""What is asked of a model and what comes back, as records; the key under which a completion is kept."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from pydantic import Field, JsonValue

from pipeline.schema.base import Json, OptionalText, Record, Sha256, Slug, Text, sha256_of
from pipeline.schema.specification import GuardModel, Sampling


class ChatMessage(Record):
    """One message of a chat."""

    role: Literal["system", "user", "assistant"]
    content: OptionalText


class _Keyed(Record):
    """What all requests share: a key made from everything that is in them."""

    @cached_property
    def key(self) -> str:
        """SHA-256 (64 hex digits) of the canonical JSON of all fields."""
        return sha256_of(self.model_dump(mode="json"))

    @property
    def seed(self) -> int:
        """The sampling seed sent along, in ``[0, 2**31)``: from the key, so each sample number has its own."""
        return int(self.key[:8], 16) >> 1


class ChatRequest(_Keyed):
    """One call, with everything that decides its reply, and nothing of where or with which key it is made.

    ``sample`` tells apart calls that are otherwise equal; each gets a reply of its own.
    ``top_logprobs`` asks for so many alternatives per generated token (0: none).
    """

    endpoint_kind: Text
    model: Text
    messages: tuple[ChatMessage, ...] = Field(min_length=1)
    sampling: Sampling
    sample: int = Field(default=0, ge=0)
    response_schema: dict[str, Json] | None = Field(default=None, description="JSON Schema that the reply must satisfy")
    top_logprobs: int = Field(default=0, ge=0, le=20)
    stop: tuple[Text, ...] = Field(default=(), max_length=4, description="texts at which the reply ends")

    @property
    def asked(self) -> str:
        """The text that the reply answers."""
        return self.messages[-1].content


class TextRequest(_Keyed):
    """One text to be continued, for a model with a prompt format of its own: no chat template is applied.

    ``top_logprobs``: at most 5, as this form of the protocol allows.
    """

    form: Literal["text"] = "text"
    endpoint_kind: Text
    model: Text
    prompt: Text
    sampling: Sampling
    sample: int = Field(default=0, ge=0)
    top_logprobs: int = Field(default=0, ge=0, le=5)

    @property
    def asked(self) -> str:
        """The text that is continued."""
        return self.prompt


class ModerationRequest(_Keyed):
    """One text to be classified by a moderation endpoint. ``extra`` holds fields of the provider's own."""

    form: Literal["moderation"] = "moderation"
    endpoint_kind: Text
    model: Text
    input: Text
    extra: dict[Slug, Json] = Field(default_factory=dict)
    sample: int = Field(default=0, ge=0)

    @property
    def asked(self) -> str:
        """The text that is classified."""
        return self.input


Request = ChatRequest | TextRequest | ModerationRequest

_FORMS: dict[object, type[ChatRequest | TextRequest | ModerationRequest]] = {
    None: ChatRequest,
    "text": TextRequest,
    "moderation": ModerationRequest,
}


def request_of(content: JsonValue) -> Request:
    """Read a request that was written as JSON; one without ``form`` is a chat.

    Raises:
        ValueError: if it is none.
    """
    form = content.get("form") if isinstance(content, dict) else None
    if not isinstance(form, str | None) or form not in _FORMS:
        raise ValueError(f"there is no request of the form {form!r}")
    return _FORMS[form].model_validate(content)


class GuardPrompt(Record):
    """What a guard model is asked, in the form that its documentation gives.

    Attributes:
        form: ``chat`` (the server applies the model's template), ``text`` (the model's own raw prompt) or
            ``moderation``.
        text: the user's message, the whole raw prompt, or the input.
        extra: fields that the form needs beside it; those of ``sampling.extra`` take their place.
        max_tokens: bounds the answer in place of the setting, where the answer has a known length.
    """

    form: Literal["chat", "text", "moderation"]
    text: Text
    extra: dict[Slug, Json] = Field(default_factory=dict)
    max_tokens: int | None = Field(default=None, ge=1)


_ALTERNATIVES = {"chat": 20, "text": 5}
"""Alternatives asked for per token: the most that the protocol allows in each form."""


def guard_request(guard: GuardModel, model: str, prompt: GuardPrompt) -> Request:
    """Return the request by which a guard model is asked.

    Args:
        guard: gives endpoint kind, sampling and whether log probabilities are asked for.
        model: the name that the request carries.
        prompt: what is asked, and in which form.
    """
    extra = {**prompt.extra, **guard.sampling.extra}
    kind = guard.endpoint.kind
    if prompt.form == "moderation":
        return ModerationRequest(endpoint_kind=kind, model=model, input=prompt.text, extra=extra)
    longest = prompt.max_tokens or guard.sampling.max_tokens
    sampling = guard.sampling.model_copy(update={"extra": extra, "max_tokens": longest})
    top = _ALTERNATIVES[prompt.form] if guard.logprobs else 0
    if prompt.form == "text":
        return TextRequest(endpoint_kind=kind, model=model, prompt=prompt.text, sampling=sampling, top_logprobs=top)
    message = ChatMessage(role="user", content=prompt.text)
    return ChatRequest(endpoint_kind=kind, model=model, messages=(message,), sampling=sampling, top_logprobs=top)


class Completion(Record):
    """A reply, as kept. Token counts and the model's name are ``None`` where the endpoint did not say.

    A reply that is no use (empty, refused, cut off) is a completion too; ``finish_reason`` and
    ``refusal`` tell. ``top_logprobs`` has one mapping from token to natural log probability for each
    generated token, and is empty unless the request asked for it.
    """

    key: Sha256
    text: str
    finish_reason: str | None = None
    refusal: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    model: str | None = None
    top_logprobs: tuple[dict[str, float], ...] = ()
