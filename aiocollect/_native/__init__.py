"""The native core: what the scoring path runs on where it was built, and plain Python where not.

The one module that chooses: others have what runs from ``stands_in``, under the name that it has in
Python. ``reason`` says in a few words why the core does not run.
``AIOCOLLECT_NATIVE=0`` leaves it alone, ``=1`` makes its absence an ImportError. An extension that
was built from other sources is never used. The bases have the few fields that the core reads as
plain C: whoever has one of them must not declare these fields again.
"""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from .._version import __version__
from .digest import digest

__all__ = [
    "GateBase",
    "ScoringBase",
    "ShapeBase",
    "StreamBase",
    "core",
    "reason",
    "runs",
    "stands_in",
]

_T = TypeVar("_T")


class _RefusedError(Exception):
    """Why a core that is there is not used."""


def _imported() -> Any:
    """The extension. Raises ModuleNotFoundError where it was not built."""
    try:
        found = import_module(f"{__name__}.core")
    except ModuleNotFoundError:
        raise
    except ImportError as error:  # a library that it needs is missing
        raise _RefusedError(f"the native core cannot be loaded ({error})") from error
    sources = digest(Path(__file__).parent)
    version, built = getattr(found, "version", "?"), getattr(found, "digest", "?")
    if version != __version__:
        raise _RefusedError(
            f"the native core is of version {version}, and the package of {__version__}; "
            "install aiocollect again"
        )
    if sources and built != sources:
        raise _RefusedError(
            "the native core was built from other sources; build it with 'make native'"
        )
    return found


def _chosen() -> tuple[Any, str]:
    wanted = os.environ.get("AIOCOLLECT_NATIVE", "")
    if wanted == "0":
        return None, "AIOCOLLECT_NATIVE=0"
    if wanted not in ("", "1"):
        warnings.warn(
            f"AIOCOLLECT_NATIVE is {wanted[:20]!r}; it can be 0 or 1", RuntimeWarning, stacklevel=3
        )
    try:
        return _imported(), ""
    except ModuleNotFoundError:
        why = "no native core is built for this Python"
    except _RefusedError as refused:
        why = str(refused)
        if wanted != "1":
            warnings.warn(f"aiocollect runs in Python: {why}", RuntimeWarning, stacklevel=3)
    if wanted == "1":
        raise ImportError(f"AIOCOLLECT_NATIVE=1, but {why}")
    return None, why


core: Any  # the extension module, or None; for _native/ and tests
reason: str  # "" where the core runs
core, reason = _chosen()
runs = core is not None


def stands_in(name: str, python: _T) -> _T:
    """What the core has under this name, where it runs; else what Python has for it."""
    return cast(_T, getattr(core, name)) if runs else python


if TYPE_CHECKING or core is None:
    from .fields import GateBase, ScoringBase, ShapeBase, StreamBase
else:
    GateBase, ScoringBase = core.Gate, core.Scoring
    ShapeBase, StreamBase = core.Shape, core.Stream
