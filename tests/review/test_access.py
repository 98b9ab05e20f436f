"""Without the token, from another origin or under another name of this machine one gets and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from pipeline.review.access import Access
from pipeline.review.app import LONGEST_BODY, Server
from pipeline.review.review import Review
from tests.support.reviews import review_of

HERE = "http://127.0.0.1:8642"
TOKEN = "the-token-of-this-run"
PATHS = ("/", "/next", "/items", "/agreement", "/api/standing", "/api/agreement", "/read/sc-" + "0" * 20, "/nowhere")


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Review]:
    with review_of(tmp_path_factory.mktemp("kept")) as one:
        yield one


@pytest.fixture
def stranger(review: Review) -> TestClient:
    return TestClient(Server(review, Access(review.store, TOKEN)).app(), base_url=HERE, follow_redirects=False)


@pytest.fixture
def reader(stranger: TestClient) -> TestClient:
    assert stranger.get("/", params={"token": TOKEN}).status_code == 200
    assert stranger.post("/api/name", json={"name": "Ada"}).json() == {"reader": "Ada"}
    return stranger


def nothing(answer: Any) -> bool:
    return answer.status_code == 403 and "impress-sample" not in answer.text and "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", PATHS)
def test_without_a_session_there_is_nothing(stranger: TestClient, path: str) -> None:
    assert nothing(stranger.get(path))
    assert nothing(stranger.post(path, json={}))
    stranger.cookies.set(stranger_cookie(stranger), "made-up")
    assert nothing(stranger.get(path))


def stranger_cookie(client: TestClient) -> str:
    answer = client.get("/", params={"token": TOKEN})
    (name,) = answer.cookies
    client.cookies.clear()
    return name


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "é"])
def test_a_wrong_token_gives_nothing(stranger: TestClient, token: str) -> None:
    assert nothing(stranger.get("/", params={"token": token}))


def test_the_cookie_is_for_this_site_and_no_script(stranger: TestClient) -> None:
    cookie = stranger.get("/", params={"token": TOKEN}).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN not in cookie


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "https://127.0.0.1:8642"},
        {"origin": "null"},
        {"host": "evil.example"},
        {"host": "evil.example:8642"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "localhost.:8642"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_origin_gets_nothing_even_with_the_cookie(
    reader: TestClient, path: str, headers: dict[str, str]
) -> None:
    assert nothing(reader.get(path, headers=headers))
    assert nothing(reader.post(path, json={}, headers=headers))


def test_nothing_is_shared_with_other_origins(reader: TestClient) -> None:
    for answer in (reader.get("/"), reader.get("/api/standing"), reader.options("/api/act"), reader.get("/nowhere")):
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy


def test_a_tunnel_from_another_port_is_let_in(reader: TestClient) -> None:
    tunnel = {"host": "localhost:9000", "origin": "http://localhost:9000"}
    assert reader.get("/items", headers=tunnel).status_code == 200


def test_a_session_without_a_name_reads_and_changes_nothing(stranger: TestClient, review: Review) -> None:
    stranger.get("/", params={"token": TOKEN})
    before = review.state.last
    assert '"view":"name"' in stranger.get("/next").text
    assert '"view":"name"' in stranger.get("/items").text
    assert stranger.post("/api/act", json={}).status_code == 403
    assert stranger.post("/api/undo", json={}).status_code == 403
    assert review.state.last == before


@pytest.mark.parametrize("name", ["", "   ", "7", "x" * 41, "a\u202eb", "\u200b", "\x00a", 7, None, ["Ada"]])
def test_what_is_no_name_is_refused(stranger: TestClient, name: object) -> None:
    stranger.get("/", params={"token": TOKEN})
    answer = stranger.post("/api/name", json={"name": name})
    assert answer.status_code == 409
    assert "name" in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'{"key": "12345678"}', 400),
        (b'{"key": "short", "act": {"kind": "finish", "item": "sc-00000000000000000000"}}', 400),
        (b'{"key": "12345678", "act": {"kind": "undo", "item": "sc-00000000000000000000", "event": 1}}', 409),
        (b'{"key": "12345678", "act": {"kind": "finish", "item": "sc-00000000000000000000"}}', 409),
        (b'{"key": "12345678", "act": {"kind": "finish", "item": "../../etc"}}', 400),
        (b"[" * 100_000, 400),
        (b" " * (LONGEST_BODY + 1), 413),
    ],
)
def test_what_is_no_act_is_refused_and_changes_nothing(
    reader: TestClient, review: Review, body: bytes, status: int
) -> None:
    before = review.state.last
    answer = reader.post("/api/act", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, review.state.last) == (status, before)
    assert answer.json()["error"]


def test_only_json_is_read(reader: TestClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert reader.post("/api/act", content=b"{}", headers={"content-type": kind}).status_code == 415
