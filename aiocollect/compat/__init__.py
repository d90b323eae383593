"""Drop-ins for Azure ML's collectors: change the import, keep the scoring file.

``aiocollect.compat.azureml_monitoring`` replaces azureml-monitoring (v1),
``aiocollect.compat.azureml_ai_monitoring`` replaces azureml-ai-monitoring (v2).
docs/how-to/compat.md says what is the same, what differs, and why. They use the public
names of this package alone.
"""
