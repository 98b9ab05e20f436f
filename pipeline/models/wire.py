"""The OpenAI protocol (chat completions, completions, moderations): requests as bodies, bodies as completions."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.models.requests import ChatRequest, Completion, ModerationRequest, Request, TextRequest
from pipeline.schema.specification import Sampling

LOWEST_LOGPROB = -9999.0
"""What OpenAI's API gives for a token that is as good as impossible; stands for infinities of other servers."""

_CUT_SHORT = {"context_length_exceeded", "exceed_context_size_error"}
_TOO_LONG = re.compile(r"maximum (?:context|model) length", re.IGNORECASE)
"""How vLLM says that a prompt does not fit; its code is the bare status."""
_FILTERED = {"content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation"}


class MalformedReply(Exception):  # noqa: N818 - internal, never shown as it is
    """A body that is no reply to what was asked."""


def path_of(request: Request) -> str:
    """Return where a request is sent, from the endpoint's base URL on."""
    if isinstance(request, ModerationRequest):
        return "moderations"
    return "completions" if isinstance(request, TextRequest) else "chat/completions"


def body_of(request: Request) -> dict[str, Any]:
    """Return the JSON body of a request.

    Fields of ``sampling.extra`` take the place of ours, and a null there leaves ours out. With
    ``max_completion_tokens`` in it, ``max_tokens`` is not sent, since a server knows only one of them.
    """
    if isinstance(request, ModerationRequest):
        body: dict[str, Any] = {**request.extra, "model": request.model, "input": request.input}
    elif isinstance(request, TextRequest):
        body = _sampled(request.sampling, request.seed)
        body["logprobs"] = request.top_logprobs or None
        body |= request.sampling.extra
        body |= {"model": request.model, "prompt": request.prompt, "stream": None}
    else:
        body = _chat_body(request)
    return {name: value for name, value in body.items() if value is not None}


def _sampled(sampling: Sampling, seed: int) -> dict[str, Any]:
    return {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": None if "max_completion_tokens" in sampling.extra else sampling.max_tokens,
        "seed": seed,
    }


def _chat_body(request: ChatRequest) -> dict[str, Any]:
    body = {**_sampled(request.sampling, request.seed), "stop": list(request.stop) or None}
    if request.top_logprobs:
        body |= {"logprobs": True, "top_logprobs": request.top_logprobs}
    if request.response_schema is not None:
        schema = request.response_schema
        named = {"name": "reply", "schema": schema, "strict": is_strict(schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    body |= request.sampling.extra
    messages = [message.model_dump() for message in request.messages]
    return {**body, "model": request.model, "messages": messages, "stream": None}


def is_strict(schema: object) -> bool:
    """Whether every object of a JSON Schema is closed and requires all its properties, as OpenAI's strict mode asks."""
    if isinstance(schema, Mapping):
        properties = schema.get("properties")
        if isinstance(properties, Mapping) and (
            schema.get("additionalProperties") is not False or set(schema.get("required", ())) != set(properties)
        ):
            return False
        return all(is_strict(part) for part in schema.values())
    if isinstance(schema, list):
        return all(is_strict(part) for part in schema)
    return True


def completion_of(request: Request, body: object) -> Completion:
    """Return the first choice of a reply, or the results of a moderation as JSON. What a server left out is ``None``.

    Raises:
        MalformedReply: if the body is no completion with a choice, or no moderation with results; its text says
            what is wrong.
    """
    if not isinstance(body, Mapping):
        raise MalformedReply("the reply is no JSON object")
    if isinstance(request, ModerationRequest):
        return _moderation(request, body)
    choice = _first_choice(body)
    usage = body.get("usage")
    counts = usage if isinstance(usage, Mapping) else {}
    said = choice if isinstance(request, TextRequest) else choice.get("message")
    if not isinstance(said, Mapping):
        raise MalformedReply("the reply's first choice has no message")
    read = _text_logprobs if isinstance(request, TextRequest) else _top_logprobs
    return Completion(
        key=request.key,
        text=_text(said.get("text" if isinstance(request, TextRequest) else "content")) or "",
        finish_reason=_text(choice.get("finish_reason")),
        refusal=_text(said.get("refusal")),
        prompt_tokens=_count(counts.get("prompt_tokens")),
        completion_tokens=_count(counts.get("completion_tokens")),
        model=_text(body.get("model")),
        top_logprobs=read(choice.get("logprobs")) if request.top_logprobs else (),
    )


def _first_choice(body: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = body.get("choices")
    if not isinstance(choices, Sequence) or not choices or not isinstance(choices[0], Mapping):
        raise MalformedReply(f"the reply has no choices{_error_text(body)}")
    choice: Mapping[str, Any] = choices[0]
    return choice


def _moderation(request: ModerationRequest, body: Mapping[str, Any]) -> Completion:
    """The results as they came, as JSON: whoever asked reads them."""
    if "results" not in body:
        raise MalformedReply(f"the reply has no results{_error_text(body)}")
    return Completion(
        key=request.key,
        text=_text(json.dumps(body["results"], ensure_ascii=False, sort_keys=True)) or "",
        finish_reason="stop",
        model=_text(body.get("model")),
    )


def declined(request: Request, body: object) -> Completion | None:
    """Return the completion that a refused request amounts to, ``None`` if the refusal is not about this content.

    Servers answer status 400 to a prompt that their content filter stops or that does not fit their
    context window. That concerns one prompt, not the endpoint: the completion is empty, with
    ``finish_reason`` ``content_filter`` or ``length``.
    """
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return None
    inner = error.get("innererror")
    codes = {error.get("code"), error.get("type"), inner.get("code") if isinstance(inner, Mapping) else None}
    named = {code for code in codes if isinstance(code, str)}
    if named & _FILTERED:
        return Completion(key=request.key, text="", finish_reason="content_filter", refusal=_text(error.get("message")))
    message = _text(error.get("message"))
    if named & _CUT_SHORT or (message is not None and _TOO_LONG.search(message)):
        return Completion(key=request.key, text="", finish_reason="length", prompt_tokens=0, completion_tokens=0)
    return None


def _error_text(body: Mapping[str, Any]) -> str:
    error = body.get("error")
    message = error.get("message") if isinstance(error, Mapping) else error
    return f": {message}" if isinstance(message, str) else ""


def _text(value: object) -> str | None:
    """Return a text, the joined text parts of a list, or ``None``. Half of a surrogate pair becomes U+FFFD."""
    if isinstance(value, list):
        parts = [part.get("text") for part in value if isinstance(part, Mapping)]
        value = "".join(part for part in parts if isinstance(part, str))
    if not isinstance(value, str):
        return None
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _top_logprobs(logprobs: object) -> tuple[dict[str, float], ...]:
    steps = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    return tuple(_alternatives(step) for step in steps) if isinstance(steps, list) else ()


def _text_logprobs(logprobs: object) -> tuple[dict[str, float], ...]:
    """Return log probability by token for each generated token of a text completion."""
    steps = logprobs.get("top_logprobs") if isinstance(logprobs, Mapping) else None
    found = []
    for step in steps if isinstance(steps, list) else ():
        listed = step.items() if isinstance(step, Mapping) else ()
        found.append({token: _finite(value) for text, value in listed if (token := _text(text)) is not None})
    return tuple(found)


def _finite(value: object) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else LOWEST_LOGPROB


def _alternatives(step: object) -> dict[str, float]:
    """Return log probability by token for one generated token; of tokens with equal text the likeliest counts."""
    listed = step.get("top_logprobs") if isinstance(step, Mapping) else None
    found: dict[str, float] = {}
    for entry in listed if isinstance(listed, list) else ():
        token = _text(entry.get("token")) if isinstance(entry, Mapping) else None
        if token is None:
            continue
        found[token] = max(found.get(token, LOWEST_LOGPROB), _finite(entry.get("logprob")))
    return found
