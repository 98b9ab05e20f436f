"""Publishes a release: one commit, then one tag, then read back and compared. Doing it twice is doing it once.

Whatever goes wrong, the repository holds the release before or the new one, whole, since all files travel in one commit
on a known parent. A published release is one whose tag is there; a commit without its tag is found and tagged by the
next run.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from pipeline.errors import WorkError
from pipeline.publish.guard import PrivateDataError, check_already_there, check_contents, check_paths, check_repository
from pipeline.publish.hub import KEPT, Hub, HubError, State
from pipeline.publish.read_back import read_back
from pipeline.release.carry import HELD_OUT
from pipeline.release.check_files import read_manifest
from pipeline.release.files import MANIFEST, list_files
from pipeline.release.public import public_part
from pipeline.release.verify import verify_release
from pipeline.schema.manifest import Manifest

T = TypeVar("T")

Outcome = Literal["published", "was_published", "dry_run"]


class PublishError(WorkError):
    """Publishing ended early; the message says what the repository holds now."""


@dataclass(frozen=True)
class Wish:
    """Where a release is to go. ``held_out``: the whole of it, which only a private repository may hold."""

    repo: str
    private: bool = False
    gated: bool = False
    held_out: bool = False


@dataclass(frozen=True)
class Published:
    """What was done, or would be: the commit, the tag, and the files that come, change and go."""

    outcome: Outcome
    repo: str
    tag: str
    commit: str | None
    added: tuple[str, ...]
    deleted: tuple[str, ...]
    bytes: int


def publish(release: Path, wish: Wish, *, dry_run: bool = False, pause: float = 1.0) -> Published:
    """Publish a release folder.

    Args:
        release: the whole release, as the build wrote it.
        wish: where it is to go, and who may see it.
        dry_run: say what the commit would hold, and write nothing.
        pause: seconds before the first repetition of a request; doubled each time.

    Raises:
        WorkError: if the release is not sound.
        PrivateDataError: if anything held out was about to become public.
        PublishError: if the Hub refused or gave out; it says whether nothing or all was published.
        UsageError: without a token.
    """
    manifest = _sound(release)
    hub = Hub(wish.repo, pause=pause)
    with tempfile.TemporaryDirectory(prefix="impress-publish-") as work:
        folder = release if wish.held_out else public_part(release, Path(work) / "public")
        files = {path: (folder / path).read_bytes() for path in list_files(folder)}
        holds_private = wish.held_out and manifest.splits.get(HELD_OUT, 0) > 0
        if not holds_private:
            check_paths(files)
            check_contents(files, release)
        if holds_private and not wish.private:
            check_repository(private=False, holds_private=True, repo=wish.repo)
        steps = _Steps(hub, wish, manifest, files, holds_private=holds_private)
        state = steps.asked(hub.state)
        if state is not None:
            check_repository(private=state.private, holds_private=holds_private, repo=wish.repo)
        if dry_run:
            return steps.planned(state)
        return steps.run(state, Path(work))


@dataclass(frozen=True)
class _Steps:
    """The steps of one publication."""

    hub: Hub
    wish: Wish
    manifest: Manifest
    files: Mapping[str, bytes]
    holds_private: bool

    @property
    def title(self) -> str:
        """The commit's title, by which a later run finds it: it names the content."""
        return f"{self.manifest.specification.release_id} {hashlib.sha256(self.files[MANIFEST]).hexdigest()[:16]}"

    def planned(self, state: State | None) -> Published:
        there = [] if state is None else self.asked(lambda: self.hub.files(state.head))
        return self._told("dry_run", None, self._gone(there))

    def run(self, state: State | None, work: Path) -> Published:
        version = self.manifest.version
        if state is None:
            self.asked(lambda: self.hub.create(private=self.wish.private or self.holds_private))
            state = self.asked(self.hub.state)
        if state is None:
            raise PublishError(f"{self.wish.repo} was made and cannot be seen; nothing was published")
        self._check_visibility(state)
        if self.wish.gated:
            self.asked(self.hub.gate)
        if version in state.tags:
            self._check_same(state.tags[version], work)
            return self._told("was_published", state.tags[version], ())
        commit, gone = self._committed(state)
        self._tag(version, commit)
        try:
            self._check_still_private()
            read_back(self.hub, version, self.files, work / "clean")
        except PrivateDataError:
            raise
        except (HubError, WorkError) as error:
            raise PublishError(f"all of {version} was published, and reading it back failed: {error}") from error
        return self._told("published", commit, gone)

    def asked(self, ask: Callable[[], T]) -> T:
        """Ask the Hub for what writes nothing of the release; if it gives out, nothing was published."""
        try:
            return ask()
        except HubError as error:
            raise PublishError(f"{error}; nothing was published") from error

    def _check_visibility(self, state: State) -> None:
        check_repository(private=state.private, holds_private=self.holds_private, repo=self.wish.repo)
        if self.wish.private and not state.private:
            raise PublishError(f"{self.wish.repo} is public, and private was asked for; nothing was published")

    def _check_still_private(self) -> None:
        """Look once more when all is there: nobody can keep others from opening a repository while files go up."""
        now = self.hub.state() if self.holds_private else None
        if now is not None and not now.private:
            raise PrivateDataError(
                f"{self.wish.repo} was made public while {self.manifest.version} was published, and shows the "
                "rows that are held out: make it private again, and take them for open"
            )

    def _committed(self, state: State) -> tuple[str, tuple[str, ...]]:
        """Return the commit that holds the files, made now or by an earlier run, and the files that it deletes."""
        earlier = self._found()
        if earlier is not None:
            return earlier, ()
        there = self.asked(lambda: self.hub.files(state.head))
        gone = self._gone(there)
        if not state.private:
            check_already_there(there, self.wish.repo)
        if self.holds_private:
            now = self.asked(self.hub.state)
            check_repository(private=None if now is None else now.private, holds_private=True, repo=self.wish.repo)
        try:
            return self.hub.commit(self.files, list(gone), self.title, state.head), gone
        except HubError as error:
            made = self._found_after(error)
            if made is not None:
                return made, gone
            again = "; look at what came, and run this again" if error.lost_race else "; run this again"
            raise PublishError(f"{error}; nothing was published{again}") from error

    def _found(self) -> str | None:
        return next((commit for commit, title in self.asked(self.hub.commits) if title == self.title), None)

    def _found_after(self, error: HubError) -> str | None:
        """Look whether a commit was made though its answer was lost."""
        if error.lost_race:
            return None
        try:
            return next((commit for commit, title in self.hub.commits() if title == self.title), None)
        except HubError as second:
            raise PublishError(
                f"{error}; it cannot be seen if the commit was made ({second}); if so, it is whole: run this again"
            ) from error

    def _tag(self, version: str, commit: str) -> None:
        """Set the tag. If the answer is lost, look whether it was set."""
        try:
            self.hub.tag(version, commit)
        except HubError as error:
            files = f"all files of {version} are in commit {commit[:12]}"
            try:
                at = self.hub.tags().get(version)
            except HubError as second:
                unseen = (
                    f"it cannot be seen if the tag was set ({second}); if so, all of it is published: run this again"
                )
                raise PublishError(f"{error}; {files}, and {unseen}") from error
            if at is None:
                raise PublishError(f"{error}; {files}, and its tag is not set: run this again") from error
            if at != commit:
                raise PublishError(f"{error}; {files}, and somebody set its tag at {at[:12]} meanwhile") from error

    def _check_same(self, commit: str, work: Path) -> None:
        """Check that a tag of this version holds these very files."""
        found = self.asked(lambda: self.hub.read(MANIFEST, commit, work / "tagged"))
        if found != self.files[MANIFEST]:
            raise PublishError(
                f"{self.wish.repo} has a tag {self.manifest.version} that holds another release: a published release "
                "is never changed, so raise the version; nothing was published"
            )

    def _gone(self, there: list[str]) -> tuple[str, ...]:
        return tuple(sorted(set(there) - set(self.files) - set(KEPT)))

    def _told(self, outcome: Outcome, commit: str | None, gone: tuple[str, ...]) -> Published:
        return Published(
            outcome=outcome,
            repo=self.wish.repo,
            tag=self.manifest.version,
            commit=commit,
            added=tuple(sorted(self.files)),
            deleted=gone,
            bytes=sum(map(len, self.files.values())),
        )


def _sound(release: Path) -> Manifest:
    problems = verify_release(release, semantic=False)
    manifest, _ = read_manifest(release)
    if problems or manifest is None:
        raise WorkError(f"{release}: this release is not sound, so it is not published: {problems[0]}")
    if manifest.withheld is not None:
        raise WorkError(f"{release}: this is the public part of a release; publish the whole one, which was kept")
    return manifest
