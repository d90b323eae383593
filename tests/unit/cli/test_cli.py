"""The command line: operators switch a running service, and see what holds."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from aiocollect import MemoryStore, Pipeline
from aiocollect.cli import main
from aiocollect.cli.main import _parser
from aiocollect.settings_file import read_collectors, read_control, tell_collectors


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

            async with asyncio.timeout(20):
                while read_collectors(path) != {"churn/default/default", "fraud/default/default"}:
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
        "pipeline  on, 1 of its calls",
        "churn  on, 0.5 of its calls",
    ]


LABELS = ["wine/1/inputs", "wine/1/outputs", "churn/10/inputs", "churn/10"]


@pytest.mark.parametrize("verb", ["enable", "disable"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("wnie", "did you mean 'wine'?"),
        ("wine/2", "did you mean 'wine/1'"),
        ("wine/1/input", "did you mean 'wine/1/inputs'"),
        ("win", "did you mean 'wine'?"),
        ("Wine", "did you mean 'wine'?"),
        ("wine/", "did you mean 'wine'"),
        ("", "known collectors: churn/10, churn/10/inputs, wine/1/inputs, wine/1/outputs."),
        ("zebra", "known collectors: churn/10, churn/10/inputs, wine/1/inputs, wine/1/outputs."),
    ],
)
def test_a_collector_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str, name: str, words: str
) -> None:
    """It is refused with those that there are, and nothing is written; unless it is forced."""
    path = str(tmp_path / "settings.json")
    tell_collectors(path, LABELS)
    assert main([verb, name, "--settings", path]) == 1
    said = capsys.readouterr()
    assert words in said.err
    assert "--force" in said.err
    assert said.out == ""
    assert not (tmp_path / "settings.json").exists()
    assert main([verb, name, "--force", "--settings", path]) == 0
    assert name in read_control(path).collectors
    # What stands in the file is known.
    assert main([verb, name, "--settings", path]) == 0


@pytest.mark.parametrize("name", ["wine", "wine/1", "wine/1/inputs", "churn/10"])
def test_a_collector_that_is_there(tmp_path: Path, name: str) -> None:
    """By its label, or the beginning of it."""
    path = str(tmp_path / "settings.json")
    tell_collectors(path, LABELS)
    assert main(["disable", name, "--settings", path]) == 0
    assert not read_control(path).collectors[name].enabled


def test_where_no_collector_is_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Perhaps it is the wrong file; the whole pipeline needs no name."""
    path = str(tmp_path / "settings.json")
    assert main(["disable", "wine", "--settings", path]) == 1
    assert "check the path" in capsys.readouterr().err
    assert main(["disable", "--settings", path]) == 0
    assert "is a new file, and no pipeline watches it yet" in capsys.readouterr().err
    assert main(["enable", "--settings", path]) == 0
    assert capsys.readouterr().err == ""


def test_a_removed_settings_file_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What was off is on again, and the log says so; a moment without the file says nothing."""
    path = tmp_path / "settings.json"
    assert main(["disable", "--settings", str(path)]) == 0

    async def service() -> None:
        async with Pipeline(MemoryStore(), settings_file=path) as pipeline:
            churn = pipeline.collector("churn", feature_names=["a"])
            assert churn.collect(1.0) is None
            path.unlink()
            async with asyncio.timeout(20):
                while churn.collect(1.0) is None:
                    await asyncio.sleep(0.05)

    asyncio.run(service())
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    holds = "1 of 1 collectors record, all of their calls"
    assert said == [
        f"the settings file was removed; the options of the program apply again: {holds}"
    ]


def test_json_is_for_every_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each takes it; the switches show what the file says, and a replay what became of the rows."""
    for name, parser in _parser()[1].items():
        assert "--json" in parser.format_help(), name
    path = str(tmp_path / "settings.json")
    tell_collectors(path, LABELS)
    assert main(["disable", "wine", "--settings", path, "--json"]) == 0
    assert main(["status", "--settings", path, "--json"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == second
    assert first["pipeline"] == {"enabled": True, "sample_rate": 1.0}
    assert first["collectors"] == {"wine": {"enabled": False, "sample_rate": 1.0}}
    (tmp_path / "spool").mkdir()
    command = ["replay", str(tmp_path / "spool"), "--store", f"file://{tmp_path}/store"]
    assert main([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["accepted"], report["troubles"], report["finished"]) == (0, [], True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["status"], "no settings file given"),
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
