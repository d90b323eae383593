"""The drop-in for azureml-ai-monitoring (v2): the same collector, on a pipeline of ours."""

from ..._public import publish
from .collector import BasicCorrelationContext, Collector, CorrelationContext

__all__ = ["BasicCorrelationContext", "Collector", "CorrelationContext"]

publish(__name__, BasicCorrelationContext, Collector, CorrelationContext)
