"""Calls of workers as JSON: what is asked, and the completion or the error that comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pipeline.errors import ImpressError, UsageError
from pipeline.models.errors import EndpointError, EndpointUnavailable, MissingCompletion, StoreError, StoreFull
from pipeline.models.guard import BudgetReached
from pipeline.models.requests import ChatMessage, Completion, GuardPrompt
from pipeline.schema.base import Json, Record, Text
from pipeline.schema.specification import RoleName

TOLD: Mapping[str, type[ImpressError]] = {
    kind.__name__: kind
    for kind in (
        BudgetReached,
        EndpointError,
        EndpointUnavailable,
        MissingCompletion,
        StoreError,
        StoreFull,
        UsageError,
    )
}
"""Errors that a call may end with, by their names: a worker raises what the build met."""


class ChatCall(Record):
    """A chat, as :meth:`pipeline.models.client.ModelClient.complete` takes it."""

    kind: Literal["chat"] = "chat"
    role: RoleName
    messages: tuple[ChatMessage, ...]
    sample: int = 0
    max_tokens: int | None = None
    temperature: float | None = None
    response_schema: dict[str, Json] | None = None
    top_logprobs: int = 0
    stop: tuple[Text, ...] = ()


class GuardCall(Record):
    """A question to a guard model."""

    kind: Literal["guard"] = "guard"
    guard: Text
    prompt: GuardPrompt


class Beginning(Record):
    """A worker begins with a shard."""

    kind: Literal["begin"] = "begin"
    shard: Text
    worker: Text


class Refused(Record):
    """The error that a call ended with."""

    error: Text
    told: str

    @classmethod
    def of(cls, error: ImpressError) -> Refused:
        """Say what was met. Errors without a name here are told as what all are."""
        name = type(error).__name__
        return cls(error=name if name in TOLD else ImpressError.__name__, told=str(error))

    def raised(self) -> ImpressError:
        """Return the error to raise."""
        return TOLD.get(self.error, ImpressError)(self.told)


class Answer(Record):
    """What comes back: one of the two, or neither where a beginning was told."""

    completion: Completion | None = None
    refused: Refused | None = None


def call_of(content: Any) -> ChatCall | GuardCall | Beginning:
    """Read a call.

    Raises:
        ValueError: if it is none.
    """
    forms: dict[object, type[ChatCall | GuardCall | Beginning]] = {
        "chat": ChatCall,
        "guard": GuardCall,
        "begin": Beginning,
    }
    kind = content.get("kind") if isinstance(content, dict) else None
    if not isinstance(kind, str) or kind not in forms:
        raise ValueError("neither a chat, nor a question to a guard, nor a beginning")
    return forms[kind].model_validate(content)
