"""Whole builds with guard models: they are asked, they are in the release, and they can keep rows out of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from pipeline import doctor
from pipeline.build import BuildResult, run_build
from pipeline.errors import UsageError, WorkError
from pipeline.progress import SilentProgress
from pipeline.release.inputs import as_released
from pipeline.release.verify import verify_release
from pipeline.schema.specification import Specification
from pipeline.seeds import load_specification
from tests.support.builds import folder_hashes, kit_cells, manifest_of, specification, write_specification
from tests.support.scripted_guards import BENIGN
from tests.support.scripted_replies import respond
from tests.support.scripted_server import Reply, ScriptedServer

ADAPTERS = {"first": "llama_guard_3", "raw": "wildguard", "moderation": "openai_moderation"}


def answering(**replies: str) -> Any:
    """A responder: scripted replies for generator and judge, and for each guard its benign answer or the one given."""

    def answer(request: dict[str, Any]) -> str | Reply:
        name = request["model"]
        return replies.get(name, BENIGN[ADAPTERS[name]]) if name in ADAPTERS else respond(request)

    return answer


def with_guards(base_url: str, **changed: Any) -> dict[str, Any]:
    contents = specification(base_url, cells=kit_cells(2))
    contents["models"]["guards"] = {
        name: {
            "adapter": adapter,
            "endpoint": {"kind": "openai", "base_url": base_url},
            "model": name,
            **changed,
        }
        for name, adapter in ADAPTERS.items()
    }
    return contents


def build(spec: Path, out: Path, replay: Path | None = None) -> BuildResult:
    return asyncio.run(run_build(load_specification(spec), out=out, replay=replay, progress=SilentProgress()))


def test_guards_stand_in_the_release_which_replays_without_them(tmp_path: Path) -> None:
    with ScriptedServer(answering()) as server:
        spec = write_specification(tmp_path, with_guards(server.base_url))
        first = build(spec, tmp_path / "first")
    uses = {use["role"]: use for use in manifest_of(first.release)["models"]}
    assert set(uses) == {"generator", "judge", "guards.first", "guards.raw", "guards.moderation"}
    assert uses["guards.first"]["usage"]["calls"] > 0
    assert uses["guards.moderation"]["usage"]["prompt_tokens"] is None, "the endpoint does not say"
    assert verify_release(first.release) == []
    again = build(spec, tmp_path / "again", replay=first.release / "completions")
    assert again.calls_made == 0
    assert folder_hashes(again.release) == folder_hashes(first.release)


@pytest.mark.parametrize("reply", ["unsafe\nS2", "I would rather not say.", ""])
def test_one_guard_that_does_not_say_safe_keeps_every_row_out(reply: str, tmp_path: Path) -> None:
    with ScriptedServer(answering(first=reply)) as server:
        spec = write_specification(tmp_path, with_guards(server.base_url))
        with pytest.raises(WorkError, match="benignness"):
            build(spec, tmp_path / "out")


def test_an_unknown_adapter_ends_a_build_before_any_call(tmp_path: Path) -> None:
    with ScriptedServer(answering()) as server:
        spec = write_specification(tmp_path, with_guards(server.base_url, adapter="llama_guard"))
        with pytest.raises(UsageError, match=r"models\.guards\.first\.adapter"):
            build(spec, tmp_path / "out")
        assert server.counts().calls == 0


async def test_the_doctor_looks_at_guards(unused_tcp_port: int) -> None:
    contents = with_guards(f"http://127.0.0.1:{unused_tcp_port}/v1")
    contents["models"]["guards"]["first"]["endpoint"] = {"kind": "transformers"}
    found = {check.name: check.outcome for check in await doctor.check_models(Specification.model_validate(contents))}
    assert found == {
        "endpoint of generator and judge": "fail",
        "endpoint of guards.first": "ok",
        "endpoint of guards.raw": "fail",
        "endpoint of guards.moderation": "fail",
    }


def test_a_release_does_not_tell_where_a_guard_s_weights_lay() -> None:
    contents = with_guards("http://127.0.0.1:9/v1", endpoint={"kind": "transformers", "path": "/home/someone/weights"})
    given = as_released(Specification.model_validate(contents))
    assert set(given.models.guards) == set(ADAPTERS)
    assert "/home/someone" not in given.model_dump_json()
