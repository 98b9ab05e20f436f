"""``verify``: the answer and its exit code. What is checked has its tests with the release."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from pipeline.cli import main
from pipeline.deduplicate.encoder import load_encoder
from pipeline.release.write import write_release
from tests.support.releases import sample_inputs


def test_sound_release_is_done_and_a_changed_byte_is_a_no_that_names_the_file(tmp_path: Path) -> None:
    release, _ = write_release(sample_inputs(encoder=load_encoder()), tmp_path)
    sound = CliRunner().invoke(main, ["verify", str(release), "--json"])
    assert sound.exit_code == 0, sound.output
    assert json.loads(sound.stdout) == {"release": str(release), "ok": True, "problems": []}

    card = release / "README.md"
    card.write_bytes(card.read_bytes() + b" ")
    changed = CliRunner().invoke(main, ["verify", str(release)])
    assert changed.exit_code == 1
    assert [line.split(":")[0] for line in changed.stdout.splitlines()] == ["README.md"]
