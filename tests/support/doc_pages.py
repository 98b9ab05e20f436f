"""Pages of the documentation, run as a reader would: every block in its order, in a copy of the checkout.

A block of language ``sh`` is run, and fails if it exits other than 0. A ``text`` block right after it is what it
prints, where ``...`` stands for anything and white space counts once. A block with
``title="PATH"`` is a file that the reader writes; a ``python`` block without one is run. A ``diff`` is applied to the
files it names. What needs another machine stands in blocks of language ``console``; they begin with a program of
:data:`ELSEWHERE` and are not run.

Only addresses are changed: those of model servers become the scripted server's. A model that runs in the process
becomes it too, so that no weights are needed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from tests.support.builds import CHECKOUT
from tests.support.judge_replies import label
from tests.support.scripted_replies import respond
from tests.support.scripted_server import Reply

ELSEWHERE = ("make", "vllm", "ollama", "docker", "kubectl", "helm", "pip", "source", "export", "git clone", "hf",
             "prefect server start", "impress serve", "impress review", "inspect view")  # fmt: skip
"""What needs another machine, or runs until it is stopped. The last four are started by tests of their own."""
COPIED = ("pipeline", "flows", "impress", "seeds", "prompts", "generated/sample", "constraints.txt", "pyproject.toml")
_TITLE = re.compile(r'title="([^"]+)"')
_SERVERS = re.compile(r"https?://(?:localhost|127\.0\.0\.1):(?:8000|8001|11434)/v1|https://api\.openai\.com/v1")
_EMBEDDED = re.compile(r"kind: embedded\n(\s+)weights: \w+")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file it is, its text and its first line in the page (from 1)."""

    language: str
    title: str | None
    text: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    found = []
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        if token.type == "fence" and token.map:
            title = _TITLE.search(token.info)
            language = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
            found.append(Block(language, title[1] if title else None, token.content, token.map[0] + 2))
    return found


def respond_in(folder: Path, request: dict[str, Any]) -> str | Reply:
    """Reply as the scripted model does, also for kits that a reader has added in ``folder``."""
    try:
        return respond(request)
    except LookupError:
        return label(str(request["messages"][-1]["content"]), folder / "seeds")


def patch(folder: Path, diff: str, where: str) -> None:
    """Apply a unified diff; ``AssertionError`` unless what it replaces stands in the file just once."""
    path: Path | None = None
    for part in re.split(r"^@@.*@@.*\n", diff, flags=re.MULTILINE):
        if path is not None:
            lines = [line or " " for line in part.split("\n")[:-1] if not line.startswith(("--- ", "+++ "))]
            old, new = ("".join(f"{line[1:]}\n" for line in lines if line[0] in kinds) for kinds in (" -", " +"))
            text = path.read_text(encoding="utf-8")
            assert text.count(old) == 1, f"{where}: {text.count(old)} places in {path.name} are\n{old}"
            path.write_text(text.replace(old, new), encoding="utf-8")
        named = re.search(r"^\+\+\+ b/(.+)$", part, re.MULTILINE)
        path = folder / named[1] if named else path


def prints(told: str, printed: str) -> bool:
    """Tell whether a page's ``text`` block is what was printed: ``...`` is anything, white space counts once."""
    parts = (re.escape(" ".join(part.split())) for part in told.split("..."))
    return re.fullmatch(".*".join(parts), " ".join(printed.split()), re.DOTALL) is not None


class Reader:
    """Somebody who follows a page in a copy of the checkout."""

    def __init__(self, folder: Path, server: str, **environment: str) -> None:
        """Copy what the pages work with to ``folder``; ``server`` answers for every model."""
        self.folder, self.server = folder, server
        for name in COPIED:
            here, there = CHECKOUT / name, folder / name
            there.parent.mkdir(parents=True, exist_ok=True)
            if here.is_dir():
                shutil.copytree(here, there)  # what is compiled with it, which holds for files as old as these
            else:
                shutil.copy(here, there)
        for spec in (folder / "seeds" / "specs").glob("*.yaml"):
            spec.write_text(self.addressed(spec.read_text(encoding="utf-8")), encoding="utf-8")
        programs = folder / ".programs"
        programs.mkdir()
        for name, module in (("impress", "-m pipeline.cli"), ("inspect", "-m inspect_ai._cli.main"), ("python", "")):
            (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n', encoding="utf-8")
            (programs / name).chmod(0o755)
        self.environment: Mapping[str, str] = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(folder),
            "HF_HOME": str(folder / ".hub"),
            "OPENAI_API_KEY": "nobody's",
            "COLUMNS": "160",
            "INSPECT_DISPLAY": "plain",
            **environment,
        }

    def addressed(self, text: str) -> str:
        """Return a text with the scripted server in the place of every model."""
        text = _EMBEDDED.sub(lambda found: f"kind: openai\n{found[1]}base_url: {self.server}", text)
        return _SERVERS.sub(self.server, text)

    def follow(self, page: Path) -> None:
        """Do all that a page says; ``AssertionError`` at the first block that does not do what the page says."""
        printed: str | None = None
        for block in blocks_of(page):
            where = f"{page.name}:{block.line}"
            if block.title:
                path = self.folder / block.title
                assert path.resolve().is_relative_to(self.folder.resolve()), where
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(self.addressed(block.text), encoding="utf-8")
            elif block.language == "sh":
                printed = self._run(["bash", "-euo", "pipefail", "-c", self.addressed(block.text)], where)
            elif block.language == "diff":
                patch(self.folder, block.text, where)
            elif block.language == "python":
                printed = self._run([sys.executable, "-c", block.text], where)
            elif block.language == "text" and printed is not None:
                assert prints(block.text, printed), f"{where}: the page says\n{block.text}\nand it printed\n{printed}"

    def _run(self, command: Sequence[str], where: str) -> str:
        done = subprocess.run(
            command,
            check=False,
            cwd=self.folder,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=400,
        )
        assert done.returncode == 0, f"{where}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout
