"""The options of the gateway itself: where it listens, who is let in, and its limits.

Invariant: without a token it listens on loopback alone. Each default has its reason.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from aiocollect import ConfigError
from aiocollect._files.regular import read_small
from aiocollect._validation.checks import check_flag, check_number
from aiocollect._validation.variables import check_variables

__all__ = ["TOKEN_VARIABLE", "GatewayOptions", "load_token"]

logger = logging.getLogger("aiocollect.gateway")

_PREFIX = "AIOCOLLECT_GATEWAY_"
TOKEN_VARIABLE = "AIOCOLLECT_GATEWAY_TOKEN"
MIB = 2**20
# 16 characters of base64 are 96 bits: nobody tries these out over a network.
_SHORTEST_TOKEN = 16
_LARGEST_TOKEN_FILE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayOptions:
    """Sizes in bytes, times in seconds. Raises ConfigError, which names option and remedy."""

    host: str = "127.0.0.1"
    port: int = 8700
    token: str | None = field(default=None, repr=False)
    # Whether rows under one of our ids go to the day in that id. Senders that are not trusted could
    # open blobs of any day.
    trust_ids: bool = False
    # After decompression. A call of this size is charged at up to eight times as much memory, an
    # eighth of the pipeline's default budget.
    max_body_bytes: int = MIB
    # All bodies that are being read together: the most that many slow senders can use.
    max_reading_bytes: int = 64 * MIB
    max_rows: int = 10_000
    max_columns: int = 2_000
    # The depth of a cell that the pipeline records is 32.
    max_depth: int = 32
    # Streams are kept for a day, so their names must not be made of data.
    max_streams: int = 1_000
    max_connections: int = 1_000
    # For the head of a request, and for its body, each from its first byte on.
    head_time: float = 10.0
    body_time: float = 30.0
    # For kept-alive connections: longer than the usual idle time of a proxy's pool (60 s).
    idle_time: float = 75.0
    # At the end, connections in use have this time to learn from their next answer that they are
    # closed: closing one without notice can fail a request that is on its way.
    parting_time: float = 0.1
    # For requests under way at the end; those that take longer are cut off, unanswered.
    stop_time: float = 10.0

    def __post_init__(self) -> None:
        for spec in fields(self):
            if spec.name not in ("host", "port", "token", "trust_ids"):
                check_number(spec.name, getattr(self, spec.name), above=0)
        check_flag("trust_ids", self.trust_ids)
        if not 0 <= self.port <= 65_535:
            raise ConfigError(f"port={self.port} is out of range; use 0 (any free port) to 65535")
        if self.token is not None:
            _check_token(self.token)
        if self.token is None and not self.loopback:
            raise ConfigError(
                f"host={self.host!a} can be reached from other machines, so a token is "
                f"needed: use --token-file or {TOKEN_VARIABLE}, or listen on 127.0.0.1"
            )

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the gateway."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False  # a name may resolve to anything

    def lets_in(self, authorization: str) -> bool:
        """Whether a request with this header is let in. Takes the same time for every token."""
        if self.token is None:
            return True
        scheme, _, given = authorization.partition(" ")
        found = given.strip().encode("utf-8", "surrogateescape")
        return hmac.compare_digest(found, self.token.encode()) and scheme.lower() == "bearer"


def load_token(path: str | None, environ: Mapping[str, str] = os.environ) -> str | None:
    """The token from the file, else from the variable, else None. Raises ConfigError, which never
    shows it; also for a misspelled variable of the gateway."""
    set(check_variables(environ, _PREFIX, known=("TOKEN",), report=_report))
    if path is None:
        return environ.get(TOKEN_VARIABLE) or None
    try:
        return read_small(path, most=_LARGEST_TOKEN_FILE).decode("ascii").strip()
    except OSError as error:
        raise ConfigError(
            f"--token-file cannot be read: {error.strerror}; use another file"
        ) from None
    except ValueError:
        raise ConfigError(
            "--token-file does not contain ASCII text; write a token into it"
        ) from None


def _report(variable: str) -> None:
    logger.warning("ignoring the unknown environment variable %s", variable)


def _check_token(token: str) -> None:
    if len(token) < _SHORTEST_TOKEN or not token.isascii() or not token.isprintable():
        raise ConfigError(
            f"the token must have at least {_SHORTEST_TOKEN} printable ASCII characters; "
            "create one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    if " " in token:
        raise ConfigError("the token must not contain spaces")
