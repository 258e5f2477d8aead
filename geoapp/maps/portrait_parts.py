"""The parts a report is made of, whatever it is written as: all texts in the reader's language."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from geoapp.core.mapspec import MapSpec
from geoapp.core.phrases import Phrases


@dataclass(frozen=True, slots=True)
class Heading:
    """Opens a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Plain text; ``quiet`` for remarks, ``warns`` for what must not be overlooked."""

    text: str
    quiet: bool = False
    warns: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """A few key figures, each a label and a value that is already written out."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of texts.

    Attributes
    ----------
    caption
        What it shows; also its description for those who do not see it.
    headings
        Of the columns.
    rows
        Each as long as the headings.
    weights
        Of the widths of the columns.
    numbers
        Places of the columns that hold numbers.
    total
        Whether the last row adds up the others.
    """

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    weights: tuple[float, ...]
    numbers: frozenset[int] = frozenset()
    total: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it stands for, its value (None: unknown) and how that is written."""

    label: str
    value: float | None
    text: str
    hatched: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart of bars under a heading; ``note`` tells what is left out or made up."""

    heading: str
    bars: tuple[Bar, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Panels:
    """Charts side by side that show the same places in the same order."""

    panels: tuple[Panel, ...]

    @property
    def in_words(self) -> str:
        """The charts as text: what each shows, and every bar with its number."""
        told = (
            f"{panel.heading}: " + "; ".join(f"{bar.label} {bar.text}" for bar in panel.bars)
            for panel in self.panels
        )
        return ". ".join(told)


@dataclass(frozen=True, slots=True)
class MapPage:
    """A map on a page of its own, with what it shows in words."""

    spec: MapSpec
    figures: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Blanks:
    """Lines to write on by hand, under a small heading."""

    heading: str
    lines: int


Part = Heading | Paragraph | Facts | Grid | Panels | Blanks | MapPage


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report.

    Attributes
    ----------
    title, subtitle
        What it is about.
    language
        BCP 47 tag of every text in it.
    date
        The day it was made, as given; nothing else in it tells a time.
    parts
        In reading order.
    notices
        What every page repeats, such as "schematic borders".
    """

    title: str
    subtitle: str
    language: str
    date: dt.date
    parts: tuple[Part, ...]
    notices: tuple[str, ...] = ()


def made_words(date: dt.date, phrases: Phrases) -> str:
    """Return when a report was made, and with what."""
    told = phrases.gettext("Report of {date}, made with geoapp.")
    return told.format(date=date.isoformat())
