"""What a Hub that stores with Xet answers to a client that downloads by it: token, reconstruction, chunks of a file.

As huggingface.co/docs/xet describes it (authentication, download protocol, xorb format). A file is one xorb of chunks
that are not compressed, and is known by its SHA-256, where the real one has a hash over chunks: no client checks.
Uploads by Xet are not spoken: publishing hands buffers to the client, and these go by LFS.
"""

from __future__ import annotations

import re
from typing import Any

FAR = 4102444800
"""An expiry that does not come: the year 2100."""
CHUNK = 1 << 16

Answer = tuple[int, Any, dict[str, str]]


def headers_of(base: str, repo: str, digest: str) -> dict[str, str]:
    """Return what tells a client that a file lies in Xet's store."""
    return {"X-Xet-Hash": digest, "X-Xet-Refresh-Route": f"{base}/api/datasets/{repo}/xet-read-token/main"}


def token(base: str) -> Answer:
    """Return where the store is, and a token for it."""
    headers = {"X-Xet-Cas-Url": base, "X-Xet-Access-Token": "xet", "X-Xet-Token-Expiration": str(FAR)}
    return 200, {"casUrl": base, "accessToken": "xet", "exp": FAR}, headers


def answer(path: str, base: str, asked: str, objects: dict[str, bytes]) -> Answer | None:
    """Return the answer to a call to the store; ``None`` for any other call.

    Args:
        path: of the call.
        base: address of the server.
        asked: the header ``Range``.
        objects: contents by SHA-256.
    """
    if path.startswith("/v2/reconstructions/") or path == "/v1/telemetry":
        return 404, {}, {}
    if match := re.fullmatch(r"/v1/reconstructions/([0-9a-f]{64})", path):
        data = objects.get(match[1])
        return (404, {}, {}) if data is None else (200, reconstruction(match[1], data, base), {})
    if match := re.fullmatch(r"/xorbs/([0-9a-f]{64})", path):
        whole = xorb(objects[match[1]])
        part = re.fullmatch(r"bytes=(\d+)-(\d+)", asked)
        first, last = (int(part[1]), int(part[2])) if part else (0, len(whole) - 1)
        return 206, whole[first : last + 1], {"Content-Range": f"bytes {first}-{last}/{len(whole)}"}
    return None


def reconstruction(digest: str, data: bytes, base: str) -> dict[str, Any]:
    """Return of which chunks a file is made, and where they lie."""
    chunks = {"start": 0, "end": -(-len(data) // CHUNK)}
    place = {"range": chunks, "url": f"{base}/xorbs/{digest}", "url_range": {"start": 0, "end": len(xorb(data)) - 1}}
    return {
        "offset_into_first_range": 0,
        "terms": [{"hash": digest, "unpacked_length": len(data), "range": chunks}],
        "fetch_info": {digest: [place]},
    }


def xorb(data: bytes) -> bytes:
    """Return a file as chunks, each after its header: version, stored length, compression (0 for none), length."""
    out = bytearray()
    for at in range(0, len(data), CHUNK):
        chunk = data[at : at + CHUNK]
        size = len(chunk).to_bytes(3, "little")
        out += b"\0" + size + b"\0" + size + chunk
    return bytes(out)
