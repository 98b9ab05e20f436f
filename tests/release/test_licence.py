"""``LICENSE`` holds the licence's text where there is one, and never a text of another licence."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pipeline.release.files import LICENCE
from pipeline.release.licence import known_licences, licence_file, licence_text
from pipeline.release.write import write_release
from tests.support.releases import sample_inputs, sample_specification

HELD = ("CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-SA-4.0", "CC0-1.0")
CC0 = "a2010f343487d3f7618affe54f789f5487602331c0a8d03f49e9a7c547cf0499"
"""SHA-256 of Debian's own copy, in /usr/share/common-licenses."""


def test_the_texts_are_those_of_their_names() -> None:
    assert tuple(known_licences().values()) == HELD
    for name in HELD[:3]:
        text = licence_text(name)
        assert text is not None
        title = text.splitlines()[0]
        assert title.startswith("Creative Commons Attribution")
        assert ("NonCommercial" in title, "ShareAlike" in title) == ("-NC-" in name, "-SA-" in name)
        assert f"{title} Public License" in text
        assert [f"Section {number} " in text for number in range(1, 9)] == [True] * 8
        assert text.rstrip().endswith("Creative Commons may be contacted at creativecommons.org.")


def test_cc0_is_the_very_file_that_debian_carries() -> None:
    text = licence_text("CC0-1.0")
    assert text is not None
    assert hashlib.sha256(text.encode()).hexdigest() == CC0


@pytest.mark.parametrize("licence", ["CC-BY-4.0", "cc-by-4.0"])
def test_a_release_under_cc_by_holds_the_whole_text(licence: str, tmp_path: Path) -> None:
    folder, _ = write_release(sample_inputs(sample_specification(licence=licence)), tmp_path)
    told = (folder / LICENCE).read_text(encoding="utf-8")
    assert f"is licensed under {licence}." in told.splitlines()[0]
    text = licence_text("CC-BY-4.0")
    assert text is not None
    assert told.endswith(text)


def test_what_is_not_held_is_linked_or_named_and_not_made_up() -> None:
    mit = licence_file(sample_specification(licence="MIT"))
    assert mit.splitlines()[1:] == ["The text of the licence: https://spdx.org/licenses/MIT.html"]
    own = licence_file(sample_specification(licence="Our own: terms #1"))
    assert own.endswith("is licensed under Our own: terms #1.\n")
    assert "spdx" not in own
