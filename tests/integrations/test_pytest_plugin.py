"""The fixtures for users' tests, used as users would: by a session of pytest in another process."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import aiocollect
from testkit.emulator import MAIN, missing

pytest_plugins = ["pytester"]

ROOT = Path(aiocollect.__file__).parents[1]
PLUGIN = "aiocollect.integrations.pytest_plugin"


@pytest.fixture
def user(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A user's project, where pytest loads no plugin that it is not told: to import all that are
    installed here takes seconds each time."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini(
        """
        [pytest]
        filterwarnings = error
        asyncio_default_fixture_loop_scope = function
        """
    )
    return pytester


def outcomes(user: pytest.Pytester, *options: str, timeout: float = 100) -> pytest.RunResult:
    named: tuple[str, ...] = ("-p", PLUGIN, "-p", "pytest_asyncio.plugin")
    if "PYTEST_DISABLE_PLUGIN_AUTOLOAD" not in os.environ:
        # Where the package is installed with its entry point, a second name would be an error.
        installed = any(found.name == "aiocollect" for found in entry_points(group="pytest11"))
        named = () if installed else ("-p", PLUGIN)
    return user.runpytest_subprocess(*named, "-rs", *options, timeout=timeout)


def test_memory(user: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are read by stream and model, in tests with and without a loop; each test begins with
    nothing; a server may start and end the pipeline. With all plugins, as users have it."""
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    user.makepyfile(
        """
        import asyncio
        import pytest

        def collect(pipeline, model="m"):
            model = pipeline.model(model, inputs=["a", "b"], predictions=["p"])
            return model.collect(inputs=[[1, "x,y"], [2, None]], predictions=[[0.5], [1.5]])

        def check(memory, cid):
            rows = memory.rows("inputs")
            assert [(row["a"], row["b"]) for row in rows] == [("1", "x,y"), ("2", "")]
            assert {row["$aml_dc_correlation_id"] for row in rows} == {cid}
            assert [row["p"] for row in memory.rows("predictions")] == ["0.5", "1.5"]

        @pytest.mark.parametrize("time", [1, 2])
        def test_sync(aiocollect_memory, time):
            assert aiocollect_memory.rows("inputs") == []
            check(aiocollect_memory, collect(aiocollect_memory.pipeline))

        @pytest.mark.asyncio
        async def test_async(aiocollect_memory):
            check(aiocollect_memory, collect(aiocollect_memory.pipeline))

        def test_a_servers_life(aiocollect_memory):
            async def serve():
                async with aiocollect_memory.pipeline.lifespan(None):
                    return collect(aiocollect_memory.pipeline)
            check(aiocollect_memory, asyncio.run(serve()))

        def test_models(aiocollect_memory):
            collect(aiocollect_memory.pipeline, "m ~2")
            collect(aiocollect_memory.pipeline, "n")
            assert len(aiocollect_memory.rows("inputs")) == 4
            assert len(aiocollect_memory.rows("inputs", model="m ~2")) == 2
            assert aiocollect_memory.rows("inputs", model="o") == []

        def test_what_is_wrong_fails(aiocollect_memory):
            collect(aiocollect_memory.pipeline)
            assert len(aiocollect_memory.rows("inputs")) == 3
        """
    )
    outcomes(user).assert_outcomes(passed=5, failed=1)


def test_faulty_store(user: pytest.Pytester) -> None:
    """Requests meet the faults in the order they were told, and then none."""
    user.makepyfile(
        """
        import asyncio
        import pytest
        from aiocollect import ConfigError, Pipeline, Retry
        from aiocollect.testing import FaultKind

        def run(store, calls):
            async def main():
                async with Pipeline(store, linger=0.01) as pipeline:
                    collector = pipeline.collector("m", feature_names=["a"])
                    for number in range(calls):
                        collector.collect([float(number)])
                        await pipeline.flush()
                    return pipeline.stats()
            return asyncio.run(main())

        def test_script(aiocollect_faulty_store):
            store = aiocollect_faulty_store
            store.fail("lost_answer", times=2)
            store.fail(FaultKind.BUSY)
            store.fail("not_sent", on="create")
            assert store.left == 4
            stats = run(store, 3)
            assert stats.stored == 3
            assert stats.unknown >= 2
            assert store.left == 0
            (data,) = store.blobs.values()
            assert [line.split(b",")[0] for line in data.splitlines()] == [
                b"a", b"0.0", b"1.0", b"2.0",
            ]

        def test_nothing_told(aiocollect_faulty_store):
            assert run(aiocollect_faulty_store, 1).unknown == 0

        @pytest.mark.parametrize("wrong", [{"kind": "later"}, {"kind": "busy", "on": "x"}])
        def test_wrong(aiocollect_faulty_store, wrong):
            with pytest.raises(ConfigError, match="lost_answer.*append"):
                aiocollect_faulty_store.fail(**wrong)
        """
    )
    outcomes(user).assert_outcomes(passed=4)


AZURITE = """
    import pytest
    from aiocollect import Pipeline

    @pytest.mark.parametrize("time", [1, 2])
    def test_it(aiocollect_azurite, time):
        assert aiocollect_azurite.blobs() == {}
        pipeline = Pipeline(aiocollect_azurite.url, host="thread")
        pipeline.collector("m", feature_names=["a"]).collect([[1.5], [2.5]])
        assert pipeline.close().complete
        ((path, data),) = aiocollect_azurite.blobs().items()
        assert path.endswith("/data.csv")
        assert [line.split(b",")[0] for line in data.splitlines()] == [b"a", b"1.5", b"2.5"]
"""


@pytest.mark.azurite
@pytest.mark.skipif(missing() != "", reason=missing())
def test_azurite(user: pytest.Pytester) -> None:
    """A container for each test, of one emulator, which ends with the session."""
    user.makepyfile(AZURITE)
    outcomes(user, "-o", f"aiocollect_azurite={MAIN}").assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("options", "node", "reason"),
    [
        ((), False, "*needs node on the PATH: install node 20 or newer*"),
        ((), True, "*needs Azurite: run npm install azurite@3.35.0*"),
        (("-o", "aiocollect_azurite=not/there.js"), True, "*not/there.js: no such file*"),
    ],
)
def test_no_azurite(
    options: tuple[str, ...],
    node: bool,
    reason: str,
    user: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It skips, and says what to do."""
    user.makepyfile(AZURITE)
    programs = user.mkdir("programs")
    if node:
        (programs / "node").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(programs))
    result = outcomes(user, *options)
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines([reason])


def test_it_is_light() -> None:
    """Loaded in each session of every user: no library of data, SDK, server or metrics comes with
    it, and no thread and no process is started."""
    code = (
        f"import {PLUGIN}, sys, threading; print(threading.active_count(), *[m for m in "
        "('azure', 'aiohttp', 'numpy', 'pandas', 'uvloop', 'flask', 'prometheus_client', "
        "'opentelemetry', 'starlette') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert found.stdout.strip() == "1"
