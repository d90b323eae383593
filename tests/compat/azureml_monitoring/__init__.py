"""The drop-in for azureml-monitoring (v1)."""
