"""Who may see the page. Pure.

A page of another site can have a browser ask any address: it must not be able to read the answers
(no CORS header is ever sent), nor to reach this page under a name of its own (DNS rebinding: the
Host must be one that we know), nor to change anything (a JSON body and the browser's own word that
the request comes from this page). A page without a token is for people on this machine: who asks
must be on it, and so must the name that was asked for, and nothing may stand in between, since a
proxy on this machine looks like somebody on it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address

from .. import ConfigError

__all__ = ["Access", "cookie_name"]

# The token stands in addresses and cookies.
_is_token = re.compile(r"[A-Za-z0-9._~+/=-]{16,}").fullmatch
_LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})
# A proxy has put one of these in.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


@dataclass(frozen=True, slots=True)
class Access:
    """Who may see the page, and what they may do.

    ``token``: whoever has it may see the page; None: only people on this machine. ``hosts``: the
    names under which it is reached, without a port, besides localhost. ``control``: collectors can
    be switched on and off. Raises ConfigError.
    """

    token: str | None = None
    hosts: tuple[str, ...] = ()
    control: bool = False

    def __post_init__(self) -> None:
        if self.token is not None and not _is_token(self.token):
            raise ConfigError(
                "the page's token must be 16 or more of A-Z a-z 0-9 . _ ~ + / = -; make one with "
                "python -c 'import secrets; print(secrets.token_urlsafe())'"
            )

    def __repr__(self) -> str:
        return f"<Access {'without' if self.token is None else 'with'} a token>"

    def knows(self, host: str) -> bool:
        """Whether the Host header names this page."""
        name = _without_port(host).lower()
        return name in _LOCAL or name in {known.lower() for known in self.hosts}

    def admits(self, *, peer: str | None, headers: Mapping[str, str], given: str | None) -> bool:
        """Whether the request may be answered. ``peer`` is the address that it came from; ``given``
        the token in its address."""
        if self.token is None:
            here = peer is not None and _is_loopback(peer)
            direct = not any(name in headers for name in _FORWARDED)
            return here and direct and _without_port(headers.get("host", "")).lower() in _LOCAL
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        bearer = shown.strip() if scheme.lower() == "bearer" else None
        return any(
            one is not None and hmac.compare_digest(one.encode(), self.token.encode())
            for one in (given, bearer, _cookie(headers))
        )


def cookie_name(host: str) -> str:
    """The name of the cookie that keeps the token, by the Host header that the page is asked under.

    Browsers send a cookie to all ports of a machine (RFC 6265, section 8.5): without the port in
    its name, the second page that somebody opens would take the token of the first one away.
    """
    port = host.removeprefix(_without_port(host)).removeprefix(":")
    return f"aiocollect_page_{port}" if port.isascii() and port.isdecimal() else "aiocollect_page"


def may_change(headers: Mapping[str, str]) -> bool:
    """Whether a request that changes something comes from this page itself."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" and headers.get("sec-fetch-site") == "same-origin"


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def _is_loopback(peer: str) -> bool:
    try:
        return ip_address(peer.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _cookie(headers: Mapping[str, str]) -> str | None:
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
        found = cookies.get(cookie_name(headers.get("host", "")))
    except CookieError:
        return None
    return None if found is None else found.value
