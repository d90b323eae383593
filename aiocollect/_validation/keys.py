"""The key of the log: a secret that is never shown."""

from __future__ import annotations

from ..errors import ConfigError

__all__ = ["log_key_of"]

# What is shorter can be guessed.
LEAST = 16


def log_key_of(key: str | bytes | None) -> bytes | None:
    """The key as bytes; text is taken as UTF-8. Raises ConfigError, which never shows it."""
    if key is None:
        return None
    if not isinstance(key, str | bytes):
        raise ConfigError(f"log_key must be text or bytes, not {type(key).__name__}")
    data = key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key
    if len(data) < LEAST:
        raise ConfigError(
            f"log_key has {len(data)} bytes, and must have {LEAST} or more; make one with "
            "python -c 'import secrets; print(secrets.token_hex(32))'"
        )
    return data
