"""The gateway: ``aiocollect gateway``, an HTTP door to a pipeline for all that is not async Python.

It takes what others already send (azureml-ai-monitoring's posts, the CloudEvents of KServe's and
Seldon's loggers) and rows as JSON or CSV. Each answer of 2xx means accepted by the pipeline, and
nothing more than that. docs/gateway.md has how to use it.
"""

from .._public import publish
from .app import Gateway
from .options import GatewayOptions, load_token

__all__ = ["Gateway", "GatewayOptions", "load_token"]

publish(__name__, Gateway, GatewayOptions, load_token)
