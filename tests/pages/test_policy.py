"""The policy allows what stands in the page and nothing else."""

from __future__ import annotations

import base64
import hashlib

from pipeline.pages.policy import content_security_policy


def rules(policy: str) -> dict[str, str]:
    return dict(rule.split(" ", 1) for rule in policy.split("; "))


def test_only_the_hashes_of_the_page_are_allowed() -> None:
    digest = base64.b64encode(hashlib.sha256(b"b").digest()).decode()
    found = rules(content_security_policy("a", script="b"))
    assert found["default-src"] == found["base-uri"] == found["form-action"] == "'none'"
    assert found["script-src"] == f"'sha256-{digest}'"
    assert found["require-trusted-types-for"] == "'script'"
    assert not {"connect-src", "img-src"} & set(found)


def test_without_a_script_none_runs() -> None:
    found = rules(content_security_policy("a", images=True, connect=True))
    assert "script-src" not in found
    assert (found["img-src"], found["connect-src"]) == ("data:", "'self'")
    assert "unsafe" not in str(found)
