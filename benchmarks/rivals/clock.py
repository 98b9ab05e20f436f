"""What every script of a rival shares: the load as JSON on the command line, the result as JSON on the last line.

Only the standard library: it runs in the environments of the rivals. tiktoken would fetch its vocabulary from
the network; litellm brings a copy.
"""

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path


def load():
    """Return the load (base_url, rows, in_flight, prompts) and go to an empty folder, so that no cache helps."""
    os.environ.setdefault("OPENAI_API_KEY", "none")
    tokenizers = sorted(Path(sys.prefix).glob("lib/python*/site-packages/litellm/litellm_core_utils/tokenizers"))
    if tokenizers:
        os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(tokenizers[0]))
    given = json.loads(sys.argv[1])
    os.environ["HOME"] = folder = tempfile.mkdtemp(prefix="rival-")
    os.chdir(folder)
    filler = " ".join(f"word{number % 7}" for number in range(given["words"]))
    given["prompts"] = [f"{filler} Question {number}?" for number in range(given["rows"])]
    return given


def measured(work):
    """Run ``work`` (which returns how many rows it made) and print what it took."""
    wall, cpu = time.perf_counter(), _cpu()
    rows = work()
    print()
    print(json.dumps({"rows": rows, "seconds": time.perf_counter() - wall, "cpu_seconds": _cpu() - cpu}), flush=True)


def _cpu():
    return sum(
        getattr(resource.getrusage(who), name)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        for name in ("ru_utime", "ru_stime")
    )
