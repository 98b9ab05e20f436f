"""``impress publish RELEASE``: to the Hub in one commit with one tag, then read back and compared."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.answer import Answer, AnswerCommand
from pipeline.cli.options import EXISTING_FOLDER

if TYPE_CHECKING:
    from pipeline.publish.run import Published

SHOWN = 20


@click.command(
    "publish",
    cls=AnswerCommand,
    when_interrupted="the repository holds the release before or this one, whole: run the same command again",
)
@click.argument("release", metavar="RELEASE", type=EXISTING_FOLDER)
@click.option("--repo", metavar="ORG/NAME", required=True, help="The dataset repository; made if it is not there.")
@click.option("--private", is_flag=True, help="Make it private, and refuse one that is public.")
@click.option("--gated", is_flag=True, help="Have users ask for access first.")
@click.option("--held-out", is_flag=True, help="Publish the rows that are held out as well; private repositories only.")
@click.option("--dry-run", is_flag=True, help="Show what the commit would hold, and write nothing.")
def command(release: Path, repo: str, *, private: bool, gated: bool, held_out: bool, dry_run: bool) -> Answer:
    """Publish RELEASE to the Hub.

    All of it or nothing, and never a row that is held out to a public repository.

    The token is that of HF_TOKEN or of the Hub's own login. HF_ENDPOINT names another server. Exit code 1 when the Hub
    refused or gave out; the message says what the repository holds now.
    """
    from pipeline.publish.run import Wish, publish

    wish = Wish(repo=repo, private=private, gated=gated, held_out=held_out)
    done = publish(release, wish, dry_run=dry_run)
    return Answer(dataclasses.asdict(done), text_of(done))


def text_of(done: Published) -> str:
    """Say what was published, or what would be."""
    what = {
        "published": f"published, read back and equal: {done.repo}@{done.tag} is commit {done.commit}",
        "was_published": f"nothing to do: {done.repo}@{done.tag} holds this release already, in commit {done.commit}",
        "dry_run": f"would publish {done.repo}@{done.tag}: {len(done.added)} files, {done.bytes / 2**20:.1f} MiB",
    }
    lines = [what[done.outcome]]
    if done.outcome == "dry_run":
        lines += [f"  + {path}" for path in done.added[:SHOWN]]
        lines += [f"  and {len(done.added) - SHOWN} more"] if len(done.added) > SHOWN else []
        lines += [f"  - {path}" for path in done.deleted]
    return "\n".join(lines)
