"""Makes golden/v1.json: what the original azureml-monitoring 0.1.0a21 hands to its native library.

``python -m tests.compat.make_golden`` makes a scratch environment, installs the package from PyPI
by its name, without its telemetry, and with numpy and pandas of the versions here. In it runs
cases.py, with a stand-in for the native library that writes down what it is called with. Kept so
that anybody can make the goldens again; nothing else fetches the original.
"""

from __future__ import annotations

import builtins
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
from types import SimpleNamespace
from typing import Any

HERE = Path(__file__).parent
GOLDEN = HERE / "golden" / "v1.json"
ORIGINAL = "azureml-monitoring==0.1.0a21"


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
    original = importlib.import_module("azureml.monitoring.modeldatacollector")
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


def main() -> None:
    """Make the environment, record in it, and write the goldens down."""
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "pandas")}
    with tempfile.TemporaryDirectory() as directory:
        python = Path(directory, "bin", "python")
        subprocess.run([sys.executable, "-m", "venv", directory], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *(f"{name}=={it}" for name, it in versions.items())], check=True)
        subprocess.run([*pip, "--no-deps", ORIGINAL], check=True)
        ended = subprocess.run(
            [python, "-W", "ignore", __file__, "record"],
            check=True,
            capture_output=True,
            text=True,
            timeout=300,
            env={**os.environ, "TZ": "UTC"},
        )
    # The last line: the original prints, too.
    cases = json.loads(ended.stdout.splitlines()[-1])
    made = {
        "original": ORIGINAL,
        "python": platform.python_version(),
        **versions,
        "made": datetime.date.fromtimestamp(time.time()).isoformat(),
        "cases": cases,
    }
    with builtins.open(GOLDEN, "w") as file:
        json.dump(made, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["record"]:
        print(json.dumps(record()))
    else:
        main()
