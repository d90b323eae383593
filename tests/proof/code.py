"""Which code a proof is of: a digest of what decides rows, and of the suite that judges them.

Words do not count: of Python it is the syntax tree, without comments and docstrings. So a page, a
docstring or another room's change leaves the shards that were run as they are; and a change that
could decide what becomes of a row leaves none of them.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["EDGES", "ROOT", "WAY_BACK", "closure", "digest", "package"]

ROOT: Final = Path(__file__).resolve().parents[2]
# What names, checks, shows or asks: a row is decided without it.
EDGES: Final = frozenset(
    {
        *("_config", "_validation", "cli", "compat", "demo", "doctor", "gateway", "integrations"),
        *("page", "remedies"),
        *("__init__.py", "_public.py", "_version.py", "default.py", "metrics.py"),
    }
)
WAY_BACK: Final = frozenset({"reading", "compaction"})
_SOURCES: Final = {".py", ".cpp", ".hpp"}


def package(*, without: Iterable[str] = (), root: Path = ROOT) -> list[Path]:
    """The sources of the package, but for some of its rooms and files."""
    left_out = set(without)
    folder = root / "aiocollect"
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in _SOURCES and path.relative_to(folder).parts[0] not in left_out
    )


def closure(modules: Iterable[str], *, root: Path = ROOT) -> list[Path]:
    """The files of these modules, and of all that they import below tests/ and testkit/. Of tests
    that pytest runs, named by their path, also the conftest.py of their folders."""
    found: set[Path] = set()
    waiting = [path for name in modules for path in _files(name, root)]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported(path, root)
    return sorted(found)


def digest(paths: Iterable[Path], *, root: Path = ROOT, more: str = "") -> str:
    """Twelve digits that change with what these files do."""
    whole = hashlib.sha256(more.encode())
    for path in sorted(paths):
        whole.update(f"{path.relative_to(root)}\0{_meaning(path)}\0".encode())
    return whole.hexdigest()[:12]


@cache
def _meaning(path: Path) -> str:
    """A file's text, of Python without what only people read."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return text
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def _files(name: str, root: Path) -> Iterator[Path]:
    """Of a module by its name, or of a path of tests: "a.b", "a/b.py", "a/b"."""
    path = root / (name if "/" in name else name.replace(".", "/"))
    if path.is_dir() and "/" in name:
        yield from path.rglob("*.py")
    files = (path / "__init__.py", path.with_suffix(".py"))
    yield from (file for file in files if file.exists())
    if "/" in name:
        folders = [root / folder for folder in path.relative_to(root).parents]
        yield from (one for folder in folders if (one := folder / "conftest.py").exists())


@cache
def _imported(path: Path, root: Path) -> list[Path]:
    """What a file imports of ours, also inside of its functions."""
    here = path.relative_to(root).with_suffix("").parts
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(here[: len(here) - node.level]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            names += [module, *(f"{module}.{alias.name}" for alias in node.names)]
    ours = [name for name in names if name.partition(".")[0] in ("tests", "testkit", "tools")]
    return [file for name in ours for file in _files(name, root)]
