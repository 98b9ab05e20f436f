"""One HTTP exchange with an endpoint, and what its outcome means for the call: a reply, try again, or no use.

aiohttp rather than the ``openai`` client: at 64 calls in flight it takes 0.2 to 0.4 ms of CPU a call where
``AsyncOpenAI`` on httpx takes 9 to 13 (``benchmarks/throughput.py``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline.models.errors import EndpointError, EndpointUnavailable
from pipeline.models.requests import Completion, Request
from pipeline.models.wire import MalformedReply, body_of, completion_of, declined, path_of

if TYPE_CHECKING:
    import aiohttp

RETRIED = frozenset({408, 409, 425, 429})
SHOWN_CHARACTERS = 300
SHORTEST_SECRET = 8
"""Shorter keys are words such as ``none``, given to servers that want none; they may stand in a completion."""


class TransientError(Exception):
    """The call may well work when repeated. ``after``: seconds the server asks to wait; ``limited``: a rate limit."""

    def __init__(self, reason: str, *, after: float | None = None, limited: bool = False) -> None:
        self.after = after
        self.limited = limited
        super().__init__(reason)


def key_from_environment(variable: str | None) -> str | None:
    """Return the key in an environment variable; ``None`` without a variable.

    Raises:
        EndpointError: if the variable is unset, or holds what cannot be a key. Its value is not told.
    """
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not key:
        raise EndpointError(f"the environment variable {variable} is not set; put the endpoint's API key into it")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise EndpointError(f"the environment variable {variable} holds blanks or characters that no API key has")
    return key


class Transport:
    """Exchanges requests with one endpoint. Belongs to the event loop in which it is first used.

    Args:
        base_url: up to and including ``/v1``.
        key: gives the API key when a call is made; never kept.
        key_name: what errors call the place of the key, such as the environment variable's name.
        on_headers: told the headers of every reply.
    """

    def __init__(
        self,
        base_url: str,
        key: Callable[[], str | None],
        *,
        key_name: str | None = None,
        on_headers: Callable[[Mapping[str, str]], None] | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._on_headers = on_headers
        self._key = key
        self._key_name = key_name
        self._session: aiohttp.ClientSession | None = None

    async def exchange(self, request: Request, *, seconds: float) -> Completion:
        """Send a request once and return the reply, within ``seconds``.

        Raises:
            TransientError: rate limit, server error, time-out, connection lost, or a reply that is torn.
            EndpointError: the endpoint refuses such calls.
            EndpointUnavailable: the account has nothing left to pay with.
        """
        import aiohttp

        key = self._key()
        headers = {"Content-Type": "application/json"}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        data = json.dumps(body_of(request), ensure_ascii=False, separators=(",", ":")).encode()
        url = f"{self.base_url}/{path_of(request)}"
        try:
            async with self._opened().post(
                url, data=data, headers=headers, allow_redirects=False, timeout=aiohttp.ClientTimeout(total=seconds)
            ) as response:
                status, sent = response.status, response.headers
                text = (await response.read()).decode("utf-8", "replace")
        except TimeoutError as error:
            raise TransientError(f"no reply within {seconds:g} s") from error
        except (aiohttp.ClientConnectorCertificateError, aiohttp.InvalidURL) as error:
            raise EndpointError(f"{self.base_url}: cannot be called: {_scrub(str(error), key)}") from None
        except (aiohttp.ClientError, ConnectionError) as error:
            raise TransientError(f"{type(error).__name__}: {_scrub(str(error), key) or 'connection lost'}") from None
        if self._on_headers is not None:
            self._on_headers(sent)
        if key is not None and (status >= 300 or len(key) >= SHORTEST_SECRET):
            text = _scrub(text, key)
        return self._read(request, status, sent, text)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def outcome(self, request: Request, status: int, text: str) -> Completion:
        """Read a reply that came another way, such as in the output of a batch (see :meth:`exchange`)."""
        return self._read(request, status, {}, text)

    def _opened(self) -> aiohttp.ClientSession:
        """Return the session. Its pool has no bound of its own: the client bounds the calls in flight."""
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),
                trust_env=not _is_loopback(self.base_url),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _read(self, request: Request, status: int, headers: Mapping[str, str], text: str) -> Completion:
        body = _json_or_none(text)
        if 200 <= status < 300:
            try:
                return completion_of(request, body)
            except MalformedReply as error:
                raise TransientError(str(error)) from error
        told = _told(body, text)
        if status == 402 or _code(body) == "insufficient_quota":
            raise EndpointUnavailable(
                f"{self.base_url}: the account has no credit or quota left (HTTP {status}{told}); top it up and run "
                "the same command again: what was paid for is kept"
            )
        if status in RETRIED or status >= 500:
            raise TransientError(f"HTTP {status}{told}", after=retry_after(headers), limited=status == 429)
        if status in (400, 413, 422) and (refused := declined(request, body)) is not None:
            return refused
        raise EndpointError(f"{self.base_url}: HTTP {status}{told}; {self._advice(status, request.model)}")

    def _advice(self, status: int, model: str) -> str:
        if status in (401, 403) and self._key_name is None:
            return "it wants an API key: name the environment variable that holds it as `api_key_env` of the endpoint"
        if status == 401:
            return f"the API key in {self._key_name} is not accepted: check that it is whole and of this provider"
        if status == 403:
            return f"the API key in {self._key_name} has no right to use {model!r} here"
        if status in (404, 405):
            return f"check the model's name, {model!r}, and that `base_url` goes up to and including /v1"
        if 300 <= status < 400:
            return "it redirects elsewhere: put the final address into `base_url`"
        return (
            f"the server does not take this request for {model!r}: check `sampling`; a field that it does not know can "
            "be left out with null in `sampling.extra`, as `seed: null`"
        )


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds that a server asks to wait: ``retry-after-ms``, or ``Retry-After`` as seconds or HTTP date."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        value = headers.get("Retry-After", "").strip()
        if not value:
            return None
        if value.replace(".", "", 1).isdecimal():
            return float(value)
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())


def _scrub(text: str, key: str | None) -> str:
    """Take the key out of a text that came from outside."""
    return text if key is None else text.replace(key, "[API key]")


def _json_or_none(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _error(body: object) -> Mapping[str, object]:
    error = body.get("error") if isinstance(body, Mapping) else None
    return error if isinstance(error, Mapping) else {}


def _code(body: object) -> object:
    error = _error(body)
    return error.get("code") or error.get("type")


def _told(body: object, text: str) -> str:
    """Return what the server said, in one short line."""
    message = _error(body).get("message")
    line = " ".join((message if isinstance(message, str) else text).split())
    shown = "".join(char for char in line if char.isprintable())[:SHOWN_CHARACTERS]
    return f": {shown}" if shown else ""


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
