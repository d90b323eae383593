"""Drop-ins for the collectors before us: change the import, keep the scoring file.

``aiocollect.compat.azureml_monitoring`` stands for azureml-monitoring (v1),
``aiocollect.compat.azureml_ai_monitoring`` for azureml-ai-monitoring (v2). docs/compat.md says what
is the same, what is not, and why. They live on the public names of this package alone.
"""
