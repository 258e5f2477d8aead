"""Power diagrams whose cells have given areas: shares of a plane domain around weighted sites.

The cell of a site is where its *power distance* (squared distance less weight) is the smallest.
Weights that give every cell its area are the solution of semi-discrete optimal transport, found by
damped Newton steps (Kitagawa, Mérigot, Thibert 2019). All coordinates are metres, all areas m²,
in one equal-area plane.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from geoapp.errors import RefusedError

Floats = npt.NDArray[np.float64]
Geometries = npt.NDArray[Any]

_MOST_STEPS = 100
_SMALLEST_STEP = 2.0**-12


@dataclass(frozen=True, slots=True)
class PowerDiagram:
    """A domain shared among sites.

    Attributes
    ----------
    cells
        One geometry for each site, in the order of the sites; empty where a site got nothing.
    borders
        Straight lines between two cells, cut to the domain.
    pairs
        Indices of the two sites of each border, shape (borders, 2), the lower one first.
    """

    cells: Geometries
    borders: Geometries
    pairs: npt.NDArray[np.intp]

    @property
    def areas(self) -> Floats:
        """Areas of the cells in m²."""
        return np.asarray(shapely.area(self.cells), dtype=float)


def power_diagram(sites: Floats, weights: Floats, domain: BaseGeometry) -> PowerDiagram:
    """Cut a domain into the power cells of its sites.

    Parameters
    ----------
    sites
        Distinct points, shape (n, 2), metres.
    weights
        Shape (n,), m²; a larger weight gives a larger cell.
    domain
        Polygon or multipolygon in the same plane.

    Examples
    --------
    >>> halves = power_diagram(
    ...     np.array([[1.0, 1.0], [3.0, 1.0]]), np.zeros(2), shapely.box(0, 0, 4, 2)
    ... )
    >>> halves.areas.tolist(), shapely.length(halves.borders).tolist()
    ([4.0, 4.0], [2.0])
    """
    corners = _frame(sites, domain)
    rings, pairs, segments = [], [], []
    for site in range(len(sites)):
        ring, neighbours = _convex_cell(site, sites, weights, corners)
        rings.append(ring)
        for at, neighbour in enumerate(neighbours):
            if neighbour > site:
                pairs.append((site, neighbour))
                segments.append((ring[at], ring[(at + 1) % len(ring)]))
    cells = np.array([shapely.Polygon(ring) for ring in rings], dtype=object)
    lines = shapely.linestrings(np.array(segments, dtype=float).reshape(-1, 2, 2))
    return PowerDiagram(
        cells=shapely.intersection(cells, domain),
        borders=shapely.intersection(lines, domain),
        pairs=np.array(pairs, dtype=np.intp).reshape(-1, 2),
    )


def capacity_weights(
    sites: Floats,
    areas: Floats,
    domain: BaseGeometry,
    *,
    start: Floats | None = None,
    tolerance: float = 1e-6,
) -> Floats:
    """Find the weights with which every power cell has its area.

    Parameters
    ----------
    sites
        Distinct points, shape (n, 2), metres.
    areas
        Wanted areas, shape (n,), m²; scaled together to fill the domain.
    domain
        Connected polygon in the same plane.
    start
        Weights to begin with, such that no cell is empty; zeros (Voronoi cells) when left out.
    tolerance
        Largest relative error of any area.

    Raises
    ------
    RefusedError
        When a cell is empty at the start, or no step leads further.
    """
    wanted = areas * (shapely.area(domain) / areas.sum())
    weights = np.zeros(len(sites)) if start is None else start
    diagram = power_diagram(sites, weights, domain)
    floor = min(diagram.areas.min(), wanted.min()) / 2
    if floor <= 0:
        raise RefusedError("expected every site to have a share of the domain, found one without")
    for _ in range(_MOST_STEPS):
        if (abs(diagram.areas - wanted) <= tolerance * wanted).all():
            return weights
        step = _newton_step(sites, diagram, wanted)
        weights, diagram = _damped(sites, weights, step, diagram, wanted, domain, floor)
    raise RefusedError(f"areas did not settle within {_MOST_STEPS} steps")


def _newton_step(sites: Floats, diagram: PowerDiagram, wanted: Floats) -> Floats:
    first, second = diagram.pairs.T
    apart = np.linalg.norm(sites[first] - sites[second], axis=1)
    growth = shapely.length(diagram.borders) / (2 * apart)
    slope = np.zeros((len(sites), len(sites)))
    np.add.at(slope, (first, second), -growth)
    np.add.at(slope, (second, first), -growth)
    slope -= np.diag(slope.sum(axis=1))
    # Weights count only by their differences, so the matrix has rank n - 1.
    return np.asarray(np.linalg.lstsq(slope, wanted - diagram.areas, rcond=None)[0], dtype=float)


def _damped(
    sites: Floats,
    weights: Floats,
    step: Floats,
    diagram: PowerDiagram,
    wanted: Floats,
    domain: BaseGeometry,
    floor: float,
) -> tuple[Floats, PowerDiagram]:
    error = np.linalg.norm(diagram.areas - wanted)
    fraction = 1.0
    while fraction >= _SMALLEST_STEP:
        moved = weights + fraction * step
        tried = power_diagram(sites, moved, domain)
        left = np.linalg.norm(tried.areas - wanted)
        if tried.areas.min() >= floor and left <= (1 - fraction / 2) * error:
            return moved, tried
        fraction /= 2
    raise RefusedError("areas cannot be reached: no step of any length brings them closer")


def _frame(sites: Floats, domain: BaseGeometry) -> Floats:
    west, south, east, north = shapely.bounds(domain)
    low = np.minimum((west, south), sites.min(axis=0)) - 1
    high = np.maximum((east, north), sites.max(axis=0)) + 1
    return np.array([low, (high[0], low[1]), high, (low[0], high[1])])


def _convex_cell(
    site: int, sites: Floats, weights: Floats, corners: Floats
) -> tuple[list[tuple[float, float]], list[int]]:
    """Clip a frame to the cell of one site; the neighbour behind each edge, -1 for the frame."""
    others = np.delete(np.arange(len(sites)), site)
    offsets = sites[others] - sites[site]
    apart = np.hypot(offsets[:, 0], offsets[:, 1])
    # Signed distance of the border from the site: near borders first, so that most are never cut.
    reach = (apart**2 + weights[site] - weights[others]) / (2 * apart)
    ring = [(float(x), float(y)) for x, y in corners - sites[site]]
    labels = [-1] * len(ring)
    for at in np.argsort(reach, kind="stable"):
        farthest = max((math.hypot(x, y) for x, y in ring), default=0.0)
        if reach[at] >= farthest:
            break
        normal = (float(offsets[at, 0] / apart[at]), float(offsets[at, 1] / apart[at]))
        ring, labels = _clip(ring, labels, normal, float(reach[at]), int(others[at]))
    x0, y0 = sites[site]
    return [(x + x0, y + y0) for x, y in ring], labels


def _clip(
    ring: list[tuple[float, float]],
    labels: list[int],
    normal: tuple[float, float],
    reach: float,
    other: int,
) -> tuple[list[tuple[float, float]], list[int]]:
    """Keep what lies at most `reach` along `normal`; the new edge is labelled `other`."""
    beyond = [x * normal[0] + y * normal[1] - reach for x, y in ring]
    kept: list[tuple[float, float]] = []
    marks: list[int] = []
    for at, (here, label) in enumerate(zip(ring, labels, strict=True)):
        ahead = (at + 1) % len(ring)
        if beyond[at] <= 0:
            kept.append(here)
            marks.append(label)
        if (beyond[at] <= 0) != (beyond[ahead] <= 0):
            share = beyond[at] / (beyond[at] - beyond[ahead])
            there = ring[ahead]
            kept.append(
                (here[0] + share * (there[0] - here[0]), here[1] + share * (there[1] - here[1]))
            )
            marks.append(other if beyond[at] <= 0 else label)
    return kept, marks
