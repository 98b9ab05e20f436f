"""What MkDocs does to pages beside its plugins."""

from __future__ import annotations

import re

_ROLE = re.compile(r":(?:attr|class|data|exc|func|meth|mod):\s*(?=<code>)")


def on_page_content(html: str, **_kept: object) -> str:
    """Take the roles away that docstrings give to names, which Markdown does not know."""
    return _ROLE.sub("", html)
