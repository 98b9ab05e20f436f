"""What the completions of a store took, read from its file: over all runs that filled it, whoever made them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline.models.errors import StoreError
from pipeline.models.requests import ModerationRequest, Request, TextRequest, request_of
from pipeline.models.store import KEYS_AT_ONCE
from pipeline.schema.candidate import Usage

Sort = tuple[str, str]
"""What calls have in common that cost the same: endpoint kind and model, as requests carry them."""

_PROMPT = "json_extract(completion, '$.prompt_tokens')"
_WRITTEN = "json_extract(completion, '$.completion_tokens')"
_KNOWN = f"{_PROMPT} IS NOT NULL AND {_WRITTEN} IS NOT NULL"


@dataclass(frozen=True)
class Taken:
    """What calls took. ``supposed`` counts those whose endpoint gave no token counts: they stand at their most."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    supposed: int = 0

    @property
    def tokens(self) -> int:
        """Of prompts and replies together."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: Taken) -> Taken:
        return Taken(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.supposed + other.supposed,
        )


def most_of(request: Request) -> Taken:
    """Return what a call takes at most, before it is made.

    A token of a prompt is taken to stand for two bytes of text or more, which holds for all languages that
    models are made for; a reply ends at the ``max_tokens`` that were asked for.
    """
    if isinstance(request, ModerationRequest):
        return Taken(1, len(request.input.encode()) // 2 + 1, 0)
    texts = [request.prompt] if isinstance(request, TextRequest) else [one.content for one in request.messages]
    schema = getattr(request, "response_schema", None)
    size = sum(len(text.encode()) for text in texts) + (len(json.dumps(schema)) if schema else 0)
    asked = request.sampling.extra.get("max_completion_tokens", request.sampling.max_tokens)
    longest = asked if isinstance(asked, int) else request.sampling.max_tokens
    return Taken(1, size // 2 + 16 * len(texts), longest)


def taken_in(store: Path) -> dict[Sort, Taken]:
    """Return what all completions of a store took, by endpoint kind and model.

    Raises:
        StoreError: if the file cannot be read.
    """
    found: dict[Sort, Taken] = {}
    sort = "json_extract(request, '$.endpoint_kind'), json_extract(request, '$.model')"
    with closing(_open(store)) as connection:
        for kind, model, *counts in _read(
            connection,
            store,
            f"SELECT {sort}, count(*), sum({_PROMPT}), sum({_WRITTEN}) FROM completion WHERE {_KNOWN} GROUP BY 1, 2",  # noqa: S608 - constants
        ):
            found[kind, model] = Taken(*counts)
        unknown = f"SELECT request FROM completion WHERE NOT ({_KNOWN})"  # noqa: S608 - constants
        for (text,) in _read(connection, store, unknown):
            request = request_of(json.loads(text))
            most = most_of(request)
            place = (request.endpoint_kind, request.model)
            found[place] = found.get(place, Taken()) + Taken(1, most.prompt_tokens, most.completion_tokens, 1)
    return found


def usage_of_keys(store: Path, keys: Iterable[str]) -> Mapping[str, Usage]:
    """Return what each completion took, by key; those that the store lacks are left out.

    Raises:
        StoreError: if the file cannot be read.
    """
    wanted, found = iter(keys), dict[str, Usage]()
    with closing(_open(store)) as connection:
        while some := list(islice(wanted, KEYS_AT_ONCE)):
            marks = ",".join("?" * len(some))
            query = f"SELECT key, {_PROMPT}, {_WRITTEN} FROM completion WHERE key IN ({marks})"  # noqa: S608 - constants
            for key, prompt, written in _read(connection, store, query, some):
                found[key] = Usage(calls=1, prompt_tokens=prompt, completion_tokens=written)
    return found


def _open(store: Path) -> sqlite3.Connection:
    return sqlite3.connect(store, timeout=60, isolation_level=None)


def _read(
    connection: sqlite3.Connection, store: Path, query: str, values: Iterable[str] = ()
) -> Iterator[tuple[Any, ...]]:
    try:
        yield from connection.execute(query, list(values))
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{store}: cannot read what its completions took: {error}") from error
