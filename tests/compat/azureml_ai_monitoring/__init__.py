"""The drop-in for azureml-ai-monitoring (v2)."""
