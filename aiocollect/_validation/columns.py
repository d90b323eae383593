"""Columns: their names as plain text; the names of features and the types declared for them,
checked once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from ..errors import ConfigError
from ..typing import Features

__all__ = ["DECLARED", "check_features", "check_streams", "check_types", "label"]

# The types that a column can be declared with, by the word that the log has for each.
DECLARED: Final[dict[str, type[Any]]] = {
    one.__name__: one for one in (int, float, str, bool, datetime, date)
}


def label(name: object) -> str | None:
    """A name as plain text: of any class of text (of numpy, of an ORM), of bytes that are UTF-8
    (names in HDF5 and redis), and of an enumeration of these; None if it is not text."""
    if type(name) is str:
        return name
    if isinstance(name, str):
        return str.__str__(name)
    if isinstance(name, bytes):
        try:
            return bytes.decode(name)
        except UnicodeDecodeError:
            return None
    value = getattr(name, "_value_", None)  # of an Enum
    return label(value) if isinstance(value, str | bytes) else None


def check_types(features: Features | None) -> tuple[tuple[str, str], ...]:
    """The columns that were given with a type, each with the word for it. The names are those of
    check_features(), which comes first. Raises ConfigError."""
    if not isinstance(features, Mapping):
        return ()
    found = []
    for name, type_ in features.items():
        if type_ is None:
            continue
        word = next((word for word, one in DECLARED.items() if one is type_), None)
        if word is None:
            shown = type_.__name__ if isinstance(type_, type) else f"a {type(type_).__name__}"
            raise ConfigError(
                f"feature_names declares column {label(name) or name!r} as {shown}; use "
                f"{', '.join(DECLARED)}, or None for a column without a type"
            )
        found.append((label(name) or str(name), word))
    return tuple(found)


def check_features(names: Features | None) -> tuple[str, ...] | None:
    """The names as a tuple, of a mapping its keys; None stays None. Raises ConfigError."""
    if names is None:
        return None
    if isinstance(names, Mapping):
        names = list(names)
    if isinstance(names, str):
        raise ConfigError("feature_names must be a list of names, not a single name")
    # The columns of a frame and an array of names have an order, too.
    listed = names.tolist() if hasattr(names, "tolist") else names
    if not isinstance(listed, Sequence):
        raise ConfigError(f"feature_names must be a list of names, not {type(names).__name__}")
    features = tuple([name if (text := label(name)) is None else text for name in listed])
    if not features:
        raise ConfigError("feature_names is empty; name the columns, or leave it out")
    for name in features:
        if not isinstance(name, str) or not name:
            raise ConfigError(
                "feature_names contains "
                f"{'an empty name' if name == '' else type(name).__name__}; each name must "
                "be text that is not empty"
            )
        if name.startswith("$aml_"):
            raise ConfigError(
                f"feature_names contains {name!r}; names that begin with $aml_ are reserved"
            )
    doubled = sorted(name for name, times in Counter(features).items() if times > 1)
    if doubled:
        raise ConfigError(
            f"feature_names contains {doubled[0]!r} twice; give each column its own name"
        )
    return features


# The options of collector() and collect(): a stream of a model cannot have these names.
_NO_STREAMS = frozenset(
    {
        *("identifier", "feature_names", "sample_rate", "redact", "layout", "format", "columns"),
        *("writer", "at", "correlation_id", "row", "timeout", "strict", "enabled"),
    }
)


def check_streams(streams: Mapping[str, object], *, redact: object, paired: object) -> None:
    """Check the arguments of model(): the names of streams, and its options. Raises ConfigError."""
    if not streams:
        raise ConfigError(
            "model() needs at least one stream, for example inputs=[…], predictions=[…]"
        )
    for option in _NO_STREAMS & streams.keys():
        # Mistaken for a stream, the option would be ignored, redact= among them.
        raise ConfigError(
            f"{option}= is an option of collector() and cannot be the name of a stream; "
            "model() does not have this option yet: use collector(), or another name"
        )
    if not isinstance(paired, bool):
        raise ConfigError(
            "paired= must be True or False (whether rows pair across streams); a stream "
            "cannot have this name"
        )
    if not isinstance(redact, Mapping):
        raise ConfigError(
            "redact= must be rules by stream, such as redact={'inputs': Drop('ssn')}; a "
            "stream cannot have this name"
        )
    for identifier in redact:
        if identifier not in streams:
            raise ConfigError(
                "redact= names a stream that this model does not have; its streams are "
                f"{', '.join(streams)}"
            )
