"""``impress review`` in a process of its own, as a user runs it."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path

from tests.support.builds import impress


def free_port() -> int:
    """A port of the loopback that nobody has right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ReviewServer:
    """A server that is running once it is made.

    Attributes:
        link: with the token.
        address: without it.
    """

    def __init__(self, release: Path, labels: Path, *options: str, port: int | None = None) -> None:
        self.port = port or free_port()
        self.labels = labels
        self._process = impress("review", release, "--labels", labels, "--port", str(self.port), *options)
        self.said: list[str] = []
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.said.append(line)
            if line.startswith("open "):
                self.link = line.split()[1]
                break
        else:
            raise AssertionError("".join(self.said))
        self.address = self.link.split("/?")[0]
        threading.Thread(target=self._process.stderr.read, daemon=True).start()

    def kill(self) -> None:
        """End it as a power cut would."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> ReviewServer:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.kill()


def exported(release: Path, labels: Path, file: Path, *options: str) -> str:
    """Run ``impress review --export`` and return what it says; the file is then written."""
    process = impress("review", release, "--labels", labels, "--export", file, *options)
    said, told = process.communicate(timeout=120)
    assert process.returncode == 0, told
    return said
