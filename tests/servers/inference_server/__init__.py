"""The documented scoring file under the inference server of Azure ML."""
