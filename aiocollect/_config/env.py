"""The environment: the options of a pipeline from AIOCOLLECT_… variables.

Variables of Azure ML's old collector, AML_MODEL_DC_…, are honoured if they still mean something,
and reported once as ignored if not. Ours take precedence.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from .._validation.addresses import check_path, read_address
from .._validation.mistakes import mistake_in
from .._validation.variables import check_variables
from ..errors import ConfigError

__all__ = ["options_from_env"]

logger = logging.getLogger("aiocollect")

# Every option that is a text, a number or a flag, with its type.
_OPTIONS: dict[str, type] = {
    "container": str,
    "credential": str,
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
    "status": str,
    "dead_letters": str,
    "log": bool,
    "log_key": str,
}
# Options of the store, not of the pipeline.
_STORE_OPTIONS: dict[str, type] = {
    "ca_file": str,
    "proxy": str,
    "endpoint_suffix": str,
    "create_container": bool,
}
_WITH_STORE = frozenset({"store", "container", "credential", "store_options"})
# How the old collector was given its blob account; its container always had this name.
_AML = "AML_MODEL_DC_"
_AML_CONTAINER = "modeldata"

# Files and directories; and names that would become part of every path.
_PATHS = frozenset({"spool", "settings_file", "status", "dead_letters", "ca_file"})
_NAMES = frozenset({"container", "workspace", "service", "layout", "endpoint_suffix"})
# Prefixes of others that read the same env file: the gateway, and this project's own tests.
_OTHERS = ("AIOCOLLECT_GATEWAY_", "AIOCOLLECT_CONTRACT_")
# Read when the package is imported: see _native/__init__.py.
_AT_IMPORT = "NATIVE"

_reported: set[str] = set()


def options_from_env(
    environ: Mapping[str, str], *, given: Mapping[str, Any] = MappingProxyType({})
) -> dict[str, Any]:
    """The options from the variables, unless ``given`` has them. Without a store if recording is
    switched off and none is named. Raises ConfigError if a store is missing otherwise, for
    misspelled variables, and for values that cannot be meant; it never shows a possible secret."""
    options = _old_options(environ)
    if "store" in given or environ.get("AIOCOLLECT_STORE"):
        options.pop("container", None)
        options["store"] = environ.get("AIOCOLLECT_STORE")
    if "store" not in given and options.get("store"):
        old = not environ.get("AIOCOLLECT_STORE")
        read_address(options["store"], option=_AML + "STORAGE" if old else "AIOCOLLECT_STORE")
    store_options: dict[str, Any] = {}
    for name in check_variables(
        environ,
        "AIOCOLLECT_",
        known=_known,
        others=_OTHERS,
        report=_report,
    ):
        if name in ("STORE", _AT_IMPORT):
            continue
        variable = f"AIOCOLLECT_{name}"
        option, kind = _by_variable[name]
        if option == "credential" and not environ[variable].strip():
            continue  # not set: ${CREDENTIAL:-} in a compose file without such a variable
        value = _parse(variable, environ[variable], kind, option)
        (store_options if option in _STORE_OPTIONS else options)[option] = value
    options |= given
    if not options.get("store") and options.get("enabled", True):
        raise ConfigError(
            "AIOCOLLECT_STORE is not set; set it to azure://account/container, "
            "file:///directory or another form that Pipeline() accepts, or set "
            "AIOCOLLECT_ENABLED=false"
        )
    if not options.get("store"):
        # Nor the options of a store.
        return {key: value for key, value in options.items() if key not in _WITH_STORE}
    if store_options and "store_options" not in given:
        options["store_options"] = store_options
    return options


_by_variable = {name.upper(): (name, kind) for name, kind in (_OPTIONS | _STORE_OPTIONS).items()}
_known = ("STORE", _AT_IMPORT, *_by_variable)


def _old_options(environ: Mapping[str, str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for variable, text in environ.items():
        if not variable.startswith(_AML):
            continue
        match variable.removeprefix(_AML):
            case "STORAGE":
                options |= {"store": text, "container": _AML_CONTAINER}
            case "STORAGE_ENABLED":
                options["enabled"] = text == "true"  # the old collector accepted nothing else
            case "BOUNDARY":
                options["layout"] = "hour" if text == "hour" else "day"
            case "FLUSH_INTERVAL_SECONDS":
                options["linger"] = _parse(variable, text, float, "linger")
            case "DEBUG":
                pass  # read by compat.azureml_monitoring
            case _:
                _report(variable)
    return options


def _report(variable: str) -> None:
    """Warn once per variable and process: the options can be read more than once."""
    if variable not in _reported:
        _reported.add(variable)
        logger.warning("ignoring the unknown environment variable %s", variable)


def _parse(name: str, text: str, kind: type, option: str) -> Any:
    if option in _PATHS:
        return check_path(text, option=name)
    mistake = mistake_in(text) if option in _NAMES else None
    if mistake is not None:
        raise ConfigError(f"{name} {mistake}")
    if kind is bool:
        if text.lower() in ("true", "1", "false", "0"):
            return text.lower() in ("true", "1")
        raise ConfigError(f"{name}={text!r} must be true or false")
    try:
        return kind(text)
    except ValueError:
        what = "a whole number" if kind is int else "a number"
        raise ConfigError(f"{name}={text!r} must be {what}") from None
