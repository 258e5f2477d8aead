"""Schematic boundaries: municipalities of true area and place but invented shape.

Every municipality starts as a disc of its area around its seat. Discs near each other share one
outline, which a power diagram divides so that everyone gets exactly its area. Waves that keep all
areas then bend the straight borders until the whole looks like a map. Points come in as EPSG:4326
(longitude, latitude), shapes are made in EPSG:3035 (equal-area, metres), and go out as EPSG:4326.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import Transformer
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from shapely.affinity import scale
from shapely.geometry.base import BaseGeometry

from geoapp.core.codes import country_of, unit_keys
from geoapp.core.meander import Chain, Twist, carried, carried_back, meanders, twist_between
from geoapp.core.phrases import mark
from geoapp.core.power_diagram import (
    Floats,
    Geometries,
    capacity_weights,
    power_diagram,
)
from geoapp.core.progress import Progress
from geoapp.core.raw import warning
from geoapp.errors import Problem, RefusedError, RegistryError

_FILE = "data/municipalities.csv"
_COLUMNS = ("code", "name", "lon", "lat", "area_ha")
_SHOWN = ["unit", "code", "name", "country"]
_EUROPE = (-35.0, 24.0, 45.0, 73.0)
_AREAS_HA = (1.0, 3e6)
_NOT_DRAWN = (
    ("coded", ["code"], mark("{name} is not drawn: expected a municipality code; found {found}")),
    (
        "located",
        ["lon", "lat"],
        mark(
            "{name} is not drawn: expected a point in Europe (lon, lat in degrees); found {found}"
        ),
    ),
    (
        "sized",
        ["area_ha"],
        mark(
            "{name} is not drawn: expected an area from {least:,.0f} to {most:,.0f} ha (area_ha); "
            "found {found}"
        ),
    ),
)
_TO_METRES = Transformer.from_crs("EPSG:4326", "EPSG:3035", always_xy=True)

# Discs that touch when half as large again stand for neighbours; farther ones stay apart.
_NEIGHBOURLY = 1.5
# Outlines: width of the link between two neighbours and of the bays that are filled, in radii.
_SPINE = 0.6
_CLOSING = 1.0
_GAP_M = 200.0
_BISECTIONS = 40
# Seats outside their cells: how deep inside they should lie, in radii, and the limits of a turn.
_DEPTHS = (0.15, 0.05)
_SMALLEST_TURN_M = 1.0
_STRONGEST_TURN = 1.1
# Drawing: the finest detail shown, as a share of the smallest cell's width and within so many
# metres; how finely coordinates are rounded, as a share of the detail.
_DETAIL = 0.022
_DETAIL_M = (2.0, 100.0)
_ROUNDING = 0.05
_FEWEST_DECIMALS = 5
_METRES_A_DEGREE = 111_000.0
_GRID_M = 0.01
_AREA_TOLERANCE = 5e-4
_PASSES = 9
_MEANDERS = meanders()


@dataclass(frozen=True, slots=True)
class _Cluster:
    """Municipalities (rows of the whole table) within one outline; sites in m, weights in m²."""

    members: npt.NDArray[np.intp]
    outline: BaseGeometry
    sites: Floats
    weights: Floats


def schematic_boundaries(
    municipalities: pd.DataFrame, *, progress: Progress | None = None
) -> gpd.GeoDataFrame:
    """Draw boundaries of true area for municipalities known by point and area.

    Parameters
    ----------
    municipalities
        Columns code (text), name, lon, lat (degrees, EPSG:4326) and area_ha (hectares). Rows that
        `incomplete_municipalities` reports are left out, never guessed.
    progress
        Called with the number of municipalities shaped so far and of all.

    Returns
    -------
    geopandas.GeoDataFrame
        Columns unit, code, name, country and geometry, EPSG:4326, one row for each municipality,
        sorted by unit. A clean coverage: neighbours share every vertex of their border. Areas in
        EPSG:3035 are those of area_ha within 0.1 %. The result depends neither on the order of
        the rows nor on the run.

    Raises
    ------
    RegistryError
        When a column is missing or a municipality is listed twice.
    RefusedError
        When no shapes of these areas can be found.
    """
    placed = _placed(municipalities)
    if placed.empty:
        return gpd.GeoDataFrame(placed[_SHOWN], geometry=[], crs="EPSG:4326")
    areas = placed["area_ha"].to_numpy(float) * 1e4
    seats = carried_back(_metres(placed[["lon", "lat"]].to_numpy(float)), _MEANDERS)
    clusters = []
    for members, sites, outline in _outlines(_apart(seats, areas), areas):
        with _naming(placed["name"][members]):
            weights = capacity_weights(sites, areas[members], outline)
        clusters.append(_Cluster(members, outline, sites, weights))
        if progress is not None:
            progress(sum(len(cluster.members) for cluster in clusters), len(placed))
    twists = _twists(clusters, seats, areas)
    geometry = np.empty(len(placed), dtype=object)
    for cluster in clusters:
        members = cluster.members
        with _naming(placed["name"][members]):
            geometry[members] = _true_to_area(cluster, (*twists, *_MEANDERS), areas[members])
    return gpd.GeoDataFrame(placed[_SHOWN], geometry=geometry, crs="EPSG:4326")


def incomplete_municipalities(municipalities: pd.DataFrame) -> tuple[Problem, ...]:
    """Report the rows that cannot be drawn: no valid code, no point in Europe, no likely area."""
    checked = _checked(municipalities)
    least, most = _AREAS_HA
    return tuple(
        warning(
            _FILE,
            text,
            field=str(row["code"]),
            name=row["name"],
            found=found,
            least=least,
            most=most,
        )
        for fits, columns, text in _NOT_DRAWN
        for _, row in checked[~checked[fits]].iterrows()
        for found in [", ".join(str(value) for value in row[columns])]
    )


def _placed(municipalities: pd.DataFrame) -> pd.DataFrame:
    checked = _checked(municipalities)
    placed = checked[checked["coded"] & checked["located"] & checked["sized"]]
    if twice := sorted(placed.loc[placed["unit"].duplicated(), "unit"]):
        text = mark("expected every municipality once; listed again: {codes}")
        raise RegistryError([Problem(file=_FILE, text=text, values={"codes": ", ".join(twice)})])
    countries = placed["unit"].map(country_of)
    return placed.assign(country=countries).sort_values("unit", ignore_index=True)


def _checked(municipalities: pd.DataFrame) -> pd.DataFrame:
    if missing := [column for column in _COLUMNS if column not in municipalities]:
        text = mark("expected columns {expected}; missing: {missing}")
        values = {"expected": ", ".join(_COLUMNS), "missing": ", ".join(missing)}
        raise RegistryError([Problem(file=_FILE, text=text, values=values)])
    numbers = municipalities[["lon", "lat", "area_ha"]].apply(pd.to_numeric, errors="coerce")
    west, south, east, north = _EUROPE
    units = unit_keys(municipalities["code"])
    return municipalities[["code", "name"]].assign(
        **numbers,
        unit=units,
        coded=units.notna(),
        located=numbers["lon"].between(west, east) & numbers["lat"].between(south, north),
        sized=numbers["area_ha"].between(*_AREAS_HA),
    )


@contextmanager
def _naming(names: Iterable[str]) -> Iterator[None]:
    """Say whose shapes could not be found."""
    try:
        yield
    except RefusedError as error:
        raise RefusedError(
            f"{_FILE}: expected points and areas that leave room for {', '.join(names)}; "
            f"found none ({error}). Check their columns lon, lat and area_ha"
        ) from error


def _apart(seats: Floats, areas: Floats) -> Floats:
    """Move seats that share one place (a town and the rural municipality around it) apart."""
    sites = seats.copy()
    near = 0.05 * np.sqrt(areas / math.pi)
    for at in range(1, len(sites)):
        turn = 0
        while (np.hypot(*(sites[:at] - sites[at]).T) < np.minimum(near[:at], near[at])).any():
            turn += 1
            away = near[at] * math.sqrt(turn)
            sites[at] = seats[at] + away * np.array([math.cos(2.4 * turn), math.sin(2.4 * turn)])
    return sites


def _outlines(
    sites: Floats, areas: Floats
) -> list[tuple[npt.NDArray[np.intp], Floats, BaseGeometry]]:
    """Group municipalities into clusters, each with one outline; no two outlines meet."""
    radii = np.sqrt(areas / math.pi)
    near = _distances(sites) <= _NEIGHBOURLY * (radii[:, None] + radii)
    while True:
        count, labels = connected_components(near, directed=False)
        groups = [np.flatnonzero(labels == label) for label in range(count)]
        outlines = [_outline(sites[group], areas[group]) for group in groups]
        tree = shapely.STRtree(outlines)
        pairs = tree.query(outlines, predicate="dwithin", distance=_GAP_M)
        if (pairs[0] == pairs[1]).all():
            return [
                (group, sites[group], outline)
                for group, outline in zip(groups, outlines, strict=True)
            ]
        for first, second in pairs.T:
            near[groups[first][0], groups[second][0]] = True


def _outline(sites: Floats, areas: Floats) -> BaseGeometry:
    """One polygon without holes around all sites, with the area that they need together (m²)."""
    radii = np.sqrt(areas / math.pi)
    first, second = minimum_spanning_tree(_distances(sites)).nonzero()
    spines = shapely.linestrings(np.stack([sites[first], sites[second]], axis=1))
    shapes = np.concatenate([shapely.points(sites), spines])
    widths = np.concatenate([radii, _SPINE * np.minimum(radii[first], radii[second])])
    closing = _CLOSING * float(np.median(radii))

    def grown(factor: float) -> BaseGeometry:
        union = shapely.union_all(shapely.buffer(shapes, factor * widths, quad_segs=24))
        parts = shapely.get_parts(union.buffer(closing).buffer(-closing))
        return shapely.Polygon(parts[np.argmax(shapely.area(parts))].exterior)

    low, high = 0.0, math.sqrt(areas.sum() / areas.max())
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if grown(middle).area < areas.sum() else (low, middle)
    return _resized(grown(high), areas.sum())


def _resized(outline: BaseGeometry, area: float) -> BaseGeometry:
    factor = math.sqrt(area / outline.area)
    return scale(outline, factor, factor, origin=outline.centroid)


def _deep(cells: Geometries, areas: Floats, depth: float) -> Geometries:
    """Return what lies deep inside each cell (`depth` in radii), at least its centroid."""
    deep = shapely.buffer(cells, -depth * np.sqrt(areas / math.pi))
    return np.asarray(np.where(shapely.is_empty(deep), shapely.centroid(cells), deep))


def _nearest(shapes: Geometries, points: Geometries) -> Floats:
    """Return where each shape is nearest to its point, shape (n, 2)."""
    ways = shapely.shortest_line(shapes, points)
    return np.asarray(shapely.get_coordinates(shapely.get_point(ways, 0)), dtype=float)


def _twists(clusters: Sequence[_Cluster], seats: Floats, areas: Floats) -> list[Twist]:
    """Turn the surroundings of seats that lie outside their cells until the cells reach them."""
    cells = np.empty(len(seats), dtype=object)
    for cluster in clusters:
        diagram = power_diagram(cluster.sites, cluster.weights, cluster.outline)
        cells[cluster.members] = diagram.cells
    depths = [_deep(cells, areas, depth) for depth in _DEPTHS]
    shapely.prepare(cells)
    twists: list[Twist] = []
    tried = -1
    while tried < len(twists):
        tried = len(twists)
        for seat in np.flatnonzero(~_inside(cells, seats, twists)):
            before = carried_back(seats[[seat]], twists)
            sources = [_nearest(deep[[seat]], shapely.points(before)) for deep in depths]
            candidates = _candidates(carried(np.concatenate(sources), twists), seats[seat])
            if twist := _best_twist(candidates, cells, seats, twists):
                twists.append(twist)
    return twists


def _candidates(sources: Floats, target: Floats) -> list[Twist]:
    """List twists that take a source to the target, the gentlest first."""
    twists = (
        twist_between(source, target, away=side * away, reach=reach)
        for source in sources
        for away in (2.5, 1.8, 1.3, 1.0, 0.7)
        for reach in (2.5, 2.0, 1.6, 1.3)
        for side in (1, -1)
        if np.hypot(*(target - source)) > _SMALLEST_TURN_M
    )
    gentle = (twist for twist in twists if abs(twist.angle) <= _STRONGEST_TURN)
    return sorted(gentle, key=lambda twist: abs(twist.angle))


def _best_twist(
    candidates: Sequence[Twist], cells: Geometries, seats: Floats, twists: Sequence[Twist]
) -> Twist | None:
    """Return the first twist that brings most seats into their cells; None if none brings more."""
    gains = [int(_inside(cells, seats, [*twists, twist]).sum()) for twist in candidates]
    most = max(gains, default=0)
    return candidates[gains.index(most)] if most > _inside(cells, seats, twists).sum() else None


def _inside(cells: Geometries, seats: Floats, twists: Sequence[Twist]) -> npt.NDArray[np.bool_]:
    points = shapely.points(carried_back(seats, twists))
    return np.asarray(shapely.contains_properly(cells, points), dtype=bool)


def _true_to_area(cluster: _Cluster, chain: Chain, areas: Floats) -> Geometries:
    """Draw the cells, each as one piece unless its area cannot be had that way."""
    for whole in (True, False):
        with suppress(RefusedError):
            return _made_up_for(cluster, chain, areas, whole=whole)
    raise RefusedError(f"no clean coverage of these areas within {_PASSES} passes")


def _made_up_for(cluster: _Cluster, chain: Chain, areas: Floats, *, whole: bool) -> Geometries:
    """Draw the cells again and again, to make up for what straight pieces cost each of its area."""
    wanted = areas
    for number in range(_PASSES):
        # Finer in the end, because what is left out may change whenever a border moves.
        detail = _DETAIL * math.sqrt(areas.min()) / max(1, number - 2)
        drawn = _drawn(cluster, chain, wanted, detail=detail, whole=whole)
        missing = areas - shapely.area(gpd.GeoSeries(drawn, crs="EPSG:4326").to_crs("EPSG:3035"))
        clean = shapely.is_valid(drawn).all() and shapely.coverage_is_valid(drawn)
        if clean and (abs(missing) <= _AREA_TOLERANCE * areas).all():
            return drawn
        wanted = wanted + missing
    raise RefusedError(f"no clean coverage of these areas within {_PASSES} passes")


def _drawn(
    cluster: _Cluster, chain: Chain, wanted: Floats, *, detail: float, whole: bool
) -> Geometries:
    """Bend the cells of a cluster, without details below `detail` metres; EPSG:4326."""
    outline = _resized(cluster.outline, wanted.sum())
    weights = capacity_weights(cluster.sites, wanted, outline, start=cluster.weights)
    diagram = power_diagram(cluster.sites, weights, outline)
    shown = float(np.clip(detail, *_DETAIL_M))
    parts = _parts(diagram.borders, outline, spacing=shown)
    owners = _owners(parts, diagram.cells, whole=whole)
    faces = np.empty(len(wanted), dtype=object)
    for cell in range(len(wanted)):
        faces[cell] = shapely.union_all(parts[owners == cell])
    # Each vertex is computed once, so that it is the same in all the cells that meet there.
    vertices, places = np.unique(shapely.get_coordinates(faces), axis=0, return_inverse=True)
    curved = shapely.set_coordinates(faces, carried(vertices, chain)[places])
    simple = shapely.coverage_simplify(curved, shown)
    degrees = _degrees(shapely.get_coordinates(simple))
    decimals = max(_FEWEST_DECIMALS, math.ceil(-math.log10(_ROUNDING * detail / _METRES_A_DEGREE)))
    rounded = shapely.set_coordinates(simple, degrees.round(decimals))
    return np.asarray(shapely.orient_polygons(shapely.remove_repeated_points(rounded)))


def _parts(borders: Geometries, outline: BaseGeometry, *, spacing: float) -> Geometries:
    """Build polygons from lines that neighbours share, with a vertex every `spacing` metres."""
    lines = shapely.union_all([*borders, outline.boundary], grid_size=_GRID_M)
    lines = shapely.segmentize(shapely.get_parts(shapely.line_merge(lines)), spacing)
    return np.asarray(shapely.get_parts(shapely.polygonize(lines)))


def _owners(parts: Geometries, cells: Geometries, *, whole: bool) -> npt.NDArray[np.intp]:
    """Tell whose each part is; `whole` gives what a bay cuts off a cell to a neighbour."""
    owners = shapely.STRtree(cells).nearest(shapely.point_on_surface(parts))
    by_size = np.argsort(-shapely.area(parts), kind="stable")
    _, firsts = np.unique(owners[by_size], return_index=True)
    largest = by_size[firsts]
    for stray in np.setdiff1d(by_size, largest) if whole else ():
        shared = shapely.intersection(parts[stray].boundary, shapely.boundary(parts[largest]))
        owners[stray] = owners[largest[np.argmax(shapely.length(shared))]]
    return np.asarray(owners, dtype=np.intp)


def _distances(points: Floats) -> Floats:
    apart = points[:, None] - points
    return np.asarray(np.hypot(apart[..., 0], apart[..., 1]), dtype=float)


def _metres(degrees: Floats) -> Floats:
    """Longitude and latitude (EPSG:4326) to east and north in metres (EPSG:3035)."""
    return np.column_stack(_TO_METRES.transform(degrees[:, 0], degrees[:, 1]))


def _degrees(metres: Floats) -> Floats:
    """East and north in metres (EPSG:3035) to longitude and latitude (EPSG:4326)."""
    return np.column_stack(_TO_METRES.transform(metres[:, 0], metres[:, 1], direction="INVERSE"))
