"""Bad options: refused at construction, naming option and remedy, never showing a secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aiocollect import (
    ConfigError,
    Limits,
    MemoryStore,
    Pipeline,
    Retry,
)
from aiocollect.testing import Seams

SECRET = "c2VjcmV0LXNlY3JldA=="


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"linger": -1}, "linger=-1 must be at least 0"),
        ({"linger": "2"}, "linger must be a number, not str"),
        ({"linger": float("nan")}, "linger must be a finite number, not nan"),
        ({"max_in_flight": 0}, "max_in_flight=0 must be at least 1"),
        ({"max_in_flight": 1.5}, "max_in_flight must be a whole number"),
        ({"max_batch_bytes": 10}, "max_batch_bytes=10 must be at least 1024"),
        ({"max_memory_bytes": 1 << 20}, "raise it to 4194304"),
        ({"close_timeout": 0}, "close_timeout=0 must be above 0"),
        ({"writer": "mine"}, "use 'shared' or 'own'"),
        ({"strict": 1}, "strict must be True or False"),
        ({"hooks": ["no"]}, "hooks: str cannot be called"),
        ({"container": "c"}, "store_options= are for a store given by URL"),
        ({"store_options": {"ca_file": "x"}}, "store_options= are for a store given by URL"),
        ({"store_options": {"ca": "x"}}, "unknown option ca; the options are"),
        ({"format": "xml"}, "format='xml' is not valid; use 'csv' or 'jsonl'"),
        ({"format": 7}, "an object with encode(), not int"),
        ({"columns": "all"}, "use 'ids' or 'aml' or 'none'"),
        ({"columns": "none"}, "columns='none' requires writer='own'"),
        ({"host": "process"}, "use 'loop' or 'thread'"),
        ({"when_full": "wait"}, "use 'shed_newest' or 'shed_oldest' or 'raise'"),
        ({"delivery_timeout": 0}, "delivery_timeout=0 must be above 0"),
        ({"enabled": "yes"}, "enabled must be True or False"),
        ({"sample_rate": 0}, "sample_rate=0 must be above 0"),
        ({"pressure_sample_rate": 1.5}, "must be at most 1"),
        ({"limits": {}}, "limits must be a Limits"),
        ({"retry": 3}, "retry must be a Retry"),
        ({"layout": "a/b"}, "use 'day', 'hour', or a template"),
        ({"layout": 7}, "an object with path(), not int"),
        ({"hooks": print}, "hooks must be a list"),
        ({"service": ""}, "service must not be empty"),
    ],
)
def test_bad_options(options: dict[str, Any], words: str) -> None:
    """Each names itself and what to do instead."""
    with pytest.raises(ConfigError) as caught:
        Pipeline(MemoryStore(), **options)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Limits(ring_slots=1000), "use 1024"),
        (lambda: Limits(max_blocks=0), "limits.max_blocks=0"),
        (lambda: Retry(cap=0), "retry.cap=0"),
    ],
)
def test_bad_limits(make: Any, words: str) -> None:
    """The grouped options are checked as well."""
    with pytest.raises(ConfigError, match=words):
        make()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "store is empty"),
        ("s3://bucket/x", "unsupported scheme s3://"),
        (f"ftp://user:{SECRET}@host/", "unsupported scheme ftp://"),
        ("azure://account", "must name one container"),
        ("azure://account/a/b", "must name one container"),
        ("azure://account.blob.core.windows.net/c", "short name"),
        ("a.blob.core.windows.net/c", "begin it with https://"),
        (3, "int is not a Store"),
        ("azurite://127.0.0.1:10000", "must name one container"),
        ("file://host/dir", "three slashes"),
        (f"AccountName=a;AccountKey={SECRET}", "needs container="),
        (f"AccountName=;AccountKey={SECRET};BlobEndpoint=x", "needs container="),
        (f"AccountNme=a;AccountKey={SECRET}", "has an unknown part"),
        (f"x;AccountKey={SECRET}", "an incomplete connection string"),
        (f"file://user:{SECRET}@host/x", "three slashes"),
    ],
)
def test_bad_urls(url: str, words: str) -> None:
    """The message names the forms there are, and no part that may be a secret."""
    with pytest.raises(ConfigError) as caught:
        Pipeline(url)
    assert words in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"model": ""}, "model must not be empty"),
        ({"model": 7}, "model must be text"),
        ({"model": "m" * 300}, "model takes 300 bytes"),
        ({"model": "m", "version": ""}, "version must not be empty"),
        ({"model": "m", "feature_names": []}, "feature_names is empty"),
        ({"model": "m", "feature_names": "abc"}, "not a single name"),
        ({"model": "m", "feature_names": ["a", "a"]}, "'a' twice"),
        ({"model": "m", "feature_names": ["a", ""]}, "an empty name; each name must be text"),
        ({"model": "m", "feature_names": ["$aml_dc_row"]}, "reserved"),
        ({"model": "m", "sample_rate": 0}, "sample_rate=0 must be above 0"),
        ({"model": "m", "sample_rate": 2}, "sample_rate=2 must be at most 1"),
        ({"model": "m", "format": "xml"}, "format='xml' is not valid; use 'csv' or 'jsonl'"),
        ({"model": "m", "columns": "none"}, "columns='none' requires writer='own'"),
        ({"model": "m", "redact": ["a"]}, "redact= contains str; use Drop"),
    ],
)
def test_bad_collectors(arguments: dict[str, Any], words: str) -> None:
    """Names and columns are checked when the collector is made, not when it is used."""
    pipeline = Pipeline(MemoryStore())
    with pytest.raises(ConfigError) as caught:
        pipeline.collector(**arguments)
    assert words in str(caught.value)


def test_bad_workspace() -> None:
    """The workspace has three parts."""
    with pytest.raises(ConfigError, match="must have three parts"):
        Pipeline(MemoryStore(), workspace="only-one")


@pytest.mark.parametrize(
    ("streams", "words"),
    [
        ({"inputs": ["a"], "redact": ["a"]}, "redact= must be rules by stream"),
        ({"inputs": ["a"], "sample_rate": 0.5}, "sample_rate= is an option of collector"),
        ({"inputs": 1}, "list of names, not int"),
    ],
)
def test_an_option_of_model_is_not_taken_for_a_stream(streams: Any, words: str) -> None:
    """Nothing that looks like an option is ignored."""
    with pytest.raises(ConfigError, match=words):
        Pipeline(MemoryStore()).model("m", **streams)


def test_collectors_of_one_stream_share_an_account() -> None:
    """Making a collector for each call takes no further share of the budget."""
    pipeline = Pipeline(MemoryStore())
    for _ in range(1000):
        pipeline.collector("m", feature_names=["a"]).collect(1.0)
        pipeline.model("m", inputs=["a"], predictions=["p"]).collect(inputs=[1.0])
    assert pipeline._engine.ring.reserved <= 2 * pipeline._engine.settings.share


def test_a_model_needs_a_stream() -> None:
    """model() without streams would record nothing."""
    with pytest.raises(ConfigError, match="needs at least one stream"):
        Pipeline(MemoryStore()).model("m", version="1")


def test_from_env(tmp_path: Path) -> None:
    """A store by URL and options by name, converted and checked; arguments win."""
    environ = {
        "AIOCOLLECT_STORE": f"file://{tmp_path}",
        "AIOCOLLECT_LINGER": "0.5",
        "AIOCOLLECT_MAX_IN_FLIGHT": "4",
        "AIOCOLLECT_STRICT": "true",
        "PATH": "/bin",
    }
    settings = Pipeline.from_env(environ, max_in_flight=8)._engine.settings
    assert (settings.linger, settings.max_in_flight, settings.strict) == (0.5, 8, True)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "AIOCOLLECT_STORE is not set"),
        ({"AIOCOLLECT_LINGER": "fast"}, "AIOCOLLECT_LINGER='fast' must be a number"),
        ({"AIOCOLLECT_STRICT": "maybe"}, "must be true or false"),
        ({"AML_MODEL_DC_FLUSH_INTERVAL_SECONDS": "soon"}, "must be a number"),
        ({"AIOCOLLECT_LINGRE": "1"}, "did you mean AIOCOLLECT_LINGER?"),
    ],
)
def test_bad_environment(environ: dict[str, str], words: str) -> None:
    """A variable that cannot be used is named; one that is not known is not ignored."""
    if environ:
        environ = {"AIOCOLLECT_STORE": "/nowhere", **environ}
    with pytest.raises(ConfigError) as caught:
        Pipeline.from_env(environ)
    assert words in str(caught.value)


def test_a_writer_id_of_another_form() -> None:
    """Its digits are a part of every id of ours."""
    with pytest.raises(ConfigError, match="ten hexadecimal digits"):
        Seams(writer_id="zz")
