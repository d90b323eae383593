"""Files that operators name: whatever else stands in their place, or comes to stand there, nothing
waits for it, follows it, or reads it whole; the event loop never touches them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aiocollect import ConfigError, MemoryStore, Pipeline
from aiocollect._files.regular import append_line
from aiocollect.cli import main as command
from aiocollect.compat.azureml_ai_monitoring.config import Config
from aiocollect.compat.azureml_monitoring.routing import ConfigMap
from aiocollect.gateway import load_token
from aiocollect.settings_file import (
    Control,
    Switch,
    read_control,
    tell_collectors,
    write_control,
)
from aiocollect.stores.azure.session import trust
from tests.support.odd_files import NO_FILES
from tests.support.odd_files import in_time as in_time


def broken_link(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere") / "x")


# At once ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", NO_FILES)
def test_it_is_refused_at_once(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whoever reads a file: settings, a token, certificates, the drop-ins' config files."""
    path = tmp_path / "file"
    NO_FILES[kind](path)
    monkeypatch.setenv("AZUREML_MDC_CONFIG_PATH", str(path))
    reads: list[Callable[[], object]] = [
        lambda: read_control(path),
        lambda: load_token(str(path), {}),
        lambda: ConfigMap.load(path),
        Config.load,
        lambda: trust(path, "https://acme.blob.core.windows.net"),
    ]
    for read in reads:
        with pytest.raises(ConfigError, match=kind):
            read()
    assert command(["status", "--settings", str(path)]) == 1
    assert command(["disable", "--settings", str(path)]) == 1
    assert command(["gateway", "--store", str(tmp_path), "--token-file", str(path)]) == 1


@pytest.mark.parametrize("kind", ["a pipe", "a link", "a socket", "a directory"])
def test_no_file_for_dead_letters(tmp_path: Path, kind: str) -> None:
    """Of what is to be written not even a link is followed: it says so at construction."""
    path = tmp_path / "dead"
    if kind == "a link":
        (tmp_path / "other").write_text("keep me\n")
        path.symlink_to(tmp_path / "other")
    else:
        NO_FILES[kind](path)
    with pytest.raises(ConfigError, match=f"dead_letters: it is {kind}, not a regular file"):
        Pipeline(MemoryStore(), dead_letters=path)


def test_a_mounted_config_map(tmp_path: Path) -> None:
    """Kubernetes mounts links to links, and replaces the one in the middle: read through them; and
    written behind them, so that they stay."""
    for version in ("v1", "v2"):
        (tmp_path / version).mkdir()
        write_control(tmp_path / version / "settings.json", Control(Switch(version == "v1")))
    (tmp_path / "..data").symlink_to("v1")
    path = tmp_path / "settings.json"
    path.symlink_to("..data/settings.json")
    assert read_control(path).whole.enabled
    os.symlink("v2", tmp_path / "..new")
    os.replace(tmp_path / "..new", tmp_path / "..data")
    assert not read_control(path).whole.enabled
    write_control(path, Control(Switch(sample_rate=0.5)))
    assert path.is_symlink()
    assert read_control(tmp_path / "v2" / "settings.json").whole.sample_rate == 0.5


def test_what_is_written_follows_no_link(tmp_path: Path) -> None:
    """A link that somebody has put where our next file goes, in a directory for all, is not
    written through."""
    victim = tmp_path / "victim"
    victim.write_text("keep me")
    path = tmp_path / "settings.json"
    (tmp_path / f"settings.json.{os.getpid()}.new").symlink_to(victim)
    (tmp_path / "settings.json.collectors").symlink_to(victim)
    write_control(path, Control())
    tell_collectors(path, ["m/1/i"])
    with pytest.raises(OSError, match="not a regular file"):
        append_line(str(tmp_path / "settings.json.collectors"), b"x\n", most=100)
    assert victim.read_text() == "keep me"
    assert not path.is_symlink()
