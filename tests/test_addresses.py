"""Which addresses are somebody's own, and what a release says in their place."""

from __future__ import annotations

import pytest

from pipeline.addresses import PRIVATE_ADDRESS, is_private, released_address


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000/v1", "http://127.0.0.1:11434/v1", "http://[::1]:8000/v1", "http://10.1.2.3/v1",
        "http://192.168.0.7:8000/v1", "http://172.16.0.1/v1", "http://169.254.1.1/v1", "http://[fd00::1]/v1",
        "http://100.64.0.1/v1", "http://vllm:8000/v1", "http://gpu7.local/v1", "https://llm.team.internal/v1",
        "http://vllm.models.svc.cluster.local:8000/v1", "http://box.home.arpa/v1", "http://LOCALHOST./v1",
        "http://gpu.corp/v1", PRIVATE_ADDRESS, f"{PRIVATE_ADDRESS}/",
    ],
)  # fmt: skip
def test_an_address_that_others_cannot_use_is_private(url: str) -> None:
    assert is_private(url)
    assert released_address(url) == PRIVATE_ADDRESS


@pytest.mark.parametrize(
    "url",
    [
        "https://models.example.com/v1",
        "https://8.8.8.8/v1",
        "http://[2001:4860:4860::8888]/v1",
        "https://notlocal.org/v1",
    ],
)
def test_one_that_all_can_use_stays(url: str) -> None:
    assert not is_private(url)
    assert released_address(url) == url
