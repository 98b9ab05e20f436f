"""Reads a published release by its tag, as its users do, and compares it with what was sent."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import yaml

from pipeline.errors import WorkError
from pipeline.publish.hub import KEPT, Hub


def read_back(hub: Hub, tag: str, files: Mapping[str, bytes], cache: Path) -> None:
    """Compare every file, then every table as ``load_dataset`` gives it, into a cache that is empty.

    Raises:
        WorkError: if anything differs; it names the file or the table.
        HubError: if the Hub gives out.
    """
    there = set(hub.files(tag)) - set(KEPT)
    for path in sorted(there ^ set(files)):
        raise WorkError(f"{path} {'was not sent' if path in there else 'is missing'}")
    for path, data in files.items():
        if hashlib.sha256(hub.read(path, tag, cache / "files")).digest() != hashlib.sha256(data).digest():
            raise WorkError(f"{path} is not what was sent")
    for config, split, path in tables_of(files["README.md"]):
        if _loaded(hub.repo, tag, config, split, cache / "datasets") != _hash_of(_rows(files[path])):
            raise WorkError(f"{path}: load_dataset gives other rows for {config}/{split}")


def tables_of(card: bytes) -> Iterator[tuple[str, str, str]]:
    """Return configuration, split and file of each table that a card names."""
    match = re.match(r"\A---\n(.*?)\n---\n", card.decode(), flags=re.DOTALL)
    for config in yaml.safe_load(match[1])["configs"] if match else []:
        for one in config["data_files"]:
            yield config["config_name"], one["split"], one["path"]


def _loaded(repo: str, tag: str, config: str, split: str, cache: Path) -> str:
    import os

    import datasets

    try:
        rows = datasets.load_dataset(
            repo,
            config,
            split=split,
            revision=tag,
            cache_dir=str(cache),
            token=os.environ.get("HF_TOKEN") or True,
            download_mode="force_redownload",
        )
    except (OSError, ValueError, RuntimeError, httpx.HTTPError) as error:
        # Their texts may hold addresses with signatures.
        raise WorkError(f"load_dataset does not give {config}/{split}: {type(error).__name__}") from None
    return _hash_of(rows)


def _rows(data: bytes) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(data)).to_pylist()
    return rows


def _hash_of(rows: Any) -> str:
    """Return one hash over rows in order, whatever order a mapping's keys have."""
    from pipeline.schema.base import canonical_json

    digest = hashlib.sha256()
    for row in rows:
        digest.update(canonical_json(row) + b"\n")
    return digest.hexdigest()
