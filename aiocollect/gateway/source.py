"""The source: which deployment of Azure ML the posts of its client come from.

The client itself does not say: its sidecar knew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from aiocollect import ConfigError

__all__ = ["EventSource"]

_VARIABLE = "AZUREML_MDC_SOURCE"
_is_deployment = re.compile(
    r"/subscriptions/.+/onlineEndpoints/([^/]+)/deployments/([^/]+)", re.IGNORECASE
).fullmatch


class EventSource(NamedTuple):
    """``id`` is the deployment's ARM id, as the records say it."""

    endpoint: str
    deployment: str
    id: str

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> EventSource:
        """From AZUREML_MDC_SOURCE, else made of AIOCOLLECT_WORKSPACE and AIOCOLLECT_SERVICE, whose
        form the pipeline has checked. Raises ConfigError."""
        given = environ.get(_VARIABLE, "")
        if given:
            found = _is_deployment(given)
            if found is None:
                raise ConfigError(
                    f"{_VARIABLE} is not the ARM id of a deployment; it ends in "
                    "/onlineEndpoints/<endpoint>/deployments/<deployment>"
                )
            return cls(found[1], found[2], given)
        parts = environ.get("AIOCOLLECT_WORKSPACE", "default/default/default").split("/")
        if len(parts) != 3:
            raise ConfigError(
                "AIOCOLLECT_WORKSPACE must have three parts: "
                "'<subscription>/<resource group>/<workspace>'"
            )
        endpoint = environ.get("AIOCOLLECT_SERVICE", "default")
        return cls(
            endpoint,
            "default",
            f"/subscriptions/{parts[0]}/resourceGroups/{parts[1]}/providers"
            f"/Microsoft.MachineLearningServices/workspaces/{parts[2]}"
            f"/onlineEndpoints/{endpoint}/deployments/default",
        )
