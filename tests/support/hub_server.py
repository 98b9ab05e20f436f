"""A small server that speaks the Hub's protocol for datasets, with LFS, and fails on purpose.

The calls are those that huggingface_hub 1.33 and datasets 5.2 make. Files come in by LFS; with ``xet`` they go out by
Xet to a client that has it (``xet_store.py``). Commits are real: a tree of paths, a parent, an id from both.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support import xet_store

TOKEN = "hf_testtokenofnobody"
LFS = (".parquet", ".gz")


@dataclass(frozen=True)
class Commit:
    """A commit: what it holds, what came before it."""

    tree: dict[str, bytes]
    title: str
    parent: str | None

    @property
    def id(self) -> str:
        """40 hexadecimal digits."""
        files = {path: hashlib.sha256(data).hexdigest() for path, data in sorted(self.tree.items())}
        return hashlib.sha1(json.dumps([self.parent, self.title, files]).encode()).hexdigest()


@dataclass
class Repo:
    """A dataset repository."""

    private: bool
    gated: str | bool = False
    commits: list[Commit] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def head(self) -> Commit:
        """The newest commit."""
        return self.commits[-1]

    def at(self, revision: str) -> Commit | None:
        """The commit of a branch, a tag or an id."""
        wanted = self.tags.get(revision, self.head.id if revision in ("main", "refs/heads/main") else revision)
        return next((one for one in self.commits if one.id == wanted), None)


class HubServer(ThreadingHTTPServer):
    """The server; ``faults`` gives what happens to the n-th request, counted from 0.

    ``429``, ``500``, ``503``, ``401`` and ``403`` are answered so; ``cut`` closes the connection before anything is
    done, ``cut_after`` when it is done and not told; ``move`` has somebody else commit first.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.repos: dict[str, Repo] = {}
        self.objects: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.faults: dict[int, str] = {}
        self.xet = False
        self.lock = threading.RLock()

    @property
    def url(self) -> str:
        """What ``HF_ENDPOINT`` is set to."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections that were cut on purpose are no news."""

    def commit(self, name: str, files: dict[str, bytes], title: str = "by somebody else") -> str:
        """Add a commit by hand."""
        repo = self.repos[name]
        repo.commits.append(Commit({**repo.head.tree, **files}, title, repo.head.id))
        return repo.head.id


class CutError(Exception):
    """Close the connection without an answer."""


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: HubServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    """An answer goes out in two pieces; without this the second waits some 40 ms for word that the first came."""

    def log_message(self, *_: object) -> None:
        """Be quiet."""

    def do_GET(self) -> None:
        self.handled()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - names that http.server calls

    def handled(self) -> None:
        body = self.body()
        with self.server.lock:
            number = len(self.server.requests)
            self.server.requests.append(f"{self.command} {urlsplit(self.path).path}")
            fault = self.server.faults.get(number)
        try:
            self.answer(body, fault)
        except CutError:
            self.close_connection = True
            self.connection.close()

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while size := int(self.rfile.readline().strip() or b"0", 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, body: bytes, fault: str | None) -> None:
        if fault == "cut":
            raise CutError
        if fault in ("429", "500", "503"):
            return self.send(int(fault), {"error": "on purpose"}, {"Retry-After": "0"} if fault == "429" else {})
        if fault in ("401", "403"):
            return self.send(
                int(fault), {"error": "no"}, {"X-Error-Message": "Invalid credentials in Authorization header"}
            )
        if fault == "move":
            for name in self.server.repos:
                self.server.commit(name, {"other.txt": b"%d" % len(self.server.requests)})
        with self.server.lock:
            status, document, headers = self.route(body)
        if fault == "cut_after":
            raise CutError
        return self.send(status, document, headers)

    def send(self, status: int, document: Any, headers: dict[str, str]) -> None:
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        kind = "application/octet-stream" if isinstance(document, bytes) else "application/json"
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def route(self, body: bytes) -> tuple[int, Any, dict[str, str]]:
        split = urlsplit(self.path)
        path = unquote(split.path)
        known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if match := re.fullmatch(r"/objects/([0-9a-f]{64})", path):
            return self.put_object(match[1], body)
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}, {}
        if path == "/api/whoami-v2":
            return 200, {"name": "tester", "type": "user", "auth": {}}, {}
        if path == "/api/repos/create":
            return self.create(json.loads(body)) if known else self.missing()
        if match := re.fullmatch(r"/datasets/([^/]+/[^/]+)\.git/info/lfs/objects/(batch|verify)", path):
            return self.lfs(json.loads(body), match[2]) if known else self.missing()
        for pattern in (r"/api/datasets/([^/]+/[^/]+)((?:/.*)?)", r"/datasets/([^/]+/[^/]+)(/resolve/.*)"):
            if match := re.fullmatch(pattern, path):
                repo = self.server.repos.get(match[1])
                if repo is None or (repo.private and not known):
                    return self.missing()
                if repo.gated and not known and match[2].startswith("/resolve/"):
                    return 401, {"error": "Access is restricted"}, {"X-Error-Code": "GatedRepo"}
                return self.of_repo(match[1], repo, match[2], body, parse_qs(split.query), known=known)
        stored = xet_store.answer(path, self.server.url, self.headers.get("Range", ""), self.server.objects)
        return stored or (404, {"error": f"no such call: {path}"}, {})

    def missing(self) -> tuple[int, Any, dict[str, str]]:
        return 404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"}

    def create(self, asked: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        name = f"{asked.get('organization') or 'tester'}/{asked['name']}"
        url = {"url": f"{self.server.url}/datasets/{name}", "id": name, "name": name}
        if name in self.server.repos:
            return 409, {"error": "You already created this dataset repo", **url}, {}
        first = Commit({".gitattributes": b"*.parquet filter=lfs diff=lfs merge=lfs -text\n"}, "initial commit", None)
        private = asked.get("private") or asked.get("visibility") == "private"
        self.server.repos[name] = Repo(private=bool(private), commits=[first])
        return 200, url, {}

    def lfs(self, asked: dict[str, Any], what: str) -> tuple[int, Any, dict[str, str]]:
        if what == "verify":
            return (200 if asked["oid"] in self.server.objects else 404), {}, {}
        objects = []
        for one in asked["objects"]:
            entry = {"oid": one["oid"], "size": one["size"]}
            if one["oid"] not in self.server.objects:
                verify = self.path.removesuffix("batch") + "verify"
                auth = {"Authorization": str(self.headers.get("Authorization"))}
                entry["actions"] = {
                    "upload": {"href": f"{self.server.url}/objects/{one['oid']}", "header": {}},
                    "verify": {"href": f"{self.server.url}{verify}", "header": auth},
                }
            objects.append(entry)
        return 200, {"transfer": "basic", "objects": objects}, {}

    def put_object(self, name: str, body: bytes) -> tuple[int, Any, dict[str, str]]:
        if hashlib.sha256(body).hexdigest() != name:
            return 400, {"error": "not the content of this name"}, {}
        self.server.objects[name] = body
        return 200, {}, {}

    def of_repo(  # noqa: C901 - one branch a call
        self, name: str, repo: Repo, call: str, body: bytes, query: dict[str, list[str]], *, known: bool
    ) -> tuple[int, Any, dict[str, str]]:
        writes = re.match(r"/(preupload|commit|tag|settings)(/|$)", call)
        if writes and not known:
            return (
                401,
                {"error": "Invalid credentials"},
                {"X-Error-Message": "Invalid credentials in Authorization header"},
            )
        if call == "/settings":
            repo.gated = json.loads(body).get("gated", repo.gated)
            return 200, {}, {}
        if call == "/refs":
            return 200, self.refs(repo), {}
        if call.startswith("/xet-read-token/"):
            return xet_store.token(self.server.url)
        if match := re.fullmatch(r"/resolve/([^/]+)/(.*)", call):
            status, document, headers = self.resolve(repo, match[1], match[2])
            if self.server.xet and match[2].endswith(LFS) and status < 300:
                headers |= xet_store.headers_of(self.server.url, name, headers["ETag"].strip('"'))
            return status, document, headers
        if match := re.fullmatch(r"(?:/revision/([^/]+))?", call):
            return self.info(name, repo, match[1] or "main")
        match = re.fullmatch(r"/(tree|preupload|commit|commits|tag|paths-info)/([^/]+)((?:/.*)?)", call)
        commit = repo.at(match[2]) if match else None
        if match is None or commit is None:
            return 404, {"error": "Invalid rev id"}, {"X-Error-Code": "RevisionNotFound"}
        if match[1] == "tree":
            return self.tree(commit, match[3].strip("/"), recursive="recursive" in query)
        if match[1] == "commits":
            return self.history(repo, commit) if query.get("p", ["0"]) == ["0"] else (200, [], {})
        if match[1] == "paths-info":
            wanted = parse_qs(body.decode()).get("paths") or json.loads(body or b"{}").get("paths", [])
            return 200, [self.entry(path, commit.tree[path]) for path in wanted if path in commit.tree], {}
        if match[1] == "tag":
            return self.tagged(repo, commit, json.loads(body)["tag"])
        if match[1] == "preupload":
            modes = [
                {"path": one["path"], "uploadMode": "lfs" if one["path"].endswith(LFS) else "regular"}
                for one in json.loads(body)["files"]
            ]
            return 200, {"files": [{**one, "shouldIgnore": False} for one in modes]}, {}
        return self.committed(name, repo, body)

    def info(self, name: str, repo: Repo, revision: str) -> tuple[int, Any, dict[str, str]]:
        commit = repo.at(revision)
        if commit is None:
            return 404, {"error": "Invalid rev id"}, {"X-Error-Code": "RevisionNotFound"}
        record = {
            "_id": "1",
            "id": name,
            "sha": commit.id,
            "private": repo.private,
            "gated": repo.gated,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": [],
            "lastModified": "2026-11-01T00:00:00.000Z",
            "createdAt": "2026-11-01T00:00:00.000Z",
            "siblings": [{"rfilename": path} for path in sorted(commit.tree)],
        }
        return 200, record, {}

    def refs(self, repo: Repo) -> dict[str, Any]:
        main = {"name": "main", "ref": "refs/heads/main", "targetCommit": repo.head.id}
        tags = [{"name": one, "ref": f"refs/tags/{one}", "targetCommit": at} for one, at in repo.tags.items()]
        return {"branches": [main], "tags": tags, "converts": [], "pullRequests": []}

    def history(self, repo: Repo, commit: Commit) -> tuple[int, Any, dict[str, str]]:
        until = repo.commits[: repo.commits.index(commit) + 1]
        day = "2026-11-01T00:00:00.000Z"
        return (
            200,
            [{"id": one.id, "title": one.title, "message": "", "date": day, "authors": []} for one in reversed(until)],
            {},
        )

    def tree(self, commit: Commit, under: str, *, recursive: bool) -> tuple[int, Any, dict[str, str]]:
        prefix = f"{under}/" if under else ""
        inside = {path: data for path, data in commit.tree.items() if path.startswith(prefix)}
        if under and not inside:
            return 404, {"error": "not there"}, {"X-Error-Code": "EntryNotFound"}
        folders = sorted(
            {path[: len(prefix)] + path[len(prefix) :].split("/")[0] for path in inside if "/" in path[len(prefix) :]}
        )
        entries = [
            {"type": "directory", "path": one, "oid": hashlib.sha1(one.encode()).hexdigest(), "size": 0}
            for one in folders
        ]
        files = [
            self.entry(path, data)
            for path, data in sorted(inside.items())
            if recursive or "/" not in path[len(prefix) :]
        ]
        return 200, [*entries, *files], {}

    def entry(self, path: str, data: bytes) -> dict[str, Any]:
        oid = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        record: dict[str, Any] = {"type": "file", "path": path, "oid": oid, "size": len(data)}
        if path.endswith(LFS):
            record["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
        return record

    def resolve(self, repo: Repo, revision: str, path: str) -> tuple[int, Any, dict[str, str]]:
        commit = repo.at(revision)
        if commit is None:
            return 404, {"error": "Invalid rev id"}, {"X-Error-Code": "RevisionNotFound"}
        if path not in commit.tree:
            return 404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit.id}
        data = commit.tree[path]
        digest = hashlib.sha256(data).hexdigest()
        headers = {"X-Repo-Commit": commit.id, "ETag": f'"{digest}"', "Accept-Ranges": "bytes"}
        headers |= {"X-Linked-ETag": f'"{digest}"', "X-Linked-Size": str(len(data))}
        if match := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            first, last = int(match[1]), int(match[2] or len(data) - 1)
            headers["Content-Range"] = f"bytes {first}-{min(last, len(data) - 1)}/{len(data)}"
            return 206, data[first : last + 1], headers
        return 200, data, headers

    def tagged(self, repo: Repo, commit: Commit, tag: str) -> tuple[int, Any, dict[str, str]]:
        if tag in repo.tags:
            return 409, {"error": "Tag already exists"}, {}
        repo.tags[tag] = commit.id
        return 200, {}, {}

    def committed(self, name: str, repo: Repo, body: bytes) -> tuple[int, Any, dict[str, str]]:
        lines = [json.loads(line) for line in body.splitlines() if line.strip()]
        header, tree = lines[0]["value"], dict(repo.head.tree)
        if header.get("parentCommit") not in (None, repo.head.id):
            return 412, {"error": "A commit has happened since. Please refresh and try again."}, {}
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "file":
                tree[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                if value["oid"] not in self.server.objects:
                    return (
                        400,
                        {"error": "an LFS pointer pointed to a file that does not exist"},
                        {},
                    )
                tree[value["path"]] = self.server.objects[value["oid"]]
            else:
                tree.pop(value["path"], None)
        repo.commits.append(Commit(tree, header["summary"], repo.head.id))
        url = f"{self.server.url}/datasets/{name}/commit/{repo.head.id}"
        return 200, {"success": True, "commitOid": repo.head.id, "commitUrl": url}, {}


@contextmanager
def hub_server() -> Iterator[HubServer]:
    """Run a server until the block ends."""
    server = HubServer()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
