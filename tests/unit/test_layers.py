"""The layers: who may import whom, held over the syntax tree. ARCHITECTURE.md says why."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import aiocollect

PACKAGE = Path(aiocollect.__file__).parent
LEVEL_0 = {
    "errors", "typing", "context", "records", "options", "disk", "redaction", "remedies",
    "remedies_families", "remedies_own", "remedies_service", "addresses", "columns", "slips",
    "variables",
}  # fmt: skip
PURE = {"_core", "encoders", "layouts"}
FORBIDDEN_BELOW = {
    "asyncio", "time", "random", "os", "logging", "threading", "socket", "secrets", "uuid",
    "selectors", "concurrent", "subprocess",
}  # fmt: skip
# The lock of a window.
ALLOWED = {("_core/window.py", "threading")}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The first part below the package: a module of its own, or a folder."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """("ours", room) or ("other", top module) of every import in the file, at any depth."""
    package = ["aiocollect", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            full = [*base, *(node.module or "").split(".")] if node.module else base
            names = [[*full, alias.name] for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        else:
            continue
        for name in names:
            if name[0] == "aiocollect":
                yield "ours", name[1] if len(name) > 1 else "__init__"
            else:
                yield "other", name[0]


ALLOWED_ROOMS = {
    **dict.fromkeys(LEVEL_0, LEVEL_0),
    **{name: {name} | LEVEL_0 for name in PURE},
    "stores": {"stores", "files"} | LEVEL_0,
    "stats": LEVEL_0,
    "hooks": LEVEL_0,
    "files": LEVEL_0,
    "control": {"files"} | LEVEL_0,
    "_engine": {"_engine", "_core", "control", "files", "hooks", "stats"} | LEVEL_0,
    "environment": LEVEL_0,
    "forms": {"_engine", "encoders", "layouts"} | LEVEL_0,
    "assembly": {"_engine", "stores", "hooks"} | LEVEL_0,
    "collectors": {"_engine", "default"} | LEVEL_0,
    "pipeline": {"_engine", "assembly", "collectors", "environment", "forms", "stats"} | LEVEL_0,
    "metrics": {"pipeline", "stats"} | LEVEL_0,
    "default": {"pipeline", "stores"} | LEVEL_0,
    "testing": {"stores"} | LEVEL_0,
    "__init__": {"collectors", "default", "pipeline", "stats", "stores"} | LEVEL_0,
    # The edges live on public names: the standing proof that the public names suffice.
    "demo": {"demo", "addresses", "__init__", "errors", "typing", "records", "testing"},
    "cli": {"cli", "demo", "gateway", "__init__", "control", "errors", "records"},
    "gateway": {
        *("gateway", "__init__", "encoders", "files", "layouts", "metrics", "typing", "variables"),
    },
    "compat": {"compat", "__init__", "default", "encoders", "errors", "files", "layouts", "typing"},
    "integrations": {"integrations", "__init__", "default", "metrics", "records", "testing"},
}
EDGES = ("demo", "cli", "compat", "gateway", "integrations")
# A framework of others is imported by the module that is called after it, or in a function.
FRAMEWORKS = {
    "aiohttp": {"aiohttp"},
    "opentelemetry": {"opentelemetry"},
    "prometheus": {"prometheus_client"},
    "pytest_plugin": {"pytest"},
}
PUBLIC = set(aiocollect.__all__)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_stay_within_their_level(path: Path) -> None:
    """A room imports what stands below it, and never a room beside it."""
    here = room(path)
    allowed = ALLOWED_ROOMS[here]
    for kind, name in imports(path):
        if kind == "ours":
            edge = here in EDGES
            assert name in allowed or (edge and name in PUBLIC), f"{path.name} imports {name}"


@pytest.mark.parametrize(
    "path",
    [path for path in modules() if room(path) in PURE | LEVEL_0],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_the_core_is_pure(path: Path) -> None:
    """Below the engine nobody knows a loop, a clock, chance, the system or a log."""
    relative = str(path.relative_to(PACKAGE))
    for kind, name in imports(path):
        if kind == "other" and (relative, name) not in ALLOWED:
            assert name not in FORBIDDEN_BELOW, f"{relative} imports {name}"
            assert name not in {"aiohttp", "azure", "numpy", "pandas"}, relative


def test_the_adapters_stand_alone() -> None:
    """A store never imports another store's module."""
    for path in (PACKAGE / "stores").glob("*.py"):
        family = path.stem.split("_")[0]
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
                assert node.module.split("_")[0] == family, f"{path.name}: {node.module}"


def test_an_integration_imports_its_own_framework_alone() -> None:
    """Whoever uses one needs no other; and where it can do without its own, it does."""
    for path in (PACKAGE / "integrations").glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            else:
                continue
            tops = {name.split(".")[0] for name in names}
            foreign = tops - sys.stdlib_module_names
            assert foreign <= FRAMEWORKS.get(path.stem, set()), f"{path.name}: {foreign}"


def test_only_the_clock_asks_for_the_time() -> None:
    """Nobody else in the engine knows the time module."""
    asking = {
        path.name
        for path in (PACKAGE / "_engine").glob("*.py")
        if ("other", "time") in set(imports(path))
    }
    assert asking == {"clock.py"}


def test_files_fit_on_a_few_screens() -> None:
    """A file that grows past 400 lines is two rooms."""
    for path in modules():
        assert len(path.read_text().splitlines()) <= 400, path


def test_heavy_packages_are_not_imported() -> None:
    """Importing the package loads neither the SDK nor any data library."""
    code = "import sys, aiocollect; print([m for m in sys.modules if m.split('.')[0] in "
    code += "('azure', 'numpy', 'pandas', 'aiohttp', 'uvloop')])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_public_names() -> None:
    """What is exported exists, once, and is few."""
    assert len(aiocollect.__all__) == len(set(aiocollect.__all__)) <= 25
    for name in aiocollect.__all__:
        assert hasattr(aiocollect, name)
