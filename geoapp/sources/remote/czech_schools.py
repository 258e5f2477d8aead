"""The Czech register of schools (MŠMT): kindergartens and their capacity by municipality.

The register is one XML file for the whole country. It tells addresses, not municipalities; the
codes of RÚIAN in it are those of address points. Names are therefore looked up in the structure of
territory, which is fetched with it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

import pandas as pd

from geoapp.core.layer import Columns
from geoapp.core.phrases import mark
from geoapp.core.progress import Progress, silent
from geoapp.core.raw import refusal, some_of, warning
from geoapp.errors import FileRefusedError, Problem
from geoapp.sources.remote.czech_territory import Territory, municipality_of, read_territory
from geoapp.sources.remote.pulled import Area, Fetch, PulledLayer
from geoapp.sources.remote.registry import RemoteSource
from geoapp.sources.remote.words import plain_words

_SUBJECT = "PravniSubjekt"
_DATES = (
    (re.compile(r"\d{4}-\d{2}-\d{2}"), "%Y-%m-%d"),
    (re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}"), "%d.%m.%Y"),
)
_UNPLACED = mark(
    "The address of {count} schools in or near the area names no municipality that is certain; "
    "they were left out: {examples}."
)
_DIVIDED = mark(
    "{count} schools teach in several municipalities; they count in each, but how many of their "
    "places are where is not known: {examples}."
)
_NO_CAPACITY = mark(
    "The capacity of {count} schools is no plain number and counts as unknown: {examples}."
)


@dataclass(frozen=True, slots=True)
class School:
    """One school of the register.

    Attributes
    ----------
    label
        Its number and name.
    capacity
        Highest number of children; None where the register tells no plain number.
    addresses
        Lines of the address of each place where it teaches.
    district, orp
        Where its seat is, as the register writes it.
    """

    label: str
    capacity: int | None
    addresses: tuple[tuple[str | None, ...], ...]
    district: str | None
    orp: str | None


@dataclass(frozen=True, slots=True)
class _Placed:
    """A school, the municipalities it teaches in, and how many of its addresses are unclear."""

    school: School
    units: frozenset[str]
    unclear: int


def pull_czech_schools(
    source: RemoteSource, area: Area, fetch: Fetch, *, progress: Progress | None = None
) -> list[PulledLayer]:
    """Return how many schools of the kinds in the registry there are, and their places.

    A table by municipality with ``facilities`` and ``places``. It is complete where every school
    of the districts of the area could be placed.

    Raises
    ------
    FileRefusedError
        When a file cannot be fetched, is no such register, or declares entities.
    """
    tell = progress or silent
    register = fetch(source.address, label=source.slug)
    structure = fetch(source.addresses["territory"], label="territory")
    territory = read_territory(structure, file=source.slug)
    tell(0, 1, source.slug)
    schools, date = read_schools(register, source)
    tell(1, 1, source.slug)
    placed = [_placed(school, territory) for school in schools]
    unplaced = [found for found in placed if found.unclear and _is_near(found, territory, area)]
    own = [found for found in placed if area.whole or found.units & area.units]
    return [
        PulledLayer(
            slug=source.slug_of_layer,
            theme=source.theme or source.slug,
            names=source.names,
            kind="table",
            table=_counted(own, territory, area),
            columns=Columns(code="code", name="name", facilities="facilities", places="places"),
            measure="count",
            complete=source.complete and not unplaced,
            date=date or source.date,
            problems=(
                *_told(source, _UNPLACED, unplaced),
                *_told(source, _DIVIDED, [found for found in own if len(found.units) > 1]),
                *_told(source, _NO_CAPACITY, [x for x in own if x.school.capacity is None]),
            ),
        )
    ]


def read_schools(path: Path, source: RemoteSource) -> tuple[list[School], str | None]:
    """Return the schools of the kinds in the registry, and the day of the register.

    Raises
    ------
    FileRefusedError
        When it is no XML, declares a document type, or holds no school at all. The file is
        removed, so that it is not taken for good later.
    """
    try:
        _refuse_document_type(path)
        schools, date, subjects = _read(path, source.types)
    except (
        expat.ExpatError,
        ElementTree.ParseError,
        _DocumentTypeError,
        ValueError,
        LookupError,
    ) as error:
        raise _unreadable(path, source, str(error)) from error
    if not subjects:
        raise _unreadable(path, source, f"no {_SUBJECT}")
    return schools, date


class _DocumentTypeError(Exception):
    """The XML declares a document type, which can draw in other files or grow without end."""


class _RootReached(Exception):  # noqa: N818 - ends the look at what stands before the root
    """What stands before the root element is harmless."""


def _refuse_document_type(path: Path) -> None:
    """Look at what stands before the root element: only there can entities be declared."""
    parser = expat.ParserCreate()

    def declared(*_: object) -> None:
        raise _DocumentTypeError("a document type (DTD)")

    def begun(*_: object) -> None:
        raise _RootReached

    parser.StartDoctypeDeclHandler = declared
    parser.StartElementHandler = begun
    with path.open("rb") as opened:
        try:
            parser.ParseFile(opened)
        except _RootReached:
            return


def _read(path: Path, kinds: Sequence[str]) -> tuple[list[School], str | None, int]:
    """Read the file piece by piece; the number of legal subjects tells whether it is a register."""
    schools: list[School] = []
    date, subjects = None, 0
    root: ElementTree.Element | None = None
    for event, element in ElementTree.iterparse(path, ("start", "end")):  # noqa: S314 - no entities
        if root is None:
            root = element
        elif event == "end" and element.tag == _SUBJECT:
            schools += _schools_of(element, kinds)
            subjects += 1
            root.clear()
        elif event == "end" and not subjects:
            date = date or _day(element.text)
    return schools, date, subjects


def _schools_of(subject: ElementTree.Element, kinds: Sequence[str]) -> Iterator[School]:
    seat = subject.find("Reditelstvi")
    district, orp = (_text(seat, name) for name in ("Okres", "ORP"))
    for school in subject.iterfind("SkolyZarizeni/SkolaZarizeni"):
        if _text(school, "SkolaDruhTyp") not in kinds:
            continue
        name = _text(seat, "RedZkracenyNazev") or _text(seat, "RedPlnyNazev")
        places = [_address(place, "Misto") for place in school.iter("SkolaMistoVykonuCinnosti")]
        yield School(
            label=" ".join(filter(None, (_text(school, "IZO"), name))),
            capacity=_capacity(_text(school, "SkolaKapacita")),
            addresses=tuple(places) or (_address(seat, "Red"),),
            district=district,
            orp=orp,
        )


def _address(element: ElementTree.Element | None, prefix: str) -> tuple[str | None, ...]:
    return tuple(_text(element, f"{prefix}Adresa{line}") for line in (1, 2, 3))


def _text(element: ElementTree.Element | None, name: str) -> str | None:
    found = element.findtext(name) if element is not None else None
    return (found or "").strip() or None


def _capacity(text: str | None) -> int | None:
    """Return a capacity, None where it is no plain number.

    >>> _capacity("054"), _capacity("neuvádí se"), _capacity(None)
    (54, None, None)
    """
    return int(text) if text and re.fullmatch(r"[0-9]{1,6}", text) else None


def _day(text: str | None) -> str | None:
    for pattern, written in _DATES:
        if found := pattern.match((text or "").strip()):
            try:
                return dt.datetime.strptime(found.group(), written).date().isoformat()  # noqa: DTZ007 - a day
            except ValueError:
                return None
    return None


def _placed(school: School, territory: Territory) -> _Placed:
    found = [
        municipality_of(lines, territory, district=school.district, orp=school.orp)
        for lines in school.addresses
    ]
    return _Placed(school, frozenset(filter(None, found)), found.count(None))


def _is_near(found: _Placed, territory: Territory, area: Area) -> bool:
    """Whether a school may teach in the area, for all that is known of where it is."""
    district = (found.school.district or "").casefold()
    around = territory.regions.get(district)
    return area.whole or around is None or bool(around & area.units)


def _counted(own: Sequence[_Placed], territory: Territory, area: Area) -> pd.DataFrame:
    rows = [
        {"code": unit, "places": found.school.capacity if _is_whole(found) else None}
        for found in own
        for unit in found.units
        if area.whole or unit in area.units
    ]
    table = pd.DataFrame(rows, columns=["code", "places"]).astype({"places": "Int64"})
    by = table.groupby("code")["places"]
    counted = pd.DataFrame({"facilities": by.size(), "places": by.sum(min_count=1)}).reset_index()
    return counted.assign(name=counted["code"].map(territory.names))


def _is_whole(found: _Placed) -> bool:
    """Whether all places of a school are known to be in one municipality."""
    return len(found.units) == 1 and not found.unclear


def _told(source: RemoteSource, text: str, found: Sequence[_Placed]) -> tuple[Problem, ...]:
    if not found:
        return ()
    named = some_of(entry.school.label for entry in found)
    return (warning(source.slug, text, count=len(found), examples=named),)


def _unreadable(path: Path, source: RemoteSource, reason: str) -> FileRefusedError:
    path.unlink()
    text = mark(
        "Expected the register of schools (XML), found something else ({reason}). Look at the "
        "address in a browser; if it moved, put the new one into sources.toml."
    )
    return refusal(source.slug, text, reason=plain_words(reason))
