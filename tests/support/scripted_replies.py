"""What the scripted server replies to the project's own prompts: plausible, varied, a function of the request alone.

Each part of the pipeline registers one responder by a marker, a text that stands in the system
message of its prompts::

    @responds("You check drafts of workplace cases")
    def judge(request: dict[str, Any]) -> str: ...

``respond`` is what a server is started with. A prompt that no responder claims is an error, so that a
changed prompt shows itself.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from tests.support.scripted_server import Reply, Responder, request_hash

PARTS = ("tests.support.program_replies", "tests.support.judge_replies", "tests.support.agent_replies")
"""Modules that register responders when they are imported."""

T = TypeVar("T")

_responders: dict[str, Responder] = {}


def responds(marker: str) -> Callable[[Responder], Responder]:
    """Register a responder for prompts whose system message holds ``marker``."""

    def register(responder: Responder) -> Responder:
        _responders[marker] = responder
        return responder

    return register


def respond(request: dict[str, Any]) -> str | Reply:
    """Reply to any prompt of the pipeline."""
    for part in PARTS:
        importlib.import_module(part)
    system = request["messages"][0]["content"]
    claiming = [responder for marker, responder in _responders.items() if marker in system]
    if len(claiming) != 1:
        raise LookupError(f"{len(claiming)} responders claim the prompt that begins {system[:200]!r}")
    return claiming[0](request)


def sections(request: dict[str, Any]) -> dict[str, str]:
    """Return the headed sections (``# Title``) of the last message, by title."""
    parts = re.split(r"(?:\A|\n\n)# (.+)\n", request["messages"][-1]["content"])
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def pick(request: dict[str, Any], purpose: str, values: Sequence[T]) -> T:
    """Return one of the values, decided by the request."""
    digest = request_hash({"request": request, "purpose": purpose})
    return values[int(digest[:12], 16) % len(values)]
