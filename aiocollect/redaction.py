"""Rules that take secrets out of rows inside collect(), before anything keeps them.

::

    from aiocollect.redaction import Drop, KeyedHash, Mask

    churn = pipeline.collector(
        "churn", feature_names=["age", "email", "name", "ssn"],
        redact=[Drop("ssn"), Mask("name", with_="***"), KeyedHash("email", key=key)],
    )

Invariants:

- If a rule fails for one row of a call, the whole call is refused.
- Neither the repr of a rule nor its errors show a cell or a key. A key cannot be pickled.
"""

from __future__ import annotations

import hmac
import inspect
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

from .errors import ConfigError

__all__ = ["Drop", "KeyedHash", "Mask", "Redact", "Rule"]

# NIST SP 800-107 (5.3.4) calls an HMAC key of less than 14 bytes too weak; 16 is the next round
# number. A short key is found by trying, and with it the cells: there are few e-mail addresses.
MIN_KEY = 16


class Drop:
    """Leaves columns out of the file, their header too: ``Drop("ssn", "phone")``."""

    __slots__ = ("columns",)

    def __init__(self, *columns: str) -> None:
        self.columns = _checked(columns, "Drop")

    def __repr__(self) -> str:
        return f"Drop({_listed(self.columns)})"

    def __eq__(self, other: object) -> bool:
        return type(other) is Drop and other.columns == self.columns

    def __hash__(self) -> int:
        return hash((Drop, self.columns))


class Mask:
    """Writes ``with_`` (text, a number or None) instead of every cell of the columns, missing cells
    too: ``Mask("name", with_="***")``."""

    __slots__ = ("columns", "with_")

    def __init__(self, *columns: str, with_: str | float | None = "***") -> None:
        self.columns = _checked(columns, "Mask")
        if type(with_) not in (str, int, float, bool, type(None)):
            raise ConfigError(
                f"Mask: with_= must be text, a number or None, not {type(with_).__name__}"
            )
        self.with_ = with_

    def __repr__(self) -> str:
        return f"Mask({_listed(self.columns)})"

    def __eq__(self, other: object) -> bool:
        # By repr too: 1, 1.0 and True are equal, and three different texts in a file.
        return type(other) is Mask and self._shape() == other._shape()

    def __hash__(self) -> int:
        return hash(self._shape())

    def _shape(self) -> tuple[object, ...]:
        return Mask, self.columns, repr(self.with_)


class KeyedHash:
    """Writes HMAC-SHA256 of each cell instead of it, as 64 hexadecimal digits:
    ``KeyedHash("email", key=key)``.

    Equal cells have equal digests under one key, so they can be counted and joined; without the key
    nobody can find cells by trying. None and NaN stay as they are. ``key``: at least 16 bytes, best
    32 of ``secrets.token_bytes()``, kept in a vault. What is hashed: text as UTF-8, numbers as
    ``repr`` shows them, times as a CSV file shows them, "true" and "false", bytes as they are,
    lists and dicts as JSON with sorted keys.
    """

    __slots__ = ("_digest", "_mark", "columns")

    def __init__(self, *columns: str, key: bytes) -> None:
        self.columns = _checked(columns, "KeyedHash")
        if type(key) is not bytes:
            raise ConfigError(f"KeyedHash: key= must be bytes, not {type(key).__name__}")
        if len(key) < MIN_KEY:
            raise ConfigError(
                f"KeyedHash: key= has {len(key)} bytes, and needs at least {MIN_KEY}; use "
                "secrets.token_bytes(32)"
            )

        # In a closure, where nothing that walks over attributes finds the key.
        def digest(text: bytes) -> str:
            return hmac.digest(key, text, "sha256").hex()

        self._digest = digest
        # Tells keys apart, and tells nothing of them.
        self._mark = digest(b"aiocollect: which key")

    def __call__(self, cell: Any) -> Any:
        """The digest of a frozen cell; None and NaN as they are."""
        if cell is None or cell != cell:
            return cell
        return self._digest(_text(cell))

    def __repr__(self) -> str:
        return f"KeyedHash({_listed(self.columns)}, key=***)"

    def __reduce__(self) -> Any:
        raise TypeError(
            "a KeyedHash holds a key and cannot be pickled; create it in the process that uses it"
        )

    def __eq__(self, other: object) -> bool:
        if type(other) is not KeyedHash or other.columns != self.columns:
            return False
        return hmac.compare_digest(other._mark, self._mark)

    def __hash__(self) -> int:
        return hash((KeyedHash, self.columns))


# A callable gets a copy of a row as a dict, and returns a dict with the same keys, or None to leave
# the row out. It is called inside collect(), on the caller's thread.
Rule: TypeAlias = Drop | Mask | KeyedHash | Callable[[dict[str, Any]], dict[str, Any] | None]
Redact: TypeAlias = Rule | Sequence[Rule] | None


def check_rules(redact: Redact, option: str = "redact") -> tuple[Rule, ...]:
    """The rules as a tuple. Raises ConfigError for anything else."""
    if redact is None:
        return ()
    rules = tuple(redact) if isinstance(redact, list | tuple) else (redact,)
    for rule in rules:
        kind = rule.__name__ if isinstance(rule, type) else type(rule).__name__
        if isinstance(rule, type) or not (isinstance(rule, Drop | Mask) or callable(rule)):
            raise ConfigError(
                f"{option}= contains {kind}; use Drop(…), Mask(…), KeyedHash(…) or a "
                "function from row to row, or a list of these"
            )
        if inspect.iscoroutinefunction(rule):
            raise ConfigError(
                f"{option}= contains an async function, but collect() cannot wait for it; use "
                "a plain function"
            )
    return rules


def rules_for(
    features: tuple[str, ...] | None, redact: Redact, *, option: str = "redact"
) -> tuple[Rule, ...]:
    """The rules of a stream with these features, which may not be known yet. Raises ConfigError."""
    rules = check_rules(redact, option)
    if features is not None:
        columns_after(rules, features, option)
    return rules


def columns_after(
    rules: Iterable[Rule], features: tuple[str, ...], option: str = "redact"
) -> tuple[str, ...]:
    """The columns that are left. Raises ConfigError if a rule names a column that is not there."""
    left = features
    for rule in rules:
        if not isinstance(rule, Drop | Mask | KeyedHash):
            continue
        for column in rule.columns:
            if column not in left:
                gone = (
                    "an earlier rule drops it"
                    if column in features
                    else "the stream has no such column"
                )
                raise ConfigError(
                    f"{option}= {type(rule).__name__} names column {column!r}, but {gone}; "
                    f"the columns are {', '.join(left[:6])}{', …' if len(left) > 6 else ''}"
                )
        if isinstance(rule, Drop):
            left = tuple(name for name in left if name not in rule.columns)
            if not left:
                raise ConfigError(f"{option}= drops all columns; remove the collector instead")
    return left


def types_after(
    rules: Iterable[Rule], types: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """Of the declared types those that are true of what is written: rules change cells, and a
    function may change any of them."""
    changed: set[str] = set()
    for rule in rules:
        if not isinstance(rule, Drop | Mask | KeyedHash):
            return ()
        changed.update(rule.columns)
    return tuple((name, type_) for name, type_ in types if name not in changed)


def _checked(columns: tuple[Any, ...], rule: str) -> tuple[str, ...]:
    if not columns:
        raise ConfigError(f"{rule}: name a column, such as {rule}('name')")
    for column in columns:
        if type(column) is not str or not column:
            # A key that was put in a column's place must not be shown.
            raise ConfigError(
                f"{rule}: the name of a column must be text, not {type(column).__name__}"
            )
    if len(set(columns)) < len(columns):
        raise ConfigError(f"{rule}: a column is named twice; name it once")
    return columns


def _listed(columns: tuple[str, ...]) -> str:
    return ", ".join(map(repr, columns))


def _text(cell: Any) -> bytes:
    """What of a cell is hashed: for equal cells the same, whatever table they came in."""
    kind = type(cell)
    if kind is bytes:
        return bytes(cell)
    if kind is tuple or kind is dict:
        return json.dumps(cell, default=_word, sort_keys=True, separators=(",", ":")).encode()
    # Half a surrogate pair is text too, and has a digest.
    return _word(cell).encode("utf-8", "surrogatepass")


def _word(cell: Any) -> str:
    if type(cell) is bool:
        return "true" if cell else "false"
    if type(cell) is datetime:
        return cell.isoformat(timespec="microseconds")
    if type(cell) is date:
        return cell.isoformat()
    return cell.hex() if type(cell) is bytes else str(cell)
