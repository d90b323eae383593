"""Makes the goldens: golden/v1.json is what the original azureml-monitoring 0.1.0a21 hands to its
native library, golden/v2.json what azureml-ai-monitoring 1.0.0 posts to its sidecar.

``python -m tests.compat.make_golden`` makes a scratch environment, installs the packages from
PyPI by their names, without telemetry, and with numpy and pandas of the versions here. In it runs
cases.py, with stand-ins for the native library and for requests that write down what they are
called with. Kept so that anybody can make the goldens again; nothing else fetches the originals.
"""

from __future__ import annotations

import datetime
import importlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

HERE = Path(__file__).parent
ORIGINALS = {"v1": "azureml-monitoring==0.1.0a21", "v2": "azureml-ai-monitoring==1.0.0"}


class Native:
    """In place of the native library. What it notes of a file: where, the header, the rows."""

    def __init__(self) -> None:
        self.files: list[dict[str, Any]] = []
        for name in (
            *("Init", "InitW", "HandleForCorrelation", "HandleForCorrelationW", "WriteHeader"),
            *("WriteBinary", "WriteBinaryBasic", "Shutdown", "ShutdownAll"),
            *("GetEventFlushIntervalTime", "GetEventMaxQueueSize", "GetEventRetryTime"),
            "IsDataCollectionEnabled",
        ):
            # A function of its own: the original sets attributes on it.
            setattr(self, name, self._called(name))

    def _called(self, name: str) -> Any:
        def call(*given: Any) -> Any:
            return getattr(self, f"_{name}", lambda *_: 0)(*given)

        return call

    def _IsDataCollectionEnabled(self) -> bool:  # noqa: N802
        return True

    def _open(self, **where: Any) -> int:
        self.files.append({**where, "header": None, "rows": ""})
        return len(self.files) - 1

    def _InitW(self, *given: str) -> int:  # noqa: N802
        workspace, _, service, _, model, version, *_, designation, path, name = given
        return self._open(
            workspace=workspace,
            service=service,
            model=model,
            version=version,
            designation=designation,
            storage_path=path,
            file=name,
            day=None,
            boundary=None,
        )

    def _HandleForCorrelationW(self, *given: Any) -> int:  # noqa: N802
        workspace, service, model, version, designation, path, name, tm, boundary = given
        return self._open(
            workspace=workspace,
            service=service,
            model=model,
            version=version,
            designation=designation,
            storage_path=path,
            file=name,
            day=[tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour],
            boundary=boundary,
        )

    def _WriteHeader(self, handle: int, data: bytes, length: int) -> None:  # noqa: N802
        assert len(data) == length
        # The native library keeps one header a blob, in a block of its own: the last one written.
        self.files[handle]["header"] = data.decode()

    def _WriteBinary(self, handle: int, data: bytes, length: int) -> int:  # noqa: N802
        assert len(data) == length
        self.files[handle]["rows"] += data.decode()
        return handle

    def _WriteBinaryBasic(self, handle: int, data: bytes, length: int) -> None:  # noqa: N802
        self._WriteBinary(handle, data, length)


def record() -> dict[str, Any]:
    """All cases through the original. Runs in the scratch environment."""
    sys.path.insert(0, str(HERE))
    cases = importlib.import_module("cases")
    original: Any = importlib.import_module("azureml.monitoring.modeldatacollector")
    found: dict[str, Any] = {}
    for name, case in cases.CASES.items():
        native = Native()
        original.ModelDataCollector._lib = native
        told = case.config_map
        # Where it looks for the config map is written into it.
        original.os = SimpleNamespace(
            environ=case.environ,
            path=SimpleNamespace(isfile=lambda _path, told=told: told is not None),
        )
        text = json.dumps(told)
        original.open = lambda _path, text=text: _Open(text)
        given = case.run(original.ModelDataCollector)
        found[name] = {
            "correlations": given,
            "files": [file for file in native.files if file["rows"]],
        }
    return found


class _Open:
    def __init__(self, text: str) -> None:
        self.read = lambda: text

    def __enter__(self) -> _Open:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def record_posts() -> dict[str, Any]:
    """All frames through the original of v2. Runs in the scratch environment."""
    sys.path.insert(0, str(HERE))
    posts: list[dict[str, Any]] = []

    def post(url: str, *, data: str, headers: dict[str, str]) -> Any:
        posts.append({"url": url, "body": data, "headers": headers})
        return SimpleNamespace(status_code=200, text="")

    stand_in: Any = ModuleType("requests")
    stand_in.post = post
    stand_in.exceptions = SimpleNamespace(RequestException=OSError)
    sys.modules["requests"] = stand_in
    os.environ["AZUREML_MDC_ENABLED"] = "true"
    cases = importlib.import_module("cases")
    monitoring: Any = importlib.import_module("azureml.ai.monitoring")
    context: Any = importlib.import_module("azureml.ai.monitoring.context")
    collector = monitoring.Collector(name="model_inputs")
    for frame, told in cases.RECORDS.values():
        collector.collect(frame, context.BasicCorrelationContext(**told))
    importlib.import_module("azureml.ai.monitoring.init").teardown(wait_for_flush=True)
    return dict(zip(cases.RECORDS, posts, strict=True))


def main() -> None:
    """Make the environment, record in it, and write the goldens down."""
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "pandas")}
    made = {
        "python": platform.python_version(),
        **versions,
        "made": datetime.date.fromtimestamp(time.time()).isoformat(),
    }
    with tempfile.TemporaryDirectory() as directory:
        python = str(Path(directory, "bin", "python"))
        subprocess.run([sys.executable, "-m", "venv", directory], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *(f"{name}=={it}" for name, it in versions.items())], check=True)
        for name, original in ORIGINALS.items():
            # Each by itself: both bring the namespace "azureml".
            alone = str(Path(directory, name))
            subprocess.run([*pip, "--no-deps", "--target", alone, original], check=True)
            ended = subprocess.run(
                [python, "-W", "ignore", __file__, name],
                check=True,
                capture_output=True,
                text=True,
                timeout=300,
                env={**os.environ, "TZ": "UTC", "PYTHONPATH": alone},
            )
            # The last line: the originals print, too.
            cases = json.loads(ended.stdout.splitlines()[-1])
            with (HERE / "golden" / f"{name}.json").open("w") as file:
                json.dump({"original": original, **made, "cases": cases}, file, indent=1)
                file.write("\n")


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps({"v1": record, "v2": record_posts}[sys.argv[1]]()))
    else:
        main()
