"""The drop-in for azureml-monitoring (v1): the same collector, on our pipeline."""

from ..._public import publish
from .collector import ModelDataCollector

__all__ = ["ModelDataCollector"]

publish(__name__, ModelDataCollector)
