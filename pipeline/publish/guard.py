"""Three checks, each by itself enough, that nothing held out goes to a public repository.

1. :func:`check_paths`: no file or configuration is named like a private one.
2. :func:`check_contents`: no file, whatever its name, holds a row of a held-out group, a salt, or a text of such a row.
3. :func:`check_repository`: where anything private is to go, the Hub itself says that the repository is private.
"""

from __future__ import annotations

import contextlib
import gzip
import html
import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from pipeline.errors import WorkError
from pipeline.pages.packing import unpacked
from pipeline.release.carry import HELD_OUT
from pipeline.release.check_files import read_manifest
from pipeline.release.check_rows import read_retired, read_splits
from pipeline.release.held_out import read_salts
from pipeline.release.public import own_texts
from pipeline.schema.specification import SplitShares
from pipeline.splits import split_of

if TYPE_CHECKING:
    from pyarrow import Table

Files = Mapping[str, bytes]
"""What is to be committed: contents by path in the repository."""

_NAMES = re.compile(r"(held[-_ ]?out|(^|/)private(/|$)|salts?\.json|(^|/)secrets?(/|$)|\.key$)", re.IGNORECASE)
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_SALT = re.compile(rb'"sc-[0-9a-f]{20}"\s*:\s*"[0-9a-f]{64}"')


class PrivateDataError(WorkError):
    """Something that is held out was about to be published."""


def check_paths(files: Files) -> None:
    """Refuse files, and configurations of the card, that are named like private ones.

    Raises:
        PrivateDataError: if there is one.
    """
    for path, data in files.items():
        if _NAMES.search(path):
            raise PrivateDataError(f"{path}: a file of this name is private and is not published")
        if path.lower().endswith((".md", ".yaml", ".yml")):
            for name in _configured(path, data):
                if _NAMES.search(name):
                    raise PrivateDataError(f"{path}: names {name!r} as data, which is private and is not published")


def check_already_there(paths: Iterable[str], repo: str) -> None:
    """Refuse a public repository that holds files named like private ones: its history would go on showing them.

    Raises:
        PrivateDataError: if there is one.
    """
    for path in paths:
        if _NAMES.search(path):
            raise PrivateDataError(
                f"{repo} is public and holds {path}, which is private: make it private again, and publish to another; "
                "nothing was published"
            )


def check_contents(files: Files, release: Path) -> None:
    """Refuse files that hold anything of the rows that a release holds out.

    Args:
        files: what is to be committed.
        release: the whole release, which knows its held-out rows.

    Raises:
        PrivateDataError: if one does.
    """
    manifest, problems = read_manifest(release)
    if manifest is None:
        raise WorkError(f"{release}: {problems[0]}")
    rows, _, _ = read_splits(release)
    retired, _ = read_retired(release, manifest)
    held = [row.scenario for row in rows if row.split == HELD_OUT]
    open_rows = (row.scenario for row in (*rows, *retired) if row.split != HELD_OUT or row in retired)
    shown = set(map(_plainly, own_texts(open_rows)))
    secret = [text for text in map(_plainly, own_texts(held)) if text not in shown]
    secret += [row.id for row in held] + list(read_salts(release).values())
    opened = {one.id for one in manifest.opened}
    for path, data in files.items():
        if _SALT.search(data):
            raise PrivateDataError(f"{path}: holds salts of rows that are held out")
        text = _plainly("\n".join(_texts(path, data, manifest.specification.splits, opened)))
        for one in secret:
            if one in text:
                raise PrivateDataError(f"{path}: holds {one[:60]!r} of a row that is held out")


def check_repository(*, private: bool | None, holds_private: bool, repo: str) -> None:
    """Refuse a repository that is not private, by the Hub's own word, where anything private is to go.

    Raises:
        PrivateDataError: if it is public, or the Hub does not say.
    """
    if holds_private and private is not True:
        raise PrivateDataError(f"{repo} is not a private repository by the Hub's word, and rows that are held out are")


def _configured(path: str, data: bytes) -> Iterator[str]:
    """Return names of configurations, splits and data files in a card's front matter or an ``eval.yaml``."""
    text = re.sub(r"\r\n?", "\n", data.decode("utf-8-sig", errors="replace"))
    if path.lower().endswith(".md"):
        match = re.match(r"\A\s*---[ \t]*\n(.*?)\n---[ \t]*(\n|\Z)", text, flags=re.DOTALL)
        text = match[1] if match else ""
    elif not path.lower().rpartition("/")[2].startswith("eval."):
        return
    try:
        record = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise PrivateDataError(f"{path}: cannot be read, so nobody knows what it names as data") from error
    for section in ("configs", "dataset_info", "tasks"):
        yield from _leaves(record.get(section) if isinstance(record, dict) else None)


def _plainly(text: str) -> str:
    """Return a text as one line in small letters, so that neither case nor the breaking of lines hides it."""
    return " ".join(text.casefold().split())


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("utf-8", errors="replace")
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(name)
            yield from _leaves(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _leaves(inner)


def _texts(path: str, data: bytes, shares: SplitShares, opened: set[str]) -> Iterator[str]:
    """Return what a file holds as texts, by its first bytes and not by its name.

    Raises:
        PrivateDataError: for a table with a row whose group is held out, unless the row is open by now; and for a file
            that is neither text nor a table, of which nobody can say what it holds.
    """
    while data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise PrivateDataError(f"{path}: cannot be unpacked, so it cannot be looked into") from error
    if data[:4] != b"PAR1":
        text = _plain(path, data)
        yield text
        # Texts stand in JSON and in HTML with escapes.
        bare = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
        yield bare.replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
        yield html.unescape(text)
        yield from chain.from_iterable(map(_leaves, unpacked(text)))
        return
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(data))
    except (OSError, ValueError) as error:
        raise PrivateDataError(f"{path}: is a table that cannot be read, so it cannot be looked into") from error
    yield data.decode("utf-8", errors="replace")
    yield from _described(table)
    for row in table.to_pylist():
        group, identity = row.get("group"), row.get("scenario_id") or row.get("id")
        if group is not None and identity not in opened and split_of(group, shares) == HELD_OUT:
            raise PrivateDataError(f"{path}: holds {identity}, whose group {group} is held out")
        for value in row.values():
            yield from _cell(value)


def _described(table: Table) -> Iterator[str]:
    """Return what a table says beside its rows: names of columns, and what is noted of it and of them."""
    yield from _leaves(table.schema.names)
    yield from _leaves(table.schema.metadata)
    for field in table.schema:
        yield from _leaves(field.metadata)


def _plain(path: str, data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise PrivateDataError(f"{path}: is neither text in UTF-8 nor a table, so it cannot be looked into")
    return text


def _cell(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        if value[:1] in ("{", "["):
            with contextlib.suppress(ValueError):
                yield from _leaves(json.loads(value))
    else:
        yield from _leaves(value)
