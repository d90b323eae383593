"""The native core: what the scoring path runs on where it was built, and plain Python where not.

``core`` is the extension module or None; ``AIOCOLLECT_NATIVE=0`` leaves it alone, ``=1`` makes its
absence an ImportError. The bases have the few fields that the core reads as plain C: whoever has
one of them must not declare these fields again.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["GateBase", "ScoringBase", "ShapeBase", "StreamBase", "core"]


def _found() -> Any:
    wanted = os.environ.get("AIOCOLLECT_NATIVE", "")
    if wanted == "0":
        return None
    try:
        return import_module(f"{__name__}.core")
    except ImportError:
        if wanted == "1":
            raise
        return None


core: Any = _found()

if TYPE_CHECKING or core is None:
    from .fields import GateBase, ScoringBase, ShapeBase, StreamBase
else:
    GateBase, ScoringBase = core.Gate, core.Scoring
    ShapeBase, StreamBase = core.Shape, core.Stream
