"""Bespoke Curator: one text a row, with limits per minute that never bind."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from clock import load, measured

given = load()
os.environ |= {
    "CURATOR_CACHE_DIR": "cache",
    "TELEMETRY_ENABLED": "false",
    "CURATOR_DISABLE_RICH_DISPLAY": "1",
}

from bespokelabs import curator  # noqa: E402


class Rows(curator.LLM):
    """Asks a row's prompt as it stands."""

    def prompt(self, row):
        """Return what the row asks."""
        return row["prompt"]

    def parse(self, row, reply):
        """Return the row made."""
        return {"reply": reply}


rows = Rows(
    model_name="scripted",
    backend="openai",
    generation_params={"temperature": 0.7, "max_tokens": 512},
    backend_params={
        "base_url": given["base_url"],
        "max_requests_per_minute": 10_000_000,
        "max_tokens_per_minute": 10_000_000_000,
        "max_concurrent_requests": given["in_flight"],
        "require_all_responses": False,
    },
)


def work():
    """Make the rows."""
    return len(rows([{"prompt": prompt} for prompt in given["prompts"]]).dataset)


if __name__ == "__main__":
    measured(work)
