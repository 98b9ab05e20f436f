"""Which Prefect server a build tells, where workers have to reach it too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings

from pipeline.errors import UsageError
from pipeline.schema.run import Run


@contextmanager
def server_for_workers(run: Run) -> Iterator[None]:
    """See to it that workers can tell Prefect's server how their tasks are.

    Without a server of its own a build starts one for its length; workers on this machine are told where it is.

    Raises:
        UsageError: if workers run elsewhere, where such a server is out of reach.
    """
    settings = get_current_settings()
    if run.tasks == "threads" or settings.api.url:
        yield
        return
    if run.address is not None:
        raise UsageError(
            "run.address: workers on other machines need a Prefect server that they reach: run `prefect server start` "
            "somewhere and set PREFECT_API_URL"
        )
    from prefect.server.api.server import SubprocessASGIServer

    server = SubprocessASGIServer()
    server.start(settings.server.ephemeral.startup_timeout_seconds)
    with temporary_settings({PREFECT_API_URL: server.api_url}):
        yield
