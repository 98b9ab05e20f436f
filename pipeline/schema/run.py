"""Where a build runs: lines of the specification that bear on where work is done and kept, never on what is made."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from pipeline.schema.base import Record, Text

ClusterName = Literal["ray", "dask"]


class Run(Record):
    """Who works on the shards, and where a run and its releases are kept. Bears on no row, so no release states it.

    ``tasks``: ``threads`` works on all shards in the build's own process; ``ray`` and ``dask`` send them to a cluster,
    with Prefect's own task runners. ``address``: of a cluster that runs (``ray://HOST:10001``, ``tcp://HOST:8786``);
    without it one of ``workers`` processes is started on this machine, for the length of the build. ``gateway``:
    where workers reach the build, which makes their calls to models, as HOST:PORT; this machine's address and a free
    port if left out. ``storage``: a folder that all machines see, or a URL of an object store (``s3://BUCKET/PREFIX``),
    beside the local folder: it holds what a build needs to go on from any machine, and the releases.
    """

    tasks: Literal["threads", "ray", "dask"] = "threads"
    address: Text | None = None
    workers: int | None = Field(default=None, ge=1, le=4096)
    gateway: Annotated[str, StringConstraints(pattern=r"^[\w.-]+:\d{1,5}$")] | None = Field(
        default=None, description="HOST:PORT"
    )
    storage: Annotated[str, StringConstraints(pattern=r"^[^\s@]+$")] | None = Field(
        default=None, description="a path or a URL; credentials in it are refused"
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        told = [name for name in ("address", "workers", "gateway") if getattr(self, name) is not None]
        if self.tasks == "threads" and told:
            raise ValueError(f"{told[0]} is for a cluster: say `tasks: ray` or `tasks: dask`, or leave it out")
        if self.gateway is not None and not 0 < int(self.gateway.rpartition(":")[2]) < 2**16:
            raise ValueError(f"{self.gateway} names no port: ports go from 1 to 65535")
        if self.address is not None and self.workers is not None:
            raise ValueError(
                "workers are started on this machine, and at address a cluster runs: leave one of them out"
            )
        return self
