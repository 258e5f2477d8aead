"""A map as a value: what every renderer (live, folium, print, slides) is given.

Geometry is named, never carried: a layer points at a prepared display file, and the style rules
say which style each of its features gets. All texts are already in the reader's language and are
plain text; a renderer must show them as text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from geoapp.core.value import Value

GeometryKind = Literal["polygon", "line", "point"]
Pattern = Literal["none", "diagonal", "back-diagonal", "cross", "dots", "horizontal"]
Shape = Literal["circle", "square", "triangle", "diamond"]
Bounds = tuple[float, float, float, float]


class GeometryRef(Value):
    """A prepared display file: GeoJSON, EPSG:4326, longitude first, or vector tiles (PMTiles).

    Attributes
    ----------
    name
        File name that holds the content hash, so that it may be cached for ever.
    path
        Where the file lies on this machine.
    kind
        What the features are.
    features
        Number of features.
    bounds
        West, south, east, north in degrees.
    vertices
        Number of vertices of its features.
    finer
        File name of the list of chunks with finer borders of the same features; None where the
        file holds all the detail there is.
    min_zoom, max_zoom
        First and last level of tiles; the last one holds every feature. None where the file is
        GeoJSON.
    """

    name: str = Field(pattern=r"^[a-z0-9-]+-[0-9a-f]{16}\.(geojson|pmtiles)$")
    path: Path
    kind: GeometryKind
    features: int = Field(ge=0)
    bounds: Bounds
    vertices: int = Field(default=0, ge=0)
    finer: str | None = Field(default=None, pattern=r"^[a-z0-9-]+-[0-9a-f]{16}\.geojson$")
    min_zoom: int | None = Field(default=None, ge=0, le=22)
    max_zoom: int | None = Field(default=None, ge=0, le=22)

    @property
    def is_tiled(self) -> bool:
        """Whether the file is one of vector tiles."""
        return self.name.endswith(".pmtiles")

    @model_validator(mode="after")
    def _check_zooms(self) -> Self:
        if {self.min_zoom is None, self.max_zoom is None} != {not self.is_tiled}:
            raise ValueError(f"{self.name}: tiles, and only tiles, have a first and last level")
        return self


class Style(Value):
    """How one class of features looks; colours are ``#rrggbb``, widths are CSS pixels.

    ``pattern`` is drawn over ``fill`` in ``pattern_colour``, so that classes can be told apart
    without colour. ``dash`` is a dash and gap length in pixels, ``radius`` that of a point.
    """

    fill: str | None = Field(default=None, pattern=r"^#[0-9a-f]{6}$")
    fill_opacity: float = Field(default=0.7, ge=0, le=1)
    stroke: str | None = Field(default="#404040", pattern=r"^#[0-9a-f]{6}$")
    stroke_opacity: float = Field(default=1, ge=0, le=1)
    width: float = Field(default=1, ge=0, le=20)
    dash: tuple[float, float] | None = None
    pattern: Pattern = "none"
    pattern_colour: str = Field(default="#202020", pattern=r"^#[0-9a-f]{6}$")
    shape: Shape = "circle"
    radius: float = Field(default=5, ge=1, le=30)


class MapLayer(Value):
    """One drawn layer.

    Attributes
    ----------
    slug
        Identifies the layer across updates; a renderer keeps what has the same slug.
    name
        In the reader's language.
    geometry
        The display file. Its features carry ``key`` and ``name`` as properties.
    styles
        The style classes.
    assign
        Feature key to index in ``styles``.
    default
        Index of the style of every other feature; ``None`` leaves it out.
    tooltips
        Feature key to lines of plain text shown under its name.
    selectable
        Whether a click or the keyboard selects a feature of this layer.
    labels
        Whether the names of the features are written on the map.
    """

    slug: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    name: str
    geometry: GeometryRef
    styles: tuple[Style, ...] = Field(min_length=1)
    assign: dict[str, int] = Field(default_factory=dict)
    default: int | None = 0
    tooltips: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    selectable: bool = False
    labels: bool = False


class LegendItem(Value):
    """One line of the legend: a style and what it stands for."""

    label: str
    style: Style
    kind: GeometryKind = "polygon"
    note: str = ""


class LegendGroup(Value):
    """Lines of the legend under one heading; ``note`` carries source, date or a warning."""

    title: str
    items: tuple[LegendItem, ...] = ()
    note: str = ""


class BaseMap(Value):
    """A background from a foreign host; only ever there because the reader chose it."""

    slug: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    name: str
    url: str = Field(pattern=r"^https://[^\s\"'<>]+$")
    attribution: str
    kind: Literal["xyz", "wms"] = "xyz"
    wms_layers: str = ""
    max_zoom: int = Field(default=19, ge=1, le=24)


class View(Value):
    """What part of the world to show. A renderer moves only when ``key`` changes."""

    key: str
    bounds: Bounds


class MapSpec(Value):
    """A whole map.

    Attributes
    ----------
    title
        Heading of the map.
    language
        BCP 47 tag of every text in it.
    view
        The part to show at first.
    layers
        From bottom to top.
    legend
        In reading order.
    base_map
        ``None``: no foreign request is made.
    attribution
        Plain text, one entry for each source.
    notices
        What must never be overlooked, such as "schematic borders"; shown on the map itself.
    selected
        Key of the selected feature.
    text_alternative
        The map in words.
    phrases
        Texts of the renderer's own controls, by their slug.
    """

    title: str
    language: str
    view: View
    layers: tuple[MapLayer, ...]
    legend: tuple[LegendGroup, ...] = ()
    base_map: BaseMap | None = None
    attribution: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    selected: str | None = None
    text_alternative: str = ""
    phrases: dict[str, str] = Field(default_factory=dict)
