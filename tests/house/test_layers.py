"""The layers: who may import whom, held over the syntax tree. ARCHITECTURE.md says why."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

import aiocollect

PACKAGE = Path(aiocollect.__file__).parent
LEVEL_0 = {
    "errors", "typing", "context", "events", "options", "redaction", "remedies", "stats",
    "_native", "_public", "_version", "_validation", "_spool.disk",
}  # fmt: skip
PURE = {"_core", "_values", "encoders", "layouts"}
# The rooms of reading, each with those below it that it may import; what stands in reading/ itself
# (what users call) imports all of them.
READING = {
    "asked": set(),
    "cells": {"asked"},
    "parts": set(),
    "fetch": {"parts"},
    "compacted": {"asked", "cells", "parts", "fetch"},
    "log": {"asked", "parts", "fetch"},
    "planning": {"asked", "parts", "fetch", "compacted"},
    "rows": {"asked", "cells", "parts", "fetch", "compacted"},
    "join": {"asked", "parts", "fetch", "rows"},
    "profiles": {"asked", "join"},
    "following": {"asked", "cells", "parts", "fetch", "compacted", "log", "planning", "join"},
    "proving": {"asked", "parts", "fetch", "compacted", "log", "planning", "rows"},
}  # fmt: skip
# What is decided while reading; what is done, by the rest of it.
PURE_READING = {
    *("asked/*", "cells/*", "parts/*", "profiles/*", "compacted/footer", "fetch/positioned"),
    *("following/course", "following/followed", "following/position", "join/matching"),
    *("join/times", "log/lives", "proving/evidence", "proving/judging", "proving/row_ids"),
    *("proving/tiling", "proving/verdict", "proving/vouching", "rows/absent"),
}
FORBIDDEN_BELOW = {
    "asyncio", "time", "random", "os", "logging", "threading", "socket", "secrets", "uuid",
    "selectors", "concurrent", "subprocess",
}  # fmt: skip
# The lock of calls; UUID is a type of cells, PathLike one of options; a variable chooses the
# native core when it is imported.
ALLOWED = {
    *(("_core/lock.py", "threading"), ("_values/cells.py", "uuid"), ("options.py", "os")),
    ("_native/__init__.py", "os"),
}


@cache
def parsed(path: Path) -> ast.Module:
    """Its syntax tree; each is looked at by several tests."""
    return ast.parse(path.read_text(encoding="utf-8"))


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The first part below the package: a module of its own, or a folder."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def in_reading(path: Path) -> str:
    """Its place in reading/, as in cells/cut; elsewhere, nothing."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return "/".join(parts[1:]) if parts[0] == "reading" else ""


def decides(path: Path) -> bool:
    return any(fnmatch(in_reading(path), pattern) for pattern in PURE_READING)


def called(parts: list[str]) -> str:
    """The room of an imported name: the disk's port alone is not of the level of its folder."""
    if parts[:2] == ["_spool", "disk"]:
        return "_spool.disk"
    return parts[0] if parts else "__init__"


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """("ours", room) or ("other", top module) of every import in the file, at any depth."""
    package = ["aiocollect", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(parsed(path)):
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
                yield "ours", called(name[1:])
            else:
                yield "other", name[0]


DELIVERY = {"_spool", "_core", "_values", "_files", "_threads", "_hooks"} | LEVEL_0
ENGINE = {"_delivery", "settings_file"} | DELIVERY
ALLOWED_ROOMS = {
    **{name: {name} | LEVEL_0 for name in LEVEL_0 - {"_spool.disk"}},
    **{name: {name} | LEVEL_0 for name in PURE},
    "_files": {"_files"} | LEVEL_0,
    "_threads": {"_threads"} | LEVEL_0,
    "stores": {"stores", "_files", "_threads"} | LEVEL_0,
    "_disks": {"_disks", "_files", "_threads"} | LEVEL_0,
    "_hooks": {"_hooks"} | LEVEL_0,
    "settings_file": {"_files", "_core"} | LEVEL_0,
    "_spool": {"_spool", "_core"} | LEVEL_0,
    "_delivery": {"_delivery"} | DELIVERY,
    "_engine": {"_engine"} | ENGINE,
    "_config": {"_config", "stores", "_disks", "encoders", "layouts", "_engine", "collectors"}
    | ENGINE,
    "collectors": {"_engine"} | ENGINE,
    "pipeline": {"_engine", "_config", "collectors"} | ENGINE,
    "metrics": {"pipeline"} | LEVEL_0,
    "default": {"collectors", "pipeline"} | LEVEL_0,
    "testing": {"_config", "stores", "_disks"} | LEVEL_0,
    # The way back: it opens stores as a pipeline does, and turns layouts round.
    "reading": {"reading", "_config", "_core", "_threads", "layouts"} | LEVEL_0,
    "compaction": {"compaction", "reading", "_core", "_threads"} | LEVEL_0,
    "__init__": {"collectors", "compaction", "default", "pipeline", "reading", "stores"} | LEVEL_0,
    # The edges live on public names: the standing proof that the public names suffice.
    "demo": {"demo", "__init__", "errors", "typing", "events", "stats", "testing", "_validation"}
    | {"_threads", "page"},
    # It starts the others, and what it writes for newcomers uses the integrations.
    "cli": {"cli", "demo", "doctor", "gateway", "__init__", "settings_file", "errors", "events"}
    | {
        "_threads",
        "compaction",
        "encoders",
        "integrations",
        "page",
        "reading",
        "remedies",
        "stats",
        "typing",
    },
    "doctor": {"doctor", "__init__", "errors", "events", "_validation", "_threads", "layouts"}
    | {"options", "reading", "remedies", "settings_file", "stats", "stores", "testing"},
    "gateway": {"gateway", "__init__", "encoders", "_files", "layouts", "metrics", "typing"}
    | {"_validation", "page"},
    "page": {
        "page",
        "__init__",
        "errors",
        "_files",
        "reading",
        "remedies",
        "settings_file",
        "stats",
        "typing",
    },
    "compat": {"compat", "__init__", "default", "encoders", "errors", "_files", "layouts"}
    | {"typing", "_validation"},
    "integrations": {"integrations", "__init__", "default", "metrics", "events", "testing"},
}
EDGES = ("demo", "cli", "compat", "doctor", "gateway", "integrations", "page")
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
            # A package may say that its names are its own.
            known = path.name == "__init__.py" and name == "_public"
            assert known or name in allowed or (edge and name in PUBLIC), f"{path.name}: {name}"


@pytest.mark.parametrize(
    "path",
    [path for path in modules() if room(path) in PURE | LEVEL_0 or decides(path)],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_the_core_is_pure(path: Path) -> None:
    """Below the engine nobody knows a loop, a clock, chance, the system or a log."""
    relative = str(path.relative_to(PACKAGE))
    for kind, name in imports(path):
        if kind == "other" and (relative, name) not in ALLOWED:
            assert name not in FORBIDDEN_BELOW, f"{relative} imports {name}"
            assert name not in {"aiohttp", "azure", "numpy", "pandas"}, relative


def test_what_is_decided_while_reading_knows_no_store() -> None:
    """The pure modules of reading import level 0 and one another."""
    pure = {module_of(path) for path in modules() if decides(path)}
    for path in filter(decides, modules()):
        rooms = {name for kind, name in imports(path) if kind == "ours"}
        assert rooms <= {"reading"} | LEVEL_0, path.name
        ours = {name for name in imported(path, pure) if name.startswith("aiocollect.reading.")}
        assert ours <= pure, f"{path.name}: {ours - pure}"
    for pattern in PURE_READING:
        assert any(fnmatch(in_reading(path), pattern) for path in modules()), pattern


def test_the_rooms_of_reading_stand_one_above_the_other() -> None:
    """A room imports those that are named below it; the folder itself is the top."""
    for path in (PACKAGE / "reading").rglob("*.py"):
        here = in_reading(path).split("/")[0]
        if here not in READING:
            assert path.parent.name == "reading", f"{here} is no room of reading"
            continue
        for name in imported(path, set()):
            parts = name.split(".")
            if parts[:2] == ["aiocollect", "reading"]:
                assert parts[2] in READING[here] | {here}, f"{path}: {name}"


def test_the_adapters_stand_alone() -> None:
    """A store never imports another store's module."""
    for path in (PACKAGE / "stores").rglob("*.py"):
        family = path.relative_to(PACKAGE / "stores").parts[0]
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ImportFrom):
                assert node.level != 2 or path.parent.name == "stores", f"{path} imports {family}"


def test_an_integration_imports_its_own_framework_alone() -> None:
    """Whoever uses one needs no other; and where it can do without its own, it does."""
    for path in (PACKAGE / "integrations").glob("*.py"):
        for node in parsed(path).body:
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


@pytest.mark.slow
def test_heavy_packages_are_not_imported() -> None:
    """Importing the package loads neither the SDK nor any data library."""
    code = "import sys, aiocollect; print([m for m in sys.modules if m.split('.')[0] in "
    code += "('azure', 'numpy', 'pandas', 'pyarrow', 'aiohttp', 'uvloop')])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_public_names() -> None:
    """What is exported exists, once, and is few."""
    assert len(aiocollect.__all__) == len(set(aiocollect.__all__)) <= 32
    for name in aiocollect.__all__:
        assert hasattr(aiocollect, name)


def test_one_module_chooses_the_native_core() -> None:
    """Nothing native is called by its own name outside of `_native/`: `stands_in` gives it."""
    for path in modules():
        if path.parent.name == "_native":
            continue
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("_native"):
                names = {alias.name for alias in node.names}
                assert not names & {"core", "fields"}, path
                assert node.module == "_native", path


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(
        ".__init__"
    )


def imported(path: Path, known: set[str]) -> Iterator[str]:
    """The modules of ours that the file imports, at any depth, for types too."""
    package = path.relative_to(PACKAGE.parent).parts[:-1]
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            full = ".".join([*base, *filter(None, [node.module])])
            for alias in node.names:
                name = f"{full}.{alias.name}"
                yield name if name in known else full


def test_no_module_imports_itself_by_way_of_others() -> None:
    """No circle of imports, not even one that only the type checker walks."""
    files = {module_of(path): path for path in modules()}
    edges = {name: set(imported(path, set(files))) - {name} for name, path in files.items()}
    reach = {name: set(found) for name, found in edges.items()}
    changed = True
    while changed:
        changed = False
        for found in reach.values():
            more = set().union(*(reach.get(name, set()) for name in found)) - found
            changed = changed or bool(more)
            found |= more
    circles = {
        tuple(
            sorted(
                other.removeprefix("aiocollect.") for other in found if name in reach.get(other, ())
            )
        )
        for name, found in ((name, reach[name]) for name in files if name in reach[name])
    }
    assert circles == set()


# The drop-ins bear the names of what they replace.
DROP_INS = {"ModelDataCollector", "Collector"}


def test_a_class_name_stands_once() -> None:
    """One word, one meaning: whoever reads a name knows which class is meant."""
    seen: dict[str, Path] = {}
    for path in modules():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef):
                if node.name in DROP_INS and room(path) == "compat":
                    continue
                assert node.name not in seen, f"{node.name}: {path}, {seen[node.name]}"
                seen[node.name] = path
