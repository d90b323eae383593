"""What runs elsewhere: the workflows, forms and tools of a release, as far as it can be seen here.

None of it was run: their forms are judged by the schemas that check-jsonschema carries, and what
they name must exist.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tools.release import notes, obstacles

pytest.importorskip("check_jsonschema")

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
SCHEMAS = {
    "github-workflows": WORKFLOWS,
    "github-issue-forms": [
        file
        for file in sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
        if file.name != "config.yml"
    ],
    "github-issue-config": [ROOT / ".github/ISSUE_TEMPLATE/config.yml"],
    "dependabot": [ROOT / ".github/dependabot.yml"],
    "citation-file-format": [ROOT / "CITATION.cff"],
}


def judged(schema: str, *files: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    return subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)


def loaded(file: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML

    content: dict[str, Any] = YAML(typ="safe").load(file)
    return content


@pytest.mark.parametrize("schema", SCHEMAS)
def test_forms(schema: str) -> None:
    assert SCHEMAS[schema]
    result = judged(schema, *SCHEMAS[schema])
    assert result.returncode == 0, result.stdout


def test_a_wrong_form_is_seen(tmp_path: Path) -> None:
    """The control: a job that runs nowhere."""
    wrong = tmp_path / "wrong.yml"
    wrong.write_text("on: push\njobs:\n  a:\n    steps:\n      - run: make test\n")
    assert judged("github-workflows", wrong).returncode == 1


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: str(file.name))
def test_what_a_workflow_names(file: Path) -> None:
    """Actions are pinned by commit, verbs and files exist, and rights are given one by one."""
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# NOT RUN")
    for action in re.findall(r"uses: (\S+.*)", text):
        if action.startswith("./"):
            assert (ROOT / action).exists()
        else:
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", action), action
    verbs = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"- run: make ([a-z-]+)", text)) <= set(verbs)
    for script in re.findall(r"- run: (?:python|bash) (\S+)", text):
        assert (ROOT / script).exists(), script
    assert loaded(file)["permissions"] == {"contents": "read"}
    assert all("timeout-minutes" in job or "uses" in job for job in loaded(file)["jobs"].values())


def test_the_matrix_is_what_is_promised() -> None:
    """Each Python that the package names is tested and has wheels."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    named = re.findall(r":: (3\.\d+)", "\n".join(project["project"]["classifiers"]))
    jobs = loaded(ROOT / ".github/workflows/test.yml")["jobs"]
    assert jobs["gate"]["strategy"]["matrix"]["python"] == named
    wheels = [f"cp{version.replace('.', '')}-*" for version in named]
    assert project["tool"]["cibuildwheel"]["build"] == wheels


CHANGELOG = "# Changelog\n\n## 0.2.0 - 2026-12-01\n\n- New.\n\n## 0.1.0 - 2026-05-01\n\n- Old.\n"


def test_a_release_agrees_with_its_tag() -> None:
    assert obstacles("v0.2.0", version='__version__ = "0.2.0"', changelog=CHANGELOG) == []
    assert notes(CHANGELOG, "0.2.0") == "- New."
    assert notes(CHANGELOG, "0.1.0") == "- Old."


@pytest.mark.parametrize(
    ("tag", "version", "changelog", "told"),
    [
        ("0.2.0", "0.2.0", CHANGELOG, "the tag is 0.2.0"),
        ("v0.2.0", "0.2.0.dev0", CHANGELOG, "_version.py does not say 0.2.0"),
        ("v0.1.0", "0.1.0", CHANGELOG, "first section"),
        ("v0.2.0", "0.2.0", CHANGELOG.replace("2026-12-01", "unreleased"), "no date"),
    ],
)
def test_a_release_that_does_not_agree(tag: str, version: str, changelog: str, told: str) -> None:
    (obstacle,) = obstacles(tag, version=f'__version__ = "{version}"', changelog=changelog)
    assert told in obstacle


def test_no_notes_for_an_unknown_version() -> None:
    with pytest.raises(SystemExit, match=r"no section of 0\.3\.0"):
        notes(CHANGELOG, "0.3.0")
