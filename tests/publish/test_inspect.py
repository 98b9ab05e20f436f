"""``inspect eval hf/ORG/NAME@TAG`` runs a published release with Inspect's mock model."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.publish.run import Wish, publish
from tests.support.builds import CHECKOUT
from tests.support.hub_server import TOKEN, HubServer

REPO = "tester/sample"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.skipif(importlib.util.find_spec("inspect_ai") is None, reason="inspect_ai is not installed")
def test_the_sample_runs_from_the_hub_by_its_tag(server: HubServer, tmp_path: Path) -> None:
    litellm = importlib.util.find_spec("litellm")
    assert litellm is not None
    assert litellm.origin is not None
    release = CHECKOUT / "generated" / "sample"
    tag = publish(release, Wish(REPO), pause=0).tag
    server.commit(REPO, {"eval.yaml": b"tasks: []\n"})
    environment = {
        **os.environ,
        "HF_HOME": str(tmp_path / "home"),
        "HF_ENDPOINT": server.url,
        "HF_TOKEN": TOKEN,
        "HF_HUB_OFFLINE": "0",
        "TIKTOKEN_CACHE_DIR": str(Path(litellm.origin).parent / "litellm_core_utils" / "tokenizers"),
    }
    arguments = ["eval", f"hf/{REPO}@{tag}", "--model", "mockllm/model", "--log-format", "json", "--display", "none"]
    done = subprocess.run(
        [sys.executable, "-m", "inspect_ai", *arguments, "--log-dir", str(tmp_path / "logs")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [log] = [json.loads(path.read_text(encoding="utf-8")) for path in (tmp_path / "logs").glob("*.json")]
    assert log["status"] == "success"
    rows = json.loads((release / "manifest.json").read_bytes())["splits"]["test"]
    assert log["eval"]["dataset"]["samples"] == rows
    assert all(sample["metadata"]["id"].startswith("sc-") for sample in log["samples"])
