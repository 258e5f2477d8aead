"""What the core needs of a language, and how it marks a text for translation."""

from __future__ import annotations

from typing import Protocol


class Phrases(Protocol):
    """Texts and numbers in one language; `geoapp.text.Text` is the real one."""

    @property
    def language(self) -> str:
        """BCP 47 tag: ``pl``, ``cs`` or ``en``."""

    def gettext(self, message: str) -> str:
        """Translate a text."""

    def ngettext(self, one: str, many: str, count: int) -> str:
        """Translate a text that depends on a number; ``{n}`` is not filled in."""

    def number(self, value: float | None, decimals: int = 0) -> str:
        """Write a number as the language does; a dash for None or NaN."""


def mark(message: str) -> str:
    """Return the text unchanged; marks it for extraction where it is translated later."""
    return message
