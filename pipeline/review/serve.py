"""Runs the server of the review page on this machine's loopback, until it is stopped."""

from __future__ import annotations

import socket
from collections.abc import Callable

from pipeline.errors import UsageError
from pipeline.review.access import Access
from pipeline.review.app import Server
from pipeline.review.review import Review

HOST = "127.0.0.1"


def serve(review: Review, port: int, tell: Callable[[str], None]) -> None:
    """Serve a review.

    Args:
        review: what is read.
        port: of the loopback; 0 for any that is free.
        tell: told the link, with the token in it, once the server answers there.

    Raises:
        UsageError: if the port is taken.
    """
    import uvicorn

    access = Access(review.store)
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
    except OSError as error:
        bound.close()
        raise UsageError(f"port {port} is taken; choose another with --port: {error.strerror}") from error
    settings = uvicorn.Config(
        Server(review, access).app(), access_log=False, log_level="warning", server_header=False, ws="none"
    )
    with bound:
        bound.listen(128)
        tell(f"http://{HOST}:{bound.getsockname()[1]}/?token={access.token}")
        uvicorn.Server(settings).run(sockets=[bound])
