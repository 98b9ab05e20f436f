"""Addresses of servers: which are somebody's own, and what a release says in place of one."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

PRIVATE_ADDRESS = "http://private.invalid/v1"
"""Stands in a release for every address that is private; ``.invalid`` is no domain and never becomes one (RFC 6761)."""

_OWN = ("corp", "home", "home.arpa", "internal", "intranet", "lan", "local", "localdomain", "localhost", "private")
"""Ends of names that mean nothing outside a network (RFC 2606, 6762 and 8375, and what is used alike)."""


def is_private(url: str) -> bool:
    """Tell whether an address means something to those on one machine or network alone.

    So it is of IP addresses that are not routed, of names without a dot, and of names with an end that is kept for
    use at home.
    """
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return not ip_address(host).is_global
    except ValueError:
        own = any(host == end or host.endswith(f".{end}") for end in _OWN)
        return own or "." not in host or url.rstrip("/") == PRIVATE_ADDRESS


def released_address(url: str) -> str:
    """Return an address as a release may state it: a private one says nothing of whose it is."""
    return PRIVATE_ADDRESS if is_private(url) else url
