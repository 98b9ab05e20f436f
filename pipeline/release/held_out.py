"""Rows that are held out: what the public manifest commits to, and how a commitment is opened and checked.

A commitment is ``SHA-256(salt || canonical JSON of the scenario's content)``. The content is what the id covers;
without the salt nobody can tell whether a guess of a row is right, and nobody can find another row for a hash.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline.errors import WorkError
from pipeline.schema.base import canonical_json
from pipeline.schema.history import Commitments, Opening
from pipeline.schema.scenario import Scenario

PRIVATE = "private"
SALTS = f"{PRIVATE}/salts.json"
"""Salts of the rows that a release holds out. The folder is never published."""


def commitment(scenario: Scenario, salt: str) -> str:
    """Return the salted hash (64 hex digits) of a row's content; ``salt`` is hexadecimal."""
    outside = {"id", "lineage", "introduced", "retired"}
    content = {key: value for key, value in scenario.model_dump(mode="json").items() if key not in outside}
    return hashlib.sha256(bytes.fromhex(salt) + canonical_json(content)).hexdigest()


def commitments(rows: Iterable[Scenario], salts: Mapping[str, str]) -> Commitments | None:
    """Return what a manifest says of the rows that are held out; ``None`` for no row.

    Raises:
        ValueError: if a row has no salt.
    """
    hashes = []
    for row in rows:
        if row.id not in salts:
            raise ValueError(f"the row {row.id} is held out and has no salt")
        hashes.append(commitment(row, salts[row.id]))
    return Commitments(hashes=tuple(sorted(hashes))) if hashes else None


def opens(opening: Opening, scenario: Scenario, committed: Commitments | None) -> bool:
    """Tell whether a row that was opened is one that an earlier manifest committed to."""
    return committed is not None and commitment(scenario, opening.salt) in committed.hashes


def new_salts(ids: Iterable[str], key_file: Path) -> dict[str, str]:
    """Return a salt for each id, drawn from the secret key of a benchmark; the key is made if there is none.

    From one key the same row has the same salt, so that a build that is run again makes the same release. A salt
    that is opened says nothing of the key (HMAC-SHA-256, RFC 2104).

    Raises:
        WorkError: if the key file is there and holds no key.
    """
    wanted = sorted(ids)
    if not wanted:
        return {}
    key = _key(key_file)
    return {identity: hmac.new(key, identity.encode(), hashlib.sha256).hexdigest() for identity in wanted}


def read_salts(folder: Path) -> dict[str, str]:
    """Return the salts that a whole release holds, by row id; none where it holds nothing out."""
    path = folder / SALTS
    if not path.is_file():
        return {}
    salts: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return salts


def salts_text(salts: Mapping[str, str]) -> str:
    """Return the contents of ``private/salts.json``."""
    return json.dumps(dict(salts), indent=1, sort_keys=True) + "\n"


def _key(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        pass
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if len(text) != 64 or not all(char in "0123456789abcdef" for char in text):
        raise WorkError(f"{path}: this is no key of 64 hexadecimal digits; restore the key, since salts follow from it")
    return bytes.fromhex(text)
