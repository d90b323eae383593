"""Addresses: what is none is refused with a remedy, by every door, and never becomes a directory.

The values are what env files, shells, orchestrators, templates and people have put there.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiocollect import ConfigError, Pipeline
from aiocollect._validation.addresses import Address, check_path, read_address, read_directory
from aiocollect.gateway import Gateway, GatewayOptions

SECRET = "U0VDUkVUc2VjcmV0U0VDUkVUc2VjcmV0U0VDUkVU"
KEY = ("Eb8y" * 22)[:86] + "=="
WHOLE = (
    f"DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={SECRET}==;EndpointSuffix=x.net"
)
SAS = f"sv=2024-11-04&sp=rac&sig={SECRET}%3D"

# What it is, the text, and a word of the remedy.
WRONG = {
    "empty": ("", "is empty"),
    "double quotes": ('"azure://acme/modeldata"', "--env-file"),
    "single quotes": ("'/data'", "--env-file"),
    "one quote": ('/data"', "--env-file"),
    "typographic quotes": ("\u201cazure://acme/modeldata\u201d", "quotes"),
    "back quotes": ("`cat /run/store`", "quotes"),
    "shell variable": ("${STORAGE}", "${NAME}"),
    "shell default": ("${STORAGE:-/data}", "${NAME}"),
    "bare variable": ("$STORAGE", "${NAME}"),
    "Kubernetes variable": ("$(STORAGE)", "$(NAME)"),
    "variable in a URL": ("azure://${ACCOUNT}/modeldata", "${NAME}"),
    "variable in a path": ("/data/$(POD_NAME)", "$(NAME)"),
    "variable of Windows": ("%STORAGE%", "${NAME}"),
    "template": ("{{ store }}", "placeholder"),
    "python template": ("%(store)s", "placeholder"),
    "placeholder": ("azure://<account>/modeldata", "<name>"),
    "key vault": ("@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/s)", "placeholder"),
    "container app's secret": ("secretref:store", "did not replace this reference"),
    "None": ("None", "the word none"),
    "null": ("null", "the word null"),
    "NULL": ("NULL", "the word null"),
    "undefined": ("undefined", "the word undefined"),
    "nan": ("nan", "the word nan"),
    "a flag": ("true", "nor a path"),
    "a dot": (".", "nor a path"),
    "protocol": ("DefaultEndpointsProtocol=https", "first ;"),
    "protocol;": ("DefaultEndpointsProtocol=https;", "first ;"),
    "account": ("AccountName=acme", "first ;"),
    "without key": ("DefaultEndpointsProtocol=https;AccountName=acme", "first ;"),
    "empty key": ("AccountName=acme;AccountKey=", "first ;"),
    "key only": (f"AccountKey={SECRET}==", "first ;"),
    "its tail": (f"acme;AccountKey={SECRET}==;EndpointSuffix=core.windows.net", "incomplete"),
    "suffix": ("EndpointSuffix=core.windows.net", "first ;"),
    "misspelled part": (f"AccountNme=acme;AccountKey={SECRET}==", "has an unknown part"),
    "service bus": (
        f"Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=k;SharedAccessKey={SECRET}=",
        "another service",
    ),
    "insights": (f"InstrumentationKey={SECRET};IngestionEndpoint=https://x/", "another service"),
    "the variable too": ("AIOCOLLECT_STORE=azure://acme/modeldata", "name of a variable"),
    "export": ("export AIOCOLLECT_STORE=/data", "name of a variable"),
    "key alone": (KEY, "looks like an account key"),
    "key with a slash first": ("/" + KEY[1:], "looks like an account key"),
    "SAS without a URL": (SAS, "SAS without a URL"),
    "?SAS alone": (f"?{SAS}", "SAS without a URL"),
    "a bare secret": (SECRET, "nor a path"),
    "home": ("~", "whole path"),
    "in home": ("~/modeldata", "whole path"),
    "other's home": ("~ml/modeldata", "whole path"),
    "byte order mark": ("\ufeffazure://acme/modeldata", "byte order mark"),
    "byte order mark as latin-1": ("\xef\xbb\xbf/data", "byte order mark"),
    "byte order mark of os.environ": ("\udcef\udcbb\udcbf/data", "byte order mark"),
    "space before": (" /data", "white space"),
    "space behind": ("azure://acme/modeldata ", "white space"),
    "only a space": (" ", "white space"),
    "line end": ("/data\n", "line end"),
    "carriage return": ("azure://acme/modeldata\r", "line end"),
    "no-break space": ("\xa0/data", "white space"),
    "zero width": ("/da\u200bta", "invisible characters"),
    "a NUL": ("/da\0ta", "invisible characters"),
    "a tab": ("azure://acme/\tmodeldata", "invisible characters"),
    "drive": ("C:\\data", "Windows"),
    "drive with a slash": ("C:/data", "Windows"),
    "bare drive": ("D:", "Windows"),
    "share": ("\\\\server\\share", "Windows"),
    "dots of Windows": (".\\data", "Windows"),
    "file drive": ("file:///C:/data", "Windows"),
    "s3": ("s3://bucket/x", "s3://"),
    "gs": ("gs://bucket", "to Azure or to a directory only"),
    "abfss": ("abfss://modeldata@acme.dfs.core.windows.net/x", "azure://ACCOUNT/CONTAINER"),
    "wasbs": ("wasbs://modeldata@acme.blob.core.windows.net/x", "azure://ACCOUNT/CONTAINER"),
    "az": ("az://modeldata/x", "azure://ACCOUNT/CONTAINER"),
    "azureml": ("azureml://datastores/workspaceblobstore/paths/x", "datastore"),
    "dbfs": ("dbfs:/mnt/x", "mount"),
    "a misspelled scheme": ("azrue://acme/modeldata", "unknown scheme azrue://"),
    "user and password": (f"ftp://user:{SECRET}@host/", "ftp://"),
    "one slash": ("azure:/acme/modeldata", "two slashes"),
    "three slashes": ("azure:///modeldata", "two slashes"),
    "no slash": ("https:acme.blob.core.windows.net", "two slashes"),
    "file, one slash": ("file:/data", "three slashes"),
    "file, two slashes": ("file://data/x", "three slashes"),
    "file, a host": (f"file://user:{SECRET}@host/x", "three slashes"),
    "file, a query": ("file:///data?x=1", "%3F"),
    "file, a fragment": ("file:///data#x", "%23"),
    "file, home": ("file:///~/data", "whole path"),
    "file, latin-1": ("file:///d%E4ta", "UTF-8"),
    "file, a NUL": ("file:///d%00", "invisible characters"),
    "file, nothing": ("file:///", "root directory"),
    "root": ("/", "root directory"),
    "root by dots": ("/x/..", "root directory"),
    "two slashes first": ("//acme/modeldata", "two slashes"),
    "no scheme": ("acme.blob.core.windows.net/modeldata", "https://"),
    "no scheme, SAS": (f"acme.blob.core.windows.net/modeldata?{SAS}", "https://"),
    "no scheme, port": ("acme.blob.core.windows.net:443/modeldata", "https://"),
    "slash before the account": ("/acme.blob.core.windows.net/modeldata", "https://"),
    "emulator without a scheme": ("localhost:10000/devstoreaccount1", "unknown scheme"),
    "azure with SAS": (f"azure://acme/modeldata?{SAS}", "does not accept a query"),
    "azurite with SAS": (f"azurite://127.0.0.1:10000/modeldata?{SAS}", "does not accept a query"),
    "a secret in a path": (f"/data/sig={SECRET}", "looks like a secret"),
    "a connection string in a path": (f"./AccountKey={SECRET}==", "looks like a secret"),
    "relative": ("modeldata", "='modeldata' is neither"),
    "two segments": ("acme/modeldata", "begin it with ./"),
    "a password": ("Tr0ub4dor&3", "nor a path"),
}  # fmt: skip
# Whole, yet refused by what is behind: the account's name, the container's.
WRONG_BEHIND = {
    "no container": ("azure://acme", "one container"),
    "a host for the account": ("azure://acme.blob.core.windows.net/modeldata", "short name"),
    "a password for the account": (f"azure://user:{SECRET}@acme/modeldata", "short name"),
    "a comma": ("azure://acme/modeldata,", "container"),
    "a blob": ("azure://acme/modeldata/x", "one container"),
    "no signature": (
        "https://acme.blob.core.windows.net/modeldata?sv=2024-11-04",
        "sig= is missing",
    ),
    "a bracket": ("https://[acme/modeldata", "host and port"),
}


def refused(make: Callable[[], Any]) -> str:
    """What a ConfigError says; it holds no secret."""
    with pytest.raises(ConfigError) as caught:
        make()
    said = str(caught.value)
    assert SECRET not in said
    assert KEY[:20] not in said
    assert "\n" not in said
    return said


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, in which nothing may appear."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("case", [*WRONG, *WRONG_BEHIND])
def test_a_wrong_address_is_refused(case: str, nowhere: Path) -> None:
    """By Pipeline(), from_env() and the gateway, with the remedy; no directory is made."""
    text, words = (WRONG | WRONG_BEHIND)[case]
    environ = {"AIOCOLLECT_STORE": text}
    assert words in refused(lambda: Pipeline(text))
    if text:
        said = refused(lambda: Pipeline.from_env(environ))
        assert words in said
        assert case in WRONG_BEHIND or said.startswith("AIOCOLLECT_STORE")
        options = GatewayOptions(port=0)
        assert words in refused(lambda: Gateway(options=options, environ=environ))
        assert words in refused(lambda: Gateway(text, options=options, environ={}))
    old = {"AML_MODEL_DC_STORAGE": text}
    if text and case in WRONG:
        assert refused(lambda: Pipeline.from_env(old)).startswith("AML_MODEL_DC_STORAGE")
    assert list(nowhere.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("azure://acme/modeldata", "azure"),
        ("AZURE://acme/modeldata", "azure"),
        (f"https://acme.blob.core.windows.net/modeldata?{SAS}", "http"),
        ("http://127.0.0.1:10000/devstoreaccount1/modeldata", "http"),
        ("azurite://127.0.0.1:10000/modeldata", "azurite"),
        (WHOLE, "connection string"),
        ("UseDevelopmentStorage=true", "connection string"),
        (f"BlobEndpoint=https://a.example/;SharedAccessSignature={SAS}", "connection string"),
        (f" {WHOLE}".strip() + ";", "connection string"),
    ],
)
def test_an_address_is_taken(text: str, kind: str) -> None:
    """Each form that the message names is one."""
    assert read_address(text) == Address(kind, text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/data/model data/\u00e9t\u00e9", "/data/model data/\u00e9t\u00e9"),
        ("./modeldata", "./modeldata"),
        ("../modeldata", "../modeldata"),
        ("./", "./"),
        ("/data/acme.blob.core.windows.net", "/data/acme.blob.core.windows.net"),
        ("/data/a=b", "/data/a=b"),
        ("file:///data/x%20y", "/data/x y"),
        ("file://localhost/data", "/data"),
    ],
)
def test_a_directory_is_taken(text: str, path: str) -> None:
    """A path by its beginning, or a URL of one."""
    assert read_address(text) == ("directory", path)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (Path("~/data"), "whole path"),
        (Path("${STORAGE}"), "${NAME}"),
        (Path('"data"'), "quotes"),
        (Path("None"), "the word none"),
        (Path("azure://acme/modeldata"), "pass the URL as text"),
        (Path(f"https://acme.blob.core.windows.net/c?{SAS}"), "pass the URL as text"),
        (Path("C:/data"), "Windows"),
        (Path(WHOLE), "connection string"),
        (Path(f"data/sig={SECRET}"), "looks like a secret"),
        (Path("/"), "root directory"),
    ],
)
def test_a_wrong_path_object_is_refused(path: Path, words: str, nowhere: Path) -> None:
    """A PathLike may be relative, but it can be a mistake, too."""
    assert words in refused(lambda: Pipeline(path))
    assert list(nowhere.iterdir()) == []


def test_a_relative_path_object_is_taken(nowhere: Path) -> None:
    """Whoever writes Path(...) means a directory."""
    pipeline = Pipeline(Path("modeldata"), linger=0)

    async def live() -> None:
        async with pipeline:
            assert pipeline.collector("m").collect([1.0])

    asyncio.run(live())
    assert [path.name for path in nowhere.iterdir()] == ["modeldata"]
    assert read_directory("a/b") == "a/b"


@given(st.text(max_size=60))
def test_no_text_becomes_a_directory_by_guess(text: str) -> None:
    """Whatever the text: a directory begins with /, ./, ../ or file:///, or it is none."""
    try:
        kind, path = read_address(text)
    except ConfigError:
        return
    assert kind != "directory" or text.startswith(("/", "./", "../")) or "file://" in text.lower()
    assert path.isprintable()
    assert path == path.strip()


# Paths and names of other options ----------------------------------------------------------------


@pytest.mark.parametrize("variable", ["SPOOL", "SETTINGS_FILE", "DEAD_LETTERS", "CA_FILE"])
@pytest.mark.parametrize(
    "text",
    ['"/x"', "~/x", "${X}", "None", "", " /x", "/x\n", "\ufeff/x", "azure://a/c", "true",
     f"/x/sig={SECRET}"],
)  # fmt: skip
def test_other_paths_are_held_to_the_same(variable: str, text: str, nowhere: Path) -> None:
    """An option that names a file or directory is not taken by guess either."""
    environ = {"AIOCOLLECT_STORE": "/data", f"AIOCOLLECT_{variable}": text}
    assert f"AIOCOLLECT_{variable}" in refused(lambda: Pipeline.from_env(environ))
    assert list(nowhere.iterdir()) == []


@pytest.mark.parametrize("variable", ["WORKSPACE", "SERVICE", "CONTAINER", "LAYOUT"])
@pytest.mark.parametrize("text", ['"a/b/c"', "${X}", "None", "a/b/c ", "\ufeffa/b/c"])
def test_names_too(variable: str, text: str, nowhere: Path) -> None:
    """A name would end up in every path."""
    environ = {"AIOCOLLECT_STORE": "/data", f"AIOCOLLECT_{variable}": text}
    assert f"AIOCOLLECT_{variable}" in refused(lambda: Pipeline.from_env(environ))


@pytest.mark.parametrize("option", ["spool", "settings_file", "dead_letters"])
@pytest.mark.parametrize("text", ['"x"', "~/x", "${X}", "None", "", "azure://a/c", "true"])
def test_options_of_the_constructor_too(option: str, text: str, nowhere: Path) -> None:
    """Code that reads a variable of its own hands on what stands there."""
    options: Any = {option: text}
    assert option in refused(lambda: Pipeline(Path("data"), **options))
    assert list(nowhere.iterdir()) == []


def test_a_path_that_is_one() -> None:
    """A relative one too."""
    assert check_path("spool", option="spool") == "spool"


# Off --------------------------------------------------------------------------------------


@pytest.mark.parametrize("environ", [{}, {"AIOCOLLECT_STORE": ""}])
def test_off_needs_no_store(environ: dict[str, str]) -> None:
    """Switched off, nothing else is asked for; and it cannot be switched on without one."""
    environ = {**environ, "AIOCOLLECT_ENABLED": "false", "AIOCOLLECT_CONTAINER": "modeldata"}
    pipeline = Pipeline.from_env(environ)
    assert pipeline.collector("m").collect([1.0]) is None
    pipeline.set(enabled=False)
    assert "AIOCOLLECT_STORE" in refused(lambda: pipeline.set(enabled=True))
    assert Pipeline.from_env({}, enabled=False).stats().accepted == 0
    Gateway(options=GatewayOptions(port=0), environ=environ)


def test_on_needs_a_store() -> None:
    """And says so."""
    assert "AIOCOLLECT_ENABLED=false" in refused(lambda: Pipeline.from_env({}))


# The drop-ins and the command line, as processes -------------------------------------------------

_V1 = (
    "from aiocollect.compat.azureml_monitoring import ModelDataCollector as C; "
    "C('m', designation='inputs', feature_names=['a']).collect([1.0])"
)
_V2 = (
    "from aiocollect.compat.azureml_ai_monitoring import Collector as C; "
    "import pandas; C(name='model_inputs').collect(pandas.DataFrame({'a': [1.0]}))"
)
_DEFAULT = (
    "from aiocollect import ModelDataCollector as C; C('m', feature_names=['a']).collect([1.0])"
)


@pytest.mark.parametrize("text", ['"azure://acme/modeldata"', "${STORAGE}", "~/x", "None"])
@pytest.mark.parametrize("program", [_V1, _V2, _DEFAULT], ids=["v1", "v2", "default"])
def test_drop_ins(program: str, text: str, nowhere: Path) -> None:
    """The collectors without a pipeline of their own refuse it, or say that nothing is recorded;
    no directory is made."""
    environ = {"AIOCOLLECT_STORE": text, "AZUREML_MDC_ENABLED": "true", "PATH": "/bin"}
    ended = run(["-c", program], environ)
    assert "AIOCOLLECT_STORE" in ended.stderr
    assert list(nowhere.iterdir()) == []


@pytest.mark.parametrize("command", [["gateway", "--port", "0"], ["replay", "spool"]])
@pytest.mark.parametrize("text", ['"/data"', "modeldata", f"AccountKey={SECRET}=="])
def test_commands(command: list[str], text: str, nowhere: Path) -> None:
    """One line that names the remedy, and exit code 1."""
    (nowhere / "spool").mkdir(0o700)
    for more, environ in ((["--store", text], {}), ([], {"AIOCOLLECT_STORE": text})):
        ended = run(["-m", "aiocollect.cli", *command, *more], environ)
        assert ended.returncode == 1
        assert ended.stderr.startswith("aiocollect: ")
        assert ended.stderr.count("\n") == 1
        assert SECRET not in ended.stderr
    assert [path.name for path in nowhere.iterdir()] == ["spool"]


def run(arguments: list[str], environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    root = str(Path(__file__).parents[3])
    return subprocess.run(
        [sys.executable, *arguments],
        env={"PATH": "/bin", "PYTHONPATH": root, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_message_is_one_line_of_text() -> None:
    """Also where it is shown in JSON."""
    assert json.dumps(refused(lambda: Pipeline("modeldata")))
