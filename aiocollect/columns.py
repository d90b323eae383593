"""Columns: the names of a stream's features, checked once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .errors import ConfigError

__all__ = ["check_features"]


def check_features(names: Sequence[str] | None) -> tuple[str, ...] | None:
    """The names as a tuple; None stays None. Raises ConfigError."""
    if names is None:
        return None
    if isinstance(names, str):
        raise ConfigError("feature_names is one text; give a list of names")
    if not isinstance(names, Sequence):
        raise ConfigError(f"feature_names must be a list of names, not a {type(names).__name__}")
    features = tuple(names)
    if not features:
        raise ConfigError("feature_names is empty; name the columns, or leave it out")
    for name in features:
        if not isinstance(name, str) or not name:
            raise ConfigError(
                f"feature_names holds a {type(name).__name__}; each name must be text, not empty"
            )
        if name.startswith("$aml_"):
            raise ConfigError(f"feature_names holds {name!r}; names from $aml_ on are reserved")
    doubled = sorted(name for name, times in Counter(features).items() if times > 1)
    if doubled:
        raise ConfigError(
            f"feature_names holds {doubled[0]!r} twice; columns need names of their own"
        )
    return features
