"""KML as features: places with their texts and extended data; degrees, longitude first.

Links to other files (``NetworkLink``, pictures, styles) are not followed.
"""

from __future__ import annotations

# The gate has refused document types and entities before this module sees a file.
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from geoapp.core.phrases import mark
from geoapp.core.projection import WGS84
from geoapp.core.raw import Geometries, RawLayer, refusal, warning
from geoapp.sources.markup import xml_text

_GEOMETRIES = ("Point", "LineString", "LinearRing", "Polygon", "MultiGeometry")
_LINKS = ("NetworkLink", "GroundOverlay")


def read_kml(path: Path, *, file: str) -> RawLayer:
    """Read the placemarks of a KML file that was checked; EPSG:4326, heights left out.

    Raises
    ------
    FileRefusedError
        When it is no well-formed XML, or has no placemark.
    """
    try:
        root = ET.fromstring(xml_text(path.read_bytes(), file=file))  # noqa: S314  # as above
    except ET.ParseError as error:
        text = "The file cannot be read ({reason}). Export it again."
        raise refusal(file, text, reason=str(error)) from error
    places = [element for element in root.iter() if _name(element) == "Placemark"]
    if not places:
        text = mark(
            "The file has no placemark. Choose another file; links in KML are not followed."
        )
        raise refusal(file, text)
    links = sum(_name(element) in _LINKS for element in root.iter())
    told = mark("{count} links to other files are in the file; they were not followed.")
    problems = (warning(file, told, count=links),) if links else ()
    table = pd.DataFrame([dict(_attributes(place)) for place in places], dtype=object)
    shapes: Geometries = np.empty(len(places), dtype=object)
    shapes[:] = [_placed(place) for place in places]
    return RawLayer(file, table.where(table.notna(), None), shapes, WGS84, problems=problems)


def _attributes(place: ET.Element) -> Iterator[tuple[str, str | None]]:
    for child in place:
        if _name(child) in ("name", "description"):
            yield _name(child), _text(child)
    for element in place.iter():
        if _name(element) == "SimpleData":
            yield element.get("name", "value"), _text(element)
        elif _name(element) == "Data":
            values = [child for child in element if _name(child) == "value"]
            yield element.get("name", "value"), _text(values[0]) if values else None


def _placed(place: ET.Element) -> shapely.Geometry | None:
    found = next((child for child in place if _name(child) in _GEOMETRIES), None)
    return None if found is None else _shape(found)


def _shape(element: ET.Element) -> shapely.Geometry | None:
    """Return the geometry of an element; None where it is empty or cannot be built."""
    kind = _name(element)
    try:
        if kind == "MultiGeometry":
            parts = [_shape(child) for child in element if _name(child) in _GEOMETRIES]
            return _gathered([part for part in parts if part is not None])
        if kind == "Polygon":
            return shapely.Polygon(
                _ring(element, "outerBoundaryIs"), _rings(element, "innerBoundaryIs")
            )
        pairs = _pairs(element)
        return shapely.Point(pairs[0]) if kind == "Point" else shapely.LineString(pairs)
    except (ValueError, IndexError, shapely.GEOSException):
        return None


def _gathered(parts: list[shapely.Geometry]) -> shapely.Geometry:
    kinds = {part.geom_type for part in parts}
    for kind, gather in (
        ("Point", shapely.MultiPoint),
        ("LineString", shapely.MultiLineString),
        ("Polygon", shapely.MultiPolygon),
    ):
        if kinds == {kind}:
            return gather(parts)
    return shapely.GeometryCollection(parts)


def _ring(polygon: ET.Element, side: str) -> list[tuple[float, float]]:
    return next(iter(_rings(polygon, side)))


def _rings(polygon: ET.Element, side: str) -> list[list[tuple[float, float]]]:
    return [_pairs(boundary) for boundary in polygon if _name(boundary) == side] or (
        [[]] if side == "outerBoundaryIs" else []
    )


def _pairs(element: ET.Element) -> list[tuple[float, float]]:
    found = next((inner for inner in element.iter() if _name(inner) == "coordinates"), None)
    written = (found.text or "").split() if found is not None else []
    numbers = [[float(number) for number in pair.split(",")[:2]] for pair in written]
    return [(east, north) for east, north in numbers]


def _text(element: ET.Element) -> str | None:
    return "".join(element.itertext()).strip() or None


def _name(element: ET.Element) -> str:
    return str(element.tag).rpartition("}")[2]
