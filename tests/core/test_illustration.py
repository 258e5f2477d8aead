"""Made-up themes are plausible, well formed, marked as made up, and always the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geoapp.core import illustration
from geoapp.core.illustration import (
    broadband,
    childcare,
    cycle_routes,
    local_roads,
    protected_nature,
    senior_care,
)
from geoapp.core.schematic import schematic_boundaries

REGISTER = Path(__file__).parents[2] / "data" / "municipalities.csv"
BESKIDS = ("2417112", "2417142", "2403092", "2417092", "2417152", "2417102")
SEVER = ("562441", "562581", "562661", "545708", "562751", "562777", "562823", "562858")
DRAWN = [childcare, cycle_routes, local_roads, protected_nature, senior_care]

Theme = Callable[[pd.DataFrame, gpd.GeoDataFrame], gpd.GeoDataFrame]


@pytest.fixture(scope="module")
def municipalities() -> pd.DataFrame:
    register = pd.read_csv(REGISTER, dtype={"code": str})
    return register[register["code"].isin(BESKIDS + SEVER)]


@pytest.fixture(scope="module")
def boundaries(municipalities: pd.DataFrame) -> gpd.GeoDataFrame:
    return schematic_boundaries(municipalities)


def test_every_theme_is_tested() -> None:
    assert {theme.__name__ for theme in DRAWN} | {"broadband"} == set(illustration.__all__)


@pytest.mark.parametrize("theme", DRAWN)
def test_features_have_unique_keys_and_names_that_tell(
    theme: Theme, municipalities: pd.DataFrame, boundaries: gpd.GeoDataFrame
) -> None:
    layer = theme(municipalities, boundaries)
    assert layer.crs == "EPSG:4326"
    assert layer["key"].is_unique
    assert layer["name"].is_unique
    assert layer["name"].str.contains(r"\((?:przykład|ukázka)\)$").all()
    assert layer.is_valid.all()
    coordinates = shapely.get_coordinates(layer.geometry.to_numpy())
    np.testing.assert_array_equal(coordinates, coordinates.round(5))


@pytest.mark.parametrize("theme", DRAWN)
def test_the_order_of_the_rows_does_not_matter(
    theme: Theme, municipalities: pd.DataFrame, boundaries: gpd.GeoDataFrame
) -> None:
    layer = theme(municipalities, boundaries)
    again = theme(municipalities.iloc[::-1], boundaries.iloc[::-1])
    assert layer.to_json() == again.to_json()


@pytest.mark.parametrize("theme", [*DRAWN, broadband])
def test_no_municipalities_give_an_empty_layer(
    theme: Theme, municipalities: pd.DataFrame, boundaries: gpd.GeoDataFrame
) -> None:
    layer = theme(municipalities.iloc[:0], boundaries)
    assert layer.empty
    assert list(layer.columns) == list(theme(municipalities, boundaries).columns)


@pytest.mark.parametrize("theme", DRAWN)
def test_one_municipality_is_enough(theme: Theme, municipalities: pd.DataFrame) -> None:
    alone = municipalities[municipalities["name"] == "Milówka"]
    layer = theme(alone, schematic_boundaries(alone))
    assert len(layer) == 0 if theme is cycle_routes else len(layer) > 0


def test_cycle_routes_connect_all_neighbours(
    municipalities: pd.DataFrame, boundaries: gpd.GeoDataFrame
) -> None:
    routes = cycle_routes(municipalities, boundaries)
    assert set(routes.geom_type) == {"LineString"}
    assert set(routes["level"]) == {"regional", "local"}
    land = boundaries.geometry.to_numpy()
    assert shapely.intersects(land, shapely.union_all(routes.geometry.to_numpy())).all()


def test_a_cycle_route_is_named_after_its_ends(
    municipalities: pd.DataFrame, boundaries: gpd.GeoDataFrame
) -> None:
    seats = municipalities.set_index("name")[["lon", "lat"]]
    for route in cycle_routes(municipalities, boundaries).itertuples():
        first, last = re.search(r" \d+, (.+) – (.+) \(", route.name).groups()
        ends = shapely.get_coordinates(route.geometry)[[0, -1]]
        np.testing.assert_allclose(ends, seats.loc[[first, last]], atol=1e-5)


def test_a_municipality_without_a_point_has_its_seat_somewhere_inside(
    municipalities: pd.DataFrame, boundaries: gpd.GeoDataFrame
) -> None:
    pointless = municipalities.assign(lon=np.nan, lat=np.nan)
    layer = childcare(pointless, boundaries)
    assert layer["key"].tolist() == childcare(municipalities, boundaries)["key"].tolist()


def test_roads_lead_from_the_seat_and_meet_at_borders(
    municipalities: pd.DataFrame, boundaries: gpd.GeoDataFrame
) -> None:
    roads = local_roads(municipalities, boundaries)
    assert set(roads["kind"]) == {"village", "link"}
    assert set(roads["key"].str[:6]) == set(boundaries["unit"])
    ends = shapely.get_coordinates(shapely.boundary(roads[roads["kind"] == "link"].geometry))
    points, count = np.unique(ends, axis=0, return_counts=True)
    borders = shapely.boundary(boundaries.geometry.to_numpy())
    gates = shapely.points(points[count > 1])
    near = shapely.STRtree(borders).query(gates, predicate="dwithin", distance=1e-4)
    assert len(set(near[0])) >= len(boundaries) - 2


@pytest.mark.parametrize("theme", [childcare, senior_care])
def test_services_lie_in_their_municipality_and_have_places(
    theme: Theme, municipalities: pd.DataFrame, boundaries: gpd.GeoDataFrame
) -> None:
    layer = theme(municipalities, boundaries)
    cells = boundaries.set_index("unit").geometry.loc[layer["key"].str[:6]]
    assert shapely.contains(cells.to_numpy(), layer.geometry.to_numpy()).all()
    assert (layer["places"] >= 12).all()
    assert layer["places"].dtype.kind == "i"


def test_childcare_follows_the_population(
    municipalities: pd.DataFrame, boundaries: gpd.GeoDataFrame
) -> None:
    layer = childcare(municipalities, boundaries)
    kindergartens = layer[layer["kind"] == "kindergarten"]
    places = kindergartens.groupby(kindergartens["key"].str[:6])["places"].sum()
    population = municipalities.set_index(municipalities["code"].str[:6])["population"]
    share = places / population[places.index]
    assert share.between(0.015, 0.06).all()
    assert places["562777"] > places["562661"]


def test_names_are_in_the_language_of_the_country(
    municipalities: pd.DataFrame, boundaries: gpd.GeoDataFrame
) -> None:
    names = set(childcare(municipalities, boundaries)["name"])
    assert "Przedszkole nr 1, Rajcza (przykład)" in names
    assert "Mateřská škola 1, Rumburk (ukázka)" in names


def test_unknown_population_is_not_guessed(
    municipalities: pd.DataFrame, boundaries: gpd.GeoDataFrame
) -> None:
    unknown = municipalities.assign(
        population=municipalities["population"].where(municipalities["name"] != "Rajcza")
    )
    assert "241711" not in set(childcare(unknown, boundaries)["key"].str[:6])
    assert "2417112" not in set(broadband(unknown, boundaries)["code"])


def test_protected_nature_crosses_borders_but_never_leaves_the_land_or_overlaps(
    municipalities: pd.DataFrame, boundaries: gpd.GeoDataFrame
) -> None:
    layer = protected_nature(municipalities, boundaries).to_crs("EPSG:3035")
    assert set(layer.geom_type) == {"Polygon"}
    cells = boundaries.to_crs("EPSG:3035").geometry.to_numpy()
    land = shapely.union_all(cells).buffer(5)
    areas = layer.geometry.to_numpy()
    assert shapely.covers(land, areas).all()
    assert shapely.union_all(areas).area == pytest.approx(shapely.area(areas).sum())
    touched = [int(shapely.intersects(cells, area).sum()) for area in areas]
    assert np.mean(np.array(touched) > 1) > 0.7


def test_broadband_is_a_share_of_every_municipality(
    municipalities: pd.DataFrame, boundaries: gpd.GeoDataFrame
) -> None:
    table = broadband(municipalities, boundaries)
    assert list(table.columns) == ["code", "name", "value"]
    assert set(table["code"]) == set(municipalities["code"])
    assert table["value"].between(5, 99.5).all()
    assert table["value"].nunique() > len(table) / 2
