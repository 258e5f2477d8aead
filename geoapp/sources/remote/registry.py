"""The registry of sources: what comes with geoapp, changed field by field by the workspace.

A source that moved is put right by one line in ``sources.toml`` of the workspace; a source that
geoapp does not know is described there in full.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, ValidationError, model_validator

from geoapp.core.codes import Country
from geoapp.core.layer import LayerKind, Measure
from geoapp.core.partnership import SLUG, FuzzyDate, Names, name_in
from geoapp.core.phrases import mark
from geoapp.core.value import Value
from geoapp.errors import Problem

SOURCES_FILE = "sources.toml"
MAX_SOURCES_BYTES = 1_000_000

ProtocolName = Literal[
    "wfs", "file", "osm-extract", "overpass", "nature", "rspo", "czech-schools", "bdl", "csu"
]
AxisOrder = Literal["authority", "east-north"]

_ASKED_BY_PLACE: tuple[ProtocolName, ...] = (
    "wfs",
    "file",
    "nature",
    "osm-extract",
    "overpass",
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PLACE = "{code}"
_NEED_THEME = frozenset({"wfs", "file", "nature", "rspo", "czech-schools"})
_NEED_TYPES = frozenset({"wfs", "nature", "rspo", "czech-schools"})


def split_address(address: str) -> SplitResult:
    """Return the parts of an address of http or https.

    Raises
    ------
    ValueError
        When it is none, or carries a user name, which would be kept with the layer.

    >>> split_address("https://example.org/wfs").hostname
    'example.org'
    """
    parts = urlsplit(address.strip())
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError("expected an address that begins with https:// or http://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("expected an address without user name and password")
    if parts.port == 0:
        raise ValueError("expected a port above 0")
    return parts


def host_of(address: str) -> str:
    """Return ``host:port`` of an address; the usual port is filled in.

    >>> host_of("https://Example.org/a"), host_of("http://127.0.0.1:8080/")
    ('example.org:443', '127.0.0.1:8080')
    """
    parts = split_address(address)
    return f"{parts.hostname}:{parts.port or _DEFAULT_PORTS[parts.scheme]}"


def _checked_address(address: str) -> str:
    split_address(address.replace(_PLACE, "0"))
    if any(letter.isspace() for letter in address):
        raise ValueError("expected an address without spaces")
    return address


def _checked_host(host: str) -> str:
    name, _, port = host.partition(":")
    if not name or name != name.lower() or "/" in host or (port and not port.isdigit()):
        raise ValueError("expected a host such as data.example.org, or host:port")
    return host


Address = Annotated[str, AfterValidator(_checked_address)]
Host = Annotated[str, AfterValidator(_checked_host)]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")]
# Only variables meant for geoapp: a workspace of somebody else must not send off other secrets.
VariableName = Annotated[str, Field(pattern=r"^GEOAPP_[A-Z0-9_]+$")]


class RemoteSource(Value):
    """One source of data beyond this machine.

    Attributes
    ----------
    slug
        Its name on the command line.
    names
        Names for the reader, by language.
    protocol
        How it is asked; see `geoapp.sources.remote.protocols`.
    address
        Where it is asked.
    addresses
        Of parts of it: ``PL`` and ``CZ`` for a country, ``PL-24`` for a voivodeship, ``unit``
        for one municipality with ``{code}`` where its code belongs, ``territory`` for a list of
        municipalities that addresses are looked up in.
    hosts
        Other hosts that an address may lead on to, as ``host`` or ``host:port``.
    headers
        Headers that the source's own hosts are sent, by name: each the name of the environment
        variable that holds its value. A value that is not set is not sent; none is ever kept.
    types
        Feature types, names of layers in a file, or kinds of institutions.
    parameters
        What else the protocol needs to know.
    theme, layer, kind, measure
        Of the layer that is made: ``layer`` is its slug, the theme by default. Without a theme
        the protocol makes layers of its own.
    code_column, code_digits
        Where features carry the code of a municipality (6 digits of it), or of a Polish county
        (4); without it features are chosen by place.
    name_column, key_column
        Names for the reader, and what identifies a feature from one pull to the next.
    crs, axis_order
        ``EPSG:n`` to ask for, or where the file is silent. ``authority``: an answer and a box
        have their axes in the order of the EPSG register, as the standard wants it.
    countries
        Where it has data.
    complete
        Whether a municipality of these countries without a feature really has none.
    source, licence, attribution, date
        Whose data it is, what it may be used for, the credit to show, and of when it is where
        the source itself does not say.
    page_size
        How many features are asked for at once; 0 where the source does not page.
    tile_degrees
        Side of the largest box that is asked for at once, where the source refuses bigger ones.
    unit_limit
        For how many municipalities each one's own file is fetched before the whole is.
    pause_seconds
        Kept between two requests.
    max_bytes
        The largest answer that is taken.
    """

    slug: str = Field(pattern=SLUG)
    names: Names = Field(min_length=1)
    protocol: ProtocolName
    address: Address
    addresses: dict[str, Address] = Field(default_factory=dict)
    hosts: tuple[Host, ...] = ()
    headers: dict[HeaderName, VariableName] = Field(default_factory=dict)
    types: tuple[str, ...] = ()
    parameters: dict[str, str] = Field(default_factory=dict)
    theme: str | None = Field(default=None, pattern=SLUG)
    layer: str | None = Field(default=None, pattern=SLUG)
    kind: LayerKind = "polygon"
    measure: Measure | None = None
    code_column: str | None = None
    code_digits: Literal[4, 6] = 6
    name_column: str | None = None
    key_column: str | None = None
    crs: str | None = Field(default=None, pattern=r"^EPSG:\d{4,6}$")
    axis_order: AxisOrder = "authority"
    countries: tuple[Country, ...] = Field(min_length=1)
    complete: bool = False
    source: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    attribution: str | None = None
    date: FuzzyDate | None = None
    page_size: int = Field(default=0, ge=0, le=100_000)
    tile_degrees: float | None = Field(default=None, gt=0, le=90)
    unit_limit: int = Field(default=40, ge=0)
    pause_seconds: float = Field(default=0, ge=0, le=60)
    max_bytes: int = Field(default=500_000_000, gt=0)

    @model_validator(mode="after")
    def _fields_fit_together(self) -> Self:
        if self.protocol in _NEED_THEME and self.theme is None:
            raise ValueError(f"protocol = '{self.protocol}' needs a theme")
        if self.protocol in _NEED_TYPES and not self.types:
            raise ValueError(f"protocol = '{self.protocol}' needs types, what to ask for")
        if self.protocol == "czech-schools" and "territory" not in self.addresses:
            raise ValueError("protocol = 'czech-schools' needs addresses.territory")
        if self.protocol == "bdl" and not {"variables", "subject"} & set(self.parameters):
            raise ValueError("protocol = 'bdl' needs parameters.variables or parameters.subject")
        if "unit" in self.addresses and _PLACE not in self.addresses["unit"]:
            raise ValueError(f"addresses.unit needs {_PLACE} where the municipality's code belongs")
        return self

    @property
    def slug_of_layer(self) -> str:
        """The slug of the layer that is made of it."""
        return self.layer or self.theme or self.slug

    @property
    def by_place(self) -> bool:
        """Whether it is asked for a box, for want of codes in what it sends."""
        return self.code_column is None and self.protocol in _ASKED_BY_PLACE

    @property
    def own_hosts(self) -> frozenset[str]:
        """Every ``host:port`` of its addresses."""
        own = (self.address, *self.addresses.values())
        return frozenset(host_of(address.replace(_PLACE, "0")) for address in own)

    @property
    def known_hosts(self) -> frozenset[str]:
        """Every ``host:port`` that may be asked, and no other one."""
        return self.own_hosts | {host if ":" in host else f"{host}:443" for host in self.hosts}

    def name(self, language: str) -> str:
        """Return the name in a language, else in English, else in any."""
        return name_in(self.names, language)


def read_sources(workspace: Path | None = None) -> tuple[tuple[RemoteSource, ...], list[Problem]]:
    """Read the sources of geoapp, as a workspace changes and extends them.

    Returns what is valid, in the order of the files, and every problem found.
    """
    packaged = (resources.files("geoapp.sources.remote") / SOURCES_FILE).read_text("utf-8")
    tables: dict[str, dict[str, Any]] = tomllib.loads(packaged)
    problems: list[Problem] = []
    if workspace is not None and (workspace / SOURCES_FILE).is_file():
        own, problems = _own_tables(workspace / SOURCES_FILE)
        tables = _changed(tables, own)
    found: list[RemoteSource] = []
    for slug, table in tables.items():
        try:
            found.append(RemoteSource.model_validate({"slug": slug} | table))
        except ValidationError as error:
            problems += _field_problems(slug, error)
    return tuple(found), problems


def _own_tables(path: Path) -> tuple[dict[str, dict[str, Any]], list[Problem]]:
    try:
        read = tomllib.loads(_text_of(path))
    except (ValueError, RecursionError, OSError) as error:
        return {}, [_unreadable(error)]
    text = mark("expected a section such as [{name}] with the fields of a source")
    problems = [
        Problem(SOURCES_FILE, text, str(name), {"name": name})
        for name, table in read.items()
        if not isinstance(table, dict)
    ]
    return {name: table for name, table in read.items() if isinstance(table, dict)}, problems


def _text_of(path: Path) -> str:
    if path.stat().st_size > MAX_SOURCES_BYTES:
        raise OSError(f"more than the {MAX_SOURCES_BYTES} bytes a registry of sources may have")
    return path.read_text("utf-8-sig")


def _unreadable(error: Exception) -> Problem:
    return Problem(
        SOURCES_FILE,
        "expected {kind}, found something unreadable: {reason}; correct the file",
        "",
        {"kind": "TOML", "reason": " ".join(str(error).split())[:200]},
    )


def _changed(
    tables: Mapping[str, dict[str, Any]], own: Mapping[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return the tables with each field replaced that ``own`` names; of a section, each entry."""
    changed = dict(tables)
    for slug, fields in own.items():
        before = changed.get(slug, {})
        changed[slug] = before | {
            name: before[name] | value
            if isinstance(value, dict) and isinstance(before.get(name), dict)
            else value
            for name, value in fields.items()
        }
    return changed


def _field_problems(slug: str, error: ValidationError) -> Iterator[Problem]:
    for detail in error.errors(include_url=False):
        where = ".".join(str(part) for part in (slug, *detail["loc"]))
        message = detail["msg"].removeprefix("Value error, ")
        found = detail.get("input")
        text = mark("{message}; found {found!r}")
        if isinstance(found, dict):
            text = mark("{message}")
        yield Problem(SOURCES_FILE, text, where, {"message": message, "found": str(found)[:80]})
