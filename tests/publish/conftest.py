"""A user who is logged in to a local Hub: both clients of this process speak to it, and waits take no time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.hub_server import TOKEN, HubServer, hub_server


def send_clients_to(server: HubServer, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """Point huggingface_hub and datasets, which read their settings when they are imported, to a server."""
    import datasets
    from huggingface_hub import constants
    from huggingface_hub.utils import _http

    for name, value in {"HF_ENDPOINT": server.url, "HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": "0"}.items():
        monkeypatch.setenv(name, value)
    template = server.url + "/{repo_id}/resolve/{revision}/{filename}"
    for name, setting in {
        "HF_HUB_OFFLINE": False,
        "ENDPOINT": server.url,
        "HUGGINGFACE_CO_URL_TEMPLATE": template,
        "HF_HUB_CACHE": str(cache),
    }.items():
        monkeypatch.setattr(constants, name, setting)
    for name, value in {"HF_ENDPOINT": server.url, "HF_HUB_OFFLINE": False, "HF_DATASETS_OFFLINE": False}.items():
        monkeypatch.setattr(datasets.config, name, value)
    monkeypatch.setattr(_http, "time", SimpleNamespace(**{**vars(time), "sleep": lambda _seconds: None}))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    """A server, and a user who is logged in to it."""
    with hub_server() as running:
        send_clients_to(running, monkeypatch, tmp_path / "hub")
        yield running
