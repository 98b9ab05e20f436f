"""What can go wrong with a model, a store or a weights file, told apart by what the user can do about it."""

from __future__ import annotations

from pipeline.errors import EXIT_USE, ImpressError, WorkError


class EndpointError(ImpressError):
    """The endpoint refuses calls as they are configured (key, model name, address, sampling): retrying is no use."""

    exit_code = EXIT_USE


class EndpointUnavailable(WorkError):  # noqa: N818 - the state, not a fault of anyone
    """The endpoint did not answer in all its tries. Completions so far are kept; the same command continues later."""


class MissingCompletion(WorkError):  # noqa: N818 - as above
    """A replay needs a completion that the store does not hold."""


class StoreError(ImpressError):
    """The completion store, or an export of one, is damaged or is something else."""

    exit_code = EXIT_USE


class StoreFull(WorkError):  # noqa: N818 - a state of affairs, no mistake
    """The disk has no room for a completion. Those that were kept stay; with more room the same command continues."""


class WeightsError(ImpressError):
    """A weights file is missing, cannot be fetched, or is not the file that the catalogue names."""

    exit_code = EXIT_USE
