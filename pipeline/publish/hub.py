"""The Hub, as publishing needs it: the real client, tried again where trying again is safe, errors in plain words."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import httpx

from pipeline.errors import UsageError, WorkError

if TYPE_CHECKING:
    from huggingface_hub import HfApi

T = TypeVar("T")

MAIN = "main"
KEPT = (".gitattributes",)
"""Files of the repository that are its own and no release's."""

TRIES = 4
LONGEST_WAIT = 60.0
TRANSIENT = (408, 429, 500, 502, 503, 504)


class HubError(WorkError):
    """The Hub refused or could not be reached. ``lost_race`` tells of a head that had moved (412)."""

    def __init__(self, message: str, *, lost_race: bool = False) -> None:
        super().__init__(message)
        self.lost_race = lost_race


@dataclass(frozen=True)
class State:
    """What a repository is like: its head, whether it is private, its tags with the commits they stand at."""

    head: str
    private: bool
    tags: Mapping[str, str]


class Hub:
    """One dataset repository on the Hub, or on what ``HF_ENDPOINT`` names.

    The token is the one of ``HF_TOKEN``, or of the Hub's own login; it is handed to the client and to nobody else.
    """

    def __init__(self, repo: str, *, pause: float = 1.0) -> None:
        self.repo = repo
        self.pause = pause
        self._api = _api()

    def state(self) -> State | None:
        """Return what the repository is like; ``None`` if there is none, or it may not be seen."""
        from huggingface_hub.errors import RepositoryNotFoundError

        def ask() -> State | None:
            try:
                info = self._api.dataset_info(self.repo)
            except RepositoryNotFoundError as error:
                if error.response.status_code == httpx.codes.UNAUTHORIZED and not _is_missing(error):
                    raise
                return None
            return State(head=str(info.sha), private=info.private is True, tags=self._tags())

        return self._tried(ask)

    def tags(self) -> dict[str, str]:
        """Return the tags with the commits they stand at."""
        return self._tried(self._tags)

    def _tags(self) -> dict[str, str]:
        refs = self._api.list_repo_refs(self.repo, repo_type="dataset")
        return {tag.name: tag.target_commit for tag in refs.tags}

    def create(self, *, private: bool) -> None:
        """Make the repository; one that is there is left as it is."""
        self._tried(lambda: self._api.create_repo(self.repo, repo_type="dataset", private=private, exist_ok=True))

    def gate(self) -> None:
        """Have everybody who wants the files ask for them first."""
        self._tried(lambda: self._api.update_repo_settings(self.repo, repo_type="dataset", gated="auto"))

    def files(self, revision: str) -> list[str]:
        """Return the paths of a commit."""
        return self._tried(lambda: self._api.list_repo_files(self.repo, repo_type="dataset", revision=revision))

    def commits(self) -> list[tuple[str, str]]:
        """Return id and title of the commits of the main branch, newest first."""
        found = self._tried(lambda: self._api.list_repo_commits(self.repo, repo_type="dataset", revision=MAIN))
        return [(one.commit_id, one.title) for one in found]

    def read(self, path: str, revision: str, folder: Path) -> bytes:
        """Return a file of a commit, fetched into a folder of its own."""

        def fetch() -> bytes:
            try:
                place = self._api.hf_hub_download(
                    self.repo, path, repo_type="dataset", revision=revision, cache_dir=folder, force_download=True
                )
            except RuntimeError as error:
                # Xet's client knows no other error; its text holds an address, which may be signed.
                raise ConnectionError(path) from error
            return Path(place).read_bytes()

        return self._tried(fetch)

    def commit(self, files: Mapping[str, bytes], deleted: list[str], title: str, parent: str) -> str:
        """Make the one commit and return its id. Never tried again here: whether it was made has to be looked up.

        Contents go as buffers, which the client uploads over HTTP: one way that works with Xet installed and without.

        Raises:
            HubError: if it failed; the repository is then as before, unless the answer alone was lost.
        """
        from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete

        operations: list[CommitOperationAdd | CommitOperationCopy | CommitOperationDelete] = [
            *(CommitOperationAdd(path, io.BytesIO(data)) for path, data in sorted(files.items())),
            *(CommitOperationDelete(path) for path in deleted),
        ]
        made = self._once(
            lambda: self._api.create_commit(
                self.repo,
                operations,
                commit_message=title,
                repo_type="dataset",
                revision=MAIN,
                parent_commit=parent,
            )
        )
        return str(made.oid)

    def tag(self, name: str, commit: str) -> None:
        """Set a tag. One of the same name at the same commit is what was wanted."""
        self._tried(
            lambda: self._api.create_tag(self.repo, repo_type="dataset", tag=name, revision=commit, exist_ok=True)
        )

    def _tried(self, ask: Callable[[], T]) -> T:
        """Ask again on errors that pass by themselves; only for what may be asked twice."""
        for number in range(1, TRIES + 1):
            try:
                return ask()
            except (httpx.HTTPError, OSError, ValueError, RuntimeError) as error:
                if not any(isinstance(one, httpx.HTTPError | OSError) for one in _chain(error)):
                    raise
                response = _response(error)
                transient = response is None or response.status_code in TRANSIENT
                if number == TRIES or not transient:
                    raise _told(error) from None
                time.sleep(min(LONGEST_WAIT, _wait(response, self.pause * 2 ** (number - 1))))
        raise AssertionError("unreachable")

    def _once(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except (httpx.HTTPError, OSError, RuntimeError, ValueError) as error:
            raise _told(error) from None


def _api() -> HfApi:
    from huggingface_hub import HfApi, constants, get_token

    token = get_token()
    if not token:
        raise UsageError("no token for the Hub: set HF_TOKEN, or log in with `hf auth login`")
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT", constants.ENDPOINT), token=token)


def _is_missing(error: Exception) -> bool:
    response = getattr(error, "response", None)
    return response is not None and response.headers.get("X-Error-Code") == "RepoNotFound"


def _wait(response: httpx.Response | None, otherwise: float) -> float:
    """Return the seconds that the Hub asks for, if it does."""
    asked = "" if response is None else response.headers.get("Retry-After", "")
    return float(asked) if asked.isdigit() else otherwise


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Give an error and those it came of: the client wraps what the network said."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _response(error: BaseException) -> httpx.Response | None:
    """Return the answer that an error came of; ``None`` where there was none."""
    found = (getattr(one, "response", None) for one in _chain(error))
    return next((one for one in found if isinstance(one, httpx.Response)), None)


def _told(error: BaseException) -> HubError:
    """Return an error in one line without addresses, which may hold signatures."""
    response = _response(error)
    if response is None:
        return HubError(f"the Hub could not be reached: {type(error).__name__}")
    status = response.status_code
    if status == httpx.codes.PRECONDITION_FAILED:
        return HubError("the main branch has moved meanwhile (412)", lost_race=True)
    words = {
        401: "the token is not valid, or has expired",
        403: "the token may not write to this repository",
        404: "it is not there, or the token may not see it",
        429: "too many requests; it asks to wait",
    }
    return HubError(f"the Hub answered {status}: {words.get(status, 'an error of its own')}")
