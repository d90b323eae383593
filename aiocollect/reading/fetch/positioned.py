"""What readers of Parquet ask of a file besides its bytes, for what is only a part of one. Pure."""

from __future__ import annotations

__all__ = ["Positioned"]


class Positioned:
    """A position in ``length`` bytes; who has this adds ``read``."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._at = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """The position."""
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go there."""
        self._at = offset + (0, self._at, self._length)[whence]
        return self._at
