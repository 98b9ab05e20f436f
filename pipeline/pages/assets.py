"""Style sheets and scripts: files of their own while one works on them, one text each in the page.

Scripts are plain ES modules that import each other by relative path. A page is one file, so its modules are written one
after the other into one module, each after those that it imports, without their ``import`` lines. Names that
modules declare must therefore differ, and an import takes one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The folder of the packages, in which ``PACKAGE/style`` and ``PACKAGE/script`` lie."""

_IMPORT = re.compile(r'^import \{[^}\n]*\} from "(?P<path>\.{1,2}/[\w./-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function |const |class )", re.MULTILINE)
_DECLARED = re.compile(r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)
_LEFT = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)


class AssetError(ValueError):
    """A script that cannot be written into one: its module and what is wrong with it."""


def style(*paths: str) -> str:
    """Return style sheets as one, by their paths under the packages (``pages/style/tokens.css``)."""
    return "".join((ROOT / path).read_text(encoding="utf-8") for path in paths)


def script(entry: str) -> str:
    """Return a script with all that it imports as one module.

    Args:
        entry: path under the packages (``report/script/app.js``).

    Raises:
        AssetError: if two modules declare one name, import in a circle, or in a way that is not read here.
    """
    ordered: dict[Path, str] = {}
    _visit((ROOT / entry).resolve(), ordered, ())
    _check_names(ordered)
    return "".join(f"// {path.name}\n{text}" for path, text in ordered.items())


def _visit(path: Path, ordered: dict[Path, str], above: tuple[Path, ...]) -> None:
    if path in ordered:
        return
    if path in above:
        raise AssetError(f"{path.name} imports itself through {', '.join(one.name for one in above)}")
    text = path.read_text(encoding="utf-8")
    for match in _IMPORT.finditer(text):
        _visit((path.parent / match["path"]).resolve(), ordered, (*above, path))
    text = _EXPORT.sub("", _IMPORT.sub("", text))
    if left := _LEFT.search(text):
        raise AssetError(f"{path.name}: {left[0]!r} is not read; import and export names, each on one line")
    if "</script" in text.lower() or "<!--" in text:
        raise AssetError(f"{path.name}: holds what would end the script element")
    ordered[path] = text


def _check_names(modules: dict[Path, str]) -> None:
    first: dict[str, Path] = {}
    for path, text in modules.items():
        for name in _names(text):
            if name in first:
                raise AssetError(f"{path.name} declares {name}, as {first[name].name} does")
            first[name] = path


def _names(text: str) -> Iterable[str]:
    return _DECLARED.findall(text)
