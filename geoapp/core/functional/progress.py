"""What long calculations share: telling how far they are, and notes on what they did."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from geoapp.errors import RefusedError

Progress = Callable[[float], None]
"""Called with the share done, 0..1. Whatever it raises ends the calculation, which cancels it."""


def silent(share: float) -> None:
    """Take note of no progress."""


def part_of(progress: Progress, start: float, end: float) -> Progress:
    """Return a progress that maps 0..1 onto a part of a longer calculation.

    >>> seen = []
    >>> part_of(seen.append, 0.5, 1.0)(0.5)
    >>> seen
    [0.75]
    """
    return lambda share: progress(start + (end - start) * share)


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence for the reader of a result, which can be translated.

    Attributes
    ----------
    text
        English sentence with ``{placeholders}``; also the key of its translation.
    values
        What fills the placeholders.
    """

    text: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text.format(**self.values)


def require(conditions: Iterable[tuple[bool, str]]) -> None:
    """Refuse a call when conditions on its parameters do not hold, naming all that fail.

    >>> require([(True, "the share must be positive")])
    """
    if failed := [sentence for holds, sentence in conditions if not holds]:
        raise RefusedError("; ".join(failed))
