"""What a reader found in a file, before anything in it was checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geoapp.errors import FileRefusedError, Problem

Geometries = NDArray[np.object_]

NAMED = 20


@dataclass(frozen=True, slots=True)
class RawLayer:
    """Rows and geometry of a file, as the file has them.

    Attributes
    ----------
    file
        Name of the file for messages.
    table
        The attributes, index ``0..n-1``.
    geometry
        Shapely geometries in the coordinates of the file, one for each row; None for a table.
    crs
        What the file states, as ``EPSG:n`` or WKT; None where it states nothing.
    encoding
        How the texts were read.
    encoding_recovered
        Whether the encoding was found out from the letters instead of being stated.
    problems
        What the reader noticed.
    notes
        What was mended in single rows; see `geoapp.core.corrections.noted`.
    """

    file: str
    table: pd.DataFrame
    geometry: Geometries | None = None
    crs: str | None = None
    encoding: str = "UTF-8"
    encoding_recovered: bool = False
    problems: tuple[Problem, ...] = ()
    notes: tuple[pd.DataFrame, ...] = ()


def refusal(file: str, text: str, *, field: str = "", **values: object) -> FileRefusedError:
    """Return the error that refuses a file, with a text of ``{placeholders}`` and their values."""
    return FileRefusedError(Problem(file, text, field=field, values=values))


def warning(file: str, text: str, *, field: str = "", **values: object) -> Problem:
    """Return a finding about a file that is used all the same, as the text describes."""
    return Problem(file, text, field=field, values=values, severity="warning")


def some_of(examples: Iterable[object]) -> str:
    """Name up to 20 examples and tell how many more there are.

    >>> some_of(range(22))
    '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, … (+2)'
    """
    texts = [str(example) for example in examples]
    more = f", … (+{len(texts) - NAMED})" if len(texts) > NAMED else ""
    return ", ".join(texts[:NAMED]) + more
