"""The files of a release folder: their names, their hashes, and the two files that hold the hashes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.schema.manifest import FileEntry, Manifest

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
CALIBRATION = "calibration.json"
REVIEWS = "reviews.json"
CITATION = "CITATION.cff"
CROISSANT = "croissant.json"
CARD = "README.md"
REPORT = "report.html"
LICENCE = "LICENSE"
SPECIFICATION = "specification.yaml"
CANDIDATES = "candidates.parquet"
RETIRED = "retired.parquet"
COMPLETIONS = "completions"

UNHASHED = (MANIFEST, SUMS)
"""The files that ``Manifest.files`` leaves out; ``SHA256SUMS`` covers the manifest."""

OF_THE_HUB = re.compile(r"\.gitattributes$|\.git/|\.cache/huggingface/")
"""What the Hub and its clients leave in a folder that is fetched from it; no part of any release."""

_DATA_FILE = re.compile(r"^data/(?P<split>[a-z][a-z0-9_]*)-00000-of-00001\.parquet$")
_BLOCK = 1 << 20


def data_file(split: str) -> str:
    """Return the path of a split's table inside the release."""
    return f"data/{split}-00000-of-00001.parquet"


def split_of_file(path: str) -> str | None:
    """Return the split whose table a path names, ``None`` if it is no table of a split."""
    match = _DATA_FILE.match(path)
    return match["split"] if match else None


def list_files(folder: Path) -> list[str]:
    """Return the paths of all files under a folder, sorted, relative, with ``/``. Links count as files.

    What a release that was fetched from the Hub has beside its own files is left out.
    """
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    paths = (path.relative_to(folder).as_posix() for path in found)
    return sorted(path for path in paths if not OF_THE_HUB.match(path))


def file_entry(folder: Path, path: str) -> FileEntry:
    """Return the size and hash of a file of the release."""
    digest, size = hashlib.sha256(), 0
    with (folder / path).open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return FileEntry(path=path, bytes=size, sha256=digest.hexdigest())


def manifest_bytes(manifest: Manifest) -> bytes:
    """Return ``manifest.json`` of a manifest. Equal manifests have equal bytes."""
    return manifest_form(manifest.model_dump(mode="json"))


def manifest_form(record: Mapping[str, Any]) -> bytes:
    """Return the form in which ``manifest.json`` is written: indented JSON with sorted keys in UTF-8."""
    text = json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return text.encode() + b"\n"


def sums_bytes(files: Iterable[FileEntry], manifest: bytes) -> bytes:
    """Return ``SHA256SUMS``, as ``sha256sum --check`` reads it: every file of the release but itself."""
    sums = {entry.path: entry.sha256 for entry in files}
    sums[MANIFEST] = hashlib.sha256(manifest).hexdigest()
    return "".join(f"{sums[path]}  {path}\n" for path in sorted(sums)).encode()
