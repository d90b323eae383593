"""The server that deploy/ runs, while its store is down: probes answer; the alert comes true."""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

import pytest

from tests.house.pages import ROOT
from tests.support.external_servers import ask, environment, external_server

pytestmark = [pytest.mark.slow, pytest.mark.children]


def test_probes_do_not_ask_for_the_store(tmp_path: Path) -> None:
    """/healthz and the metrics say that rows do not move; scoring and both probes go on."""
    shutil.copy(ROOT / "examples" / "deployed_server.py", tmp_path)
    (tmp_path / "file").touch()
    environ = environment(tmp_path / "file" / "store", AIOCOLLECT_CLOSE_TIMEOUT="1")
    command = (sys.executable, "-m", "uvicorn", "deployed_server:app", "--port", "0")
    with external_server(*command, directory=tmp_path, environment=environ) as server:
        paths = ("/livez", "/readyz", "/healthz")
        assert [ask(server.port, path)[0] for path in paths] == [200, 200, 200]
        kind = {"Content-Type": "application/json"}
        status, body = ask(server.port, "/score", body="[[35, 2.5]]", headers=kind)
        assert (status, json.loads(body)["p"]) == (200, [0.35])
        while ask(server.port, "/healthz")[0] == 200:
            time.sleep(0.05)
        assert [ask(server.port, path)[0] for path in paths] == [200, 200, 503]
        metrics = ask(server.port, "/metrics")[1].decode()
        assert 'aiocollect_healthy{pipeline="default"} 0.0' in metrics
        assert "aiocollect_paths_held" in metrics
        server.stop()
