import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import shapely

from geoapp.core.atlas import Atlas
from geoapp.core.building import build_map, group_choice
from geoapp.core.choice import Choice
from geoapp.core.table import municipality_rows
from geoapp.maps.geojson import render_geojson
from geoapp.sources.gdal import read_features
from geoapp.text import Text

DATE = dt.date(2026, 11, 22)


@pytest.fixture
def content(atlas: Atlas, english: Text) -> bytes:
    choice = Choice(layers=tuple(layer.spec.slug for layer in atlas.themes))
    figures = municipality_rows(atlas, group_choice(atlas, choice), english)
    spec = build_map(atlas, choice, english)
    return render_geojson(spec, phrases=english, date=DATE, figures=figures)


@pytest.fixture
def collection(content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(content)
    return found


def test_features_say_layer_class_and_figures(collection: dict[str, Any]) -> None:
    rajcza = next(
        found for found in collection["features"] if found["properties"]["name"] == "Rajcza"
    )
    assert rajcza["properties"]["layer"] == "Municipalities"
    assert rajcza["properties"]["class"] == "Beskid; Together"
    assert rajcza["properties"]["Residents"] == 8000
    milowka = next(
        found for found in collection["features"] if found["properties"]["name"] == "Milówka"
    )
    assert milowka["properties"]["Official area (ha)"] is None


def test_sources_and_notices_are_foreign_members(collection: dict[str, Any]) -> None:
    assert any("OpenStreetMap" in line for line in collection["sources"])
    assert any("Schematic borders" in line for line in collection["notices"])
    assert any("Illustrative data, made up: Reserve" in line for line in collection["notices"])
    assert collection["date"] == "2026-11-22"
    assert "crs" not in collection


def test_outer_rings_turn_left_and_ids_differ(collection: dict[str, Any]) -> None:
    shapes = [shapely.from_geojson(json.dumps(one["geometry"])) for one in collection["features"]]
    rings = [
        part.exterior
        for shape in shapes
        for part in shapely.get_parts(shape)
        if isinstance(part, shapely.Polygon)
    ]
    assert rings
    assert all(shapely.is_ccw(ring) for ring in rings)
    ids = [feature["id"] for feature in collection["features"]]
    assert len(set(ids)) == len(ids)


def test_gdal_reads_it(tmp_path: Path, content: bytes, collection: dict[str, Any]) -> None:
    path = tmp_path / "map.geojson"
    path.write_bytes(content)
    found = read_features(str(path), file=path.name, driver="GeoJSON")
    assert len(found.table) == len(collection["features"])
    assert found.crs == "EPSG:4326"
