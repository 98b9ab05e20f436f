"""What all shards of a build share, as one file, and whether a worker would make the same rows of it as the build."""

from __future__ import annotations

import socket
from typing import Self

from pipeline.errors import WorkError
from pipeline.generate.stage import program_hashes
from pipeline.provenance import library_versions, prompt_hashes
from pipeline.schema.base import Record, Sha256
from pipeline.schema.calibration import Calibration
from pipeline.schema.label import Reviews
from pipeline.schema.specification import Specification
from pipeline.seeds import Seeds


class OtherInstallation(WorkError):  # noqa: N818 - a state of affairs
    """A worker has other seeds, prompts, programs or library versions than the build."""


class Installation(Record):
    """What bears on a row beside the specification: hashes of seed entries, prompts and programs, library versions."""

    seeds: dict[str, Sha256]
    prompts: dict[str, Sha256]
    programs: dict[str, Sha256]
    libraries: dict[str, str]

    @classmethod
    def of(cls, seeds: Seeds) -> Self:
        """Look at this one."""
        return cls(
            seeds=dict(seeds.hashes), prompts=prompt_hashes(), programs=program_hashes(), libraries=library_versions()
        )

    def check(self, own: Installation) -> None:
        """Compare a worker's own with this one.

        Raises:
            OtherInstallation: if anything differs, with the first few things that do.
        """
        different = [
            f"{part} {name}"
            for part in type(self).model_fields
            for name in sorted({*getattr(self, part), *getattr(own, part)})
            if getattr(self, part).get(name) != getattr(own, part).get(name)
        ]
        if different:
            more = f" and {len(different) - 5} more" if len(different) > 5 else ""
            raise OtherInstallation(
                f"the worker on {socket.gethostname()} would make other rows than the build, since it differs in "
                f"{', '.join(different[:5])}{more}: install the same version with constraints.txt on all machines, and "
                "give them the same seeds and prompts (IMPRESS_SEEDS, IMPRESS_PROMPTS)"
            )


class Kit(Record):
    """What all shards of a build share. ``specification`` has its pins."""

    specification: Specification
    calibration: Calibration | None
    reviews: Reviews | None
    installation: Installation


def kit_name(sha256: str) -> str:
    """Return the name of a kit's file."""
    return f"kit-{sha256}.json"
