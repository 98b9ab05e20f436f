"""The content security policy of a page: its own style sheet and script by hash, and nothing else."""

from __future__ import annotations

import base64
import hashlib


def content_security_policy(
    style: str, *, script: str | None = None, images: bool = False, connect: bool = False
) -> str:
    """Return the policy that allows what stands in the page and nothing else.

    Args:
        style: the text of the page's ``style`` element.
        script: that of its ``script`` element; no script runs if left out. Strings then become markup nowhere
            (Trusted Types), so that text stays text even where a script is wrong.
        images: whether pictures may stand in the page as ``data:``.
        connect: whether the page may ask the server that it came from.
    """
    rules = ["default-src 'none'", f"style-src {_hash(style)}"]
    if script is not None:
        rules += [f"script-src {_hash(script)}", "require-trusted-types-for 'script'", "trusted-types 'none'"]
    if images:
        rules.append("img-src data:")
    if connect:
        rules.append("connect-src 'self'")
    return "; ".join([*rules, "base-uri 'none'", "form-action 'none'"])


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
