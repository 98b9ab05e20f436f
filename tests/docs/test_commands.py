"""Every command that a page names exists, with the options that it names."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from pipeline.cli import main
from tests.support.builds import CHECKOUT

PAGES = [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", CHECKOUT / "seeds" / "README.md",
         *sorted((CHECKOUT / "docs").rglob("*.md"))]  # fmt: skip
COMMAND = re.compile(r"(?:^|[`/ (])impress ((?:[a-z]+)(?: (?:[^\s`|;&)]+))*)", re.MULTILINE)


def commands_in(text: str) -> list[list[str]]:
    """Return the words of each command that stands in code: in a fenced block, or between backticks."""
    code = re.findall(r"^ *```.*?^ *```", text, re.DOTALL | re.MULTILINE) + re.findall(r"`[^`\n]+`", text)
    return [found.split("#")[0].split() for part in code for found in COMMAND.findall(part.replace("\\\n", " "))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(CHECKOUT).as_posix())
def test_commands_and_options_exist(page: Path) -> None:
    for told in commands_in(page.read_text(encoding="utf-8")):
        words = list(told)
        command: click.Command = main
        context = click.Context(main)
        while isinstance(command, click.Group) and words:
            found = command.get_command(context, words.pop(0))
            assert found is not None, f"{page.name}: impress {' '.join(told)}"
            command = found
        options = {name for given in command.params for name in (*given.opts, *given.secondary_opts)} | {"--help", "-h"}
        named = {word.split("=")[0].rstrip(".,:") for word in words if word.startswith("--")}
        assert named <= options, f"{page.name}: {command.name} has no {sorted(named - options)}"


def test_commands_are_found_in_pages() -> None:
    """The search above finds what it is to look up: a page of which nothing was found would pass."""
    found = commands_in((CHECKOUT / "README.md").read_text(encoding="utf-8"))
    assert ["plan", "SPEC"] in found
    assert len({words[0] for words in found}) > 15
    assert commands_in("text `impress plan --nothing` text") == [["plan", "--nothing"]]
