"""Fill a workspace with what geoapp makes itself: schematic boundaries and illustrative themes.

Everything follows from `data/municipalities.csv`. Each file is written whole or not at all, and
the same municipalities give the same bytes. GeoJSON is EPSG:4326, longitude first.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
import tomli_w

from geoapp.core import illustration
from geoapp.core.codes import Country, country_of, unit_keys
from geoapp.core.layer import Columns, LayerSpec, LayerStyle
from geoapp.core.partnership import Names
from geoapp.core.phrases import mark
from geoapp.core.progress import Progress
from geoapp.core.schematic import incomplete_municipalities, schematic_boundaries
from geoapp.errors import FileRefusedError, Problem

_MUNICIPALITIES = "data/municipalities.csv"
_COLUMNS = ("code", "name", "lon", "lat", "population", "area_ha")
_SOURCE: Names = {
    "pl": "geoapp, zmyślone na podstawie położenia, powierzchni i liczby mieszkańców gmin z pliku "
    "data/municipalities.csv",
    "cs": "geoapp, smyšleno podle poloh, rozloh a počtů obyvatel obcí ze souboru "
    "data/municipalities.csv",
    "en": "geoapp, made up from the points, areas and populations in data/municipalities.csv",
}
_LICENCE = "CC0-1.0"
_DATE = "2026-11-22"
_BOTH: tuple[Country, ...] = ("PL", "CZ")

Maker = Callable[[pd.DataFrame, gpd.GeoDataFrame], pd.DataFrame]

_SCHEMATIC = LayerSpec(
    slug="boundaries-schematic",
    theme="boundaries",
    names={
        "pl": "Granice gmin",
        "cs": "Hranice obcí",
        "en": "Municipal boundaries",
    },
    kind="polygon",
    file="data/boundaries/schematic.geojson",
    columns=Columns(code="code", name="name"),
    style=LayerStyle(colour="#5c5c5c", width=1),
    countries=_BOTH,
    schematic=True,
    # Any other boundary of the same municipality is better than a made-up one.
    precedence=-100,
    source=_SOURCE,
    licence=_LICENCE,
    date=_DATE,
    note={
        "pl": "Powierzchnia i położenie gminy są prawdziwe, przebieg granic jest zmyślony.",
        "cs": "Rozloha a poloha obce jsou skutečné, průběh hranic je smyšlený.",
        "en": "Area and place of a municipality are true, the course of its borders is invented.",
    },
)


@dataclass(frozen=True, slots=True)
class _Theme:
    """An illustrative layer and the function that makes it."""

    spec: LayerSpec
    make: Maker


def _illustrative(slug: str, names: tuple[str, str, str], **fields: object) -> LayerSpec:
    """Describe a made-up layer; names in Polish, Czech and English."""
    extension = "csv" if fields["kind"] == "table" else "geojson"
    return LayerSpec.model_validate(
        {
            "slug": slug,
            "theme": slug,
            "names": dict(zip(("pl", "cs", "en"), names, strict=True)),
            "file": f"data/themes/{slug}.{extension}",
            "countries": _BOTH,
            "illustrative": True,
            "source": _SOURCE,
            "licence": _LICENCE,
            "date": _DATE,
            **fields,
        }
    )


_THEMES = (
    _Theme(
        _illustrative(
            "cycle-routes",
            ("Trasy rowerowe", "Cyklotrasy", "Cycle routes"),
            kind="line",
            columns=Columns(name="name"),
            measure="length",
            style=LayerStyle(colour="#d55e00", width=3.5),
        ),
        illustration.cycle_routes,
    ),
    _Theme(
        _illustrative(
            "local-roads",
            ("Drogi lokalne", "Místní komunikace", "Local roads"),
            kind="line",
            columns=Columns(name="name"),
            measure="length",
            style=LayerStyle(colour="#4d4d4d", width=1.2, dash=(4, 3)),
        ),
        illustration.local_roads,
    ),
    _Theme(
        _illustrative(
            "childcare",
            (
                "Przedszkola i żłobki",
                "Mateřské školy a dětské skupiny",
                "Kindergartens and nurseries",
            ),
            kind="point",
            columns=Columns(name="name", places="places"),
            measure="count",
            countries=("PL",),
            style=LayerStyle(colour="#e69f00", shape="circle", radius=5),
        ),
        illustration.childcare,
    ),
    _Theme(
        _illustrative(
            "protected-nature",
            ("Przyroda chroniona", "Chráněná příroda", "Protected nature"),
            kind="polygon",
            columns=Columns(name="name"),
            measure="share",
            style=LayerStyle(colour="#009e73", width=1.5, pattern="dots"),
        ),
        illustration.protected_nature,
    ),
    _Theme(
        _illustrative(
            "broadband",
            (
                "Adresy z internetem 100 Mb/s",
                "Adresy s internetem 100 Mb/s",
                "Addresses with 100 Mb/s internet",
            ),
            kind="table",
            columns=Columns(code="code", name="name", value="value"),
            measure="value",
            unit="%",
            style=LayerStyle(colour="#0072b2"),
        ),
        illustration.broadband,
    ),
    _Theme(
        _illustrative(
            "senior-care",
            ("Opieka nad seniorami", "Péče o seniory", "Care for the elderly"),
            kind="point",
            columns=Columns(name="name", places="places"),
            measure="count",
            style=LayerStyle(colour="#cc79a7", shape="triangle", radius=6),
        ),
        illustration.senior_care,
    ),
)


def write_schematic(root: Path, *, progress: Progress | None = None) -> list[Path]:
    """Draw schematic boundaries of a workspace's municipalities and register them as a layer.

    Parameters
    ----------
    root
        The workspace.
    progress
        Called with the number of municipalities shaped so far and of all.

    Returns
    -------
    list of pathlib.Path
        The files written: the boundaries, then their layer file.

    Raises
    ------
    FileRefusedError
        When `data/municipalities.csv` is missing or is not a table of municipalities.
    RegistryError
        When it lists a municipality twice.
    RefusedError
        When no shapes of the given areas can be found.
    """
    boundaries = schematic_boundaries(_municipalities(root), progress=progress)
    return _write(root, _SCHEMATIC, boundaries.drop(columns="unit"))


def undrawn_municipalities(root: Path) -> tuple[Problem, ...]:
    """Return a warning for each municipality that `write_schematic` leaves out, and why.

    Raises
    ------
    FileRefusedError
        When `data/municipalities.csv` is missing or is not a table of municipalities.
    """
    return incomplete_municipalities(_municipalities(root))


def write_illustration(root: Path, *, progress: Progress | None = None) -> list[Path]:
    """Make illustrative themes for a workspace's municipalities and register them as layers.

    They are drawn upon schematic boundaries, made anew, so that nothing of another's boundaries
    shows in them.

    Parameters
    ----------
    root
        The workspace.
    progress
        Called with the number of themes made so far and of all.

    Returns
    -------
    list of pathlib.Path
        The files written: each theme's data, then its layer file.

    Raises
    ------
    FileRefusedError, RegistryError, RefusedError
        As in `write_schematic`.
    """
    municipalities = _municipalities(root)
    boundaries = schematic_boundaries(municipalities)
    written: list[Path] = []
    for done, theme in enumerate(_THEMES, start=1):
        countries = unit_keys(municipalities["code"]).dropna().map(country_of)
        meant = municipalities.loc[countries.index[countries.isin(theme.spec.countries)]]
        written += _write(root, theme.spec, theme.make(meant, boundaries))
        if progress is not None:
            progress(done, len(_THEMES))
    return written


def _municipalities(root: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(root / _MUNICIPALITIES, dtype={"code": str}, encoding="utf-8")
    except FileNotFoundError as error:
        raise _refused(mark("the file is missing; expected a table of municipalities")) from error
    except (ValueError, OSError) as error:
        raise _refused(mark("expected a table in UTF-8; found: {found}"), found=error) from error
    if missing := [column for column in _COLUMNS if column not in table]:
        raise _refused(mark("expected column(s) {missing}; add them"), missing=", ".join(missing))
    return table


def _refused(text: str, **values: object) -> FileRefusedError:
    return FileRefusedError(Problem(file=_MUNICIPALITIES, text=text, values=values))


def _write(root: Path, spec: LayerSpec, frame: pd.DataFrame) -> list[Path]:
    is_map = isinstance(frame, gpd.GeoDataFrame)
    content = geojson(frame) if is_map else frame.to_csv(index=False, lineterminator="\n")
    described = spec.model_dump(mode="json", exclude_defaults=True)
    files = [root / spec.file, root / "layers" / f"{spec.slug}.toml"]
    for path, text in zip(files, [content, tomli_w.dumps(described)], strict=True):
        _replace(path, text)
    return files


def geojson(frame: gpd.GeoDataFrame) -> str:
    """Write a frame (EPSG:4326) as GeoJSON, one feature a line, without a bounding box."""
    geometries = frame.geometry.map(lambda shape: shape.__geo_interface__)
    properties = frame.drop(columns=frame.geometry.name).to_dict("records")
    features = [
        _compact({"type": "Feature", "properties": known, "geometry": shape})
        for known, shape in zip(properties, geometries, strict=True)
    ]
    return '{"type":"FeatureCollection","features":[\n' + ",\n".join(features) + "\n]}\n"


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _replace(path: Path, text: str) -> None:
    """Put a whole file in the place of another, so that no reader sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        draft.chmod(0o644)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
