from collections.abc import Callable
from itertools import permutations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geoapp.core.boundaries import BORDER_COLUMNS, compose_boundaries, municipality_table
from geoapp.core.grouping import list_memberships
from geoapp.core.layer import LayerSpec
from geoapp.core.partnership import Partnership
from geoapp.sources.registry import MunicipalityRow

MakeLayer = Callable[..., LayerSpec]
Layer = tuple[LayerSpec, gpd.GeoDataFrame]


def borders(*units: str, size: float = 1.0) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "unit": units,
            "code": units,
            "name": [f"border of {unit}" for unit in units],
            "country": "CZ",
            "area_ha": 100.0 * size,
        },
        geometry=[shapely.box(0, 0, size, size)] * len(units),
        crs="EPSG:4326",
    )


@pytest.fixture
def describe(make_layer: MakeLayer) -> MakeLayer:
    def make(slug: str, **fields: object) -> LayerSpec:
        return make_layer(**{"slug": slug, "theme": "boundaries", "kind": "polygon"} | fields)

    return make


def test_the_higher_precedence_wins_in_whatever_order(describe: MakeLayer) -> None:
    layers: list[Layer] = [
        (describe("low", precedence=-1), borders("562858", "562777")),
        (describe("mid"), borders("562858", "500496", size=2)),
        (describe("high", precedence=5), borders("562858", size=3)),
    ]
    for order in permutations(layers):
        found = compose_boundaries(order)
        assert found["boundary"].to_dict() == {"500496": "mid", "562777": "low", "562858": "high"}
        assert found.bounds["maxx"].tolist() == [2, 1, 3]
        assert found["area_computed_ha"].tolist() == [200, 100, 300]
        assert found.crs == "EPSG:4326"
        assert found.columns.tolist() == [*BORDER_COLUMNS, "geometry"]


def test_real_borders_come_before_schematic_ones(describe: MakeLayer) -> None:
    layers: list[Layer] = [
        (describe("a", schematic=True), borders("562858", "562777")),
        (describe("b"), borders("562858")),
    ]
    found = compose_boundaries(layers)
    assert found["boundary"].to_dict() == {"562777": "a", "562858": "b"}
    assert found["schematic"].to_dict() == {"562777": True, "562858": False}


def test_a_schematic_area_is_not_measured(describe: MakeLayer) -> None:
    found = compose_boundaries([(describe("a", schematic=True), borders("562858"))])
    assert found["area_computed_ha"].isna().all()


def test_no_layer_gives_no_borders() -> None:
    found = compose_boundaries([])
    assert found.empty
    assert found.crs == "EPSG:4326"
    assert found.columns.tolist() == [*BORDER_COLUMNS, "geometry"]


def registry(**names: str) -> pd.DataFrame:
    table = pd.DataFrame(index=pd.Index(list(names), name="unit", dtype=object))
    for column in MunicipalityRow.model_fields:
        table[column] = None
    table["name"] = list(names.values())
    table["code"] = [f"{unit}0" for unit in names]
    return table.assign(population=1000.0)


def test_all_that_is_known_of_a_municipality_comes_together(
    describe: MakeLayer, make_partnership: Callable[..., Partnership]
) -> None:
    memberships = list_memberships(
        (
            make_partnership(
                members=[
                    {"code": "562858", "name": "of a membership"},
                    {"code": "562777", "name": "of a membership"},
                    {"code": "2417112", "name": "of a membership"},
                ]
            ),
        )
    )
    composed = compose_boundaries([(describe("a", schematic=True), borders("562777", "500496"))])
    table = municipality_table(
        registry(**{"562858": "of the registry", "562777": "of the registry"}),
        pd.DataFrame(composed.drop(columns="geometry").assign(west=0.0)),
        memberships,
    )
    assert table["name"].to_dict() == {
        "241711": "of a membership",
        "500496": "border of 500496",
        "562777": "of the registry",
        "562858": "of the registry",
    }
    assert table["code"].to_dict() == {
        "241711": "2417112",
        "500496": "500496",
        "562777": "5627770",
        "562858": "5628580",
    }
    assert table["country"].tolist() == ["PL", "CZ", "CZ", "CZ"]
    assert table["population"].fillna(-1).tolist() == [-1, -1, 1000, 1000]
    assert table["boundary"].tolist() == ["", "a", "a", ""]
    assert table["schematic"].tolist() == [False, True, True, False]
    assert np.isnan(table["west"]).tolist() == [True, False, False, True]


def test_a_table_of_nothing(describe: MakeLayer) -> None:
    none = compose_boundaries([]).drop(columns="geometry")
    table = municipality_table(registry(), none, list_memberships(()))
    assert table.empty
    assert {"code", "name", "country", "boundary", "schematic", "population"} <= set(table.columns)
