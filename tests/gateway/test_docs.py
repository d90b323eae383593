"""gateway.md does what it says: its curl lines run as they stand there, but for the port."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from pathlib import Path

import pytest

from aiocollect.gateway import GatewayOptions
from tests.gateway.serving import records, rows, serving
from tests.gateway.test_forms import ID

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "gateway.md").read_text()
LINES = [
    line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()
]


@pytest.mark.asyncio
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
async def test_the_page(tmp_path: Path) -> None:
    """Each line succeeds, and the rows and records that the page shows are stored."""
    said = []
    async with serving(tmp_path) as door:
        for line in LINES:
            process = await asyncio.create_subprocess_shell(
                line.replace("127.0.0.1:8700", f"127.0.0.1:{door.gateway.port}"),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            out, wrong = await process.communicate()
            assert process.returncode == 0, (line, wrong)
            said.append(out.decode())
    assert len(LINES) == 11
    inputs = rows(tmp_path, "churn/10/inputs")
    assert sorted((row["age"], row["plan"]) for row in inputs) == [
        *(("41", "gold"),) * 3,
        *(("90", ""),) * 2,
    ]
    assert json.loads(said[0])["correlation_id"] in {row[ID] for row in inputs}
    [prediction] = rows(tmp_path, "churn/10/predictions")
    assert (prediction["p"], prediction[ID]) == ("0.3", "order-17")
    found = {json.loads(line)["id"]: folder.rsplit("/", 4)[0] for folder, line in records(tmp_path)}
    assert found == {
        "7f3a": "team.iris/default/request",
        "1": "default/default/response",
        "2": "default/default/response",
        "9c1b": "churn/blue/model_inputs",
    }
    assert "aiocollect_rows_accepted_total" in said[-1]


def test_the_limits() -> None:
    """The numbers of the page are those of the options."""
    options = GatewayOptions()
    table = PAGE[PAGE.index("## Limits") :]
    for said in (
        f"{options.max_body_bytes // 2**20} MiB",
        f"{options.max_reading_bytes // 2**20} MiB",
        f"{options.max_rows:,}, {options.max_columns:,}, {options.max_depth}",
        f"{options.max_streams:,}, {options.max_connections:,}",
        f"{options.head_time:g} s, {options.body_time:g} s, {options.idle_time:g} s",
    ):
        assert f"| {said}" in table, said
    assert f"--port {options.port}" in PAGE
