"""A store in memory, with the protocol of append blobs and faults by script."""

from .faults import Fault, FaultKind, Operation
from .store import MemoryStore

__all__ = ["Fault", "FaultKind", "MemoryStore", "Operation"]
