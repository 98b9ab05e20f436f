"""Orders for optimisations of a poor program, over a few domain kits and a model that can be taught."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from pipeline.optimize.order import Order
from pipeline.resources import prompts_dir, seeds_dir
from pipeline.schema.specification import Specification
from tests.support.builds import specification
from tests.support.learner import POOR

DOMAINS = 12
SETTINGS = {
    "sources": ["kits"],
    "most": {"train": 6, "selection": 4, "held_back": 6},
    "gepa": {"metric_calls": 56},
    "mipro": {"candidates": 5, "trials": 8},
    "resamples": 500,
}


def poor_files(folder: Path, **settings: Any) -> dict[str, str]:
    """Write seeds of a few domains, small settings, and prompts whose ``background`` teaches nothing.

    Returns:
        The environment in which the program uses them.
    """
    seeds, prompts = folder / "seeds", folder / "prompts"
    shutil.copytree(seeds_dir(), seeds, ignore=shutil.ignore_patterns("domains", "exemplars", "specs"))
    (seeds / "domains").mkdir()
    for file in sorted((seeds_dir() / "domains").glob("*.yaml"))[:DOMAINS]:
        shutil.copy(file, seeds / "domains")
    (seeds / "optimize.yaml").write_text(yaml.safe_dump({**SETTINGS, **settings}), encoding="utf-8")
    shutil.copytree(prompts_dir(), prompts, ignore=shutil.ignore_patterns("compiled"))
    (prompts / "generate" / "background.md").write_text(POOR, encoding="utf-8")
    return {"IMPRESS_SEEDS": str(seeds), "IMPRESS_PROMPTS": str(prompts)}


def order(base_url: str, folder: Path, **changes: Any) -> Order:
    """Return an order whose models are the scripted server's; the program found goes to ``folder/prompts/compiled``."""
    contents = Specification.model_validate(specification(base_url, cells=["a.b.c"]))
    given: dict[str, Any] = {
        "program": "background",
        "specification": contents,
        "out": folder / "prompts" / "compiled",
        "work": folder / "work",
        **changes,
    }
    return Order(**given)
