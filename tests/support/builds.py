"""Specifications for builds against the scripted server, and how to run one."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from pipeline.seeds import load_seeds

CHECKOUT = Path(__file__).parents[2]


def kit_cells(count: int) -> list[str]:
    """Return ids of cells that a worked situation supports, spread over the domains, at most ``count``."""
    per_domain = [
        [
            f"{motive}.{situation.risk_type}.{domain.id}"
            for situation in domain.situations
            for motive in situation.temptations
        ]
        for domain in load_seeds().domains.values()
    ]
    longest = max(map(len, per_domain))
    spread = [cells[i] for i in range(longest) for cells in per_domain if i < len(cells)]
    return list(dict.fromkeys(spread))[:count]


def specification(base_url: str, *, cells: Sequence[str] | None = None, **changes: Any) -> dict[str, Any]:
    """Return the contents of a specification whose models are the scripted server's."""
    role = {
        "endpoint": {"kind": "openai", "base_url": base_url},
        "model": "scripted",
        "limits": {"in_flight": 32, "timeout": 20, "attempts": 8},
    }
    return {
        "name": "scripted",
        "version": "2026.11.0",
        "title": "Written by a scripted model",
        "seed": 11,
        "grid": {"cells": list(cells if cells is not None else kit_cells(6))},
        "quota": 1,
        "attempts_per_cell": 3,
        "shard_size": 4,
        "generation": {"core": "kit"},
        "splits": {"dev": 0.5, "test": 0.5, "held_out": 0.0},
        "models": {"generator": role, "judge": copy.deepcopy(role)},
        **changes,
    }


def renewable(base_url: str, cells: int, version: str, **changes: Any) -> dict[str, Any]:
    """Return the contents of one whose rows can be renewed: the scripted model hands in cores of its own, too."""
    return specification(
        base_url,
        cells=kit_cells(cells),
        version=version,
        attempts_per_cell=8,
        generation={"core": "kit_or_model"},
        gates={"left_out": ["relevance.motive", "relevance.risk_type"], "similarity_rank": 20},
        **changes,
    )


def write_specification(folder: Path, contents: Mapping[str, Any]) -> Path:
    """Write a specification file."""
    path = folder / "scripted.yaml"
    path.write_text(yaml.safe_dump(dict(contents), sort_keys=False), encoding="utf-8")
    return path


def impress(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    """Start the command line in a process of its own, in a session of its own so that a kill leaves nothing."""
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", *map(str, arguments)],
        cwd=CHECKOUT,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def folder_hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder, by relative path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def manifest_of(release: Path) -> dict[str, Any]:
    """Return the contents of a release's manifest."""
    contents: dict[str, Any] = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    return contents
