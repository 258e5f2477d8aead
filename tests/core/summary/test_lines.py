"""The arithmetic of lengths held against geopandas.overlay on borders of every kind."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoapp.core.measure import length_km
from geoapp.core.summary import summarise_lines

EXTENT_M = 10_000
SEEDS = st.integers(0, 2**32 - 1)
QUICK = settings(max_examples=25, deadline=None)


@dataclass(frozen=True)
class Case:
    """Lines and municipalities in a projected CRS."""

    lines: gpd.GeoDataFrame
    areas: gpd.GeoDataFrame


def coverage(random: np.random.Generator) -> list[shapely.Geometry]:
    """Up to 30 cells that share their borders; one has a hole, and another lies in the hole."""
    middles = shapely.multipoints(random.random((random.integers(2, 30), 2)) * EXTENT_M)
    whole = shapely.box(0, 0, EXTENT_M, EXTENT_M)
    cells = list(shapely.get_parts(shapely.voronoi_polygons(middles, extend_to=whole) & whole))
    shapes = [cell & whole for cell in cells if (cell & whole).area > 0]
    enclave = shapes[0].centroid.buffer(np.sqrt(shapes[0].area) / 10)
    return [shapes[0] - enclave, enclave, *shapes[1:]]


def overlapping(random: np.random.Generator) -> list[shapely.Geometry]:
    """Discs, some in two parts, that lie over one another."""
    discs = [
        shapely.Point(random.random(2) * EXTENT_M).buffer(random.uniform(500, 4000))
        for _ in range(8)
    ]
    return [*discs[:6], discs[6] | discs[7]]


def wandering(random: np.random.Generator) -> shapely.Geometry:
    start = random.uniform(-0.2, 1.2, 2) * EXTENT_M
    steps = random.normal(size=(random.integers(1, 8), 2)) * random.choice([3, 300, 3000])
    return shapely.LineString(np.vstack([start, start + np.cumsum(steps, axis=0)]))


def along_a_border(random: np.random.Generator, area: shapely.Geometry) -> shapely.Geometry:
    ring = shapely.get_coordinates(random.choice(np.array(shapely.get_rings(area), dtype=object)))
    first = random.integers(0, len(ring) - 1)
    return shapely.LineString(ring[first : first + random.integers(2, 6)])


def through_a_corner(random: np.random.Generator, area: shapely.Geometry) -> shapely.Geometry:
    corner = random.choice(shapely.get_coordinates(area))
    step = random.normal(size=2) * 500
    places = [corner - step, corner, corner + step]
    return shapely.LineString(places[: random.integers(2, 4)])


def lines_near(
    random: np.random.Generator, areas: list[shapely.Geometry]
) -> list[shapely.Geometry | None]:
    polygons = np.array([area for area in areas if area.geom_type == "Polygon"], dtype=object)
    lines = [wandering(random) for _ in range(random.integers(1, 12))]
    lines += [along_a_border(random, random.choice(polygons)) for _ in range(3)]
    lines += [through_a_corner(random, random.choice(polygons)) for _ in range(3)]
    there_and_back = [
        shapely.LineString([*line.coords, *list(line.coords)[-2::-1]]) for line in lines[-4:]
    ]
    several = [shapely.MultiLineString([lines[0], *there_and_back[:1]])]
    return [*lines, *there_and_back, *several, lines[0], shapely.LineString(), None]


def case(seed: int, *, overlaps: bool) -> Case:
    random = np.random.default_rng(seed)
    areas = overlapping(random) if overlaps else coverage(random)
    at = random.choice([0, 1_000, 5_000_000])
    placed = [
        gpd.GeoSeries(shapes, crs="EPSG:2180").translate(at, at)
        for shapes in (lines_near(random, areas), areas)
    ]
    units = pd.Index([f"u{number}" for number in range(len(areas))], name="unit")
    return Case(
        gpd.GeoDataFrame(geometry=placed[0]), gpd.GeoDataFrame(geometry=placed[1].set_axis(units))
    )


def overlay_km(found: Case) -> pd.Series:
    known = found.lines[shapely.length(found.lines.geometry.to_numpy()) > 0]
    cut = gpd.overlay(known, found.areas.reset_index(), how="intersection", keep_geom_type=True)
    km: pd.Series = cut.length.groupby(cut["unit"]).sum() / 1000
    return km.reindex(found.areas.index, fill_value=0.0)


@pytest.mark.parametrize("overlaps", [False, True])
@QUICK
@given(seed=SEEDS)
def test_lengths_are_those_of_an_overlay(overlaps: bool, seed: int) -> None:
    found = case(seed, overlaps=overlaps)
    km = summarise_lines(found.lines, found.areas)["length_km"]
    # an overlay rounds coordinates of millions of metres to some nanometres
    np.testing.assert_allclose(km, overlay_km(found), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("overlaps", [False, True])
@QUICK
@given(seed=SEEDS)
def test_lines_are_counted_where_they_touch(overlaps: bool, seed: int) -> None:
    found = case(seed, overlaps=overlaps)
    area, _ = found.lines.sindex.query(found.areas.geometry, predicate="intersects")
    expected = np.bincount(area, minlength=len(found.areas))
    assert summarise_lines(found.lines, found.areas)["features"].tolist() == expected.tolist()


@QUICK
@given(seed=SEEDS)
def test_lengths_in_degrees_are_geodesic(seed: int) -> None:
    found = case(seed, overlaps=False)
    lines, areas = found.lines.to_crs("EPSG:4326"), found.areas.to_crs("EPSG:4326")
    expected = [
        length_km(gpd.GeoSeries(parts[shapely.get_dimensions(parts) == 1], crs="EPSG:4326")).sum()
        for parts in (
            shapely.get_parts(shapely.intersection(lines.geometry.to_numpy(), area))
            for area in areas.geometry
        )
    ]
    km = summarise_lines(lines, areas)["length_km"]
    # the geodesic itself is computed to some nanometres
    np.testing.assert_allclose(km, expected, rtol=1e-9, atol=1e-10)


def test_a_line_from_end_to_end_of_the_country_is_cut_everywhere() -> None:
    side = np.arange(40.0)
    boxes = [shapely.box(x, y, x + 1, y + 1) for x in side for y in side]
    areas = gpd.GeoDataFrame(geometry=boxes, crs="EPSG:2180")
    lines = [shapely.LineString([(-7, -3.5), (47, 41.25)]), shapely.LineString([(3, 99), (4, 99)])]
    # many short lines make the grid fine, so that the long one passes many of its cells
    lines += [shapely.LineString([(x + 0.4, 0.5), (x + 0.6, 0.5)]) for x in side]
    found = summarise_lines(gpd.GeoDataFrame(geometry=lines, crs="EPSG:2180"), areas)
    expected = shapely.intersection(lines[0], shapely.box(0, 0, 40, 40)).length / 1000
    assert found["length_km"].sum() == pytest.approx(expected + 40 * 0.2 / 1000, rel=1e-12)


def test_lines_far_from_every_municipality_are_found_nowhere() -> None:
    areas = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], crs="EPSG:2180")
    lines = gpd.GeoDataFrame(geometry=[shapely.LineString([(5, 5), (6, 5)])], crs="EPSG:2180")
    assert summarise_lines(lines, areas).to_numpy().tolist() == [[0, 0]]
