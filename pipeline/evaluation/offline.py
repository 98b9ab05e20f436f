"""Token counts without network: Inspect counts with tiktoken, which would fetch its vocabulary."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

VARIABLE = "TIKTOKEN_CACHE_DIR"


def use_bundled_vocabulary() -> None:
    """Let tiktoken read the vocabulary that litellm brings along, unless the user named a folder."""
    if VARIABLE in os.environ:
        return
    spec = find_spec("litellm")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "litellm_core_utils" / "tokenizers"
        if folder.is_dir():
            os.environ[VARIABLE] = str(folder)
