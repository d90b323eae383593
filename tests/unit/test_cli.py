"""The command line: operators switch a running service, and see what holds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from aiocollect import MemoryStore, Pipeline
from aiocollect.cli import main


def test_disable_and_enable_a_running_service(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From outside, while it runs: off within two looks, on again at the rate it had."""
    path = str(tmp_path / "settings.json")

    async def service() -> None:
        async with Pipeline(MemoryStore(), settings_file=path) as pipeline:
            churn = pipeline.collector("churn", feature_names=["a"])
            fraud = pipeline.collector("fraud", feature_names=["a"])

            async def until(rates: dict[str, float]) -> None:
                async with asyncio.timeout(20):
                    while pipeline.stats().sample_rates != rates:
                        await asyncio.sleep(0.05)

            assert main(["enable", "churn", "--sample-rate", "0.5", "--settings", path]) == 0
            await until({"churn/default/default": 0.5, "fraud/default/default": 1.0})
            assert main(["disable", "churn", "--settings", path]) == 0
            await until({"churn/default/default": 0.0, "fraud/default/default": 1.0})
            assert churn.collect(1.0) is None
            assert fraud.collect(1.0) is not None
            assert main(["disable", "--settings", path]) == 0
            await until({"churn/default/default": 0.0, "fraud/default/default": 0.0})
            assert main(["enable", "--settings", path]) == 0
            assert main(["enable", "churn", "--settings", path]) == 0
            await until({"churn/default/default": 0.5, "fraud/default/default": 1.0})

    asyncio.run(service())
    capsys.readouterr()
    assert main(["status", "--settings", path]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "the pipeline  on, 1 of its calls",
        "churn  on, 0.5 of its calls",
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["status"], "name the settings file"),
        (["enable", "--sample-rate", "2", "--settings", "{path}"], "must be at most 1"),
        (["disable", "--settings", "{path}/no/such"], "cannot be"),
    ],
)
def test_bad_command_lines(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: str,
) -> None:
    """One line that says what is missing, and exit code 1."""
    monkeypatch.delenv("AIOCOLLECT_SETTINGS_FILE", raising=False)
    path = str(tmp_path / "settings.json")
    assert main([argument.replace("{path}", path) for argument in arguments]) == 1
    assert words in capsys.readouterr().err
