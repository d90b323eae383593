"""Options from the environment, ours and those of the collector before us."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiocollect import ConfigError, Pipeline
from aiocollect._config.env import options_from_env
from aiocollect._validation.variables import one_edit_apart
from aiocollect.gateway import Gateway, GatewayOptions, load_token

KEY = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VjcmV0;EndpointSuffix=x.net"


def test_every_option_by_its_name() -> None:
    """Converted; those of the store apart, since they go with its address."""
    assert options_from_env({
        "AIOCOLLECT_STORE": "azure://a/c",
        "AIOCOLLECT_WHEN_FULL": "shed_oldest",
        "AIOCOLLECT_SAMPLE_RATE": "0.25",
        "AIOCOLLECT_ENABLED": "false",
        "AIOCOLLECT_CA_FILE": "/ca.pem",
        "AIOCOLLECT_CREATE_CONTAINER": "false",
        "PATH": "/bin",
    }) == {
        "store": "azure://a/c",
        "when_full": "shed_oldest",
        "sample_rate": 0.25,
        "enabled": False,
        "store_options": {"ca_file": "/ca.pem", "create_container": False},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({"AML_MODEL_DC_STORAGE": KEY}, {"store": KEY, "container": "modeldata"}),
        ({"AML_MODEL_DC_STORAGE": KEY, "AIOCOLLECT_STORE": "/d"}, {"store": "/d"}),
        ({"AML_MODEL_DC_STORAGE_ENABLED": "true"}, {"enabled": True}),
        ({"AML_MODEL_DC_STORAGE_ENABLED": "True"}, {"enabled": False}),
        ({"AML_MODEL_DC_STORAGE_ENABLED": "true", "AIOCOLLECT_ENABLED": "0"}, {"enabled": False}),
        ({"AML_MODEL_DC_BOUNDARY": "hour"}, {"layout": "hour"}),
        ({"AML_MODEL_DC_BOUNDARY": "day"}, {"layout": "day"}),
        ({"AML_MODEL_DC_FLUSH_INTERVAL_SECONDS": "5"}, {"linger": 5.0}),
    ],
)
def test_old_variables_are_honoured(environ: dict[str, str], wanted: dict[str, Any]) -> None:
    """They mean here what they meant there; ours win."""
    if "AML_MODEL_DC_STORAGE" not in environ:
        environ = {"AIOCOLLECT_STORE": "/d", **environ}
        wanted = {"store": "/d", **wanted}
    assert options_from_env(environ) == wanted


def test_what_has_no_meaning_here_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    """By its name alone."""
    environ = {"AIOCOLLECT_STORE": "/d", "AML_MODEL_DC_EVENT_HUB": "Endpoint=sb://x;Key=c2VjcmV0"}
    with caplog.at_level(logging.WARNING, "aiocollect"):
        options_from_env(environ)
        options_from_env(environ)
    (record,) = caplog.records
    assert record.getMessage() == "ignoring the unknown environment variable AML_MODEL_DC_EVENT_HUB"


def test_a_pipeline_from_the_environment(tmp_path: Path) -> None:
    """All options fit the pipeline."""
    pipeline = Pipeline.from_env({
        "AIOCOLLECT_STORE": str(tmp_path),
        "AIOCOLLECT_LAYOUT": "{model}/{yyyy}{MM}{dd}/data.{extension}",
        "AIOCOLLECT_FORMAT": "jsonl",
        "AIOCOLLECT_COLUMNS": "aml",
        "AIOCOLLECT_WRITER": "own",
        "AIOCOLLECT_HOST": "thread",
        "AIOCOLLECT_DELIVERY_TIMEOUT": "60",
        "AIOCOLLECT_SETTINGS_FILE": str(tmp_path / "settings.json"),
        "AIOCOLLECT_DEAD_LETTERS": str(tmp_path / "dead.jsonl"),
        "AIOCOLLECT_PRESSURE_SAMPLE_RATE": "0.1",
    })  # fmt: skip
    assert pipeline.collector("m").collect([1.0]) is not None
    assert pipeline.close().complete
    assert [path.suffix for path in (tmp_path / "m").rglob("*.jsonl")] == [".jsonl"]


# Variables that others make -------------------------------------------------------------------


def links_of(service: str, *ports: str) -> dict[str, str]:
    """What Kubernetes puts into each container of a namespace for a service
    (kubernetes.io/docs/concepts/services-networking/service, "Environment variables")."""
    name = service.upper().replace("-", "_")
    made = {f"{name}_SERVICE_HOST": "10.0.0.11", f"{name}_SERVICE_PORT": "80"}
    made |= {f"{name}_SERVICE_PORT_{port}": "80" for port in ports}
    made[f"{name}_PORT"] = "tcp://10.0.0.11:80"
    for protocol in ("tcp", "udp", "sctp"):
        link = f"{name}_PORT_80_{protocol.upper()}"
        made[link] = f"{protocol}://10.0.0.11:80"
        made |= {f"{link}_PROTO": protocol, f"{link}_PORT": "80", f"{link}_ADDR": "10.0.0.11"}
    return made


@pytest.mark.parametrize(
    "service",
    ["aiocollect", "aiocollect-gateway", "aiocollect-store", "aiocollect-linger", "aiocollect-host",
     "aiocollect-service", "aiocollect-gateway-token", "aiocollect-staging-v2"],
)  # fmt: skip
def test_links_of_kubernetes_are_passed_over(
    service: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the service and its ports are called: nothing is refused, taken, or said."""
    links = links_of(service, "HTTP", "METRICS", "STORE")
    environ = {"AIOCOLLECT_STORE": "/d", **links}
    assert options_from_env(environ) == {"store": "/d"}
    Gateway(options=GatewayOptions(port=0), environ=environ)
    assert load_token(None, environ) is None
    assert caplog.text == ""


def test_a_shared_env_file(caplog: pytest.LogCaptureFixture) -> None:
    """The gateway's own variables are the gateway's."""
    environ = {"AIOCOLLECT_STORE": "/d", "AIOCOLLECT_GATEWAY_TOKEN": "a-token-of-some-length"}
    assert options_from_env(environ) == {"store": "/d"}
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("AIOCOLLECT_LINGRE", "LINGER"),
        ("AIOCOLLECT_LINGERR", "LINGER"),
        ("AIOCOLLECT_LINER", "LINGER"),
        ("AIOCOLLECT_STOR", "STORE"),
        ("AIOCOLLECT_STORES", "STORE"),
        ("AIOCOLECT_STORE", "STORE"),
        ("AIO_COLLECT_STORE", "STORE"),
        ("AIOCOLLECTSTORE", "STORE"),
        ("aiocollect_store", "STORE"),
        ("Aiocollect_Linger", "LINGER"),
        ("AIOCOLLECT_MAX_MEMORY", "MAX_MEMORY_BYTES"),
        ("AIOCOLLECT_RATE_SAMPLE", "SAMPLE_RATE"),
        ("AIOCOLLECT_SETTINGS", "SETTINGS_FILE"),
        ("AIOCOLLECT_SERVICES", "SERVICE"),
        ("AIOCOLLECT_SPOOOL", "SPOOL"),
    ],
)
def test_a_misspelled_variable_is_refused(name: str, meant: str) -> None:
    """It is not ignored: the message names it, and the one that was meant; not its value."""
    for environ in ({name: "s3cret"}, {"AIOCOLLECT_STORE": "/d", name: "s3cret"}):
        with pytest.raises(ConfigError) as caught:
            options_from_env(environ)
        assert (
            str(caught.value)
            == f"unknown environment variable {name}; did you mean AIOCOLLECT_{meant}?"
        )


@pytest.mark.parametrize("name", ["TOKN", "TOKENS", "TOCKEN", "token"])
def test_a_misspelled_variable_of_the_gateway(name: str) -> None:
    """The gateway refuses it: without its token it might let in whoever comes."""
    environ = {"AIOCOLLECT_STORE": "/d", f"AIOCOLLECT_GATEWAY_{name}": "a-token-of-some-length"}
    with pytest.raises(ConfigError, match="did you mean AIOCOLLECT_GATEWAY_TOKEN"):
        load_token(None, environ)


def test_a_variable_that_is_like_none(caplog: pytest.LogCaptureFixture) -> None:
    """Ours by its beginning, and unknown: said once, by its name alone."""
    environ = {"AIOCOLLECT_STORE": "/d", "AIOCOLLECT_TEAM_COLOR": "blue"}
    for _ in range(2):
        assert options_from_env(environ) == {"store": "/d"}
    (record,) = caplog.records
    assert record.getMessage() == "ignoring the unknown environment variable AIOCOLLECT_TEAM_COLOR"


def distance(a: str, b: str) -> int:
    """Optimal string alignment, by its definition."""
    rows = [[i + j if not i * j else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            rows[i][j] = min(
                rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] != b[j - 1])
            )
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


@given(st.text("ab", max_size=6), st.text("ab", max_size=6))
def test_one_edit(a: str, b: str) -> None:
    """Held against the textbook."""
    assert one_edit_apart(a, b) == (distance(a, b) <= 1)
