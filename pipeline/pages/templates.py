"""One set-up of Jinja for every page and card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.pages.text import count, one_line, visible, words

if TYPE_CHECKING:
    from collections.abc import Callable

    import jinja2


def environment(package: str, finalize: Callable[[object], object] | None = None) -> jinja2.Environment:
    """Return the templates of a package's folder ``templates/``.

    Args:
        package: dotted name of the package.
        finalize: what becomes of every value. Left out, the template is HTML: values are escaped, and what cannot be
            seen is written out. Given, nothing is escaped but by it, as for Markdown.
    """
    import jinja2

    templates = jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        autoescape=finalize is None,  # noqa: S701 - see `finalize`
        finalize=finalize or shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters |= {"one_line": one_line, "words": words, "count": count}
    return templates


def shown(value: object) -> object:
    """Write out what cannot be seen in plain text; leave markup of the page's own as it is."""
    return visible(value) if type(value) is str else value


def markup(text: str) -> object:
    """Mark text as the page's own, not to be escaped. Never for anything that a model or a person wrote."""
    import markupsafe

    return markupsafe.Markup(text)  # noqa: S704 - style sheets and scripts of ours
