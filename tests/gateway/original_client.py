"""Watches the unmodified azureml-ai-monitoring 1.0.0 post to a running gateway.

``python -m tests.gateway.original_client`` makes a scratch environment, installs the package from
PyPI by its name, starts a gateway on 127.0.0.1, has the client collect a frame of pandas twice
under one context, and compares what is stored with what it collected. Not part of the gate, which
needs no network: what the client sends is held by test_forms.py.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from tests.gateway.serving import SOURCE, beside, records

PACKAGE = "azureml-ai-monitoring==1.0.0"
# Nothing flushes it at its end: its own teardown, which nobody calls, is called.
CLIENT = """
import pandas as pd
from azureml.ai.monitoring import Collector
from azureml.ai.monitoring.init import teardown
context = Collector(name="model_inputs").collect(pd.DataFrame({"a": [1.5, 2.0], "b": ["x", None]}))
Collector(name="model_outputs").collect(pd.DataFrame({"p": [0.25, 0.5]}), context)
print("id", context.get_id())
teardown(wait_for_flush=True)
"""


def main() -> None:
    """See the module."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        pins = [f"{package}=={version(package)}" for package in ("numpy", "pandas")]
        # requests, pinned to nothing: it is the client's.
        with beside(scratch, PACKAGE, *pins, AZUREML_MDC_SOURCE=SOURCE) as (python, url):
            ran = subprocess.run(
                [python, "-c", CLIENT],
                env={
                    **os.environ,
                    "AZUREML_MDC_ENABLED": "true",
                    "AZUREML_MDC_HOST": "127.0.0.1",
                    "AZUREML_MDC_PORT": str(urlsplit(url).port),
                },
                check=True,
                capture_output=True,
                text=True,
                timeout=120,
            )
        assert "failed" not in ran.stderr, ran.stderr
        stored = {
            json.loads(line)["type"]: json.loads(line) for _, line in records(scratch / "store")
        }
        inputs = stored["azureml.inference.model_inputs"]
        outputs = stored["azureml.inference.model_outputs"]
        assert inputs["data"] == [{"a": 1.5, "b": "x"}, {"a": 2.0, "b": None}]
        assert outputs["data"] == [{"p": 0.25}, {"p": 0.5}]
        [correlation_id] = re.findall(r"^id (\S+)$", ran.stdout, re.MULTILINE)
        assert inputs["correlationid"] == outputs["correlationid"] == correlation_id
        assert len(stored) == len(records(scratch / "store")) == 2
        for folder, line in records(scratch / "store"):
            print(folder)
            print(line)


if __name__ == "__main__":
    main()
