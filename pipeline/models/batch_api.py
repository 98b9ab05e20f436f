"""The batch form of the OpenAI protocol: a file of requests goes up, files of replies come down."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from pipeline.models.errors import EndpointError
from pipeline.models.transport import RETRIED, TransientError

if TYPE_CHECKING:
    import aiohttp

SECONDS = 300.0
"""For one exchange; files may be large."""
MARK = "impress"
"""Name of the metadata by which a batch is found again."""
LISTED = 100
WINDOW = "24h"
ENDED = frozenset({"completed", "failed", "expired", "cancelled"})


@dataclass(frozen=True)
class Batch:
    """A batch as the provider tells of it. ``error``: why all of it failed."""

    id: str
    status: str
    mark: str | None
    output: str | None
    errors: str | None
    error: str | None

    @classmethod
    def of(cls, told: Any) -> Self:
        """Read what a provider tells.

        Raises:
            TransientError: if it is no batch.
        """
        try:
            listed = (told.get("errors") or {}).get("data") or ()
            return cls(
                id=str(told["id"]),
                status=str(told["status"]),
                mark=(told.get("metadata") or {}).get(MARK),
                output=told.get("output_file_id"),
                errors=told.get("error_file_id"),
                error="; ".join(str(one.get("message")) for one in listed) or None,
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise TransientError(f"what the endpoint tells is no batch: {str(told)[:100]}") from error

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status in ENDED


class BatchApi:
    """The calls. Belongs to the event loop in which it is first used.

    Args:
        base_url: up to and including ``/v1``.
        key: gives the API key when a call is made; never kept.
    """

    def __init__(self, base_url: str, key: Callable[[], str | None]) -> None:
        self.base_url = base_url.rstrip("/")
        self._key = key
        self._session: aiohttp.ClientSession | None = None

    async def upload(self, lines: bytes, name: str) -> str:
        """Upload a file of requests and return its id."""
        import aiohttp

        form = aiohttp.FormData()
        form.add_field("purpose", "batch")
        form.add_field("file", lines, filename=name, content_type="application/jsonl")
        return str(self._json(await self._sent("POST", "files", data=form))["id"])

    async def create(self, file: str, path: str, mark: str) -> Batch:
        """Make a batch of a file; ``path``: where its requests would go one by one, from the base URL on."""
        told = {
            "input_file_id": file,
            "endpoint": f"/v1/{path}",
            "completion_window": WINDOW,
            "metadata": {MARK: mark},
        }
        return Batch.of(self._json(await self._sent("POST", "batches", json=told)))

    async def find(self, mark: str) -> Batch | None:
        """Return the batch that was made with a mark, ``None`` if there is none."""
        after: str | None = None
        while True:
            asked = {"limit": str(LISTED), **({} if after is None else {"after": after})}
            page = self._json(await self._sent("GET", "batches", params=asked))
            batches = [Batch.of(one) for one in page.get("data") or ()]
            found = next((one for one in batches if one.mark == mark), None)
            if found is not None or not page.get("has_more") or not batches:
                return found
            after = batches[-1].id

    async def get(self, batch: str) -> Batch:
        """Return how a batch is."""
        return Batch.of(self._json(await self._sent("GET", f"batches/{batch}")))

    async def lines(self, file: str) -> list[Any]:
        """Return the lines of a file of replies."""
        text = await self._sent("GET", f"files/{file}/content")
        try:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise TransientError(f"the batch's file {file} is torn") from error

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _sent(self, method: str, path: str, **content: Any) -> str:
        """Make one exchange and return the reply's text.

        Raises:
            TransientError: it may work when repeated.
            EndpointError: the endpoint does not take such calls.
        """
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS), trust_env=True)
        key = self._key()
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        url = f"{self.base_url}/{path}"
        try:
            async with self._session.request(method, url, headers=headers, allow_redirects=False, **content) as reply:
                status, text = reply.status, (await reply.read()).decode("utf-8", "replace")
        except (TimeoutError, aiohttp.ClientError, ConnectionError) as error:
            raise TransientError(f"{path}: {type(error).__name__}") from None
        if 200 <= status < 300:
            return text
        told = text[:200] if key is None else text.replace(key, "***")[:200]
        if status in RETRIED or status >= 500:
            raise TransientError(f"{path}: HTTP {status}: {told}", limited=status == 429)
        raise EndpointError(
            f"{self.base_url}/{path}: HTTP {status}: {told}; without `batch: true` the calls are made one by one"
        )

    @staticmethod
    def _json(text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError as error:
            raise TransientError(f"a torn reply: {text[:100]}") from error
