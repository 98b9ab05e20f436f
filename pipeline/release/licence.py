"""``LICENSE`` of a release: which licence, and its whole text where this package holds it.

The texts in ``licences/`` are those of the SPDX licence list, as the npm package ``spdx-license-list`` 6.12.0 gives
them, without blanks at the ends of lines. Creative Commons has dedicated the texts of its licences to the public.
"""

from __future__ import annotations

import re
from importlib import resources

from pipeline.pages.text import one_line
from pipeline.schema.specification import Specification

_SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")


def licence_file(specification: Specification) -> str:
    """Return the contents of ``LICENSE``.

    After the name of the licence comes its text if it is one of :func:`known_licences`; for another SPDX identifier
    the place where the text stands; for any other name nothing.
    """
    licence = one_line(specification.licence)
    told = f"{one_line(specification.title)} ({specification.release_id}) is licensed under {licence}.\n"
    text = licence_text(licence)
    if text is not None:
        return f"{told}\n{'-' * 78}\n\n{text}"
    return f"{told}The text of the licence: {licence_link(licence)}\n" if is_spdx(licence) else told


def licence_text(licence: str) -> str | None:
    """Return a licence's whole text by its SPDX identifier, in any case; ``None`` for one whose text is not held."""
    name = known_licences().get(licence.lower())
    return None if name is None else _folder().joinpath(f"{name}.txt").read_text(encoding="utf-8")


def known_licences() -> dict[str, str]:
    """Return the identifiers of the licences whose texts are held, by the identifier in lower case."""
    names = (file.name.removesuffix(".txt") for file in _folder().iterdir() if file.name.endswith(".txt"))
    return {name.lower(): name for name in sorted(names)}


def is_spdx(licence: str) -> bool:
    """Tell whether a name has the form of an SPDX identifier."""
    return _SPDX.fullmatch(licence) is not None


def licence_link(licence: str) -> str:
    """Return where SPDX shows a licence."""
    return f"https://spdx.org/licenses/{licence}.html"


def _folder() -> resources.abc.Traversable:
    return resources.files("pipeline.release").joinpath("licences")
