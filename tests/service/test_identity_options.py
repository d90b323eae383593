"""Identities that are named wrongly, or not available: said at construction, and never shown."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aiocollect import ConfigError, Pipeline
from aiocollect.stores.azure import AzureStore

from .endpoints import CLIENT, TENANT

pytestmark = pytest.mark.usefixtures("no_identity")


def test_a_workload_without_its_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names those that are missing, and what puts them there."""
    monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT)
    with pytest.raises(ConfigError, match="AZURE_TENANT_ID, AZURE_FEDERATED_TOKEN_FILE") as caught:
        AzureStore("https://acme.blob.core.windows.net", container="logs", credential="workload")
    assert "azure.workload.identity/use" in str(caught.value)
    assert CLIENT not in str(caught.value)


@pytest.mark.parametrize("credential", ["None", "'managed'"])
def test_without_the_extra(credential: str, tmp_path: Path) -> None:
    """The error names it, and how to install it; whoever has a key does not need it."""
    code = (
        "import sys; sys.modules['azure.identity'] = None\n"
        "from aiocollect.stores.azure import AzureStore\n"
        "url = 'https://acme.blob.core.windows.net'\n"
        "AzureStore(url, container='logs', credential='c2VjcmV0')\n"
        f"AzureStore(url, container='logs', credential={credential})"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    last = ended.stderr.strip().splitlines()[-1]
    assert last.startswith("aiocollect.ConfigError: credential=")
    assert "pip install 'aiocollect[identity]'" in last
    assert ended.stderr.count("line 5") == 1


@pytest.mark.parametrize("text", ["managed", "Workload", " cli ", "DEFAULT"])
def test_the_environment_names_an_identity(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """AIOCOLLECT_CREDENTIAL, for whatever takes its options from there."""
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID"):
        monkeypatch.setenv(name, TENANT)
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", os.devnull)
    environ = {"AIOCOLLECT_STORE": "azure://acme/logs", "AIOCOLLECT_CREDENTIAL": text}
    assert "acme.blob.core.windows.net/logs" in repr(Pipeline.from_env(environ))


@pytest.mark.parametrize("text", ["manged", "azure-cli", '"managed"', "$IDENTITY"])
def test_a_misspelt_identity_is_refused_and_not_shown(text: str) -> None:
    """It may be a secret in the wrong place."""
    environ = {"AIOCOLLECT_STORE": "azure://acme/logs", "AIOCOLLECT_CREDENTIAL": text}
    with pytest.raises(ConfigError, match=r"credential=") as caught:
        Pipeline.from_env(environ)
    assert text not in str(caught.value)


def test_an_empty_variable_is_none() -> None:
    """As compose files have it: beside a SAS it is no second credential."""
    url = "https://acme.blob.core.windows.net/logs?sv=1&sp=acr&sig=abcdefgh"
    for store in (url, "azure://acme/logs"):
        Pipeline.from_env({"AIOCOLLECT_STORE": store, "AIOCOLLECT_CREDENTIAL": " "})


def test_a_url_with_a_sas_needs_no_identity() -> None:
    """And with both, one is too many."""
    url = "https://acme.blob.core.windows.net/logs?sv=1&sp=acr&sig=abcdefgh"
    Pipeline(url)
    with pytest.raises(ConfigError, match="remove one"):
        Pipeline(url, credential="managed")
