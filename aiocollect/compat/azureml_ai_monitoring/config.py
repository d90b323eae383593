"""The configuration of azureml-ai-monitoring (v2): its config file and its variables.

The file of ``AZUREML_MDC_CONFIG_PATH``::

    {"runMode": "cloud", "collections": {"model_inputs": {"enabled": true,
     "sampleRatePercentage": 100}}, "captureHeaders": []}

Without that variable ``AZUREML_MDC_ENABLED`` and ``AZUREML_MDC_SAMPLE_RATE`` apply to every
collection. The names of collections are not case-sensitive.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from ..._files.regular import read_small
from ...errors import ConfigError

__all__ = ["Config"]

logger = logging.getLogger("aiocollect")

_PATH = "AZUREML_MDC_CONFIG_PATH"
# Payload logging is done by the sidecar, or a gateway: these names are not for collections.
_RESERVED = ("request", "response")
# Options of the sidecar, the queue and the workers, which do not exist here.
_MEANINGLESS = (
    *("HOST", "PORT", "QUEUE_CAPACITY", "WORKER_COUNT", "WORKER_DISABLED", "FORMAT_COMPACT"),
)

# More than any deployment has; a larger file is something else, and is not read whole.
MAX_BYTES = 16 * 2**20


class Config(NamedTuple):
    """``rates``: the shares, 0 to 1, of the collections that are on, by name; ``rate``: that of all
    others, None if they are off."""

    rates: dict[str, float]
    rate: float | None
    local: bool
    debug: bool

    @classmethod
    def load(cls) -> Config:
        """From the environment as it is now. Raises ConfigError."""
        environ = os.environ
        _report(tuple(name for name in _MEANINGLESS if f"AZUREML_MDC_{name}" in environ))
        debug = _flag("DEBUG")
        path = environ.get(_PATH)
        if not path:
            rate = _rate(environ.get("AZUREML_MDC_SAMPLE_RATE", "100"), "AZUREML_MDC_SAMPLE_RATE")
            return cls({}, rate if _flag("ENABLED") else None, _flag("LOCAL_CAPTURE"), debug)
        content = _read(path)
        rates = {}
        for name, value in _mapping(content.get("collections", {}), "collections").items():
            one = _mapping(value, f"collections.{name}")
            if one.get("enabled", False) is True:
                # The SDK read the first name, azure-ai-ml wrote the second.
                given = one.get("sampleRatePercentage", one.get("sampling_percentage", 100))
                rates[name.lower()] = _rate(given, f"sampleRatePercentage of {name}")
        mode = content.get("runMode", "cloud")
        if mode not in ("cloud", "local"):
            raise ConfigError(f"runMode in {_PATH} is not valid; use 'cloud' or 'local'")
        return cls(rates, None, mode == "local", debug)

    @property
    def enabled(self) -> bool:
        """Whether anything is collected."""
        return self.rate is not None or any(name not in _RESERVED for name in self.rates)

    def rate_of(self, name: str) -> float | None:
        """The share of calls that a collection records; None if it is off."""
        return self.rates.get(name.lower(), self.rate)


def _read(path: str) -> Mapping[str, Any]:
    try:
        content = json.loads(read_small(path, most=MAX_BYTES))
    except OSError as error:
        raise ConfigError(
            f"{_PATH}={path} cannot be read ({error.strerror}); name the config file, or "
            "unset the variable"
        ) from None
    except ValueError:
        raise ConfigError(f"{_PATH}={path} is not valid JSON; correct the file") from None
    return _mapping(content, "the file")


def _mapping(found: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(found, Mapping):
        raise ConfigError(f"{what} in {_PATH} must be an object, not {type(found).__name__}")
    return found


def _rate(given: Any, what: str) -> float:
    try:
        percentage = float(given)
    except (TypeError, ValueError):
        percentage = -1.0
    if isinstance(given, bool) or not 0 <= percentage <= 100:
        raise ConfigError(f"{what} must be a number from 0 to 100")
    return percentage / 100


def _flag(name: str) -> bool:
    return os.environ.get(f"AZUREML_MDC_{name}", "false").lower() == "true"


# Once per process for each set of them.
@lru_cache(maxsize=64)
def _report(names: tuple[str, ...]) -> None:
    for name in names:
        logger.warning("ignoring the unknown environment variable AZUREML_MDC_%s", name)
