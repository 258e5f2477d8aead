"""Where a place of the world lies on a print sheet, at a scale that is true.

The projection is a transverse Mercator about the middle of the map, so that true north is up there
and the scale is right to a fraction of a percent wherever a sheet of a country can reach.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from pyproj import Proj

from geoapp.core.mapspec import Bounds
from geoapp.errors import RefusedError
from geoapp.maps.sheet_layout import Rect

Floats = NDArray[np.float64]

_ROUND = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.5)
_LEAST_SCALE = 1000
_MARGIN = 1.03
_LEAST_SPAN_M = 300.0
_EARTH_M = 6_371_000
_FURTHEST_M = 1_500_000
_STEPS = 21


@dataclass(frozen=True)
class Placement:
    """How the map lies on the page.

    Attributes
    ----------
    lon, lat
        Middle of the projection in degrees (EPSG:4326).
    scale
        Metres of the ground for a metre of paper.
    frame
        The part of the page that the map fills, in mm.
    shift
        Projected metres, east and north, of what lies in the middle of the frame.
    """

    lon: float
    lat: float
    scale: float
    frame: Rect
    shift: tuple[float, float] = (0.0, 0.0)

    def to_page(self, degrees: Floats) -> Floats:
        """Return mm of the page for longitudes and latitudes, both of shape (n, 2)."""
        east, north = self._projection(degrees[:, 0], degrees[:, 1])
        metres = np.column_stack([east, north]) - self.shift
        return np.asarray(metres * 1000 / self.scale + self.frame.centre)

    def to_degrees(self, page: Floats) -> Floats:
        """Return longitudes and latitudes for mm of the page, both of shape (n, 2)."""
        metres = (page - self.frame.centre) * self.scale / 1000 + self.shift
        lon, lat = self._projection(metres[:, 0], metres[:, 1], inverse=True)
        return np.column_stack([lon, lat])

    def bounds(self, margin: float = 0) -> Bounds:
        """Return west, south, east, north in degrees of the frame with a margin in mm."""
        place = self.frame.grown(margin)
        edge = _edge(place.left, place.bottom, place.right, place.top)
        degrees = self.to_degrees(edge)
        west, south = degrees.min(axis=0)
        east, north = degrees.max(axis=0)
        return float(west), float(south), float(east), float(north)

    @property
    def scale_error(self) -> float:
        """The largest relative error of the scale within the frame."""
        return (self._stretch - 1) / 2

    @property
    def _stretch(self) -> float:
        """How much larger the scale is at the edge of the frame than in the middle."""
        furthest = abs(self.shift[0]) + self.frame.width / 2000 * self.scale
        return math.cosh(furthest / _EARTH_M)

    @cached_property
    def _projection(self) -> Proj:
        return Proj(self.definition)

    @property
    def definition(self) -> str:
        """The projection as PROJ writes it; metres, east and north."""
        # too small in the middle by as much as too large at the edge
        middle = 2 / (1 + self._stretch)
        return (
            f"+proj=tmerc +lat_0={self.lat:.6f} +lon_0={self.lon:.6f} +k={middle:.8f} "
            "+x_0=0 +y_0=0 +ellps=WGS84 +units=m +no_defs"
        )


def place_map(bounds: Bounds, frame: Rect) -> Placement:
    """Return the placement that shows the bounds (degrees) at the largest round scale that fits.

    Raises
    ------
    RefusedError
        The bounds are no part of the world that a sheet can show.
    """
    west, south, east, north = bounds
    if not (-180 <= west <= east <= 180 and -85 <= south <= north <= 85):
        raise RefusedError(
            f"expected bounds as west, south, east, north in degrees, found {bounds}; a print "
            "sheet cannot show them, choose what to show on the map first"
        )
    whole = Placement((west + east) / 2, (south + north) / 2, 1000, Rect(0, 0, 0, 0))
    metres = whole.to_page(_edge(*bounds))
    low, high = metres.min(axis=0), metres.max(axis=0)
    spans = np.maximum(high - low, _LEAST_SPAN_M)
    if not np.isfinite(spans).all() or spans[0] > 2 * _FURTHEST_M:
        raise RefusedError(
            f"the map is {spans[0] / 1000:.0f} km wide, expected at most "
            f"{2 * _FURTHEST_M / 1000:.0f} km for a sheet that is true to scale; choose less"
        )
    scale = round_scale(float(max(spans / (frame.width, frame.height))) * 1000 * _MARGIN)
    middle = (low + high) / 2
    return Placement(whole.lon, whole.lat, scale, frame, (float(middle[0]), float(middle[1])))


def round_scale(least: float) -> int:
    """Return the next round denominator of a scale.

    >>> round_scale(41_000), round_scale(120), round_scale(250_000), round_scale(260_000)
    (50000, 1000, 250000, 300000)
    """
    magnitude = 10.0 ** math.floor(math.log10(max(least, _LEAST_SCALE)))
    steps = (round(step * magnitude) for step in (*_ROUND, 10.0))
    return next(step for step in steps if step >= max(least, _LEAST_SCALE) - 1e-6)


def bar_length(scale: float, room: float) -> float:
    """Return the round length in metres of the longest scale bar in ``room`` mm.

    >>> bar_length(50_000, 60), bar_length(1_000_000, 60)
    (2000.0, 50000.0)
    """
    most = room * scale / 1000
    magnitude = 10.0 ** math.floor(math.log10(most))
    return max(step * magnitude for step in (1.0, 2.0, 5.0) if step * magnitude <= most)


def _edge(left: float, bottom: float, right: float, top: float) -> Floats:
    """Return points (n, 2) along the sides of a box; they bend where it is projected."""
    share = np.linspace(0, 1, _STEPS)
    across, up = left + share * (right - left), bottom + share * (top - bottom)
    still = np.ones(_STEPS)
    sides = [
        (across, bottom * still),
        (across, top * still),
        (left * still, up),
        (right * still, up),
    ]
    return np.vstack([np.column_stack(side) for side in sides])
