import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoapp.store.analysis import vertex_counts
from geoapp.store.scales import SCALES, Scale, cut_chunks, scaled_copies, simplify_coverage


def winding_neighbours() -> gpd.GeoSeries:
    """Two municipalities of about 7 km whose common border winds in 2000 small steps."""
    steps = np.random.default_rng(0).normal(0, 0.0004, 2000)
    middle = list(zip(19.1 + steps, np.linspace(49.4, 49.5, 2000), strict=True))
    west = shapely.Polygon([(19.0, 49.4), *middle, (19.0, 49.5)])
    east = shapely.Polygon([(19.2, 49.4), *middle, (19.2, 49.5)])
    return gpd.GeoSeries([west, east], index=["241711", "241714"], crs="EPSG:4326")


def random_coverage(seed: int, municipalities: int) -> gpd.GeoSeries:
    """Cells of about 7 km around random seats, with a border vertex every 200 m."""
    random = np.random.default_rng(seed)
    width = 0.09 * np.sqrt(municipalities)
    frame = shapely.box(18, 49, 18 + width, 49 + width)
    seats = shapely.multipoints(
        random.uniform((18, 49), (18 + width, 49 + width), (municipalities, 2))
    )
    cells = shapely.get_parts(shapely.voronoi_polygons(seats, extend_to=frame))
    cut = shapely.segmentize(shapely.intersection(cells, frame), 0.003)
    # on a grid both sides of a border have the very same vertices
    whole = shapely.coverage_clean(list(shapely.set_precision(cut, 1e-7)))
    keys = [f"{number:06d}" for number in range(municipalities)]
    return gpd.GeoSeries(whole, index=keys, crs="EPSG:4326")


@settings(max_examples=12)
@given(st.integers(0, 10_000), st.integers(2, 40))
def test_at_every_scale_municipalities_neither_overlap_nor_gape(seed: int, count: int) -> None:
    polygons = random_coverage(seed, count)
    assert shapely.coverage_is_valid(polygons.to_numpy())
    area = shapely.area(shapely.union_all(polygons.to_numpy()))
    for copy in scaled_copies(polygons):
        assert copy.polygons.index.equals(polygons.index)
        assert copy.polygons.crs == polygons.crs
        assert shapely.coverage_is_valid(copy.polygons.to_numpy())
        # no gap: the pieces have the area of the whole
        whole = shapely.union_all(copy.polygons.to_numpy())
        assert shapely.area(copy.polygons.to_numpy()).sum() == pytest.approx(whole.area)
        assert whole.area == pytest.approx(area, rel=0.05)


def test_every_scale_is_coarser_than_the_one_before() -> None:
    copies = scaled_copies(winding_neighbours())
    assert [copy.scale for copy in copies] == list(SCALES)
    counts = [int(vertex_counts(copy.polygons).sum()) for copy in copies]
    assert counts == sorted(set(counts), reverse=True)


def test_a_scale_that_saves_nothing_is_left_out() -> None:
    square = gpd.GeoSeries([shapely.box(19, 49, 19.1, 49.1)], index=["241711"], crs="EPSG:4326")
    finest, coarsest = scaled_copies(square)
    assert finest.scale == Scale(8, 10, 5)
    assert coarsest.scale == SCALES[-1]


@pytest.mark.parametrize("tolerance_m", [10, 100, 1000])
def test_a_common_border_stays_common(tolerance_m: float) -> None:
    polygons = winding_neighbours()
    simpler = simplify_coverage(polygons, tolerance_m)
    assert vertex_counts(simpler).sum() < vertex_counts(polygons).sum()
    assert shapely.coverage_is_valid(simpler.to_numpy())
    assert shapely.union_all(simpler.to_numpy()).equals(shapely.box(19.0, 49.4, 19.2, 49.5))


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(20, 2000))
def test_chunks_hold_every_municipality_once(seed: int, count: int, vertices: int) -> None:
    random = np.random.default_rng(seed)
    corners = random.uniform((14, 49), (24, 54), (count, 2))
    squares = gpd.GeoSeries(
        [shapely.box(x, y, x + 0.05, y + 0.05).segmentize(0.01) for x, y in corners],
        index=[f"{number:06d}" for number in range(count)],
        crs="EPSG:4326",
    )
    chunks = cut_chunks(squares, vertices)
    assert chunks.index.equals(squares.index)
    assert set(chunks) == set(range(chunks.max() + 1))
    held = pd.Series(vertex_counts(squares), index=squares.index).groupby(chunks).sum()
    # no chunk is larger than the limit by more than the one municipality that crosses it
    assert held.max() <= vertices + 2 * vertex_counts(squares).max()


def test_a_chunk_holds_neighbours() -> None:
    corners = [(x, y) for x in range(14, 24) for y in range(49, 54)]
    squares = gpd.GeoSeries(
        [shapely.box(x, y, x + 1, y + 1) for x, y in corners],
        index=[str(number) for number in range(len(corners))],
        crs="EPSG:4326",
    )
    chunks = cut_chunks(squares, 50)
    assert chunks.nunique() == 5
    boxes = squares.groupby(chunks).agg(lambda held: shapely.box(*held.total_bounds).area)
    assert boxes.max() <= 30
