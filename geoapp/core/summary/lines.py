"""Length of lines inside each municipality, exactly, with little geometry.

1. Lines whose box meets no border (`cells`) are measured whole, for the owner of their patch.
2. The others fall into segments. Most of these again lie in one patch; the rest is cut where it
   crosses a border (`crossings`), by arithmetic on coordinates.
3. Only segments so near a border that rounding could decide (along it, through a corner) are
   intersected with the polygon.

What a line runs over twice counts once, as it does when lines are cut: lines that meet themselves
are joined before they are measured, and near a border they are intersected as a whole.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geoapp.core.summary.borders import met_by
from geoapp.core.summary.cells import Cells, cells_over
from geoapp.core.summary.crossings import stretches_inside
from geoapp.core.summary.frames import require_same_crs
from geoapp.core.summary.lengths import Measure, measure_in, segments_of
from geoapp.core.summary.portions import in_threads, portions

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.integer[Any]]
Geometries = npt.NDArray[Any]


def summarise_lines(lines: gpd.GeoDataFrame, municipalities: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return ``length_km`` of the lines inside each municipality.

    Parameters
    ----------
    lines
        Any number of lines, in the CRS of ``municipalities``.
    municipalities
        Polygons, indexed by unit key.

    Returns
    -------
    pandas.DataFrame
        Indexed as ``municipalities``; ``length_km`` (geodesic for degrees, planar for a
        projected CRS) and ``features``, the number of lines that touch it. A line that crosses a
        border counts on each side with what lies there; a stretch that one line runs over twice
        counts once.

    Raises
    ------
    ValueError
        The two frames differ in their CRS.
    """
    require_same_crs(lines, municipalities)
    areas = municipalities.geometry.to_numpy()
    km, features = _inside(lines.geometry.to_numpy(), areas, measure_in(municipalities.crs))
    return pd.DataFrame({"features": features, "length_km": km}, index=municipalities.index)


class _Found(NamedTuple):
    """Lengths of lines found in areas; a line may come several times for one area."""

    line: IntArray
    area: IntArray
    km: FloatArray


def _inside(
    lines: Geometries, areas: Geometries, measure: Measure
) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Return kilometres inside each area and the number of lines that touch it."""
    lines, boxes = _with_boxes(lines)
    if not len(lines) or not len(areas):
        return np.zeros(len(areas)), np.zeros(len(areas), np.int64)
    with ThreadPoolExecutor(1) as meanwhile:
        asked = meanwhile.submit(_tangled, lines)
        cells = cells_over(areas, boxes)
        tangled = asked.result()
    patch = _patches(boxes, cells)
    settled = np.flatnonzero(patch > 0)
    once = _once(lines, tangled, settled)
    km_once = in_threads(lambda share: measure.of_lines(once[share]), portions(len(once)))
    km, features = _whole(patch[settled], np.concatenate(km_once), cells)
    found = _near_borders(lines, patch == 0, tangled, cells, measure)
    # sorting takes a third of the time of numpy's unique
    touched = np.sort(found.line * np.int64(len(areas)) + found.area)
    touched = touched[np.append(True, touched[1:] != touched[:-1])[: len(touched)]] % len(areas)
    return (
        km + np.bincount(found.area, weights=found.km, minlength=len(areas)),
        features + np.bincount(touched, minlength=len(areas)),
    )


def _with_boxes(lines: Geometries) -> tuple[Geometries, FloatArray]:
    """Return the lines that are somewhere, and the bounding box (4, n) of each."""
    boxes = np.empty((4, len(lines)))

    def fill(share: slice) -> None:
        boxes[:, share] = shapely.bounds(lines[share]).T

    in_threads(fill, portions(len(lines)))
    nowhere = np.isnan(boxes[0])
    return (lines[~nowhere], boxes[:, ~nowhere]) if nowhere.any() else (lines, boxes)


def _tangled(lines: Geometries) -> BoolArray:
    """Return which lines run over themselves, or cross themselves."""
    simple = in_threads(lambda share: shapely.is_simple(lines[share]), portions(len(lines)))
    return np.asarray(~np.concatenate(simple))


def _patches(boxes: FloatArray, cells: Cells) -> IntArray:
    shares = portions(boxes.shape[1])
    return np.concatenate(in_threads(lambda share: cells.patch_of_boxes(boxes[:, share]), shares))


def _once(lines: Geometries, tangled: BoolArray, chosen: IntArray) -> Geometries:
    """Return the chosen lines with what they run over twice joined, as cutting would join it."""
    once, again = lines[chosen], tangled[chosen]
    once[again] = shapely.union(once[again], once[again])
    return once


def _whole(
    patch: IntArray, km: FloatArray, cells: Cells
) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Add up whole lines by their patch, and patches by the areas that own them."""
    count = len(cells.first_owner) - 1
    of_patch, owner = cells.owners_of(np.arange(count))
    km_of_patch = np.bincount(patch, weights=km, minlength=count)[of_patch]
    lines_of_patch = np.bincount(patch, minlength=count)[of_patch]
    areas = len(cells.areas)
    features = np.bincount(owner, weights=lines_of_patch, minlength=areas)
    km_of_area = np.bincount(owner, weights=km_of_patch, minlength=areas)
    return km_of_area.astype(np.float64), features.astype(np.int64)


def _near_borders(
    lines: Geometries, near: BoolArray, tangled: BoolArray, cells: Cells, measure: Measure
) -> _Found:
    """Return what lies where of lines near a border."""
    plain, knotted = np.flatnonzero(near & ~tangled), np.flatnonzero(near & tangled)
    cut = in_threads(
        lambda share: _cut(lines[plain[share]], plain[share], cells, measure), portions(len(plain))
    )
    shapes = np.concatenate([lines[knotted], *(unsure.shapes for _, unsure in cut)])
    numbers = np.concatenate([knotted, *(unsure.line for _, unsure in cut)])
    return _joined(*(found for found, _ in cut), _intersected(shapes, numbers, cells, measure))


class _Unsure(NamedTuple):
    """Parts of lines that only an intersection can tell where they lie."""

    shapes: Geometries
    line: IntArray


def _cut(
    lines: Geometries, numbers: IntArray, cells: Cells, measure: Measure
) -> tuple[_Found, _Unsure]:
    """Return what lies where of simple lines, and what of them is left."""
    start, end, position = segments_of(lines)
    line = numbers[position]
    patch = cells.patch_of_boxes(np.vstack([np.minimum(start, end), np.maximum(start, end)]))
    apart, near = np.flatnonzero(patch > 0), np.flatnonzero(patch == 0)
    km = measure.of_segments(start[:, apart], end[:, apart])
    of_apart, owner = cells.owners_of(patch[apart])
    inside, doubtful = stretches_inside(start[:, near], end[:, near], cells)
    km_inside = measure.of_segments(inside.start, inside.end)
    found = _joined(
        _Found(line[apart[of_apart]], owner, km[of_apart]),
        _Found(line[near[inside.segment]], inside.area, km_inside),
    )
    unsure = near[doubtful]
    return found, _gathered(start[:, unsure], end[:, unsure], line[unsure])


def _gathered(start: FloatArray, end: FloatArray, line: IntArray) -> _Unsure:
    """Gather the segments of each line into one geometry."""
    lines, position = np.unique(line, return_inverse=True)
    segments = shapely.linestrings(np.stack([start.T, end.T], axis=1))
    return _Unsure(np.asarray(shapely.multilinestrings(segments, indices=position)), lines)


def _intersected(shapes: Geometries, numbers: IntArray, cells: Cells, measure: Measure) -> _Found:
    """Return what lies where of lines that only an intersection can tell."""
    area, shape = met_by(cells.areas, shapes)
    cut = in_threads(
        lambda share: shapely.intersection(shapes[shape[share]], cells.areas[area[share]]),
        portions(len(area)),
    )
    return _Found(numbers[shape], area, measure.of_lines(_only_lines(np.concatenate(cut))))


def _joined(*found: _Found) -> _Found:
    return _Found(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _only_lines(geometries: Geometries) -> Geometries:
    """Drop the single points where a line only touches a border."""
    kept = np.where(shapely.get_dimensions(geometries) == 1, geometries, shapely.LineString())
    return np.asarray(kept, dtype=object)
