"""Routing: where rows of v1 go, from its arguments, its config map and its environment variables.

``<workspace>/<service>/<model>/<version>/<designation>/<yyyy>/<MM>/<dd>[/<HH>]/<file>.csv``, or
below the storage path of the model, if the config map has one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from ..._files.regular import read_small
from ...errors import ConfigError
from ...layouts import TemplateLayout, escape

__all__ = ["CONFIG_MAP", "ConfigMap", "Route", "layout_of"]

# Where AzureML mounted it, and the variable for another path.
CONFIG_MAP = "/var/azureml-app/model_config_map.json"
CONFIG_MAP_VARIABLE = "AML_MODEL_CONFIG_MAP"

_NOWHERE = "default/default/default"
_ACCOUNT = ("subscriptionId", "resourceGroupName", "accountName")

# More than any deployment has; a larger file is something else, and is not read whole.
MAX_BYTES = 16 * 2**20


class Route(NamedTuple):
    """The names that make the path of rows; ``hourly``: with folders for hours."""

    workspace: str
    service: str
    model: str
    version: str
    hourly: bool


class ConfigMap:
    """AzureML's description of the deployment. ``content`` is that of the file, {} without one."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._models = _mapping(content.get("modelsInfo"))
        self._account = _mapping(content.get("accountContext"))

    def __repr__(self) -> str:
        return f"<ConfigMap of {len(self._models)} models>"

    @classmethod
    def load(cls, path: str | os.PathLike[str] | None) -> ConfigMap:
        """From ``path``, else the variable's, else the usual place, which need not exist.

        Raises ConfigError if the named file is missing, or any of them is not a config map.
        """
        given = path if path is not None else os.environ.get(CONFIG_MAP_VARIABLE)
        if given is None and not os.path.isfile(CONFIG_MAP):
            return cls({})
        name = os.fspath(CONFIG_MAP if given is None else given)
        try:
            content = json.loads(read_small(name, most=MAX_BYTES))
        except OSError as error:
            raise ConfigError(
                f"the config map {name} cannot be read ({error.strerror}); correct "
                f"config_map= or {CONFIG_MAP_VARIABLE}, or remove both"
            ) from None
        except ValueError:
            raise ConfigError(
                f"the config map {name} is not valid JSON; correct the file"
            ) from None
        if not isinstance(content, Mapping):
            raise ConfigError(
                f"the config map {name} must be an object with modelsInfo and accountContext"
            )
        return cls(content)

    def version(self, model: str, version: str) -> str:
        """The version; for "default" the highest number of the model."""
        known = _mapping(self._models.get(model))
        if version != "default" or not known:
            return version
        # Keys that are not numbers come before all numbers; the original raised for them.
        return max(
            known, key=lambda key: (key.isdecimal(), int(key) if key.isdecimal() else 0, key)
        )

    def workspace(self, workspace: str) -> str:
        """The workspace, in lower case; for the default that of the map."""
        parts = [self._account.get(name) for name in _ACCOUNT]
        if workspace.lower() == _NOWHERE and all(isinstance(part, str) for part in parts):
            workspace = "/".join(map(str, parts))
        return workspace.lower()

    def storage_path(self, place: Route) -> str:
        """The path that replaces workspace, service, model and version; "" if there is none."""
        entry = _mapping(_mapping(self._models.get(place.model)).get(place.version))
        path = entry.get("dataCollectorStoragePath")
        return path.replace("{webservice_name}", place.service) if isinstance(path, str) else ""


# One layout for each combination, so that collectors of one stream share its lanes.
@lru_cache(maxsize=1024)
def layout_of(storage_path: str, *, identifier: str, hourly: bool, file: str) -> TemplateLayout:
    """Where rows of a place go: to files called ``file``. Raises ConfigError for bad names."""
    folder = "{workspace}/{service}/{model}/{version}/{identifier}"
    if storage_path:
        # Without a slash between the path and the designation, as in the original.
        parts = (storage_path.lstrip("/") + identifier).split("/")
        folder = "/".join([escape(part, what="dataCollectorStoragePath") for part in parts])
    hour = "{HH}/" if hourly else ""
    name = escape(file, what="collection_name")
    return TemplateLayout(f"{folder}/{{yyyy}}/{{MM}}/{{dd}}/{hour}{name}.{{extension}}")


def _mapping(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}
