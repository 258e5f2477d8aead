import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from geoapp.workspace.linking import municipal_links
from geoapp.workspace.opening import open_workspace
from geoapp.workspace.reach import load_reach, nearest_facility, road_minutes, shared_services

RUMBURK, JIRIKOV, RAJCZA, MILOWKA = "562777", "562581", "241711", "241709"


@pytest.fixture
def embedded(tmp_path: Path, repository: Path) -> Path:
    for folder in ("layers", "data"):
        shutil.copytree(repository / folder, tmp_path / "ws" / folder)
    return tmp_path / "ws"


def add_road(root: Path, points: list[list[float]]) -> None:
    """Replace the made-up roads with a real one."""
    line = {"type": "LineString", "coordinates": points}
    feature = {"type": "Feature", "properties": {"key": "1", "name": "road"}, "geometry": line}
    collection = {"type": "FeatureCollection", "features": [feature]}
    (root / "data/themes/local-roads.geojson").write_text(json.dumps(collection), "utf-8")
    path = root / "layers/local-roads.toml"
    path.write_text(path.read_text("utf-8").replace("illustrative = true\n", ""), "utf-8")


def test_services_share_out_real_places_among_municipalities_that_know_theirs(
    embedded: Path, tmp_path: Path
) -> None:
    opened = open_workspace(embedded)
    reach = load_reach(opened, store=tmp_path / "store")
    found = shared_services(opened, reach, RUMBURK)
    assert found is not None
    assert found.forth[JIRIKOV] > found.forth["505188"] >= 0
    assert 0 < found.forth.sum() < 1
    assert RUMBURK not in found.forth.index
    assert found.status == "modelled"


def test_the_nearest_facility_lies_in_the_next_municipality_that_has_one(
    embedded: Path, tmp_path: Path
) -> None:
    opened = open_workspace(embedded)
    reach = load_reach(opened, store=tmp_path / "store")
    # the register of 2023 knows no kindergarten in Lipina, seven in Rumburk
    assert nearest_facility(opened, reach, "552305") == "505188"
    assert nearest_facility(opened, reach, RUMBURK) == RUMBURK
    assert nearest_facility(opened, reach, RAJCZA) is None


def test_services_are_unknown_where_only_made_up_facilities_are(
    embedded: Path, tmp_path: Path
) -> None:
    opened = open_workspace(embedded)
    reach = load_reach(opened, store=tmp_path / "store")
    assert shared_services(opened, reach, RAJCZA) is None
    assert "services" in municipal_links(opened, RAJCZA, None, reach).missing


def test_made_up_roads_are_no_roads(embedded: Path, tmp_path: Path) -> None:
    reach = load_reach(open_workspace(embedded), store=tmp_path / "store")
    assert reach.minutes is None
    assert road_minutes(reach, RAJCZA) is None


def test_a_real_road_gives_travel_times_and_the_link_says_so(
    embedded: Path, tmp_path: Path
) -> None:
    add_road(embedded, [[19.102, 49.504], [19.088, 49.557]])
    opened = open_workspace(embedded)
    reach = load_reach(opened, store=tmp_path / "store")
    minutes = road_minutes(reach, RAJCZA)
    assert minutes is not None
    # six kilometres at 50 km/h
    assert minutes[MILOWKA] == pytest.approx(7.2, abs=0.3)
    assert minutes["166101"] == float("inf")
    links = municipal_links(opened, RAJCZA, None, reach)
    assert links.status["travel"] != "straight line"
    assert links.table.loc[MILOWKA, "travel"] > 0.7


def test_a_municipality_without_a_point_has_no_road_times(embedded: Path, tmp_path: Path) -> None:
    add_road(embedded, [[19.102, 49.504], [19.088, 49.557]])
    table = pd.read_csv(embedded / "data/municipalities.csv", dtype=str)
    table.loc[table["code"] == "2417112", ["lon", "lat"]] = ""
    table.to_csv(embedded / "data/municipalities.csv", index=False)
    reach = load_reach(open_workspace(embedded), store=tmp_path / "store")
    assert road_minutes(reach, RAJCZA) is None
