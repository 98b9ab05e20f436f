"""Guard models that answer in their documented formats, and guards that ask them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pipeline.models.client import open_client
from pipeline.models.store import CompletionStore
from pipeline.schema.specification import CallLimits, GuardModel, Models, OpenAIEndpoint
from pipeline.validate.filters import ADAPTERS
from pipeline.validate.filters.guards import Guard
from pipeline.validate.filters.openai_moderation import LEAST_CATEGORIES
from tests.models.samples import models
from tests.support.scripted_server import Reply, ScriptedServer

Responder = Callable[[dict[str, Any]], str | Reply]


def result(*found: str, flagged: bool | None = None, score: float = 0.01, **changed: Any) -> str:
    """The JSON of a moderation's results: these categories are flagged, with a score of 0.9."""
    names = sorted({*LEAST_CATEGORIES, "illicit", "illicit/violent", *found})
    content: dict[str, Any] = {
        "flagged": bool(found) if flagged is None else flagged,
        "categories": {name: name in found for name in names},
        "category_scores": {name: 0.9 if name in found else score for name in names},
        "category_applied_input_types": {name: ["text"] for name in names},
        **changed,
    }
    return json.dumps([{name: value for name, value in content.items() if value != "left out"}])


BENIGN = {
    "llama_guard_3": "\n\nsafe",
    "llama_guard_4": "\n\nsafe",
    "wildguard": "Harmful request: no\nResponse refusal: n/a\nHarmful response: n/a",
    "shieldgemma": "No",
    "granite_guardian": "<score> no </score>",
    "granite_guardian_3_2": "No\n<confidence> High </confidence>",
    "qwen3guard": "Safety: Safe\nCategories: None",
    "openai_moderation": result(),
}
"""What each model says of a benign text, as its documentation shows."""

UNSAFE = {
    "llama_guard_3": "\n\nunsafe\nS2",
    "llama_guard_4": "\n\nunsafe\nS2",
    "wildguard": "Harmful request: yes\nResponse refusal: n/a\nHarmful response: n/a",
    "shieldgemma": "Yes",
    "granite_guardian": "<score> yes </score>",
    "granite_guardian_3_2": "Yes\n<confidence> High </confidence>",
    "qwen3guard": "Safety: Unsafe\nCategories: Violent",
    "openai_moderation": result("violence"),
}


def guard_model(adapter: str, base_url: str, **fields: Any) -> GuardModel:
    """A guard model behind a scripted server."""
    return GuardModel(
        adapter=adapter,
        endpoint=OpenAIEndpoint(kind="openai", base_url=base_url),
        model=f"scripted-{adapter}",
        limits=CallLimits(timeout=5.0),
        **fields,
    )


def with_guards(base_url: str, **guards: GuardModel) -> Models:
    """The scripted endpoint as generator and judge, with guards."""
    return models(base_url).model_copy(update={"guards": guards})


@asynccontextmanager
async def guarded_by(
    adapter: str, responder: Responder, folder: Path, *, replay: bool = False, **fields: Any
) -> AsyncIterator[tuple[Guard, ScriptedServer]]:
    """A guard whose model answers as the responder says, and the server that does."""
    with ScriptedServer(responder) as server, CompletionStore.open(folder / "store.sqlite") as store:
        model = guard_model(adapter, server.base_url, **fields)
        async with open_client(with_guards(server.base_url, asked=model), store, replay=replay) as client:
            yield Guard("asked", ADAPTERS[adapter], model, client), server
