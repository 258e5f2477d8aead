"""Shares of area held against geopandas.overlay on borders of every kind."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoapp.core.summary import summarise_polygons

EXTENT_M = 10_000


def borders(random: np.random.Generator) -> gpd.GeoDataFrame:
    """Cells that share their borders; one has a hole that is covered by none of them."""
    middles = shapely.multipoints(random.random((random.integers(2, 15), 2)) * EXTENT_M)
    whole = shapely.box(0, 0, EXTENT_M, EXTENT_M)
    cells = shapely.get_parts(shapely.voronoi_polygons(middles, extend_to=whole))
    shapes = [cell & whole for cell in cells if (cell & whole).area > 0]
    shapes[0] -= shapes[0].centroid.buffer(np.sqrt(shapes[0].area) / 10)
    units = pd.Index([f"u{number}" for number in range(len(shapes))], name="unit")
    return gpd.GeoDataFrame(geometry=shapes, index=units, crs="EPSG:3035")


def features(random: np.random.Generator, areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Small and large discs that may overlap, neighbours, a whole municipality, and nothing."""
    radii = random.choice([30, 300, 3000], random.integers(1, 12))
    shapes = [shapely.Point(random.random(2) * EXTENT_M).buffer(radius) for radius in radii]
    x, y = random.random(2) * EXTENT_M
    shapes += [shapely.box(x, y, x + 500, y + 500), shapely.box(x + 500, y, x + 900, y + 300)]
    return gpd.GeoDataFrame(
        geometry=[*shapes, areas.geometry.iloc[-1], shapely.Polygon(), None], crs="EPSG:3035"
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_shares_are_those_of_an_overlay(seed: int) -> None:
    random = np.random.default_rng(seed)
    areas = borders(random)
    found = features(random, areas)
    covering = found[found.area > 0].dissolve()
    cut = gpd.overlay(covering, areas.reset_index(), how="intersection", keep_geom_type=True)
    covered = cut.area.groupby(cut["unit"]).sum().reindex(areas.index, fill_value=0)
    share = summarise_polygons(found, areas)["share_percent"]
    np.testing.assert_allclose(share, 100 * covered / areas.area, rtol=1e-9, atol=1e-9)


def test_a_municipality_within_a_polygon_is_covered_whole() -> None:
    with_hole = shapely.box(0, 0, 1, 1) - shapely.Point(0.5, 0.5).buffer(0.25)
    areas = gpd.GeoDataFrame(geometry=[with_hole], crs="EPSG:3035")
    around = gpd.GeoDataFrame(geometry=[shapely.box(-1, -1, 2, 2)], crs="EPSG:3035")
    found = summarise_polygons(around, areas)
    assert found["share_percent"].tolist() == pytest.approx([100.0], rel=1e-12)
