"""Users' names as segments of a path that cannot be misread.

Every byte of the UTF-8 name outside ``[A-Za-z0-9._-]`` becomes ``~XX``, including ``~``; so do a
dot at the end, which the service advises against, and both dots of ``..``, which URL normalisation
would follow up and out of the container.

Invariants: the map is injective (no Unicode normalisation); a segment is never empty, ``.`` or
``..``, and URL normalisation leaves it unchanged, since ``~`` is unreserved in RFC 3986.
"""

from __future__ import annotations

import re
from typing import Final

from ..errors import ConfigError

__all__ = ["MAX_SEGMENT", "escape"]

# File systems allow 255 bytes; "-<writer>" and "_<part>" can still be appended to the last segment.
MAX_SEGMENT: Final = 200

_OUTSIDE: Final = re.compile(rb"[^A-Za-z0-9._-]|\.\Z")


def escape(segment: str, *, what: str) -> str:
    """``segment`` as one segment of a path; ``what`` names it in the ConfigError."""
    if not isinstance(segment, str):
        raise ConfigError(f"{what} must be text, not {type(segment).__name__}; put it in quotes")
    if not segment:
        raise ConfigError(f"{what} must not be empty; leave it out, or give it a name")
    try:
        data = segment.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(
            f"{what} {segment!a} contains half of a surrogate pair, which has no UTF-8 "
            "form; use valid Unicode text"
        ) from error
    if segment == "..":
        return "~2E~2E"
    escaped = _OUTSIDE.sub(lambda found: b"~%02X" % found[0][0], data).decode()
    if len(escaped) > MAX_SEGMENT:
        raise ConfigError(
            f"{what} takes {len(escaped)} bytes in a path, and the limit is {MAX_SEGMENT}; "
            "use a shorter name (each byte other than A-Z a-z 0-9 . _ - takes three)"
        )
    return escaped
