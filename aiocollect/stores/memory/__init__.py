"""A store in memory, with the protocol of append blobs and faults by script."""

from .faults import Fault, FaultKind, FaultName, Operation, OperationName
from .store import MemoryStore

__all__ = ["Fault", "FaultKind", "FaultName", "MemoryStore", "Operation", "OperationName"]
