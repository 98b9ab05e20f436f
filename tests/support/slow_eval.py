"""``python -m tests.support.slow_eval RELEASE LOGS``: an evaluation that takes its time, to be killed by a test."""

from __future__ import annotations

import sys

from inspect_ai import eval as inspect_eval
from inspect_ai.model import get_model

import impress
import tests.support.scripted_agents  # noqa: F401 - registers the provider


def main(release: str, logs: str) -> None:
    """Run the sample with one scenario at a time, each turn slow."""
    model = get_model("scripted/benign", release=release, pause=0.15)
    inspect_eval(impress.agent(release=release), model=model, log_dir=logs, display="none", max_samples=1, log_buffer=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
