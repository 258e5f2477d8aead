"""Schematic boundaries: true areas, clean borders, seats inside, the same on every run."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoapp.core.codes import unit_keys
from geoapp.core.schematic import incomplete_municipalities, schematic_boundaries
from geoapp.errors import RefusedError, RegistryError

REGISTER = Path(__file__).parents[2] / "data" / "municipalities.csv"
BESKIDS = ["2417112", "2417142", "2403092", "2417092", "2417152", "2417102"]

# No two in the same place: that is a test of its own.
PLACES = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.floats(200, 20_000)),
    min_size=1,
    max_size=7,
    unique_by=lambda place: place[:2],
)


def municipalities(*places: tuple[float, float, float]) -> pd.DataFrame:
    """Municipalities at kilometres east and north of a point in Moravia, with areas in ha."""
    return pd.DataFrame(
        {
            "code": [f"{500_001 + at}" for at in range(len(places))],
            "name": [f"Obec {at}" for at in range(len(places))],
            "lon": [17 + 0.0140 * x for x, _, _ in places],
            "lat": [49.5 + 0.0090 * y for _, y, _ in places],
            "area_ha": [area for _, _, area in places],
        }
    )


@pytest.fixture(scope="module")
def register() -> pd.DataFrame:
    return pd.read_csv(REGISTER, dtype={"code": str})


@pytest.fixture(scope="module")
def everywhere(register: pd.DataFrame) -> gpd.GeoDataFrame:
    return schematic_boundaries(register)


def assert_true_to_area(boundaries: gpd.GeoDataFrame, table: pd.DataFrame) -> None:
    areas = table.set_index(unit_keys(table["code"]))["area_ha"].loc[boundaries["unit"]]
    drawn = boundaries.to_crs("EPSG:3035").area.to_numpy() / 1e4
    np.testing.assert_allclose(drawn, areas.to_numpy(), rtol=1e-3)


@settings(max_examples=15, deadline=None)
@given(PLACES)
def test_any_municipalities_get_a_clean_coverage_of_true_area(
    places: list[tuple[int, int, float]],
) -> None:
    table = municipalities(*places)
    boundaries = schematic_boundaries(table)
    assert boundaries["code"].tolist() == table["code"].tolist()
    assert boundaries.is_valid.all()
    assert shapely.coverage_is_valid(boundaries.geometry.to_numpy())
    assert_true_to_area(boundaries, table)


@settings(max_examples=5, deadline=None)
@given(st.permutations(BESKIDS))
def test_the_order_of_the_rows_does_not_matter(codes: list[str]) -> None:
    table = pd.read_csv(REGISTER, dtype={"code": str}).set_index("code", drop=False)
    drawn = schematic_boundaries(table.loc[codes])
    again = schematic_boundaries(table.loc[BESKIDS])
    assert drawn.geometry.to_wkb().tolist() == again.geometry.to_wkb().tolist()


def test_the_register_is_drawn_whole(register: pd.DataFrame, everywhere: gpd.GeoDataFrame) -> None:
    assert everywhere.crs == "EPSG:4326"
    assert list(everywhere.columns) == ["unit", "code", "name", "country", "geometry"]
    assert sorted(everywhere["code"]) == sorted(register["code"])
    assert everywhere["unit"].is_monotonic_increasing
    assert set(everywhere.geom_type) == {"Polygon"}
    assert shapely.coverage_is_valid(everywhere.geometry.to_numpy())
    assert_true_to_area(everywhere, register)


def test_seats_lie_in_their_own_municipality(
    register: pd.DataFrame, everywhere: gpd.GeoDataFrame
) -> None:
    seats = register.set_index("code").loc[everywhere["code"]]
    inside = shapely.contains_xy(everywhere.geometry.to_numpy(), seats["lon"], seats["lat"])
    assert inside.mean() > 0.97


def test_neighbours_share_the_vertices_of_their_border(everywhere: gpd.GeoDataFrame) -> None:
    cells = everywhere.set_index("name").geometry
    shared = cells["Rajcza"].intersection(cells["Ujsoły"])
    assert shared.length > 0.05
    vertices = {tuple(point) for point in shapely.get_coordinates(shared)}
    for name in ("Rajcza", "Ujsoły"):
        assert vertices <= {tuple(point) for point in shapely.get_coordinates(cells[name])}


def test_there_are_no_gaps_within_a_cluster(everywhere: gpd.GeoDataFrame) -> None:
    land = shapely.union_all(everywhere.geometry.to_numpy())
    assert shapely.get_num_interior_rings(shapely.get_parts(land)).sum() == 0


def test_municipalities_far_apart_stay_apart() -> None:
    boundaries = schematic_boundaries(municipalities((0, 0, 1_000), (60, 0, 1_000)))
    first, second = boundaries.to_crs("EPSG:3035").geometry
    assert first.distance(second) > 40_000


def test_one_municipality_is_one_polygon_around_its_seat() -> None:
    table = municipalities((0, 0, 5_000))
    boundaries = schematic_boundaries(table)
    assert boundaries.geom_type.tolist() == ["Polygon"]
    assert boundaries.contains(shapely.Point(17, 49.5)).all()
    assert_true_to_area(boundaries, table)


def test_a_town_and_the_municipality_around_it_may_have_the_same_seat() -> None:
    table = municipalities((0, 0, 800), (0, 0, 12_000))
    boundaries = schematic_boundaries(table)
    assert boundaries.geometry.iloc[0].touches(boundaries.geometry.iloc[1])
    assert_true_to_area(boundaries, table)


@pytest.mark.parametrize("area_ha", [float("nan"), 0, 131_730_000])
def test_areas_that_no_municipality_has_are_not_drawn(area_ha: float) -> None:
    table = municipalities((0, 0, 900), (9, 0, area_ha))
    assert schematic_boundaries(table)["name"].tolist() == ["Obec 0"]


def test_nobody_gives_an_empty_map() -> None:
    boundaries = schematic_boundaries(municipalities((0, 0, 0)))
    assert boundaries.empty
    assert boundaries.crs == "EPSG:4326"


def test_incomplete_municipalities_are_left_out_and_reported() -> None:
    table = municipalities((0, 0, 900), (3, 0, 900), (6, 0, float("nan")), (0, 5, 900))
    table.loc[1, "lon"] = float("nan")
    table.loc[3, "code"] = "unknown"
    assert schematic_boundaries(table)["code"].tolist() == ["500001"]
    problems = {problem.field: str(problem) for problem in incomplete_municipalities(table)}
    assert set(problems) == {"500002", "500003", "unknown"}
    assert "expected a point in Europe" in problems["500002"]
    assert "expected an area from 1 to 3,000,000 ha" in problems["500003"]
    assert "expected a municipality code" in problems["unknown"]


def test_a_complete_table_has_nothing_to_report(register: pd.DataFrame) -> None:
    assert incomplete_municipalities(register) == ()


def test_progress_ends_with_all_municipalities() -> None:
    calls: list[tuple[int, int]] = []
    table = municipalities((0, 0, 500), (50, 0, 500), (2, 0, 500))
    schematic_boundaries(table, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(2, 3), (3, 3)]


def test_missing_columns_are_refused() -> None:
    table = municipalities((0, 0, 500)).drop(columns=["lon", "area_ha"])
    with pytest.raises(RegistryError, match="missing: lon, area_ha"):
        schematic_boundaries(table)


def test_a_municipality_listed_twice_is_refused() -> None:
    table = municipalities((0, 0, 500), (3, 0, 500)).assign(code="500496")
    with pytest.raises(RegistryError, match="listed again: 500496"):
        schematic_boundaries(table)


def test_a_refusal_names_the_municipalities() -> None:
    crowd = [(0.00001 * at, 0, 3e5 if at % 2 else 1) for at in range(24)]
    with pytest.raises(RefusedError, match=r"room for Obec 0, Obec 1, .* Check their columns"):
        schematic_boundaries(municipalities(*crowd))
