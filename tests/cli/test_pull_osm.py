"""The whole path of OpenStreetMap: an extract is pulled, shown on real borders, and summed up."""

from __future__ import annotations

import functools
import json
import shutil
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs

import geopandas as gpd
import numpy as np
import osmium
import pytest
import shapely
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from osmium.osm.mutable import Node, Relation, Way
from pyproj import Geod

from geoapp.cli import commands
from geoapp.core.atlas import Atlas
from geoapp.sources.layer_file import load_layer
from geoapp.workspace.add import add_boundaries
from geoapp.workspace.opening import open_workspace
from geoapp.workspace.preparing import prepare

REFERENCE = Path(__file__).parents[2] / "../shared/reference"
ZYWIEC = REFERENCE / "boundaries/pl_zywiecki_prg_full_2025.gpkg"
RAJCZA, UJSOLY = "241711", "241714"
PULLED = ("cycle-routes", "local-roads", "childcare", "senior-care", "protected-nature")


@dataclass(frozen=True)
class Region:
    """A workspace with real borders, and what was put on the map of its two gminas at risk."""

    root: Path
    borders: gpd.GeoSeries
    route: shapely.LineString
    park: shapely.Polygon


@pytest.fixture(scope="module")
def region(
    tmp_path_factory: pytest.TempPathFactory, repository: Path, served: tuple[Path, str]
) -> Iterator[Region]:
    if not ZYWIEC.is_file():
        pytest.skip("no reference data here")
    folder, address = served
    root = tmp_path_factory.mktemp("pulled") / "workspace"
    for part in ("layers", "data"):
        shutil.copytree(repository / part, root / part)
    added = add_boundaries(root, ZYWIEC)
    borders = load_layer(root, added.spec).frame.set_index("unit").geometry
    home, away = (borders[unit].representative_point() for unit in (RAJCZA, UJSOLY))
    stops = np.linspace([home.x, home.y], [away.x, away.y], 31)
    park = shapely.Point(away).buffer(0.01, quad_segs=4)
    write_extract(folder / "slaskie.osm.pbf", stops, shapely.get_coordinates(park))
    (root / "sources.toml").write_text(f'[osm.addresses]\nPL-24 = "{address}/slaskie.osm.pbf"\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEOAPP_STORE", str(root.parent / "store"))
        yield Region(root, gpd.GeoSeries(borders), shapely.LineString(stops), park)
    shutil.rmtree(root.parent)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder whose files are offered on this machine, and where."""
    folder = tmp_path_factory.mktemp("served")
    with serving(functools.partial(SimpleHTTPRequestHandler, directory=str(folder))) as address:
        yield folder, address


@contextmanager
def serving(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """Answer on this machine for a while; gives the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def pulled(region: Region) -> Result:
    return run("pull", "osm", "--area", "pl-beskidzka-cwd", "--workspace", region.root)


@pytest.fixture(scope="module")
def atlas(region: Region, pulled: Result) -> Atlas:
    return prepare(open_workspace(region.root))


def write_extract(path: Path, stops: NDArray[np.float64], park: NDArray[np.float64]) -> None:
    """A route in three stages from the first stop to the last, two roads, and some places."""
    count = len(stops)
    kindergarten = {"amenity": "kindergarten", "name": "Przedszkole w Rajczy", "capacity": "75"}
    home = {"social_facility": "nursing_home", "social_facility:for": "senior", "capacity": "40"}
    nursery = {"amenity": "nursery", "name": "Żłobek w Ujsołach"}
    tags = {0: kindergarten, 1: home, count - 1: nursery}
    route = {"type": "route", "route": "bicycle", "network": "rcn", "name": "Soła"}
    road = {"highway": "residential", "name": "Górska"}
    stages = [range(1, 12), range(21, 10, -1), range(21, count + 1)]
    members = [("w", id_, "") for id_ in (1, 2, 3, 2)]
    ring = [count + 1 + corner for corner in range(len(park) - 1)]
    header = osmium.io.Header()
    header.set("osmosis_replication_timestamp", "2026-11-19T21:20:35Z")
    with osmium.SimpleWriter(str(path), header=header) as writer:
        for place, at in enumerate(np.vstack([stops, park[:-1]])):
            writer.add_node(Node(id=place + 1, location=tuple(at), tags=tags.get(place, {})))
        for id_, stage in enumerate(stages, 1):
            writer.add_way(Way(id=id_, nodes=list(stage), tags=road if id_ != 2 else {}))
        reserve = {"leisure": "nature_reserve", "name": "Rezerwat"}
        writer.add_way(Way(id=4, nodes=[*ring, ring[0]], tags=reserve))
        writer.add_relation(Relation(id=9, members=members, tags=route))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(commands, [str(argument) for argument in arguments])


def figures(region: Region, theme: str) -> dict[str, dict[str, Any]]:
    told = run("stats", "--theme", theme, "--format", "json", "--workspace", region.root)
    assert told.exit_code == 0, told.output
    return {row["key"]: row for row in json.loads(told.stdout)["rows"]}


def km_inside(line: shapely.LineString, border: shapely.Geometry) -> float:
    return float(Geod(ellps="WGS84").geometry_length(line.intersection(border))) / 1000


def test_every_theme_is_pulled_and_its_illustration_gives_way(
    region: Region, pulled: Result, atlas: Atlas
) -> None:
    assert pulled.exit_code == 0, pulled.output
    specs = {spec.slug: spec for spec in open_workspace(region.root).layers}
    for slug in PULLED:
        assert not specs[slug].illustrative, slug
        assert specs[slug].licence == "ODbL 1.0"
        assert specs[slug].attribution == "© OpenStreetMap contributors"
        assert (specs[slug].date, specs[slug].complete) == ("2026-11-19", False)
        assert slug in {layer.spec.slug for layer in atlas.layers}, slug


def test_the_origin_is_kept_in_the_description(region: Region, pulled: Result) -> None:
    described = tomllib.loads((region.root / "layers/cycle-routes.toml").read_text("utf-8"))
    retrieval = described["retrieval"]
    assert retrieval["address"].endswith("/slaskie.osm.pbf")
    assert retrieval["checksum"].startswith("sha256:")


def test_kilometres_of_routes_are_those_inside_each_border(region: Region, atlas: Atlas) -> None:
    rows = figures(region, "cycle-routes")
    for unit in (RAJCZA, UJSOLY):
        expected = km_inside(region.route, region.borders[unit])
        assert expected > 1
        assert rows[unit]["length_km"] == pytest.approx(expected, rel=1e-6), unit
        assert rows[unit]["source"] == ["OpenStreetMap, extract by Geofabrik"]
        assert rows[unit]["illustrative"] is False
    # that nothing is mapped there does not prove that there is nothing
    assert rows["241709"]["length_km"] is None


def test_roads_and_nature_are_measured_on_real_borders(region: Region, atlas: Atlas) -> None:
    stops = region.route.coords
    roads = [shapely.LineString(stops[:11]), shapely.LineString(stops[20:])]
    rows = figures(region, "local-roads")
    for unit in (RAJCZA, UJSOLY):
        expected = sum(km_inside(road, region.borders[unit]) for road in roads)
        assert rows[unit]["length_km"] == pytest.approx(expected, rel=1e-6), unit
    inside = gpd.GeoSeries(
        [region.park.intersection(region.borders[UJSOLY]), region.borders[UJSOLY]], crs="EPSG:4326"
    ).to_crs("EPSG:3035")
    share = 100 * inside.area.iloc[0] / inside.area.iloc[1]
    nature = figures(region, "protected-nature")
    assert nature[UJSOLY]["share_percent"] == pytest.approx(share, rel=1e-4)


def test_places_are_counted_where_they_lie(region: Region, atlas: Atlas) -> None:
    childcare, homes = figures(region, "childcare"), figures(region, "senior-care")
    assert (childcare[RAJCZA]["facilities"], childcare[RAJCZA]["places"]) == (1, 75)
    assert (childcare[UJSOLY]["facilities"], childcare[UJSOLY]["places"]) == (1, None)
    assert homes[UJSOLY]["facilities"] is None
    assert homes[RAJCZA]["places"] == 40


def test_the_next_pull_tells_that_nothing_changed(region: Region, pulled: Result) -> None:
    again = run("pull", "osm", "--area", "pl-beskidzka-cwd", "--workspace", region.root)
    assert again.exit_code == 0, again.output
    assert again.output.count("since the last pull: nothing changed") == len(PULLED)


def test_a_damaged_extract_changes_nothing(
    region: Region, served: tuple[Path, str], atlas: Atlas
) -> None:
    extract = served[0] / "slaskie.osm.pbf"
    whole, before = extract.read_bytes(), sorted(region.root.rglob("*"))
    extract.write_bytes(whole[:-200])
    refused = run("pull", "osm", "--area", "pl-beskidzka-cwd", "--workspace", region.root)
    extract.write_bytes(whole)
    assert refused.exit_code != 0
    assert "The extract is damaged or cut short" in str(refused.exception)
    assert sorted(region.root.rglob("*")) == before


ANSWER = {
    "osm3s": {"timestamp_osm_base": "2026-11-20T05:06:07Z"},
    "elements": [
        {"type": "node", "id": 1, "lon": 19.02, "lat": 49.42},
        {"type": "node", "id": 2, "lon": 19.04, "lat": 49.42},
        {"type": "way", "id": 5, "nodes": [1, 2], "tags": {"highway": "residential"}},
    ],
}


class Overpass(BaseHTTPRequestHandler):
    """Answers any question the same, and notes it."""

    asked: ClassVar[list[dict[str, list[str]]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.asked.append(parse_qs(body))
        answer = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


def test_a_small_area_is_asked_of_overpass(
    workspace_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEOAPP_STORE", str(tmp_path / "store"))
    with serving(Overpass) as address:
        (workspace_root / "sources.toml").write_text(f'[overpass]\naddress = "{address}/api"\n')
        pulled = run("pull", "overpass", "--area", "2417112", "--workspace", workspace_root)
    assert pulled.exit_code == 0, pulled.output
    assert "local-roads: 1 features" in pulled.output
    assert "cycle-routes: the source has nothing there" in pulled.output
    (asked,) = Overpass.asked
    assert asked["data"][0].startswith("[out:json]")
    described = tomllib.loads((workspace_root / "layers/local-roads.toml").read_text("utf-8"))
    assert (described["date"], described["licence"]) == ("2026-11-20", "ODbL 1.0")
