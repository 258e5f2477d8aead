"""What a print sheet draws of a display file: read, cut to the frame, laid on the page.

Detail that paper cannot show is left out; finer borders are fetched where it can.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geoapp.core.mapspec import Bounds, GeometryRef
from geoapp.errors import FileRefusedError, Problem
from geoapp.maps.sheet_projection import Placement

Json = dict[str, Any]
Shapes = NDArray[np.object_]
Find = Callable[[str], Path | None]

_DETAIL_MM = 0.05
"""How far a drawn line may lie from the true one; the limit of what print can show is 0.1 mm."""
_EDGE_MM = 2.0
_MOST_TILES = 400
_EQUATOR_M = 40_075_017
_WEB_ZOOM_0_M_PER_PIXEL = _EQUATOR_M / 256
_MERCATOR_EDGE_M = _EQUATOR_M / 2


@dataclass(frozen=True)
class Features:
    """Features of one display file on the page.

    ``shapes`` are in mm of the page and cut to just beyond the frame, ``anchors`` (n, 2) where
    a name belongs; ``whole`` says which shapes were not cut, ``partial`` that small features of
    a very big layer are left out at this scale.
    """

    keys: tuple[str, ...]
    names: tuple[str, ...]
    ranks: tuple[int, ...]
    shapes: Shapes
    anchors: NDArray[np.float64]
    whole: NDArray[np.bool_]
    partial: bool = False


@dataclass(frozen=True)
class _Records:
    """Features as read: their properties, and shapes in EPSG:4326 degrees."""

    properties: list[Json]
    shapes: Shapes
    partial: bool = False


def features_on_page(
    geometry: GeometryRef, placement: Placement, find: Find | None = None
) -> Features:
    """Return the features of a display file that lie within the frame.

    Parameters
    ----------
    geometry
        The file, in EPSG:4326 or vector tiles.
    placement
        How the map lies on the page.
    find
        Finds the display files with finer borders by their names.

    Raises
    ------
    FileRefusedError
        The file is missing or is no display file.
    """
    bounds = placement.bounds(_EDGE_MM)
    records = _read_tiles(geometry, bounds) if geometry.is_tiled else _read(geometry)
    inside = _meets(records.shapes, bounds)
    records = _Records(
        [record for record, keep in zip(records.properties, inside, strict=True) if keep],
        records.shapes[inside],
        records.partial,
    )
    if geometry.finer and find:
        records = _with_finer_borders(geometry, records, bounds, placement, find)
    return _laid_out(records, placement)


def read_collection(path: Path) -> Json:
    """Return a display file that is GeoJSON.

    Raises
    ------
    FileRefusedError
        It is missing or something else.
    """
    try:
        collection = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _refused(path, type(error).__name__) from error
    if not isinstance(collection, dict) or not isinstance(collection.get("features"), list):
        raise _refused(path, "other JSON")
    return collection


def _refused(path: Path, found: str) -> FileRefusedError:
    return FileRefusedError(
        Problem(
            file=path.name,
            text="expected a GeoJSON FeatureCollection, found {found}; prepare it again",
            values={"found": found},
        )
    )


def _read(geometry: GeometryRef) -> _Records:
    features = [
        feature
        for feature in read_collection(geometry.path)["features"]
        if feature.get("geometry") is not None
    ]
    shapes = shapely.from_geojson([json.dumps(feature["geometry"]) for feature in features])
    return _Records([feature["properties"] for feature in features], np.asarray(shapes, object))


def _read_tiles(geometry: GeometryRef, bounds: Bounds) -> _Records:
    """Read the tiles of the frame at the level that paper can show, and join what they cut."""
    from geoapp.gdal import GDAL_ERRORS, pyogrio  # only very big layers need GDAL

    last = int(geometry.max_zoom or 0)
    zoom = max(int(geometry.min_zoom or 0), min(last, _tile_zoom(bounds)))
    low, high = _mercator(np.array([bounds[:2], bounds[2:]]))
    try:
        table = pyogrio.read_dataframe(geometry.path, ZOOM_LEVEL=zoom, bbox=(*low, *high))
    except GDAL_ERRORS as error:
        raise _refused(geometry.path, type(error).__name__) from error
    pieces = shapely.transform(table.geometry.to_numpy(), _degrees)
    if geometry.kind == "point":
        return _Records(table[["key", "name"]].to_dict("records"), pieces, zoom < last)
    rows = table.groupby("key", sort=False).indices
    shapes = [shapely.union_all(shapely.make_valid(pieces[found])) for found in rows.values()]
    firsts = table.iloc[[found[0] for found in rows.values()]]
    return _Records(
        firsts[["key", "name"]].to_dict("records"), np.asarray(shapes, object), zoom < last
    )


def _tile_zoom(bounds: Bounds) -> int:
    """Return the finest level at which the tiles of the frame are not too many to be read."""
    low, high = _mercator(np.array([bounds[:2], bounds[2:]]))
    area = float(np.prod((high - low) / _EQUATOR_M))
    return math.floor(math.log2(_MOST_TILES / max(area, 1e-12)) / 2)


def _with_finer_borders(
    geometry: GeometryRef, records: _Records, bounds: Bounds, placement: Placement, find: Find
) -> _Records:
    """Replace shapes by those of the scale that is meant for what paper shows."""
    index = find(str(geometry.finer))
    if index is None:
        return records
    chunks = read_collection(index)["features"]
    from_zoom = int(read_collection(geometry.path).get("finer", {}).get("zoom", 0))
    shown = _zoom_of(placement)
    if not chunks or shown < from_zoom:
        return records
    zooms = sorted({int(chunk["properties"]["zoom"]) for chunk in chunks})
    zoom = max((zoom for zoom in zooms if zoom <= shown), default=zooms[0])
    wanted = [chunk for chunk in chunks if int(chunk["properties"]["zoom"]) == zoom]
    boxes = shapely.from_geojson([json.dumps(chunk["geometry"]) for chunk in wanted])
    finer: dict[str, shapely.Geometry] = {}
    for chunk, near in zip(wanted, _meets(boxes, bounds), strict=True):
        path = find(str(chunk["properties"]["file"])) if near else None
        if path is not None:
            finer |= _shapes_by_key(path)
    shapes = [
        finer.get(str(record["key"]), shape)
        for record, shape in zip(records.properties, records.shapes, strict=True)
    ]
    return _Records(records.properties, np.asarray(shapes, object), records.partial)


def _zoom_of(placement: Placement) -> int:
    """Return the level of a web map that shows as much as this scale at 254 dots per inch."""
    metres_per_dot = placement.scale * 1e-4 / math.cos(math.radians(placement.lat))
    return math.ceil(math.log2(_WEB_ZOOM_0_M_PER_PIXEL / metres_per_dot))


def _shapes_by_key(path: Path) -> dict[str, shapely.Geometry]:
    features = read_collection(path)["features"]
    shapes = shapely.from_geojson([json.dumps(feature["geometry"]) for feature in features])
    keys = (str(feature["properties"]["key"]) for feature in features)
    return dict(zip(keys, shapes, strict=True))


def _laid_out(records: _Records, placement: Placement) -> Features:
    page = shapely.transform(records.shapes, placement.to_page)
    page = shapely.simplify(page, _DETAIL_MM)
    invalid = ~shapely.is_valid(page)
    page[invalid] = shapely.make_valid(page[invalid])
    edge = placement.frame.grown(_EDGE_MM)
    box = shapely.box(edge.left, edge.bottom, edge.right, edge.top)
    shapely.prepare(box)
    whole = shapely.contains(box, page)
    page[~whole] = shapely.intersection(page[~whole], box)
    kept = ~shapely.is_empty(page)
    properties = [record for record, keep in zip(records.properties, kept, strict=True) if keep]
    shapes, whole = page[kept], whole[kept]
    return Features(
        tuple(str(record["key"]) for record in properties),
        tuple(str(record.get("name") or "") for record in properties),
        tuple(_rank(record, len(properties)) for record in properties),
        shapes,
        _anchors(properties, shapes, whole, placement),
        whole,
        records.partial,
    )


def _rank(record: Json, least: int) -> int:
    rank = record.get("rank")
    return int(rank) if isinstance(rank, (int, float)) else least


def _anchors(
    properties: Sequence[Json], shapes: Shapes, whole: NDArray[np.bool_], placement: Placement
) -> NDArray[np.float64]:
    """Return where names belong: at the prepared point, or within what is left of a cut shape."""
    points = shapely.point_on_surface(shapes)
    anchors = np.column_stack([shapely.get_x(points), shapely.get_y(points)]).reshape(-1, 2)
    known = np.array(
        [bool(kept) and "px" in record for kept, record in zip(whole, properties, strict=True)],
        bool,
    )
    if known.any():
        degrees = [
            [record["px"], record["py"]]
            for record, keep in zip(properties, known, strict=True)
            if keep
        ]
        anchors[known] = placement.to_page(np.asarray(degrees, np.float64))
    return anchors


def _meets(shapes: Shapes, bounds: Bounds) -> NDArray[np.bool_]:
    west, south, east, north = bounds
    boxes = shapely.bounds(np.asarray(shapes, object)).reshape(-1, 4)
    return np.asarray(
        (boxes[:, 0] <= east)
        & (boxes[:, 2] >= west)
        & (boxes[:, 1] <= north)
        & (boxes[:, 3] >= south)
    )


def _mercator(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return EPSG:3857 metres, east and north, for longitudes and latitudes."""
    latitude = np.radians(np.clip(degrees[:, 1], -85, 85))
    north = np.log(np.tan(np.pi / 4 + latitude / 2)) / np.pi * _MERCATOR_EDGE_M
    return np.column_stack([degrees[:, 0] / 180 * _MERCATOR_EDGE_M, north])


def _degrees(metres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return longitudes and latitudes for EPSG:3857 metres, east and north."""
    latitude = 2 * np.arctan(np.exp(metres[:, 1] / _MERCATOR_EDGE_M * np.pi)) - np.pi / 2
    return np.column_stack([metres[:, 0] / _MERCATOR_EDGE_M * 180, np.degrees(latitude)])
