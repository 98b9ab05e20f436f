"""Files in a folder and on S3: what is read is what was written, and mistakes are told by name."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.storage import Storage, StorageError
from tests.support.s3 import BUCKET, s3_server


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    with s3_server() as environment:
        yield environment


@pytest.fixture(params=["folder", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path, server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in server.items():
        monkeypatch.setenv(name, value)
    return str(tmp_path / "kept") if request.param == "folder" else f"s3://{BUCKET}/{tmp_path.name}"


def test_what_is_read_is_what_was_written_and_what_others_write_is_seen(url: str) -> None:
    one, other = Storage(url), Storage(url)
    assert one.names() == []
    assert not one.exists("a/b.bin")
    for content in (b"first", b"", bytes(range(256)) * 5000):
        assert one.write("a/b.bin", content) == sha256(content).hexdigest()
        assert other.read("a/b.bin", sha256(content).hexdigest()) == content
    other.within("a").write("c.bin", b"c")
    assert one.exists("a/c.bin")
    assert one.names() == ["a/b.bin", "a/c.bin"]
    assert one.names("a") == ["b.bin", "c.bin"]


def test_another_content_and_a_missing_file_are_errors_that_name_the_file(url: str) -> None:
    storage = Storage(url)
    storage.write("one", b"as it was")
    with pytest.raises(StorageError, match=r"/one: holds \w{12}\.\.\. where 0{12}\.\.\. is expected"):
        storage.read("one", "0" * 64)
    with pytest.raises(StorageError, match="/two: is not there"):
        storage.read("two")


def test_no_bucket_no_server_and_no_package_are_told(
    server: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in server.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StorageError, match=r"s3://nobody/there/one"):
        Storage("s3://nobody/there").write("one", b"1")
    with pytest.raises(UsageError, match="storage 'nothing://there': nothing is installed for such an address"):
        Storage("nothing://there")
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file/below/one"):
        Storage(str(tmp_path / "file" / "below")).write("one", b"1")
