"""All forms in which a table comes to collect(), by name. Importing them registers them."""

from __future__ import annotations

from . import arrow_forms as arrow_forms
from . import numpy_forms as numpy_forms
from . import pandas_forms as pandas_forms
from . import polars_forms as polars_forms
from . import python_forms as python_forms
from .containers import CONTAINERS
from .registry import FORMS, POSITIONAL

__all__ = ["CONTAINERS", "FORMS", "POSITIONAL"]
