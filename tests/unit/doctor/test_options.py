"""Where each option comes from, which variables are misspelled, what kind a credential is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aiocollect._config.env import _known
from aiocollect.doctor.gathering.credential import credential_of
from aiocollect.doctor.gathering.options import VARIABLES, misspelled, options_facts

SECRET = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
SAS = f"sv=2024-11-04&sp=acr&sr=c&se=2030-01-01T00:00:00Z&spr=https&sig={SECRET}"


def test_doctor_knows_the_variables_of_a_pipeline() -> None:
    """Found from the types of the options; the environment's own list is the other opinion."""
    assert {name.removeprefix("AIOCOLLECT_") for name in VARIABLES} == {*_known} - {"NATIVE"}


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("AIOCOLLECT_STROE", "AIOCOLLECT_STORE"),
        ("AIOCOLLECT_LINGERS", "AIOCOLLECT_LINGER"),
        ("AIOCOLLECT_LINGER_SECONDS", "AIOCOLLECT_LINGER"),
        ("AIOCOLLECT_MAX_MEMORY", "AIOCOLLECT_MAX_MEMORY_BYTES"),
        ("AIOCOLLECT_CREDENTAILS", "AIOCOLLECT_CREDENTIAL"),
        ("AIOCOLECT_STORE", "AIOCOLLECT_STORE"),
        ("AIO_COLLECT_STORE", "AIOCOLLECT_STORE"),
        ("AIOCOLECT_LINGR", "AIOCOLLECT_LINGER"),
        ("AIOCOLLECTOR_SPOOL", "AIOCOLLECT_SPOOL"),
        ("aiocollect_store", "AIOCOLLECT_STORE"),
    ],
)
def test_misspelled_variables(variable: str, meant: str) -> None:
    """Those that a pipeline refuses, and those that it cannot see are meant for it."""
    near, alike, foreign = misspelled([variable])
    assert near | alike == {variable: meant}
    assert foreign == ()


@pytest.mark.parametrize(
    "variable",
    [
        *("PATH", "STORE", "COLLECT_STORE", "AZURE_CLIENT_ID", "AIOHTTP_NO_EXTENSIONS"),
        *("AIOCOLLECT_STORE", "AIOCOLLECT_NATIVE", "AIOCOLLECT_GATEWAY_TOKEN"),
        *("AIOCOLLECT_SERVICE_HOST", "AIOCOLLECT_GATEWAY_PORT_8700_TCP_ADDR"),
        *("AML_MODEL_DC_STORAGE", "AIOCOLLECT_CONTRACT_STORE"),
    ],
)
def test_variables_that_are_right_or_of_others(variable: str) -> None:
    """They are passed over."""
    assert misspelled([variable]) == ({}, {}, ())


def test_what_a_pipeline_refuses_and_what_it_ignores() -> None:
    """The first fails; the second is a warning, since rows are stored all the same."""
    near, alike, _ = misspelled(["AIOCOLLECT_STROE", "AIOCOLECT_LINGR"])
    assert near == {"AIOCOLLECT_STROE": "AIOCOLLECT_STORE"}
    assert alike == {"AIOCOLECT_LINGR": "AIOCOLLECT_LINGER"}


def test_a_variable_that_means_nothing() -> None:
    """Nothing looks like it: the prefix alone makes no likeness."""
    assert misspelled(["AIOCOLLECT_FOO"]) == ({}, {}, ("AIOCOLLECT_FOO",))


def test_sources(tmp_path: Path) -> None:
    """An argument wins over a variable; the settings file comes on top; nothing secret is shown."""
    settings = tmp_path / "settings.json"
    settings.write_text(
        json.dumps({"sample_rate": 0.5, "collectors": {"churn": {"enabled": False}}})
    )
    environ = {
        "AIOCOLLECT_STORE": f"https://acme.blob.core.windows.net/modeldata?{SAS}",
        "AIOCOLLECT_LINGER": "0.5",
        "AIOCOLLECT_SERVICE": "other",
        "AIOCOLLECT_LOG_KEY": SECRET,
        "AIOCOLLECT_PROXY": f"http://user:{SECRET}@proxy:3128",
        "AIOCOLLECT_SETTINGS_FILE": str(settings),
        "AIOCOLLECT_WORKSPACE": f"a/b/{SECRET}{SECRET}".replace("/", "-"),
    }
    facts = options_facts(environ, {"service": "fraud"}, shown="https://acme/modeldata")
    found = {option.name: (option.shown, option.source) for option in facts.options}
    assert found["service"] == ("fraud", "argument")
    assert found["linger"] == ("0.5", "AIOCOLLECT_LINGER")
    assert found["store"] == ("https://acme/modeldata", "AIOCOLLECT_STORE")
    assert found["log_key"] == ("(set, not shown)", "AIOCOLLECT_LOG_KEY")
    assert found["sample_rate"] == ("0.5", "settings file")
    assert facts.switched_off == ("churn",)
    assert facts.linger == 0.5
    assert SECRET not in repr(facts)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "AIOCOLLECT_STORE is not set"),
        ({"AIOCOLLECT_STORE": "modeldata"}, "is neither a URL nor a path"),
        ({"AIOCOLLECT_STORE": "/data", "AIOCOLLECT_LINGER": "soon"}, "must be a number"),
        ({"AIOCOLLECT_STORE": "/data", "AIOCOLLECT_WRITER": "mine"}, "writer"),
        ({"AIOCOLLECT_STORE": "/data", "AIOCOLLECT_SPOOL": "true"}, "is not a path"),
        ({"AIOCOLLECT_STORE": "/data"}, ""),
        ({"AIOCOLLECT_ENABLED": "false"}, ""),
    ],
)
def test_why_a_pipeline_refuses(environ: dict[str, str], words: str) -> None:
    """What Pipeline.from_env() raises; making it creates no directory."""
    problem = options_facts(environ, {}, shown="").problem
    assert words in problem
    assert bool(words) == bool(problem)


@pytest.mark.parametrize(
    ("address", "credential", "kind"),
    [
        (f"https://acme.blob.core.windows.net/logs?{SAS}", None, "sas"),
        ("azure://acme/logs", f"?{SAS}", "sas"),
        ("azure://acme/logs", SECRET, "key"),
        ("azure://acme/logs", "managed", "identity"),
        ("azure://acme/logs", None, "identity"),
        ("azure://acme/logs", lambda: SAS, "function"),
        ("azurite://127.0.0.1:10000/logs", None, "emulator"),
        ("UseDevelopmentStorage=true", None, "emulator"),
        (f"AccountName=acme;AccountKey={SECRET}==", None, "key"),
        (f"BlobEndpoint=https://acme.blob.core.windows.net;SharedAccessSignature={SAS}", None,
         "sas"),
        (f"BlobEndpoint=https://acme.blob.core.windows.net?{SAS}", None, "sas"),
    ],
)  # fmt: skip
def test_kinds_of_credentials(address: str, credential: object, kind: str) -> None:
    """By the forms that a store's address and credential= can have; of a SAS, what is no secret."""
    found = credential_of(address, credential, object())
    assert found.kind == kind
    assert (found.sas is not None) == (kind == "sas")
    if found.sas is not None:
        assert (found.sas.rights, found.sas.resource) == ("acr", "c")
    assert SECRET not in repr(found)
