"""The gateway (``aiocollect gateway``): an HTTP door to a pipeline, for programs in any language.

It accepts what others already send (the posts of azureml-ai-monitoring, the CloudEvents of KServe's
and Seldon's loggers) and rows as JSON or CSV. An answer of 2xx means that the pipeline has accepted
the rows, and no more. How to use it: docs/how-to/gateway.md.
"""

from .._public import publish
from .app import Gateway
from .options import GatewayOptions, load_token

__all__ = ["Gateway", "GatewayOptions", "load_token"]

publish(__name__, Gateway, GatewayOptions, load_token)
