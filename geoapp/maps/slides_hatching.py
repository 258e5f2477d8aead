"""Patterns of areas that lie over the map, as shapes of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from geoapp.core.mapspec import Pattern, Style
from geoapp.core.raw import Geometries
from geoapp.maps.sheet_projection import Floats
from geoapp.maps.slides_shapes import EMU_PER_MM, Contour, freeform, symbol_contour

_HATCH_MM = 2.0


@dataclass(frozen=True)
class Page:
    """Turns mm upwards into EMU downwards."""

    height: int

    def contour(self, coordinates: Floats) -> Contour:
        """Return whole EMU without repeated vertices."""
        down = coordinates * (EMU_PER_MM, -EMU_PER_MM) + (0, self.height)
        whole: Contour = np.round(down).astype(np.int64)
        moved = np.any(np.diff(whole, axis=0, prepend=whole[:1] - 1) != 0, axis=1)
        return whole[moved]

    def point(self, x: float, y: float) -> tuple[int, int]:
        """Return one place."""
        return round(x * EMU_PER_MM), round(self.height - y * EMU_PER_MM)


def hatching(name: str, shape: shapely.Geometry, style: Style, page: Page) -> list[str]:
    """Return the pattern of an area that lets the map below show through.

    Not every program draws a pattern fill with gaps that are clear.
    """
    if style.pattern == "dots":
        dots = vertices(shapely.intersection(shape, _dots(shape)))
        if not len(dots):
            return []
        ink = Style(fill=style.pattern_colour, fill_opacity=1, stroke=None, radius=1)
        contours = [symbol_contour(page.point(*xy), ink) for xy in dots]
        return [freeform(name, contours, ink, "polygon", over=True)]
    lines = shapely.get_parts(shapely.intersection(shape, _hatch_lines(shape, style.pattern)))
    lines = lines[shapely.get_type_id(lines) == shapely.GeometryType.LINESTRING]
    if not len(lines):
        return []
    ink = Style(stroke=style.pattern_colour, width=1)
    contours = [page.contour(vertices(line)) for line in lines]
    return [freeform(name, contours, ink, "line", over=True)]


def _dots(shape: shapely.Geometry) -> shapely.MultiPoint:
    low_x, low_y, high_x, high_y = shape.bounds
    step = _HATCH_MM
    across = np.arange(np.floor(low_x / step), high_x / step + 1) * step
    up = np.arange(np.floor(low_y / step), high_y / step + 1) * step
    every = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    return shapely.multipoints(np.concatenate([every, every + step / 2]))


def _hatch_lines(shape: shapely.Geometry, pattern: Pattern) -> shapely.MultiLineString:
    x, y, right, top = shape.bounds
    slopes = {"diagonal": (1,), "back-diagonal": (-1,), "cross": (1, -1), "horizontal": (0,)}
    ends = []
    for slope in slopes[pattern]:
        # all lines of a slope lie on one grid, so that neighbouring areas match
        rise = slope * (right - x)
        low, high = y - max(rise, 0) - slope * x, top - min(rise, 0) - slope * x
        gap = _HATCH_MM * (1.4 if slope else 1)
        for level in np.arange(np.ceil(low / gap), high / gap) * gap:
            start = level + slope * x
            ends.append([(x, start), (right, start + rise)])
    return (
        shapely.multilinestrings(shapely.linestrings(ends)) if ends else shapely.MultiLineString()
    )


def vertices(geometry: shapely.Geometry | Geometries) -> Floats:
    """Return all vertices, shape (n, 2)."""
    return np.asarray(shapely.get_coordinates(geometry))
