"""Borders of municipalities as plain columns of coordinates, and who contains a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import shapely

from geoapp.core.summary.lengths import chains_of
from geoapp.core.summary.portions import in_threads, portions

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Borders:
    """Straight pieces of borders; a common border is there once for each side.

    A piece is known by the position of the corner where it starts; it ends at the next corner.

    Attributes
    ----------
    corners
        Corners of all rings, one ring after the other: x and y (2, m).
    ring
        For each corner the number of its ring.
    area
        For each ring the position of the municipality that it is a border of.
    """

    corners: FloatArray
    ring: IntArray
    area: IntArray

    def ends(self, pieces: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return start and end (2, n) of some pieces."""
        return self.corners[:, pieces], self.corners[:, pieces + 1]

    def areas(self, pieces: IntArray) -> IntArray:
        """Return the positions of the municipalities that some pieces are borders of."""
        return self.area[self.ring[pieces]]


def borders_of(areas: npt.NDArray[Any]) -> Borders:
    """Return the borders of polygons, with those of holes and enclaves."""
    parts, owner = shapely.get_parts(areas, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    return Borders(*chains_of(rings), owner[part])


def containing(areas: npt.NDArray[Any], places: FloatArray) -> tuple[IntArray, IntArray]:
    """Return pairs (area, place) where an area contains a place or has it on its border.

    ``places`` are x and y (2, n).
    """
    return met_by(areas, shapely.points(*places))


def met_by(areas: npt.NDArray[Any], geometries: npt.NDArray[Any]) -> tuple[IntArray, IntArray]:
    """Return pairs (area, geometry) that share at least a point."""
    return pairs_where("intersects", areas, geometries)


def pairs_where(
    predicate: Literal["intersects", "contains_properly"],
    areas: npt.NDArray[Any],
    geometries: npt.NDArray[Any],
) -> tuple[IntArray, IntArray]:
    """Return pairs (area, geometry) of which the predicate holds, those of the first area first."""
    tree = shapely.STRtree(geometries)
    if not len(tree):
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    shares = portions(len(areas))
    found = in_threads(lambda share: tree.query(areas[share], predicate=predicate), shares)
    area = [share.start + pairs[0] for share, pairs in zip(shares, found, strict=True)]
    return np.concatenate(area), np.concatenate([pairs[1] for pairs in found])
