"""The drop-in for azureml-monitoring (v1): the same collector, on a pipeline of ours."""

from .collector import ModelDataCollector

__all__ = ["ModelDataCollector"]
