"""Extracts in the real format, written by the tests and read by the process that reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import osmium
import pandas as pd
import pytest
from osmium.osm.mutable import Node, Relation, Way

from geoapp.errors import FileRefusedError
from geoapp.sources.remote.osm_extract import ReadingLimits, pull_extract, read_extracts
from geoapp.sources.remote.osm_layers import THEMES, as_layer, features
from geoapp.sources.remote.overpass import elements_of
from geoapp.sources.remote.pulled import Area, Fetch, PulledLayer
from geoapp.sources.remote.registry import RemoteSource

BOX = (19.0, 49.0, 20.0, 50.0)
BICYCLE = {"type": "route", "route": "bicycle"}
HOSTILE = "<img src=x onerror=alert(1)> {{7*7}} ${x} \u202e\n=1+1"

OsmObject = Node | Way | Relation


def nodes(*places: tuple[int, float, float]) -> list[OsmObject]:
    return [Node(id=id_, location=(lon, lat)) for id_, lon, lat in places]


def write(path: Path, objects: Iterable[OsmObject], **header: Any) -> Path:
    """Write objects as they come; ``box``, ``history`` and other fields of the header as named."""
    file, head = osmium.io.File(str(path), "pbf"), osmium.io.Header()
    file.has_multiple_object_versions = header.pop("history", False)
    if box := header.pop("box", None):
        head.add_box(osmium.osm.Box(*box))
    for name, value in header.items():
        head.set(name, value)
    with osmium.SimpleWriter(file, header=head) as writer:
        for found in objects:
            writer.add(found)
    return path


def village() -> list[OsmObject]:
    """One of everything around 19.5° east, 49.5° north, and some that lies elsewhere."""
    corners = [(11, 19.4, 49.4), (12, 19.6, 49.4), (13, 19.6, 49.6), (14, 19.4, 49.6)]
    inner = [(21, 19.45, 49.45), (22, 19.55, 49.45), (23, 19.55, 49.55), (24, 19.45, 49.55)]
    home = {"social_facility": "nursing_home", "social_facility:for": "senior", "capacity": "60"}
    return [
        *nodes((1, 19.1, 49.1), (2, 19.2, 49.1), (3, 19.3, 49.1), (4, 20.5, 49.1)),
        *nodes((5, 25.0, 51.0), (6, 25.1, 51.0), *corners, *inner),
        Node(id=31, location=(19.2, 49.2), tags={"amenity": "kindergarten", "capacity": "40"}),
        Node(id=32, location=(25.0, 51.0), tags={"amenity": "kindergarten"}),
        Node(id=33, location=(19.3, 49.2), tags=home | {"name": HOSTILE}),
        Way(id=101, nodes=[1, 2], tags={"highway": "residential", "name": "Górska"}),
        Way(id=102, nodes=[3, 2], tags={"highway": "track"}),
        Way(id=103, nodes=[3, 4], tags={"highway": "tertiary"}),
        Way(id=104, nodes=[5, 6], tags={"highway": "tertiary"}),
        Way(id=105, nodes=[11, 12, 13]),
        Way(id=106, nodes=[11, 14, 13]),
        Way(id=107, nodes=[21, 22, 23, 24, 21]),
        Relation(
            id=201,
            members=[("w", 101, ""), ("w", 102, "backward"), ("w", 104, ""), ("w", 999, "")],
            tags=BICYCLE | {"name": "Szlak", "network": "rcn", "ref": "1"},
        ),
        Relation(
            id=202,
            members=[("w", 105, "outer"), ("w", 106, "outer"), ("w", 107, "inner")],
            tags={"type": "boundary", "boundary": "protected_area", "name": "Park"},
        ),
    ]


def tables(layers: list[PulledLayer]) -> dict[str, gpd.GeoDataFrame]:
    return {layer.slug: layer.table.set_index("key") for layer in layers}  # type: ignore[misc]


def read(path: Path, **options: Any) -> dict[str, gpd.GeoDataFrame]:
    return tables(read_extracts({path.name: path}, BOX, source="osm", **options))


@pytest.fixture(scope="module")
def extract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("extract") / "village.osm.pbf"
    return write(path, village(), osmosis_replication_timestamp="2026-11-19T21:20:35Z")


@pytest.fixture(scope="module")
def layers(extract: Path) -> list[PulledLayer]:
    return read_extracts({"village.osm.pbf": extract}, BOX, source="osm")


def test_every_theme_is_read_from_one_extract(layers: list[PulledLayer]) -> None:
    found = tables(layers)
    assert {theme: list(table.index) for theme, table in found.items()} == {
        "cycle-routes": ["r201"],
        "local-roads": ["w101", "w103"],
        "childcare": ["n31"],
        "senior-care": ["n33"],
        "protected-nature": ["r202"],
    }
    assert all(table.crs == "EPSG:4326" for table in found.values())
    assert {layer.date for layer in layers} == {"2026-11-19"}
    assert not any(layer.complete for layer in layers)


def test_a_route_is_what_of_it_lies_here(layers: list[PulledLayer]) -> None:
    route = tables(layers)["cycle-routes"].loc["r201"]
    assert route[["name", "ref", "network"]].tolist() == ["Szlak", "1", "rcn"]
    assert [round(part.length, 9) for part in route.geometry.geoms] == [0.2]
    (problem,) = layers[0].problems
    assert "r201 Szlak" in str(problem)


def test_a_road_that_leaves_the_box_comes_whole(layers: list[PulledLayer]) -> None:
    roads = tables(layers)["local-roads"]
    assert roads.loc["w103"].geometry.bounds == pytest.approx((19.3, 49.1, 20.5, 49.1))
    assert roads["class"].to_dict() == {"w101": "residential", "w103": "tertiary"}


def test_places_are_numbers_and_names_are_data(layers: list[PulledLayer]) -> None:
    found = tables(layers)
    assert found["childcare"]["places"].tolist() == [40]
    home = found["senior-care"].loc["n33"]
    assert home["places"] == 60
    assert home["name"] == " ".join(HOSTILE.split())


def test_an_area_of_several_ways_keeps_its_hole(layers: list[PulledLayer]) -> None:
    park = tables(layers)["protected-nature"].loc["r202"].geometry
    assert park.area == pytest.approx(0.04 - 0.01)
    assert len(park.interiors) == 1


def test_overpass_gives_the_same_layers(layers: list[PulledLayer]) -> None:
    elements, problems = elements_of({"elements": list(spoken(village()))}, file="overpass")
    assert problems == ()
    asked = tables([as_layer(found, None) for found in features(elements, BOX, file="overpass")])
    for theme, table in tables(layers).items():
        assert plain(asked[theme]) == plain(table), theme


def plain(table: gpd.GeoDataFrame) -> dict[str, dict[str, object]]:
    return pd.DataFrame(table.astype(object)).where(table.notna(), None).to_dict("index")


def spoken(objects: Iterable[OsmObject]) -> Iterator[dict[str, Any]]:
    """Objects as Overpass tells them, each of them twice: with and without its tags."""
    for found in objects:
        plain: dict[str, Any] = {"id": found.id}
        if isinstance(found, Node):
            plain |= {"type": "node", "lon": found.location[0], "lat": found.location[1]}
        elif isinstance(found, Way):
            plain |= {"type": "way", "nodes": found.nodes}
        else:
            members = [{"type": "way", "ref": ref, "role": role} for _, ref, role in found.members]
            plain |= {"type": "relation", "members": members}
        yield plain | ({"tags": found.tags} if found.tags else {})
        yield plain


def test_an_extract_without_anything_gives_empty_layers(tmp_path: Path) -> None:
    found = read(write(tmp_path / "empty.osm.pbf", []))
    assert list(found) == list(THEMES)
    assert all(table.empty and table.crs == "EPSG:4326" for table in found.values())


def test_the_order_of_objects_does_not_matter(extract: Path, tmp_path: Path) -> None:
    upside_down = read(write(tmp_path / "unsorted.osm.pbf", reversed(village())))
    for theme, table in read(extract).items():
        other = upside_down[theme].loc[table.index]
        assert table.geometry.geom_equals(other.geometry).all(), theme


def test_what_lies_across_a_border_is_put_together(tmp_path: Path) -> None:
    route = Relation(id=7, members=[("w", 1, ""), ("w", 2, ""), ("w", 3, "")], tags=BICYCLE)
    places = nodes((1, 19.1, 49.5), (2, 19.2, 49.5), (3, 19.3, 49.5), (4, 19.4, 49.5))
    road = {"highway": "residential"}
    ways = [Way(id=n, nodes=[n, n + 1], tags=road) for n in (1, 2, 3)]
    north = write(tmp_path / "north.osm.pbf", [*places[:3], *ways[:2], route])
    south = write(tmp_path / "south.osm.pbf", [*places[1:], *ways[1:], route])
    layers = read_extracts({"n": north, "s": south}, BOX, source="osm")
    found = tables(layers)
    assert found["cycle-routes"].loc["r7"].geometry.length == pytest.approx(0.3)
    assert layers[0].problems == ()
    assert sorted(found["local-roads"].index) == ["w1", "w2", "w3"]


def test_without_a_date_in_the_header_the_latest_change_counts(tmp_path: Path) -> None:
    tags = {"amenity": "nursery"}
    places = [
        Node(id=n, location=(19.5, 49.5), tags=tags, timestamp=f"2026-0{n}-01T00:00:00Z")
        for n in (1, 3, 2)
    ]
    path = write(tmp_path / "dated.osm.pbf", places)
    (date,) = {layer.date for layer in read_extracts({"x": path}, BOX, source="osm")}
    assert date == "2026-03-01"


def many() -> Iterable[OsmObject]:
    """Enough for several blocks of a file, whose bytes do not repeat."""
    yield from (
        Node(id=n, location=(19 + (n * 7919 % 9973) / 1e4, 49 + (n * 104729 % 9967) / 1e4))
        for n in range(1, 60_001)
    )
    for n in range(1, 5_001):
        refs = [n, n * 7 % 60_000 + 1]
        yield Way(id=n, nodes=refs, tags={"highway": "road", "name": f"{n * 31337 % 9973}"})


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_an_extract_that_is_cut_short_is_refused_in_one_line(tmp_path: Path, share: float) -> None:
    whole = write(tmp_path / "whole.osm.pbf", many()).read_bytes()
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(FileRefusedError, match=r"cut\.osm\.pbf: The extract is damaged") as told:
        read(path)
    assert len(str(told.value).splitlines()) == 1


def test_an_extract_with_overwritten_bytes_is_refused(tmp_path: Path) -> None:
    data = bytearray(write(tmp_path / "whole.osm.pbf", many()).read_bytes())
    data[len(data) // 3 : len(data) // 3 + 500] = bytes(500)
    path = tmp_path / "broken.osm.pbf"
    path.write_bytes(data)
    with pytest.raises(FileRefusedError, match="The extract is damaged"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"<html>moved</html>", b"\x00\x00\x00\x0d" + bytes(99)])
def test_what_is_no_extract_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "page.osm.pbf"
    path.write_bytes(content)
    with pytest.raises(FileRefusedError, match=r"page.osm.pbf: Expected an extract"):
        read(path)


def test_a_history_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "all.osm.pbf", village(), history=True)
    with pytest.raises(FileRefusedError, match="found a history of all changes"):
        read(path)


def test_an_extract_of_another_place_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "far.osm.pbf", village(), box=(14.0, 50.0, 15.0, 51.0))
    with pytest.raises(FileRefusedError, match=r"between longitude 14\.0 and 15\.0"):
        read(path)


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"locations_bytes": 100_000, "locations_ratio": 1}, "no room for the temporary file"),
        ({"memory_bytes": 1_000_000, "locations_bytes": 1_000_000}, "more memory|memory or room"),
    ],
)
def test_limits_of_memory_and_of_the_temporary_file_hold(
    tmp_path: Path, limits: dict[str, int], told: str
) -> None:
    path = write(tmp_path / "many.osm.pbf", many())
    with pytest.raises(FileRefusedError, match=told):
        read(path, limits=ReadingLimits(**limits))


def test_time_is_limited(extract: Path) -> None:
    with pytest.raises(FileRefusedError, match="took longer than it may take"):
        read(extract, limits=ReadingLimits(seconds=0.01, seconds_per_mb=0))


def test_progress_is_told_step_by_step(extract: Path) -> None:
    steps: list[tuple[int, int, str]] = []
    read(extract, progress=lambda done, total, item="": steps.append((done, total, item)))
    assert [done for done, _, _ in steps] == list(range(5))
    assert {total for _, total, _ in steps} == {5}
    assert steps[0][2] == "reading relations"


def test_whoever_is_told_may_stop_it(extract: Path) -> None:
    def stop(done: int, total: int, item: str = "") -> None:
        raise KeyboardInterrupt(item)

    with pytest.raises(KeyboardInterrupt, match="reading relations"):
        read(extract, progress=stop)


def fetch_from(documents: Mapping[str, Path], asked: list[str]) -> Fetch:
    """A `Fetch` for documents that lie on this machine already; notes what it is asked for."""

    def fetch(address: str, **options: object) -> Path:
        asked.append(address)
        return documents[address]

    return fetch


def source(**addresses: str) -> RemoteSource:
    return RemoteSource(
        slug="osm",
        names={"en": "OpenStreetMap"},
        protocol="osm-extract",
        address="https://osm.example/all.osm.pbf",
        addresses={region: f"https://osm.example/{name}" for region, name in addresses.items()},
        countries=("PL", "CZ"),
        source="OpenStreetMap",
        licence="ODbL",
    )


@pytest.mark.parametrize(
    ("units", "whole", "asked"),
    [
        ({"241711", "241714"}, False, ["pl-24"]),
        ({"241711", "160106"}, False, ["pl", "pl-24"]),
        ({"241711"}, True, ["cz", "pl"]),
        ({"241711", "562777"}, False, ["cz", "pl-24"]),
    ],
)
def test_the_smallest_extracts_that_hold_the_area_are_fetched_before_any_is_read(
    tmp_path: Path, units: set[str], whole: bool, asked: list[str]
) -> None:
    known = source(**{"PL": "pl", "PL-24": "pl-24", "CZ": "cz"})
    fetched: list[str] = []
    (tmp_path / "page").write_text("moved")
    fetch = fetch_from(dict.fromkeys(known.addresses.values(), tmp_path / "page"), fetched)
    area = Area(frozenset(units), BOX, ("PL", "CZ"), whole=whole)
    with pytest.raises(FileRefusedError, match="Expected an extract of OpenStreetMap"):
        pull_extract(known, area, fetch)
    assert fetched == [f"https://osm.example/{name}" for name in asked]


def test_a_source_of_one_address_has_everything_there(extract: Path) -> None:
    fetched: list[str] = []
    fetch = fetch_from({"https://osm.example/all.osm.pbf": extract}, fetched)
    area = Area(frozenset({"241711", "562777"}), BOX, ("PL", "CZ"))
    assert [layer.slug for layer in pull_extract(source(), area, fetch)] == list(THEMES)
    assert fetched == ["https://osm.example/all.osm.pbf"]


def test_a_region_without_an_extract_is_refused_before_anything_is_fetched() -> None:
    fetched: list[str] = []
    area = Area(frozenset({"241711", "562777"}), BOX, ("PL", "CZ"))
    with pytest.raises(FileRefusedError, match="no extract of CZ, only of PL-24"):
        pull_extract(source(**{"PL-24": "pl-24"}), area, fetch_from({}, fetched))
    assert fetched == []
