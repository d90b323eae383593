"""The environment: the options of a pipeline that AIOCOLLECT_… variables give.

The variables of the collector before us, AML_MODEL_DC_…, are honoured where they still mean
something, and reported once as ignored where they do not. Ours win.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from .errors import ConfigError

__all__ = ["options_from_env"]

logger = logging.getLogger("aiocollect")

# Every option that is a text, a number or a flag, and how to read it.
_OPTIONS: dict[str, type] = {
    "container": str,
    "workspace": str,
    "service": str,
    "layout": str,
    "format": str,
    "writer": str,
    "columns": str,
    "host": str,
    "when_full": str,
    "linger": float,
    "max_batch_bytes": int,
    "max_memory_bytes": int,
    "max_in_flight": int,
    "delivery_timeout": float,
    "close_timeout": float,
    "spool": str,
    "strict": bool,
    "enabled": bool,
    "sample_rate": float,
    "pressure_sample_rate": float,
    "settings_file": str,
    "dead_letters": str,
}
# Those that go with the address of a store, not with the pipeline.
_STORE_OPTIONS: dict[str, type] = {
    "ca_file": str,
    "proxy": str,
    "endpoint_suffix": str,
    "create_container": bool,
}
# How the collector before us was told where its blobs are; its container was always this one.
_AML = "AML_MODEL_DC_"
_AML_CONTAINER = "modeldata"

_reported: set[str] = set()


def options_from_env(environ: Mapping[str, str]) -> dict[str, Any]:
    """The options that the variables give. ConfigError for unknown ones, and without a store.

    Never shows a value that may hold a secret.
    """
    options = _old_options(environ)
    if environ.get("AIOCOLLECT_STORE"):
        options.pop("container", None)
        options["store"] = environ["AIOCOLLECT_STORE"]
    if "store" not in options:
        raise ConfigError(
            "AIOCOLLECT_STORE is not set; give it a directory, azure://account/container, or "
            "whatever else Pipeline() takes for a store"
        )
    store_options: dict[str, Any] = {}
    for variable, text in environ.items():
        name = variable.removeprefix("AIOCOLLECT_").lower()
        if not variable.startswith("AIOCOLLECT_") or name == "store":
            continue
        kind = _OPTIONS.get(name)
        if kind is not None:
            options[name] = _parse(variable, text, kind)
        elif name in _STORE_OPTIONS:
            store_options[name] = _parse(variable, text, _STORE_OPTIONS[name])
        else:
            known = (*_OPTIONS, *_STORE_OPTIONS)
            raise ConfigError(
                f"{variable} is no option that the environment can give; there are "
                f"{', '.join(f'AIOCOLLECT_{name.upper()}' for name in known)}"
            )
    if store_options:
        options["store_options"] = store_options
    return options


def _old_options(environ: Mapping[str, str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for variable, text in environ.items():
        if not variable.startswith(_AML):
            continue
        match variable.removeprefix(_AML):
            case "STORAGE":
                options |= {"store": text, "container": _AML_CONTAINER}
            case "STORAGE_ENABLED":
                options["enabled"] = text == "true"  # it took nothing else for on
            case "BOUNDARY":
                options["layout"] = "hour" if text == "hour" else "day"
            case "FLUSH_INTERVAL_SECONDS":
                options["linger"] = _parse(variable, text, float)
            case "DEBUG":
                pass  # compat.azureml_monitoring heeds it
            case _:
                _report(variable)
    return options


def _report(variable: str) -> None:
    """Once for each variable and process: the options may be read more than once."""
    if variable not in _reported:
        _reported.add(variable)
        logger.warning("%s is ignored: it has no meaning here", variable)


def _parse(name: str, text: str, kind: type) -> Any:
    if kind is bool:
        if text.lower() in ("true", "1", "false", "0"):
            return text.lower() in ("true", "1")
        raise ConfigError(f"{name}={text!r} must be true or false")
    try:
        return kind(text)
    except ValueError:
        what = "a whole number" if kind is int else "a number"
        raise ConfigError(f"{name}={text!r} must be {what}") from None
