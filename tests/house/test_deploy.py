"""deploy/: what must fit together does, what it names is there, and what was not run says so."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from aiocollect import Pipeline
from aiocollect._config.env import options_from_env
from tests.house.pages import ROOT, read

DEPLOY = ROOT / "deploy"
FOLDERS = sorted(path.parent for path in DEPLOY.rglob("kustomization.yaml"))
DOCKERFILE = read("deploy/Dockerfile")


@cache
def manifests(folder: str) -> dict[str, dict[str, Any]]:
    """By kind, what a folder of deploy/kubernetes has."""
    found = {}
    for path in (DEPLOY / "kubernetes" / folder).glob("*.yaml"):
        for one in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            found[one["kind"]] = one
    return found


def pod(folder: str) -> dict[str, Any]:
    spec: dict[str, Any] = manifests(folder)["Deployment"]["spec"]["template"]["spec"]
    return spec


def container(folder: str, name: str) -> dict[str, Any]:
    spec = pod(folder)
    (found,) = [one for one in spec["containers"] + spec["initContainers"] if one["name"] == name]
    assert isinstance(found, dict)
    return found


def variables(folder: str) -> dict[str, str]:
    """Those of its config maps and secrets."""
    kustomization = manifests(folder)["Kustomization"]
    generated = [kustomization.get(f"{kind}Generator", ()) for kind in ("configMap", "secret")]
    pairs = [line for maps in generated for one in maps for line in one["literals"]]
    return dict(pair.split("=", 1) for pair in pairs)


def number(pattern: str, text: str) -> int:
    (found,) = re.findall(pattern, text)
    return int(found)


def test_a_pod_has_time_to_store_its_rows() -> None:
    """Before it is killed: until no request comes any more, for those under way, and for the close;
    and some seconds are left."""
    server = container("scoring", "server")
    *_, pause = server["lifecycle"]["preStop"]["exec"]["command"]
    requests = number(r'"--timeout-graceful-shutdown", "(\d+)"', DOCKERFILE)
    close = int(variables("scoring")["AIOCOLLECT_CLOSE_TIMEOUT"])
    assert close == options_from_env(variables("scoring"))["close_timeout"]
    assert int(pause) + requests + close < pod("scoring")["terminationGracePeriodSeconds"]
    # A sidecar ends after the server, for which half of the time is left.
    close = int(variables("gateway")["AIOCOLLECT_CLOSE_TIMEOUT"])
    assert 2 * close < pod("gateway")["terminationGracePeriodSeconds"]


def test_no_probe_asks_for_the_store() -> None:
    """A server is neither restarted nor taken out of service because its rows wait. /livez and
    /readyz of the example answer without the pipeline; /healthz of the gateway does, too."""
    server = container("scoring", "server")
    paths = {
        kind: server[f"{kind}Probe"]["httpGet"]["path"]
        for kind in ("startup", "liveness", "readiness")
    }
    assert paths == {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}
    example = read("examples/deployed_server.py")
    assert set(paths.values()) <= set(re.findall(r'^@app.get\("(.+)"\)$', example, re.MULTILINE))
    for node in ast.walk(ast.parse(example)):
        if isinstance(node, ast.AsyncFunctionDef) and node.name in ("livez", "readyz"):
            assert "pipeline" not in {
                name.id for name in ast.walk(node) if isinstance(name, ast.Name)
            }
    gateway = container("gateway", "gateway")
    assert "readinessProbe" not in gateway
    for kind in ("startup", "liveness"):
        command = gateway[f"{kind}Probe"]["exec"]["command"][-1]
        assert ":8700/healthz" in command
        assert "readyz" not in command


def test_the_page_sees_what_the_server_writes() -> None:
    """They share the directory, which the same variable names, and run as the same user; the page
    is a sidecar, on loopback."""
    directory = variables("scoring")["AIOCOLLECT_STATUS"]
    server, page = container("scoring", "server"), container("scoring", "page")
    assert server["envFrom"] == page["envFrom"]
    for one in (server, page):
        (mount,) = [found for found in one["volumeMounts"] if found["mountPath"] == directory]
        assert (mount["name"], one["image"]) == ("status", "scoring")
        assert "runAsUser" not in one["securityContext"]  # the pod's
    assert page["restartPolicy"] == "Always"
    assert page["command"] == ["aiocollect", "ui", "--no-browser"]
    volumes = {volume["name"]: volume for volume in pod("scoring")["volumes"]}
    assert volumes["status"]["emptyDir"]["medium"] == "Memory"


def test_the_budget_fits_in_the_memory() -> None:
    """Of the scoring server and of the gateway, with as much again for the program itself."""
    for folder, name in (("scoring", "server"), ("gateway", "gateway")):
        limit = container(folder, name)["resources"]["limits"]["memory"]
        options = options_from_env(variables(folder))
        budget = options.get("max_memory_bytes", 64 * 2**20)
        assert 2 * budget < number(r"^(\d+)Mi$", limit) * 2**20


def test_the_least_rights() -> None:
    """No container is root, gains rights, or writes anywhere but in its volumes."""
    for folder, names in (("scoring", ("server", "page")), ("gateway", ("gateway",))):
        assert pod(folder)["securityContext"]["runAsNonRoot"] is True
        user = pod(folder)["securityContext"]["runAsUser"]
        assert f"--uid {user} " in DOCKERFILE
        for name in names:
            context = container(folder, name)["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}
    assert "page" in str(
        manifests("scoring")["Deployment"]["spec"]["template"]["metadata"]["annotations"]
    )


@pytest.mark.parametrize("folder", ["scoring", "gateway", "kserve"])
def test_a_pipeline_takes_the_variables(folder: str, tmp_path: Path) -> None:
    """Only the store's value is made up: it is a secret there."""
    environ = {**variables(folder), "AIOCOLLECT_STORE": str(tmp_path)}
    assert len(options_from_env(environ)) == len(environ)
    # Names without a value of their own: those of the image.
    image = dict(re.findall(r"\b(AIOCOLLECT_(?!NATIVE)[A-Z_]+)=([\w/]+)", DOCKERFILE))
    assert image
    Pipeline.from_env({**image, **environ, "AIOCOLLECT_CREDENTIAL": "default"}, credential=None)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_kubectl_renders_it(folder: Path) -> None:
    """Each resource, with the generated names put in, offline."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("needs kubectl")
    done = subprocess.run(
        [kubectl, "kustomize", str(folder)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    found = list(yaml.safe_load_all(done.stdout))
    names = {(one["kind"], one["metadata"]["name"]) for one in found}
    assert len(names) == len(found) > 1
    for kind, key in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
        for name in re.findall(rf"{key}:\n +name: (\S+)", done.stdout):
            assert (kind, name) in names


def test_files_that_are_named() -> None:
    """They are there: in the Dockerfile, in comments, and in pages on deploying."""
    pages = ["docs/how-to/servers.md", "docs/reference/metrics.md", "docs/how-to/kubernetes.md"]
    for name in ("deploy/Dockerfile", *pages):
        named = set(re.findall(r"\b(?:docs|deploy|examples|tests)/[\w/.-]*\w", read(name)))
        assert named
        assert not [path for path in named if not (ROOT / path).exists()], name
    for copied in re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.MULTILINE):
        assert not [path for path in copied.split() if not (ROOT / path).exists()]
    for path in DEPLOY.rglob("*.yaml"):
        for named in re.findall(r"\b(?:docs|deploy)/[\w/.-]*\w", path.read_text(encoding="utf-8")):
            assert (ROOT / named).exists(), path


def test_what_is_not_run_says_so() -> None:
    """In its first line; and on the page."""
    for path in [DEPLOY / "Dockerfile", *[folder / "kustomization.yaml" for folder in FOLDERS]]:
        assert path.read_text(encoding="utf-8").startswith("# NOT RUN"), path
    page = " ".join(read("docs/how-to/kubernetes.md").split())
    assert "**None of it was run in a cluster.**" in page


def test_the_role_is_the_least() -> None:
    """It reads and adds blobs, and can do nothing else with data, and nothing with the account."""
    role = json.loads(read("deploy/role.json"))
    blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
    assert sorted(role["DataActions"]) == [f"{blobs}/add/action", f"{blobs}/read"]
    assert role["Actions"] == []
