"""Columns: their names as plain text; the names of features, checked once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ..errors import ConfigError

__all__ = ["check_features", "check_streams", "label"]


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


def check_features(names: Sequence[str] | None) -> tuple[str, ...] | None:
    """The names as a tuple; None stays None. Raises ConfigError."""
    if names is None:
        return None
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
