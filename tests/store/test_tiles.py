"""Tiles are read back with GDAL, which knows nothing of how they were written."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoapp.errors import RefusedError
from geoapp.store import tiles
from geoapp.store.tiles import MIN_ZOOM, TileRange, write_tiles

WRITERS = ("tippecanoe", "gdal")
PROPERTIES = ["key", "name"]


@pytest.fixture(params=WRITERS)
def writer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "gdal":
        monkeypatch.setattr(tiles, "_tippecanoe", lambda: None)
    elif tiles._tippecanoe() is None:
        pytest.skip("tippecanoe is not installed")
    return str(request.param)


def paths(count: int, seed: int = 0) -> gpd.GeoDataFrame:
    """Return invented short lines around one town; the longest is the last."""
    chance = np.random.default_rng(seed)
    starts = np.column_stack([chance.normal(19.1, 0.05, count), chance.normal(49.5, 0.03, count)])
    lengths = np.linspace(0.0005, 0.002, count)[:, None]
    steps = starts[:, None, :] + lengths[:, None] * np.array([[0, 0], [0.6, 0.2], [1, -0.3]])
    return frame(list(shapely.linestrings(steps)))


def frame(geometry: list[shapely.Geometry | None]) -> gpd.GeoDataFrame:
    keys = [f"p{number}" for number in range(len(geometry))]
    names = [f"Ścieżka {number}" for number in range(len(geometry))]
    return gpd.GeoDataFrame({"key": keys, "name": names}, geometry=geometry, crs="EPSG:4326")


def read(path: Path, zoom: int) -> gpd.GeoDataFrame:
    """Return the features of a level, EPSG:4326; one in several tiles comes several times."""
    found = pyogrio.read_dataframe(path, ZOOM_LEVEL=str(zoom))
    return found.set_crs("EPSG:3857", allow_override=True).to_crs("EPSG:4326")


def test_the_last_level_holds_every_feature_where_it_is(tmp_path: Path, writer: str) -> None:
    written = paths(300)
    target = tmp_path / "paths.pmtiles"
    zooms = write_tiles(written, target, properties=PROPERTIES)
    assert zooms == TileRange(MIN_ZOOM, 12)
    found = read(target, zooms.max_zoom).dissolve("key")
    assert set(found.index) == set(written["key"])
    there = written.set_index("key").loc[found.index]
    assert (there["name"] == found["name"]).all()
    apart = shapely.hausdorff_distance(there.geometry.to_numpy(), found.geometry.to_numpy())
    assert apart.max() < 0.0001
    assert list(tmp_path.iterdir()) == [target]


def test_tiles_carry_the_named_properties_alone(tmp_path: Path, writer: str) -> None:
    written = paths(3).assign(secret="x")  # noqa: S106 - not a password
    written.loc[1, "name"] = None
    target = tmp_path / "paths.pmtiles"
    write_tiles(written, target, properties=PROPERTIES)
    found = read(target, 12)
    assert set(found.columns) == {"key", "name", "geometry"} | set(found.columns) & {"mvt_id"}
    assert found.set_index("key")["name"].isna().loc["p1"]


def test_any_text_comes_back_as_it_was(tmp_path: Path, writer: str) -> None:
    texts = ['<img src=x onerror="alert(1)">', "{{ 7*7 }}", '"},"geometry":null', "a\\u0041\n\tb"]
    written = paths(len(texts)).assign(name=texts)
    target = tmp_path / "paths.pmtiles"
    write_tiles(written, target, properties=PROPERTIES)
    assert set(read(target, 12)["name"]) == set(texts)


@pytest.mark.parametrize("kind", ["polygon", "line", "point"])
def test_every_kind_is_written(tmp_path: Path, writer: str, kind: str) -> None:
    spots = [shapely.Point(19 + number / 50, 49.5) for number in range(20)]
    ring = shapely.Point(19.5, 50).buffer(0.3) - shapely.Point(19.5, 50).buffer(0.2)
    lines = [shapely.LineString([(19, 49.4), (19.4, 49.9 + n / 50)]) for n in range(3)]
    shapes = {"point": spots, "line": lines, "polygon": [ring]}[kind]
    target = tmp_path / "any.pmtiles"
    zooms = write_tiles(frame(shapes), target, properties=PROPERTIES)
    found = read(target, zooms.max_zoom)
    assert set(found["key"]) == {f"p{number}" for number in range(len(shapes))}
    assert set(found.geometry.geom_type.str.removeprefix("Multi")) == {shapes[0].geom_type}
    if kind == "polygon":
        assert not found.geometry.union_all().buffer(-0.01).contains(shapely.Point(19.5, 50))


def test_what_has_no_geometry_is_left_out(tmp_path: Path, writer: str) -> None:
    written = frame([shapely.Point(19, 49.5), None, shapely.Point()])
    target = tmp_path / "spots.pmtiles"
    write_tiles(written, target, properties=PROPERTIES)
    assert set(read(target, 12)["key"]) == {"p0"}


def test_an_overview_keeps_the_largest_of_a_neighbourhood(tmp_path: Path) -> None:
    if tiles._tippecanoe() is None:
        pytest.skip("tippecanoe is not installed")
    written = paths(9000)
    target = tmp_path / "paths.pmtiles"
    zooms = write_tiles(written, target, properties=PROPERTIES)
    shown = {zoom: set(read(target, zoom)["key"]) for zoom in (MIN_ZOOM, 8, 10, zooms.max_zoom)}
    counts = [len(keys) for keys in shown.values()]
    assert counts == sorted(counts)
    assert 50 < counts[0] < 500
    assert counts[-1] == len(written)
    assert shown[MIN_ZOOM] <= shown[8] <= shown[10]
    # the only neighbourhood of the coarsest level keeps those that are longest
    kept = sorted(int(key[1:]) for key in shown[MIN_ZOOM])
    assert kept[len(kept) // 2] > 0.95 * len(written)


def test_no_tile_of_an_overview_is_heavier_than_what_travels_quickly(tmp_path: Path) -> None:
    if tiles._tippecanoe() is None:
        pytest.skip("tippecanoe is not installed")
    chance = np.random.default_rng(2)
    corners = chance.uniform((19.0, 49.4), (19.4, 49.6), (20_000, 2))
    target = tmp_path / "plots.pmtiles"
    plots = shapely.box(*corners.T, *(corners + 0.0008).T)
    write_tiles(frame(list(plots)), target, properties=PROPERTIES)
    weights = tile_weights(target)
    assert max(weights) > 0.3 * tiles.TILE_BYTES
    assert max(weights) < 1.2 * tiles.TILE_BYTES


def tile_weights(path: Path) -> list[int]:
    """Return the compressed size of every tile, as the directory of the file tells them."""
    directory = section(path, 8)
    numbers, value, shift = [], 0, 0
    for byte in directory:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(value)
            value, shift = 0, 0
    count = numbers[0]
    assert 0 not in numbers[1 + count : 1 + 2 * count], "the directory has leaves"
    return numbers[1 + 2 * count : 1 + 3 * count]


def section(path: Path, at: int) -> bytes:
    """Return a compressed section of the file, whose place and length its head tells."""
    content = path.read_bytes()
    place, length = (int.from_bytes(content[at + n : at + n + 8], "little") for n in (0, 8))
    return gzip.decompress(content[place : place + length])


def test_many_features_in_one_place_are_spread_over_more_levels(
    tmp_path: Path, writer: str
) -> None:
    chance = np.random.default_rng(1)
    spots = [shapely.Point(*place) for place in chance.normal((19.1, 49.5), 0.0005, (3000, 2))]
    target = tmp_path / "spots.pmtiles"
    zooms = write_tiles(frame(spots), target, properties=PROPERTIES)
    assert zooms == TileRange(MIN_ZOOM, 14)
    assert len(set(read(target, 14)["key"])) == len(spots)


def test_nothing_of_this_machine_is_written_into_the_file(tmp_path: Path, writer: str) -> None:
    target = tmp_path / "paths.pmtiles"
    write_tiles(paths(3), target, properties=PROPERTIES)
    told = section(target, 24)
    assert json.loads(told)["name"] == "geoapp"
    assert str(tmp_path).encode() not in told + target.read_bytes()
    assert os.fsencode(Path.home()) + b"/" not in told


def test_a_program_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "tippecanoe"
    broken.write_text("#!/bin/sh\necho 'No space left on device' >&2\nexit 3\n", "utf-8")
    broken.chmod(0o755)
    monkeypatch.setattr(tiles, "_tippecanoe", lambda: str(broken))
    with pytest.raises(RefusedError, match=r"tiles could not be written \(No space left"):
        write_tiles(paths(3), tmp_path / "paths.pmtiles", properties=PROPERTIES)
    assert [path.name for path in tmp_path.iterdir()] == ["tippecanoe"]


def test_the_program_of_the_system_is_used_where_the_package_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiles, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tiles._tippecanoe() is None
    (tmp_path / "tippecanoe").touch(mode=0o755)
    assert tiles._tippecanoe() == str(tmp_path / "tippecanoe")


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.floats(14, 24), st.floats(48, 55), st.floats(0, 0.5)), min_size=1, max_size=30
    )
)
def test_what_a_level_shows_all_finer_levels_show(
    places: list[tuple[float, float, float]],
) -> None:
    lines = [shapely.LineString([(x, y), (x + size, y)]) for x, y, size in places]
    world = tiles._on_world(gpd.GeoSeries(lines, crs="EPSG:4326"))
    first = tiles._first_zooms(world, TileRange(MIN_ZOOM, 12))
    assert ((first >= MIN_ZOOM) & (first <= 12)).all()
    # few features weigh little, and the largest of all is never left out
    assert first[np.argmax(shapely.length(world))] == MIN_ZOOM
