"""A Hub that holds one model: what the real client asks for, over HTTP, on this machine."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

COMMIT = "1" * 40


@contextmanager
def hub_with(repository: str, folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve the files of a folder as a model; gives the address, and the files that were fetched."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    fetched: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def log_message(self, *args: object) -> None:
            pass

        def _answer(self, *, with_body: bool) -> None:
            path = unquote(self.path.split("?")[0])
            if path.startswith(f"/api/models/{repository}"):
                siblings = [{"rfilename": name} for name in sorted(files)]
                tree = [{"type": "file", "oid": "0" * 40, "size": files[name].stat().st_size, "path": name}
                        for name in sorted(files)]  # fmt: skip
                told: object = tree if "/tree/" in path else {"id": repository, "sha": COMMIT, "siblings": siblings}
                self._send(json.dumps(told).encode(), "application/json", with_body=with_body)
                return
            name = path.removeprefix(f"/{repository}/resolve/{COMMIT}/")
            if name not in files:
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if with_body:
                fetched.append(name)
            self._send(files[name].read_bytes(), "application/octet-stream", with_body=with_body)

        def _send(self, body: bytes, kind: str, *, with_body: bool) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
            self.end_headers()
            if with_body:
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", fetched
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
