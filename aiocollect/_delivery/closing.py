"""How far the close of one process's work has come: the one place that says so.

Every part that does something else while the pipeline closes asks this object. Each step is for
ever; the next start of the pipeline has another one.
"""

from __future__ import annotations

__all__ = ["Closing"]


class Closing:
    """``begun``: no call is accepted any more, and waits are short. ``stopped``: no lane is given
    rows any more. ``over``: every row is accounted for, so the spool takes none either."""

    __slots__ = ("begun", "over", "stopped")

    def __init__(self, *, begun: bool) -> None:
        """``begun``: in a child process that was forked from one that was closed."""
        self.begun = begun
        self.stopped = False
        self.over = False

    def __repr__(self) -> str:
        far = "over" if self.over else "stopped" if self.stopped else "begun"
        return f"<Closing {far if self.begun else 'not begun'}>"

    def begin(self) -> None:
        """Accept nothing more."""
        self.begun = True

    def stop(self) -> None:
        """Give the lanes nothing more."""
        self.begun = self.stopped = True

    def end(self) -> None:
        """Everything is accounted for."""
        self.begun = self.stopped = self.over = True
