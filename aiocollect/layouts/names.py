"""Safe blob names: any text becomes one path segment, and no two texts become the same one.

A name with ``..`` in it escapes its container, since clients normalise URLs, and a SAS or a token
does not sign the path. So every byte of the UTF-8 outside ``[A-Za-z0-9._-]`` is written ``~XX``,
the tilde too, without any Unicode normalisation. Dots are escaped where they would be a name of the
file system's (``.``, ``..``) or end a segment, which the service advises against ("Naming and
Referencing Containers, Blobs, and Metadata").
"""

from __future__ import annotations

import re

from ..errors import ConfigError

__all__ = ["MAX_PATH", "MAX_SEGMENT", "check_path", "escape"]

# File systems take 255 bytes a name, the service 1,024 characters a path; parts add a suffix.
MAX_SEGMENT = 200
MAX_PATH = 900

_UNSAFE = re.compile(rb"[^A-Za-z0-9._-]")
_LAST_DOTS = re.compile(rb"^\.\.?$|\.$")


def escape(name: str, *, what: str) -> str:
    """The name as one segment. Raises ConfigError, naming ``what``, for empty or too long ones."""
    if not name:
        raise ConfigError(f"{what} is empty; give it a name")
    try:
        raw = name.encode()
    except UnicodeEncodeError:
        raise ConfigError(f"{what}={name!r} holds a lone surrogate; give valid text") from None
    escaped = _UNSAFE.sub(_tilde, raw)
    escaped = _LAST_DOTS.sub(lambda match: match[0].replace(b".", b"~2E"), escaped)
    if len(escaped) > MAX_SEGMENT:
        raise ConfigError(
            f"{what} is {len(escaped)} bytes long when escaped; give at most {MAX_SEGMENT}"
        )
    return escaped.decode("ascii")


def check_path(path: str) -> str:
    """The path, if it is not too long for the service. Raises ConfigError."""
    if len(path) > MAX_PATH:
        raise ConfigError(
            f"the blob name would be {len(path)} characters long; shorten workspace, service, "
            f"model, version or identifier so that it has at most {MAX_PATH}"
        )
    return path


def _tilde(match: re.Match[bytes]) -> bytes:
    return b"~%02X" % match[0][0]
