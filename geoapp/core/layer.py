"""A layer as its TOML file describes it: what it is, where it lies, how it is drawn."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from geoapp.core.codes import Country, unit_key
from geoapp.core.mapspec import Pattern, Shape
from geoapp.core.partnership import SLUG, FuzzyDate, Names, Wording, name_in
from geoapp.core.value import Value

LayerKind = Literal["polygon", "line", "point", "table"]
Measure = Literal["length", "count", "share", "value"]

_MEASURED: dict[Measure, tuple[LayerKind, ...]] = {
    "length": ("line",),
    "count": ("point", "table"),
    "share": ("polygon",),
    "value": ("table",),
}


def _inside_workspace(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\\" in path or ":" in parts[0]:
        raise ValueError("expected a path inside the workspace, with forward slashes")
    return path


RelativePath = Annotated[str, AfterValidator(_inside_workspace)]


class Columns(Value):
    """Which column holds what. What is left out is recognised by content where it can be."""

    code: str | None = None
    name: str | None = None
    facilities: str | None = None
    places: str | None = None
    value: str | None = None
    lon: str | None = None
    lat: str | None = None


class LayerStyle(Value):
    """How the features of a theme are drawn; see `geoapp.core.mapspec.Style`."""

    colour: str = Field(default="#3b6fb6", pattern=r"^#[0-9a-f]{6}$")
    width: float = Field(default=2, gt=0, le=20)
    dash: tuple[float, float] | None = None
    pattern: Pattern = "none"
    shape: Shape = "circle"
    radius: float = Field(default=5, ge=1, le=30)


class Retrieval(Value):
    """Where and when a layer was pulled from a source.

    Attributes
    ----------
    source
        Slug of the source in the registry of sources.
    area
        What was asked for: partnerships, municipality codes or countries.
    address
        Where the data came from.
    retrieved
        When it came, or was last confirmed to be unchanged.
    checksum
        SHA-256 of the file that came; of several, that of their checksums in order.
    documents
        Number of files or answers.
    """

    source: str = Field(pattern=SLUG)
    area: str
    address: str
    retrieved: FuzzyDate
    checksum: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    documents: int = Field(default=1, ge=1)


class LayerSpec(Value):
    """One file of `layers/`.

    Attributes
    ----------
    slug
        Name of the TOML file, also used in addresses; never translated.
    theme
        ``boundaries`` for municipal boundaries, else the theme the layer belongs to.
    names
        Names for the reader, by language.
    kind
        What its features are; ``table`` for figures by municipality without geometry.
    file
        Path relative to the workspace.
    sublayer
        Which layer of a file that holds several.
    crs
        ``EPSG:n`` where the file does not say, or says it wrongly.
    encoding
        Of the attributes, where the file does not say.
    measure
        What is summed for a municipality: kilometres, number, share of area, or the value itself.
    unit
        Unit of ``value``, such as ``%``.
    countries
        Where the layer has data; elsewhere its figures are unknown, not zero.
    units
        Unit keys of the only municipalities it has data for, where it is not whole countries.
    complete
        Whether a municipality of these countries without a feature really has none.
    illustrative
        Made up to show what the map can do; labelled so wherever it appears.
    schematic
        Boundaries drawn by geoapp itself, of true area but invented shape.
    precedence
        Among boundaries: the higher one is used where two know the same municipality.
    source, licence, date, attribution
        Whose data it is, what it may be used for, its date, and the credit to show; each but the
        date as one text or one for each language.
    retrieval
        Where it was pulled from, where it was.
    """

    slug: str = Field(pattern=SLUG)
    theme: str = Field(pattern=SLUG)
    names: Names = Field(min_length=1)
    kind: LayerKind
    file: RelativePath
    sublayer: str | None = None
    crs: str | None = Field(default=None, pattern=r"^EPSG:\d{4,6}$")
    encoding: str | None = None
    columns: Columns = Columns()
    measure: Measure | None = None
    unit: str | None = None
    style: LayerStyle = LayerStyle()
    countries: tuple[Country, ...] = ()
    units: tuple[str, ...] = ()
    complete: bool = False
    illustrative: bool = False
    schematic: bool = False
    precedence: int = 0
    source: Wording
    licence: Wording
    date: FuzzyDate | None = None
    attribution: Wording | None = None
    note: Names = Field(default_factory=dict)
    retrieval: Retrieval | None = None

    @model_validator(mode="after")
    def _fields_fit_together(self) -> Self:
        if self.theme == "boundaries" and self.kind != "polygon":
            raise ValueError("boundaries need kind = 'polygon'")
        if self.schematic and self.theme != "boundaries":
            raise ValueError("schematic is a property of boundaries; use illustrative for a theme")
        if wrong := [unit for unit in self.units if unit_key(unit) != unit]:
            raise ValueError(f"units must be unit keys of six digits, found {', '.join(wrong[:5])}")
        if self.measure and self.kind not in _MEASURED[self.measure]:
            needed = "' or '".join(_MEASURED[self.measure])
            raise ValueError(f"measure = '{self.measure}' needs kind = '{needed}'")
        return self

    def name(self, language: str) -> str:
        """Return the name in a language, else in English, else in any."""
        return name_in(self.names, language)
