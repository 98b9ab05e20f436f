"""When a shard is worked on again: an endpoint gave out; nothing else mends itself."""

from __future__ import annotations

from typing import Any

from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from pipeline.models.errors import EndpointUnavailable


def endpoint_was_down(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    """Retry a shard when an endpoint gave out, and for nothing else: a wrong key does not mend itself."""
    return isinstance(state.data, EndpointUnavailable)


RETRIES: dict[str, Any] = {
    "retries": 2,
    "retry_delay_seconds": [10, 60],
    "retry_condition_fn": endpoint_was_down,
}
"""Of every task that calls models."""
