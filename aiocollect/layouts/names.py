"""Names that users give, as segments of a path that nobody can misread.

Every byte of a name's UTF-8 outside ``[A-Za-z0-9._-]`` becomes ``~XX``, ``~`` too; so do a dot at
the end, which the service advises against, and both dots of ``..``, which URL normalisation would
take for the way up and out of the container.

Invariants: the map is injective (no Unicode normalisation); a segment is never empty, never ``.``
or ``..``, and URL normalisation leaves it as it is, ``~`` being unreserved in RFC 3986.
"""

from __future__ import annotations

import re
from typing import Final

from ..errors import ConfigError

__all__ = ["MAX_SEGMENT", "escape"]

# File systems take 255 bytes; "-<writer>" and "_<part>" may still be added to the last one.
MAX_SEGMENT: Final = 200

_OUTSIDE: Final = re.compile(rb"[^A-Za-z0-9._-]|\.\Z")


def escape(segment: str, *, what: str) -> str:
    """``segment`` as one segment of a path; ``what`` it is, for the ConfigError."""
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
