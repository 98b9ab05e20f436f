"""Prefect servers of their own for tests: on SQLite, or on a PostgreSQL that is started for the purpose."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

SECONDS_TO_START = 180.0
SECONDS_BUSY = 120.0


def free_port() -> int:
    """Return a port that nothing listens on at this moment."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def postgres_programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, ``None`` where it is not installed."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return places[-1].parent if places else None


@contextmanager
def postgres() -> Iterator[str]:
    """Run a PostgreSQL of its own and give the URL of a database; skips the test where none is installed."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    folder, port = Path(tempfile.mkdtemp(prefix="impress-postgres-")), free_port()
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if user:
        shutil.chown(folder, "postgres")
    data = str(folder / "data")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"

    def run(program: str, *arguments: str) -> None:
        command = [*user, str(programs / program), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=folder, timeout=SECONDS_TO_START
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"

    try:
        run("initdb", "-D", data, "-A", "trust", "-U", "prefect", "-E", "UTF8", "--locale=C")
        run("pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
        try:
            yield f"postgresql+asyncpg://prefect@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@contextmanager
def prefect_server(home: Path, database: str | None = None, **more: str) -> Iterator[str]:
    """Run ``prefect server start`` and give its API's address; ``database`` in place of SQLite, ``more`` settings."""
    port, log = free_port(), home / "server.log"
    settings = {"PREFECT_HOME": str(home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1", **more}
    if database is not None:
        settings["PREFECT_API_DATABASE_CONNECTION_URL"] = database
    home.mkdir(parents=True, exist_ok=True)
    start = ["-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"]
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, *start], env={**os.environ, **settings}, stdout=out, stderr=out, start_new_session=True
        )
    url = f"http://127.0.0.1:{port}/api"
    try:
        deadline = time.monotonic() + SECONDS_TO_START
        while not _answers(url):
            assert server.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.2)
        yield url
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def ask_server(api: str, path: str, record: dict[str, Any]) -> Any:
    """Post to the server and give what it replies; a busy database (503) is asked again, as Prefect's client does."""
    deadline = time.monotonic() + SECONDS_BUSY
    while True:
        reply = httpx.post(f"{api}/{path}", json=record, timeout=60)
        if reply.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
            assert reply.is_success, reply.text
            return reply.json()
        time.sleep(0.5)


def asked(api: str, what: str, **filters: Any) -> list[dict[str, Any]]:
    """Give the server's records of a kind."""
    found: list[dict[str, Any]] = ask_server(api, f"{what}/filter", {"limit": 200, **filters})
    return found


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
