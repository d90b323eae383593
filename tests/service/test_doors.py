"""Whatever takes its options from the environment takes its identity from there too: each door in a
process of its own, with the real azure-identity, told by variables alone."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from testkit.certificates import Certificates, make_certificates

from .endpoints import HEADER, VARIABLES
from .test_identity import world

SPOOLED = """
from aiocollect import Pipeline
import asyncio

async def main():
    pipeline = Pipeline.from_env(spool="spool")
    pipeline.collector("m", feature_names=["x"]).collect([[0.5]])
    report = await pipeline.aclose(1.0)
    assert report.in_spool == 1, report

asyncio.run(main())
"""

DOORS = {
    "a pipeline": """
from aiocollect import Pipeline
import asyncio

async def main():
    async with Pipeline.from_env() as pipeline:
        pipeline.collector("m", feature_names=["x"]).collect([[0.5]])

asyncio.run(main())
""",
    "a collector without a pipeline": """
from aiocollect import ModelDataCollector
from aiocollect.default import default_pipeline

ModelDataCollector("m", feature_names=["x"]).collect([[0.5]])
assert default_pipeline().close().complete
""",
    "the first drop-in": """
from aiocollect.compat.azureml_monitoring import ModelDataCollector
from aiocollect.default import default_pipeline

ModelDataCollector("m", designation="inputs", feature_names=["x"]).collect([[0.5]])
assert default_pipeline().close().complete
""",
    "the second drop-in": """
import os
os.environ["AZUREML_MDC_ENABLED"] = "true"
import pandas as pd
from aiocollect.compat.azureml_ai_monitoring import Collector
from aiocollect.default import default_pipeline

Collector(name="model_inputs").collect(pd.DataFrame({"x": [0.5]}))
assert default_pipeline().close().complete
""",
    "Flask": """
from flask import Flask
from aiocollect.default import default_pipeline
from aiocollect.integrations.flask import Collect

app = Flask("scoring")
collector = Collect(app).pipeline.collector("m", feature_names=["x"])
app.add_url_rule("/score", view_func=lambda: collector.collect([[0.5]]) or "refused")
assert app.test_client().get("/score").text != "refused"
assert default_pipeline().close().complete
""",
    "the gateway": """
import asyncio, urllib.request
from aiocollect.gateway import Gateway, GatewayOptions

async def main():
    gateway = Gateway(None, options=GatewayOptions(port=0))
    await gateway.start()

    def post():
        url = f"http://127.0.0.1:{gateway.port}/collect/m/1/inputs"
        request = urllib.request.Request(
            url, data=b'[{"x": 0.5}]', headers={"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=20).read()

    await asyncio.to_thread(post)
    report = await gateway.stop()
    assert report.stored == 1, report

asyncio.run(main())
""",
    "replay": """
import sys
from aiocollect.cli import main

sys.exit(main(["replay", "spool"]))
""",
    "replay to a store by name": """
import os, sys
from aiocollect.cli import main

sys.exit(main(["replay", "spool", "--store", os.environ.pop("AIOCOLLECT_STORE")]))
""",
}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """One authority for all."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize(
    ("door", "credential"), [*((door, "managed") for door in DOORS), ("a pipeline", "")]
)
def test_an_identity_at_each_door(
    door: str, credential: str, certificates: Certificates, tmp_path: Path
) -> None:
    """By its name, or by none: the row arrives, by a token."""

    async def main() -> None:
        async with world(certificates) as there:
            environ = {name: text for name, text in os.environ.items() if name not in VARIABLES}
            environ |= {
                "AIOCOLLECT_STORE": f"{there.service.url}/logs",
                "AIOCOLLECT_CA_FILE": str(there.ca_file),
                "AIOCOLLECT_LINGER": "0",
                "IDENTITY_ENDPOINT": f"{there.endpoints.url}/msi/token",
                "IDENTITY_HEADER": HEADER,
                "PYTHONPATH": str(Path(__file__).parents[2]),
            }
            if credential:
                environ["AIOCOLLECT_CREDENTIAL"] = credential

            async def run(script: str) -> str:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-c", script),
                    cwd=tmp_path,
                    env=environ,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                )
                output, _ = await asyncio.wait_for(process.communicate(), 60)
                assert process.returncode == 0, output.decode()
                return output.decode()

            if door.startswith("replay"):
                there.endpoints.answer = 400
                await run(SPOOLED)
                assert not there.service.blobs
                there.endpoints.answer = None
            await run(DOORS[door])
            (data,) = there.service.blobs.values()
            assert b"0.5" in data
            assert len(there.endpoints.issued) == 1

    asyncio.run(main())
