import json
from dataclasses import replace
from pathlib import Path

import pytest

from geoapp.core.atlas import Atlas, PreparedLayer
from geoapp.core.mapspec import GeometryRef
from geoapp.errors import Problem
from geoapp.workspace.drawing import THEME_VERTICES
from geoapp.workspace.info import (
    Json,
    drawing_info,
    layer_info,
    partnership_info,
    workspace_info,
)


@pytest.fixture
def info(atlas: Atlas, tmp_path: Path) -> Json:
    return workspace_info(atlas, store=tmp_path)


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
        "vertices": 4,
        "drawn": "geojson",
        "display_bytes": trails.geometry.path.stat().st_size if trails.geometry else None,
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


def test_how_municipalities_are_drawn(info: Json, atlas: Atlas) -> None:
    assert info["drawn_municipalities"]["context"] == {
        "features": 1,
        "vertices": 5,
        "drawn": "geojson",
        "display_bytes": atlas.context.path.stat().st_size if atlas.context else None,
    }
    assert info["drawn_municipalities"]["members"]["features"] == 5
    # borders have no display copy of their own, a table is drawn as points
    drawn = {layer["slug"]: (layer["vertices"], layer["drawn"]) for layer in info["layers"]}
    assert (drawn["borders-pl"], drawn["broadband"]) == ((20, None), (None, "geojson"))


@pytest.mark.parametrize(
    ("facts", "drawn"),
    [
        ({}, "geojson"),
        ({"finer": "municipalities-0123456789abcdef.geojson"}, "scales"),
        ({"name": "roads-0123456789abcdef.pmtiles", "min_zoom": 4, "max_zoom": 12}, "tiles"),
    ],
)
def test_what_is_sent_in_parts_is_told(
    facts: dict[str, object], drawn: str, tmp_path: Path
) -> None:
    path = tmp_path / "roads"
    path.write_bytes(b"1234567")
    whole = {"name": "roads-0123456789abcdef.geojson", "bounds": (14, 49, 24, 54), "kind": "line"}
    copy = GeometryRef.model_validate(
        {**whole, "path": path, "features": 3, "vertices": 70, **facts}
    )
    assert drawing_info(copy) == {
        "features": 3,
        "vertices": 70,
        "drawn": drawn,
        "display_bytes": 7,
    }


def test_the_store_in_figures(
    atlas: Atlas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEOAPP_STORE_LIMIT", "2G")
    monkeypatch.setenv("GEOAPP_STORE", str(tmp_path))
    (tmp_path / "prepared/0123456789abcdef").mkdir(parents=True)
    (tmp_path / "prepared/0123456789abcdef/data").write_bytes(b"1234")
    info = workspace_info(atlas)
    assert info["store"] == {"folder": str(tmp_path), "bytes": 4, "limit_bytes": 2 * 1024**3}
    assert info["vertex_budget"] == THEME_VERTICES


def test_only_errors_are_problems(atlas: Atlas) -> None:
    found = (Problem("a.csv", "odd", severity="warning"), Problem("b.csv", "wrong"))
    told = workspace_info(replace(atlas, problems=found))["problems"]
    assert told == ["b.csv: wrong"]


def test_one_partnership_alone(atlas: Atlas, info: Json) -> None:
    assert partnership_info(atlas, atlas.partnerships[0]) == info["partnerships"][0]
