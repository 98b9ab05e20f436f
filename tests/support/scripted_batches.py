"""The batch form of the scripted server: files, and batches that end after some looks at them."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from tests.support.scripted_server import ScriptedServer


class ScriptedBatches:
    """Files and batches in memory.

    ``looks``: how often a batch is looked at before it ends. ``lost_replies``: so many batches are made whose maker
    gets an error all the same. ``fails``: why batches fail as a whole, ``None`` if they do not.
    """

    def __init__(self, server: ScriptedServer) -> None:
        self.looks = 1
        self.lost_replies = 0
        self.fails: str | None = None
        self.made: list[dict[str, Any]] = []
        self._server = server
        self._files: dict[str, bytes] = {}
        self._looked: dict[str, int] = {}
        self._numbers = count(1)

    def add_routes(self, app: web.Application) -> None:
        """Answer for files and batches."""
        app.router.add_post("/v1/files", self._upload)
        app.router.add_get("/v1/files/{file}/content", self._content)
        app.router.add_post("/v1/batches", self._create)
        app.router.add_get("/v1/batches", self._list)
        app.router.add_get("/v1/batches/{batch}", self._get)

    def _refused(self, http: web.Request) -> web.Response | None:
        key = self._server.api_key
        if key is None or http.headers.get("Authorization") == f"Bearer {key}":
            return None
        told = {
            "error": {"message": f"Incorrect API key: {http.headers.get('Authorization')}", "code": "invalid_api_key"}
        }
        return web.json_response(told, status=401)

    def _keep(self, content: bytes) -> str:
        name = f"file-{next(self._numbers)}"
        self._files[name] = content
        return name

    async def _upload(self, http: web.Request) -> web.Response:
        if (refused := self._refused(http)) is not None:
            return refused
        form = await http.post()
        given = form["file"]
        assert form["purpose"] == "batch"
        assert isinstance(given, web.FileField)
        content = given.file.read()
        told = {
            "object": "file",
            "bytes": len(content),
            "created_at": 1,
            "filename": given.filename,
            "purpose": "batch",
        }
        return web.json_response({"id": self._keep(content), "status": "processed", **told})

    async def _content(self, http: web.Request) -> web.Response:
        return web.Response(body=self._files[http.match_info["file"]], content_type="application/octet-stream")

    async def _create(self, http: web.Request) -> web.Response:
        asked = await http.json()
        batch = {
            "id": f"batch_{next(self._numbers)}",
            "object": "batch",
            "endpoint": asked["endpoint"],
            "errors": None,
            "input_file_id": asked["input_file_id"],
            "completion_window": asked["completion_window"],
            "status": "validating",
            "output_file_id": None,
            "error_file_id": None,
            "created_at": 1,
            "metadata": asked.get("metadata"),
        }
        self.made.append(batch)
        if self.lost_replies:
            self.lost_replies -= 1
            return web.json_response({"error": {"message": "lost"}}, status=500)
        return web.json_response(batch)

    async def _list(self, http: web.Request) -> web.Response:
        newest, limit, after = self.made[::-1], int(http.query.get("limit", 20)), http.query.get("after")
        start = next((place + 1 for place, one in enumerate(newest) if one["id"] == after), 0)
        page = newest[start : start + limit]
        return web.json_response({"object": "list", "data": page, "has_more": start + limit < len(newest)})

    async def _get(self, http: web.Request) -> web.Response:
        batch = next(one for one in self.made if one["id"] == http.match_info["batch"])
        looked = self._looked[batch["id"]] = self._looked.get(batch["id"], 0) + 1
        if batch["status"] not in ("completed", "failed"):
            batch["status"] = "in_progress"
            if looked > self.looks:
                self._end(batch)
        return web.json_response(batch)

    def _end(self, batch: dict[str, Any]) -> None:
        if self.fails is not None:
            batch["status"] = "failed"
            batch["errors"] = {"object": "list", "data": [{"code": "failed", "message": self.fails, "line": 1}]}
            return
        output: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for line in map(json.loads, self._files[batch["input_file_id"]].splitlines()):
            answered = self._server.answer_in_batch(line["url"], line["body"])
            told: dict[str, Any] = {"id": f"batch_req_{next(self._numbers)}", "custom_id": line["custom_id"]}
            if answered is None:
                expired = {"code": "batch_expired", "message": "This request could not be executed before the end."}
                errors.append({**told, "response": None, "error": expired})
                continue
            status, body = answered
            reply = {**told, "response": {"status_code": status, "request_id": "r", "body": body}, "error": None}
            (output if status == 200 else errors).append(reply)
        batch["status"] = "completed"
        for place, lines in (("output_file_id", output), ("error_file_id", errors)):
            if lines:
                batch[place] = self._keep(b"".join(json.dumps(one).encode() + b"\n" for one in lines))
