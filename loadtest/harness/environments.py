"""The second environment: azureml-ai-monitoring pins others, so it cannot share ours.

``make faceoff`` makes it. All rooms that measure beside that package start its Python.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["OWN_PYTHON"]

OWN_PYTHON: Final = Path(__file__).resolve().parents[1] / "faceoff" / ".venv" / "bin" / "python"
