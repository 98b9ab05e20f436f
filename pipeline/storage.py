"""Files in a folder or an object store, by fsspec: whole or not at all, and what is read is what was meant.

Whoever writes learns the SHA-256 of what was written; whoever reads says which one is expected.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pipeline.atomic import write_bytes_atomic
from pipeline.errors import UsageError, WorkError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

T = TypeVar("T")

EXTRA = {"s3": "s3", "s3a": "s3"}
"""Extras of this package by the protocol that needs one; for other protocols fsspec says what to install."""


class StorageError(WorkError):
    """A file of the storage is missing, cannot be read or written, or is not what was put there."""


class Storage:
    """A folder, local or in an object store. Nothing is kept of listings, so what others write is seen.

    Credentials come from where the store's own tools look for them (environment, profile, role of the machine).

    Args:
        url: a path, or a URL such as ``s3://bucket/prefix``.

    Raises:
        UsageError: if nothing here knows such URLs.
    """

    def __init__(self, url: str) -> None:
        import fsspec

        self.url = url.rstrip("/")
        try:
            files, root = fsspec.core.url_to_fs(self.url, use_listings_cache=False)
        except (ImportError, ValueError) as error:
            protocol = self.url.partition("://")[0]
            extra = f": pip install 'impress-bench[{EXTRA[protocol]}]'" if protocol in EXTRA else f" ({error})"
            raise UsageError(f"storage {self.url!r}: nothing is installed for such an address{extra}") from error
        self._files: AbstractFileSystem = files
        self._root = str(root).rstrip("/")
        self._local = "file" in (files.protocol if isinstance(files.protocol, tuple) else (files.protocol,))
        if self._local:
            self.url = self._root

    def within(self, *names: str) -> Storage:
        """Return a folder in this one."""
        return Storage("/".join((self.url, *names)))

    def exists(self, name: str) -> bool:
        """Tell whether a file is there."""
        return bool(self._reached(self._files.exists, f"{self._root}/{name}", name))

    def names(self, folder: str = "") -> list[str]:
        """Return the names of all files below a folder, from there, sorted; none where there is no such folder."""
        top = f"{self._root}/{folder}".rstrip("/")
        found = self._reached(self._files.find, top, folder)
        return sorted(str(path).removeprefix(top).lstrip("/") for path in found)

    def write(self, name: str, data: bytes) -> str:
        """Write a file, replacing what was there in one step; return the SHA-256 of its content.

        Raises:
            StorageError: if it cannot be written, or is not there afterwards in its whole length.
        """
        path = f"{self._root}/{name}"
        if self._local:
            self._reached(lambda there: write_bytes_atomic(Path(there), data), path, name)
        else:
            self._reached(self._files.pipe_file, path, name, data)
            size = self._reached(self._files.size, path, name)
            if size != len(data):
                raise StorageError(f"{self.url}/{name}: {len(data)} bytes were written, and {size} are there")
        return sha256_of_bytes(data)

    def read(self, name: str, sha256: str | None = None) -> bytes:
        """Read a file.

        Args:
            name: from this folder on.
            sha256: what its content must be; ``None`` where nobody knows.

        Raises:
            StorageError: if it is not there, or has another content.
        """
        data: bytes = self._reached(self._files.cat_file, f"{self._root}/{name}", name)
        found = sha256_of_bytes(data)
        if sha256 not in (None, found):
            raise StorageError(f"{self.url}/{name}: holds {found[:12]}... where {str(sha256)[:12]}... is expected")
        return data

    def _reached(self, what: Callable[..., T], path: str, name: str, *arguments: object) -> T:
        """Call a method of the file system; what it raises becomes an error that names the file."""
        try:
            return what(path, *arguments)
        except FileNotFoundError as error:
            raise StorageError(f"{self.url}/{name}: is not there") from error
        except _problems() as error:
            raise StorageError(f"{self.url}/{name}: {type(error).__name__}: {error}") from error


def _problems() -> tuple[type[Exception], ...]:
    """Return what file systems raise; botocore's errors (no credentials, no connection) are none of the system's."""
    botocore = sys.modules.get("botocore.exceptions")
    return (OSError,) if botocore is None else (OSError, botocore.BotoCoreError, botocore.ClientError)


def sha256_of_bytes(data: bytes) -> str:
    """Return the SHA-256 (64 hex digits) of bytes."""
    return hashlib.sha256(data).hexdigest()
