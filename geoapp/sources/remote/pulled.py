"""What a protocol is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pandas as pd

from geoapp.core.codes import Country
from geoapp.core.layer import Columns, LayerKind, Measure
from geoapp.core.mapspec import Bounds
from geoapp.core.partnership import Names
from geoapp.core.progress import Progress
from geoapp.errors import FileRefusedError, Problem
from geoapp.sources.remote.registry import RemoteSource


class FetchRefusedError(FileRefusedError):
    """Something could not be fetched; what was fetched before is still good."""


class AnswerRefusedError(FetchRefusedError):
    """A source answered with an error of its own.

    Attributes
    ----------
    status
        Of HTTP; 200 for an error that came as an ordinary answer.
    said
        The beginning of what it said, as bytes nobody has vouched for.
    """

    def __init__(self, problem: Problem, *, status: int, said: bytes = b"") -> None:
        super().__init__(problem)
        self.status = status
        self.said = said


@dataclass(frozen=True)
class Area:
    """For which municipalities data is wanted.

    Attributes
    ----------
    units
        Their unit keys.
    bounds
        West, south, east, north in degrees of a box that holds all of them.
    countries
        In which they lie.
    whole
        Whether they are all municipalities of these countries, so that asking for each alone
        would be unkind to a server.
    """

    units: frozenset[str]
    bounds: Bounds
    countries: tuple[Country, ...]
    whole: bool = False


@dataclass(frozen=True)
class PulledLayer:
    """A layer as it came from a source, not yet checked and not yet written.

    Attributes
    ----------
    slug, theme, names, kind, measure
        As in `geoapp.core.layer.LayerSpec`.
    table
        Its rows; a GeoDataFrame in EPSG:4326 unless ``kind`` is ``table``.
    columns
        Which column holds what.
    unit
        Of the values of a table, such as ``%``; None where it goes without saying.
    complete
        Whether a municipality of the area without a row really has none.
    date
        Of the data, as the source states it, ``YYYY[-MM[-DD]]``.
    problems
        What was left out or could not be placed, and why.
    """

    slug: str
    theme: str
    names: Names
    kind: LayerKind
    table: pd.DataFrame
    columns: Columns = field(default_factory=Columns)
    measure: Measure | None = None
    unit: str | None = None
    complete: bool = False
    date: str | None = None
    problems: tuple[Problem, ...] = ()


class Fetch(Protocol):
    """Brings a document to this machine: retried, resumed, kept, and never half there."""

    def __call__(
        self,
        address: str,
        *,
        label: str,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        expected: Sequence[str] = (),
    ) -> Path:
        """Return the file that holds the answer.

        Parameters
        ----------
        address
            Of http or https.
        label
            What is being fetched, for the progress bar.
        query
            Added to the address.
        form
            Sent as a form instead of asking plainly.
        expected
            Beginnings of content types that are right, such as ``application/json``; by default
            any but a web page.

        Raises
        ------
        FetchRefusedError
            When the source cannot be reached or answers with something else; the message names
            the source, what was expected, what came and what to do. `AnswerRefusedError` where
            the source itself answered with an error.

        Notes
        -----
        An answer of status 200 that turns out to be an error must be removed by whoever finds
        that out, or it would be taken for good when an interrupted pull goes on.
        """


class Pull(Protocol):
    """Asks one kind of source for an area."""

    def __call__(
        self, source: RemoteSource, area: Area, fetch: Fetch, *, progress: Progress | None = None
    ) -> list[PulledLayer]:
        """Return the layers of the area; an empty one where the source knows nothing there.

        Whatever is known to be needed is fetched before the first answer is read, so that a plan
        of a pull can name it. ``progress`` is told how far reading is; fetching tells by itself.
        """
