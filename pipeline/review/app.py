"""The server of the review page: addresses and what they answer.

Handlers run in threads; the review does the locking.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from pipeline.errors import WorkError
from pipeline.pages.assets import script, style
from pipeline.pages.packing import plain_json
from pipeline.pages.policy import content_security_policy
from pipeline.pages.templates import environment, markup
from pipeline.review import views
from pipeline.review.access import Access, Guard
from pipeline.review.events import ACT, Act, Key
from pipeline.review.items import Item
from pipeline.review.names import NameRefusedError, checked_name
from pipeline.review.review import ActRefusedError, Review
from pipeline.review.standing import agreed_on, standings_of

if TYPE_CHECKING:
    from starlette.requests import Request

T = TypeVar("T")
LONGEST_BODY = 256 * 1024
QUICK_SECONDS = 0.1
"""Of this thread: what takes less is reckoned anew for everybody who asks after an act."""
_KEY: TypeAdapter[str] = TypeAdapter(Key)
_STYLES = ("pages/style/tokens.css", "pages/style/base.css", "pages/style/reader.css", "review/style/review.css")


@dataclass(frozen=True)
class _Reckoned:
    """A figure, the number of the last act that it knows of, and until when it holds though others followed."""

    changes: int
    until: float
    value: Any


class Server:
    """Answers for one review.

    Args:
        review: what is read.
        access: who may.
    """

    def __init__(self, review: Review, access: Access) -> None:
        self._review = review
        self._access = access
        self._style, self._script = style(*_STYLES), script("review/script/app.js")
        policy = content_security_policy(self._style, script=self._script, connect=True)
        self._policy = f"{policy}; frame-ancestors 'none'"
        self._template = environment("pipeline.review").get_template("review.html.j2")
        self._reckoned: dict[str, _Reckoned] = {}

    def app(self) -> Starlette:
        """Return the application, guarded."""
        pages: dict[str, Callable[[Request], Response]] = {
            "/": self._overview,
            "/next": self._next,
            "/read/{item}": self._read,
            "/items": self._list,
            "/agreement": self._agreement_page,
            "/api/standing": self._standing,
            "/api/agreement": self._agreement,
        }
        acts: dict[str, Callable[[Request, Mapping[str, Any]], Response]] = {
            "/api/name": self._name,
            "/api/act": self._act,
            "/api/undo": self._undo,
        }
        routes = [Route(path, self._named(answer), methods=["GET"]) for path, answer in pages.items()]
        routes += [Route(path, _posted(answer), methods=["POST"]) for path, answer in acts.items()]
        return Starlette(routes=routes, middleware=[Middleware(Guard, access=self._access)])

    def _named(self, answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
        """Ask for a name first."""

        def answering(request: Request) -> Response:
            if not request.state.reader:
                names = self._review.state.readers
                return self._page({**views.common(self._review, "", "name"), "names": names})
            try:
                return answer(request)
            except ActRefusedError as error:
                return JSONResponse({"error": str(error)}, status_code=404)

        return answering

    def _overview(self, request: Request) -> Response:
        view = views.overview_view(self._review, request.state.reader, self._now("standings", standings_of))
        return self._page({**view, "nothing": request.query_params.get("nothing", "")})

    def _next(self, request: Request) -> Response:
        subject = request.query_params.get("of", "")

        def wanted(item: Item) -> bool:
            return subject in ("", item.subject)

        found = self._review.open(request.state.reader, wanted)
        return RedirectResponse("/?nothing=more" if found is None else f"/read/{found}", status_code=303)

    def _read(self, request: Request) -> Response:
        return self._page(views.reading_view(self._review, request.state.reader, request.path_params["item"]))

    def _list(self, request: Request) -> Response:
        wanted = views.Wanted.of(request.query_params)
        return self._page(views.list_view(self._review, request.state.reader, wanted))

    def _agreement_page(self, request: Request) -> Response:
        return self._page(views.common(self._review, request.state.reader, "agreement"))

    def _standing(self, request: Request) -> Response:
        standings = self._now("standings", standings_of)
        return JSONResponse(views.overview_view(self._review, request.state.reader, standings))

    def _agreement(self, request: Request) -> Response:
        return JSONResponse(views.agreement_view(self._review, request.state.reader, self._now("agreed", agreed_on)))

    def _now(self, name: str, reckon: Callable[[Review], T]) -> T:
        """Return a figure as of the last act, reckoned once for all who ask.

        What takes long is reckoned less often, so that it never takes more than a tenth of the time.
        """
        changes, known = self._review.state.last, self._reckoned.get(name)
        if known is None or (known.changes != changes and time.monotonic() >= known.until):
            started = time.thread_time()
            value = reckon(self._review)
            took = time.thread_time() - started
            held = 9 * took if took > QUICK_SECONDS else 0.0
            self._reckoned[name] = known = _Reckoned(changes, time.monotonic() + held, value)
        return cast("T", known.value)

    def _name(self, request: Request, body: Mapping[str, Any]) -> Response:
        try:
            name = checked_name(body.get("name"), self._review.state.readers)
        except NameRefusedError as error:
            return JSONResponse({"error": str(error)}, status_code=409)
        self._access.name(request, name)
        return JSONResponse({"reader": name})

    def _act(self, request: Request, body: Mapping[str, Any]) -> Response:
        reader, key, act = request.state.reader, _KEY.validate_python(body.get("key")), _read_act(body.get("act"))
        event = self._review.take(reader, key, act)
        state = views.reading_state(self._review, self._review.state.reading(act.item, reader))
        return JSONResponse({"event": event.number, "reading": state})

    def _undo(self, request: Request, body: Mapping[str, Any]) -> Response:
        reader = request.state.reader
        back = self._review.undo(reader, _KEY.validate_python(body.get("key")))
        if back is None:
            return JSONResponse({"undone": None})
        state = views.reading_state(self._review, self._review.state.reading(back.act.item, reader))
        return JSONResponse({"undone": back.act.kind, "item": back.act.item, "reading": state})

    def _page(self, data: Mapping[str, Any]) -> Response:
        text = self._template.render(
            release=data["release"],
            style=markup(self._style),
            script=markup(self._script),
            data=markup(plain_json(data)),
        )
        return Response(text, media_type="text/html", headers={"Content-Security-Policy": self._policy})


def _read_act(value: Any) -> Act:
    return ACT.validate_python(value)


def _posted(answer: Callable[[Request, Mapping[str, Any]], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Read a JSON object and answer it in a thread; what is wrong with it is told and changes nothing."""

    async def answering(request: Request) -> Response:
        if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
            return JSONResponse({"error": "only JSON is read here"}, status_code=415)
        data = bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > LONGEST_BODY:
                return JSONResponse({"error": "too long"}, status_code=413)
        if not request.state.reader and request.url.path != "/api/name":
            return JSONResponse({"error": "say your name first"}, status_code=403)
        return await run_in_threadpool(_answered, answer, request, bytes(data))

    return answering


def _answered(answer: Callable[[Request, Mapping[str, Any]], Response], request: Request, data: bytes) -> Response:
    try:
        body = json.loads(data)
        if not isinstance(body, dict):
            return JSONResponse({"error": "not a JSON object"}, status_code=400)
        return answer(request, body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return JSONResponse({"error": f"{'.'.join(map(str, first['loc']))}: {first['msg']}"}, status_code=400)
    except (ValueError, RecursionError):
        return JSONResponse({"error": "not JSON"}, status_code=400)
    except ActRefusedError as error:
        return JSONResponse({"error": str(error)}, status_code=409)
    except WorkError as error:
        return JSONResponse({"error": str(error)}, status_code=503)
