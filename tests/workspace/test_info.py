import json

import pytest

from geoapp.core.atlas import Atlas, PreparedLayer
from geoapp.errors import Problem
from geoapp.workspace.info import Json, layer_info, partnership_info, workspace_info


@pytest.fixture
def info(atlas: Atlas) -> Json:
    return workspace_info(atlas)


def partnership(info: Json, slug: str) -> Json:
    return next(found for found in info["partnerships"] if found["id"] == slug)


def test_information_is_json_without_a_number_that_is_none(info: Json) -> None:
    assert json.loads(json.dumps(info, allow_nan=False)) == info


def test_a_workspace_in_figures(info: Json) -> None:
    assert info["municipalities"] == 7
    assert info["municipalities_with_borders"] == 6
    assert info["schematic"] is True
    assert info["problems"] == []
    assert len(info["layers"]) == 7


def test_a_partnership_in_figures(info: Json) -> None:
    assert partnership(info, "pl-beskid") == {
        "id": "pl-beskid",
        "name": "Partnership of the Beskid",
        "kind": "cwd",
        "countries": ["PL"],
        "as_of": "2020-11-30",
        "members_known": 4,
        "members_declared": 5,
        "other_members": [
            {"code": "2417", "name": "Powiat żywiecki", "kind": "county", "role": "leader"}
        ],
        "leaders": ["2417"],
        "population": 21000,
        "population_complete": False,
        "population_declared": 30000,
        "area_ha": 16000.5,
        "area_complete": False,
        "area_computed_ha": pytest.approx(24177.2, abs=0.1),
        "area_computed_complete": False,
        "area_declared_ha": 30000.5,
        "at_risk": 1,
        "statuses": {"unknown": 2, "at-risk": 1, "not-listed": 1},
        "roles": {"at-risk": 1, "functionally-linked": 1, "member": 1, "observer": 1},
    }


def test_what_nobody_declares_or_knows_is_null(info: Json) -> None:
    county = partnership(info, "pl-county")
    for key in ("members_declared", "population", "population_declared", "area_ha"):
        assert county[key] is None
    sever = partnership(info, "cz-sever")
    # measured on schematic borders it would be put in, not found out
    assert sever["area_computed_ha"] is None
    assert (sever["area_ha"], sever["area_complete"]) == (7200, True)
    assert (sever["at_risk"], sever["leaders"]) == (2, [])


def test_a_leader_of_a_cross_border_partnership(info: Json) -> None:
    assert partnership(info, "together")["leaders"] == ["562858"]


def test_a_layer_in_facts(atlas: Atlas) -> None:
    trails = next(layer for layer in atlas.layers if layer.spec.slug == "trails")
    assert layer_info(trails) == {
        "slug": "trails",
        "theme": "cycle-routes",
        "kind": "line",
        "file": "data/themes/trails.geojson",
        "features": 2,
        "crs_source": "EPSG:4326",
        "crs_origin": "file",
        "accuracy_m": 0.0,
        "source": "OpenStreetMap",
        "licence": "ODbL",
        "date": None,
        "illustrative": False,
        "schematic": False,
        "problems": [],
    }


def test_a_layer_whose_file_is_of_no_use(atlas: Atlas) -> None:
    spec = atlas.layers[0].spec
    facts = layer_info(PreparedLayer(spec, problems=(Problem(spec.file, "the file is empty"),)))
    assert (facts["features"], facts["crs_source"], facts["accuracy_m"]) == (None, None, None)
    assert facts["problems"] == [f"{spec.file}: the file is empty"]


def test_only_errors_are_problems(atlas: Atlas) -> None:
    found = (Problem("a.csv", "odd", severity="warning"), Problem("b.csv", "wrong"))
    told = workspace_info(Atlas(**{**vars(atlas), "problems": found}))["problems"]
    assert told == ["b.csv: wrong"]


def test_one_partnership_alone(atlas: Atlas, info: Json) -> None:
    assert partnership_info(atlas, atlas.partnerships[0]) == info["partnerships"][0]
