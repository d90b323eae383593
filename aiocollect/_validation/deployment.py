"""The deployment of Azure ML: from its ARM id, else from the pipeline's own names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ..errors import ConfigError

__all__ = ["Deployment"]

_VARIABLE = "AZUREML_MDC_SOURCE"
_is_deployment = re.compile(
    r"/subscriptions/.+/onlineEndpoints/([^/]+)/deployments/([^/]+)", re.IGNORECASE
).fullmatch


class Deployment(NamedTuple):
    """``source`` is the ARM id that the records of the deployment carry."""

    endpoint: str
    name: str
    source: str

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Deployment:
        """From AZUREML_MDC_SOURCE, else from AIOCOLLECT_WORKSPACE and AIOCOLLECT_SERVICE. Raises
        ConfigError."""
        source = environ.get(_VARIABLE, "")
        if source:
            found = _is_deployment(source)
            if found is None:
                raise ConfigError(
                    f"{_VARIABLE} is not the ARM id of a deployment, which ends in "
                    "/onlineEndpoints/<endpoint>/deployments/<deployment>"
                )
            return cls(found[1], found[2], source)
        parts = environ.get("AIOCOLLECT_WORKSPACE", "default/default/default").split("/")
        if len(parts) != 3:
            raise ConfigError(
                "AIOCOLLECT_WORKSPACE must have three parts: "
                "'<subscription>/<resource group>/<workspace>'"
            )
        endpoint = environ.get("AIOCOLLECT_SERVICE", "default")
        source = (
            f"/subscriptions/{parts[0]}/resourceGroups/{parts[1]}/providers"
            f"/Microsoft.MachineLearningServices/workspaces/{parts[2]}"
            f"/onlineEndpoints/{endpoint}/deployments/default"
        )
        return cls(endpoint, "default", source)
