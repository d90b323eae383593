"""All mutants: our own risks, the bugs of peers, and those of our first edition, by room."""

from __future__ import annotations

from typing import Final

from .answers import ANSWERS
from .appends import APPENDS
from .compacting import COMPACTING
from .disks import DISKS
from .doctoring import DOCTORING
from .edges import EDGES
from .engines import ENGINES
from .following import FOLLOWING
from .hosts import HOSTS
from .mutant import Mutant
from .native import NATIVE
from .own import OWN
from .pages import PAGES
from .peers import PEERS
from .proving import PROVING
from .reading import READING
from .values import VALUES

__all__ = ["ALL"]

ALL: Final[list[Mutant]] = [
    *OWN,
    *PEERS,
    *APPENDS,
    *ANSWERS,
    *DISKS,
    *HOSTS,
    *EDGES,
    *DOCTORING,
    *VALUES,
    *READING,
    *PROVING,
    *FOLLOWING,
    *COMPACTING,
    *PAGES,
    *NATIVE,
    *ENGINES,
]
