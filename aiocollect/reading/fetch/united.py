"""A store, and the store that its compacted files are in, as one to read from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from ...typing import Catalog, Listed, Range
from .patience import Patient

__all__ = ["United", "files_of", "parts_of"]

_FILE: Final = ".parquet"  # no part of ours is called so


class United:
    """``closes``: those of the two that it closes with itself."""

    def __init__(self, parts: Catalog, files: Catalog, *, closes: tuple[Catalog, ...]) -> None:
        self.files = files
        self.parts = parts
        self._closes = closes

    def __repr__(self) -> str:
        return f"<United {self.parts!r} and {self.files!r}>"

    def list(self, prefix: str) -> AsyncIterator[Listed]:
        """The parts; the files are listed by themselves."""
        return self.parts.list(prefix)

    async def fetch(self, path: str, *, offset: int, length: int) -> Range:
        """Bytes of either."""
        one = self.files if path.endswith(_FILE) else self.parts
        return await one.fetch(path, offset=offset, length=length)

    async def aclose(self) -> None:
        """Close those that are ours."""
        for one in self._closes:
            await one.aclose()


def files_of(catalog: Catalog) -> Catalog:
    """Where the compacted files are: in the same store, unless another one was named."""
    if isinstance(catalog, Patient):
        return Patient(files_of(catalog.catalog), catalog.timeout)
    return catalog.files if isinstance(catalog, United) else catalog


def parts_of(catalog: Catalog) -> Catalog:
    """Where the parts are."""
    if isinstance(catalog, Patient):
        return Patient(parts_of(catalog.catalog), catalog.timeout)
    return catalog.parts if isinstance(catalog, United) else catalog
