"""What a worker is sent, and what it answers: names and hashes of files, never rows."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from pipeline.schema.base import Record, Sha256, Text
from pipeline.shards import Shard, StageName


class Gate(Record):
    """Where the build answers calls: an address, and the token that it asks for, which ends with the build."""

    address: Text
    token: SecretStr


class Order(Record):
    """One shard to be worked on.

    Attributes:
        stage, round, index: of the shard.
        folder: of the run, as a path or URL that the worker reaches.
        source: SHA-256 of the shard's records.
        kit: SHA-256 of the kit, which is ``kit-SHA256.json`` in the folder.
        gate: makes the calls to models.
    """

    stage: StageName
    round: int = Field(ge=0)
    index: int = Field(ge=0)
    folder: Text
    source: Sha256
    kit: Sha256
    gate: Gate

    def shard(self, folder: Path) -> Shard:
        """Return the shard as it lies in a local folder."""
        return Shard(self.stage, self.round, self.index, folder)


class Done(Record):
    """A shard that was worked on: the SHA-256 of what was made of it, and who did it."""

    target: Sha256
    worker: Text
