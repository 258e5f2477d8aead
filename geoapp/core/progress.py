"""How long work tells those who wait how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told how much is done, of how much, and what is in work."""

    def __call__(self, done: int, total: int, item: str = "", /) -> None:
        """Show it."""


def silent(done: int, total: int, item: str = "", /) -> None:
    """Tell nobody."""
