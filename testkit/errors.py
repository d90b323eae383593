"""What the test kit raises where something is missing. No import of the package: benches run it
beside older revisions of that."""

from __future__ import annotations

__all__ = ["EmulatorMissing"]


class EmulatorMissing(RuntimeError):
    """The emulator cannot be started; the message says what to run."""
