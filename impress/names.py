"""Names under which Inspect knows our tasks, solvers and scorers: always ``impress/NAME``."""

from __future__ import annotations

from inspect_ai._util.package import get_installed_package_name


def public(name: str) -> str:
    """Return the name to register.

    Inspect puts the package in front where it sees an installed one. It looks for a distribution of the package's own
    name, so it does not see ours where it is installed for editing; then the prefix is put here.
    """
    return name if get_installed_package_name(public) == "impress" else f"impress/{name}"
