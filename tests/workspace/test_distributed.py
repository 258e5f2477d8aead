from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geoapp.core.mapspec import GeometryKind
from geoapp.core.summary import summarise_lines, summarise_points, summarise_polygons
from geoapp.errors import RefusedError
from geoapp.workspace import distributed
from geoapp.workspace.distributed import Cluster, Partitioned, summarise_on_cluster
from geoapp.workspace.opening import open_workspace
from geoapp.workspace.summarising import summarise_themes

dask_distributed = pytest.importorskip("distributed")
pytest.importorskip("dask_geopandas")

SEED = 20240607
SIDE = 0.1
ALONE = {"line": summarise_lines, "point": summarise_points, "polygon": summarise_polygons}


@contextmanager
def running(folder: Path, workers: int) -> Iterator[str]:
    """Run a scheduler and workers as processes that only this machine can reach."""
    told = folder / "scheduler.json"
    here = ("--host", "127.0.0.1", "--no-dashboard")
    programs = [("dask_scheduler", "--port", "0", "--scheduler-file", str(told))]
    programs += [
        ("dask_worker", "--scheduler-file", str(told), "--nthreads", "1", "--no-nanny")
    ] * workers
    with ExitStack() as stack, (folder / "log").open("wb") as log:
        for module, *options in programs:
            command = [sys.executable, "-m", f"distributed.cli.{module}", *here, *options]
            process = stack.enter_context(
                subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
            )
            stack.callback(process.terminate)
        yield answering(told, workers, folder / "log")


def answering(told: Path, workers: int, log: Path) -> str:
    """Return the address of the scheduler as soon as it answers and has all its workers."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if told.is_file() and (text := told.read_text("utf-8")):
            address = str(json.loads(text)["address"])
            if workers:
                with dask_distributed.Client(address, set_as_default=False) as client:
                    client.wait_for_workers(workers, timeout=60)
            return address
        time.sleep(0.1)
    raise AssertionError(log.read_text("utf-8"))


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster of two worker processes."""
    with running(tmp_path_factory.mktemp("cluster"), workers=2) as address:
        yield address


def borders() -> gpd.GeoDataFrame:
    """Sixteen squares of 0.1 degrees, EPSG:4326."""
    boxes = [
        shapely.box(19 + SIDE * x, 49 + SIDE * y, 19 + SIDE * (x + 1), 49 + SIDE * (y + 1))
        for y in range(4)
        for x in range(4)
    ]
    units = pd.Index([f"2417{place:02d}" for place in range(16)], name="unit")
    return gpd.GeoDataFrame(geometry=boxes, index=units, crs="EPSG:4326")


def features(kind: GeometryKind, count: int = 300) -> gpd.GeoDataFrame:
    """Features all over the squares and a little beyond, many of them across borders."""
    random = np.random.default_rng(SEED)
    start = random.uniform([18.95, 48.95], [19.45, 49.45], (count, 2))
    if kind == "point":
        places = pd.array(random.integers(0, 50, count), dtype="Int64")
        places[random.random(count) < 0.3] = pd.NA
        return gpd.GeoDataFrame({"places": places}, geometry=shapely.points(start), crs=4326)
    end = start + random.uniform(-0.05, 0.05, (count, 2))
    if kind == "line":
        shapes = shapely.linestrings(np.stack([start, end], axis=1))
    else:
        low, high = np.minimum(start, end), np.maximum(start, end)
        shapes = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    return gpd.GeoDataFrame({"key": np.arange(count)}, geometry=shapes, crs="EPSG:4326")


def write_parts(frame: gpd.GeoDataFrame, folder: Path, *, by: str) -> Path:
    """Write four files, one for each quarter from west to east or with every fourth row."""
    folder.mkdir()
    west = frame.geometry.bounds["minx"].rank(method="first").to_numpy()
    part = (west * 4 / (len(frame) + 1)).astype(int) if by == "place" else np.arange(len(frame)) % 4
    for number in range(4):
        frame[part == number].to_parquet(folder / f"part-{number}.parquet")
    return folder


def on_cluster(scheduler: str, source: Partitioned, areas: gpd.GeoDataFrame) -> pd.DataFrame:
    return summarise_on_cluster(scheduler, {"layer": source}, areas)["layer"]


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("by", ["place", "row"])
@pytest.mark.parametrize("kind", ["line", "point", "polygon"])
def test_a_cluster_finds_what_one_machine_finds(
    scheduler: str, tmp_path: Path, kind: GeometryKind, by: str
) -> None:
    frame = features(kind)
    folder = write_parts(frame, tmp_path / "parts", by=by)
    found = on_cluster(scheduler, Partitioned(kind, folder), borders())
    assert_same(found, ALONE[kind](frame, borders()))


def test_row_groups_of_one_file_are_partitions(scheduler: str, tmp_path: Path) -> None:
    frame = features("line")
    path = tmp_path / "roads.parquet"
    frame.to_parquet(path, row_group_size=50, write_covering_bbox=True)
    steps: list[tuple[int, int, str]] = []
    found = summarise_on_cluster(
        scheduler,
        {"roads": Partitioned("line", path)},
        borders(),
        progress=lambda done, total, item="": steps.append((done, total, item)),
    )
    assert_same(found["roads"], summarise_lines(frame, borders()))
    assert steps == [(done, 6, "roads") for done in range(7)]


def test_unchecked_features_are_reprojected_and_repaired(scheduler: str, tmp_path: Path) -> None:
    frame = features("polygon", 40)
    bow = shapely.Polygon([(19.0, 49.0), (19.1, 49.1), (19.1, 49.0), (19.0, 49.1)])
    odd = gpd.GeoDataFrame(geometry=[bow, None, shapely.Polygon()], crs="EPSG:4326")
    both = pd.concat([frame, odd], ignore_index=True)
    folder = write_parts(both.to_crs("EPSG:2180"), tmp_path / "parts", by="row")
    found = on_cluster(scheduler, Partitioned("polygon", folder, checked=False), borders())
    fixed = gpd.GeoSeries([shapely.make_valid(bow)], crs="EPSG:4326")
    whole = pd.concat([frame.geometry, fixed], ignore_index=True)
    expected = summarise_polygons(gpd.GeoDataFrame(geometry=whole, crs="EPSG:4326"), borders())
    pd.testing.assert_frame_equal(found, expected, rtol=1e-7)


def test_unknown_counts_stay_apart_from_none(scheduler: str, tmp_path: Path) -> None:
    inside = [(19.05, 49.05), (19.06, 49.05), (19.15, 49.05)]
    frame = gpd.GeoDataFrame(
        {
            "facilities": pd.array([pd.NA, pd.NA, 3], dtype="Int64"),
            "places": pd.array([7, pd.NA, pd.NA], dtype="Int64"),
        },
        geometry=[shapely.Point(xy) for xy in inside],
        crs="EPSG:4326",
    )
    path = tmp_path / "counts.parquet"
    frame.to_parquet(path, row_group_size=1)
    found = on_cluster(scheduler, Partitioned("point", path), borders())
    assert_same(found, summarise_points(frame, borders()))
    assert found["facilities"].isna().tolist() == [True] + [False] * 15


def test_features_beyond_every_municipality_are_not_even_read(
    scheduler: str, tmp_path: Path
) -> None:
    far = features("line").assign(geometry=lambda frame: frame.geometry.translate(5, 0))
    folder = write_parts(far, tmp_path / "parts", by="place")
    found = on_cluster(scheduler, Partitioned("line", folder), borders())
    assert found.index.equals(borders().index)
    assert found.eq(0).all(axis=None)
    for path in folder.iterdir():
        # the footer, from which the bounds are known, stays whole
        content = bytearray(path.read_bytes())
        content[4:200] = bytes(196)
        path.write_bytes(content)
    assert_same(on_cluster(scheduler, Partitioned("line", folder), borders()), found)


def test_a_workspace_comes_to_the_same_table(
    scheduler: str, workspace_root: Path, tmp_path: Path
) -> None:
    opened = open_workspace(workspace_root)
    for by in ("municipality", "partnership"):
        alone = summarise_themes(opened, by, store=tmp_path / "store").tables
        spread = summarise_themes(
            opened, by, store=tmp_path / "store", cluster=Cluster(scheduler)
        ).tables
        assert spread.keys() == alone.keys()
        for theme, table in alone.items():
            pd.testing.assert_frame_equal(spread[theme], table, rtol=1e-9)


def test_features_outside_the_workspace_take_the_place_of_its_layer(
    scheduler: str, workspace_root: Path, tmp_path: Path
) -> None:
    opened = open_workspace(workspace_root)
    line = shapely.LineString([(19.15, 49.42), (19.15, 49.44)])
    big = gpd.GeoDataFrame(geometry=[line], crs="EPSG:4326")
    folder = tmp_path / "big"
    folder.mkdir()
    big.to_parquet(folder / "0.parquet")
    # the described file may as well be too big to be there
    (workspace_root / "data/themes/trails.geojson").unlink()
    found = summarise_themes(
        opened,
        "municipality",
        theme="cycle-routes",
        store=tmp_path / "store",
        cluster=Cluster(scheduler, folder),
    )
    rows = found.tables["cycle-routes"].set_index("key")
    assert rows.loc["241714", "length_km"] == pytest.approx(2.2245, abs=1e-3)
    assert rows.loc["241714", "source"] == ("OpenStreetMap",)
    assert rows["length_km"].notna().sum() == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda path: path.unlink(), "expected GeoParquet"),
        (lambda path: path.write_bytes(b"no parquet"), "expected GeoParquet"),
        (
            lambda path: features("point").to_parquet(path),
            "expected features of kind line, as the layer is described; found points",
        ),
        (
            lambda path: features("line").set_crs(None, allow_override=True).to_parquet(path),
            "state no CRS",
        ),
        (
            lambda path: pd.DataFrame({"a": [1]}).to_parquet(path),
            "expected GeoParquet",
        ),
    ],
)
def test_features_that_are_not_what_they_should_be_are_refused(
    scheduler: str, tmp_path: Path, change: object, reason: str
) -> None:
    path = tmp_path / "roads.parquet"
    features("line").to_parquet(path)
    assert callable(change)
    change(path)
    with pytest.raises(RefusedError, match=reason):
        on_cluster(scheduler, Partitioned("line", path, checked=False), borders())


def test_nobody_at_the_address_is_told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "ANSWER_S", 1.0)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    begun = time.monotonic()
    with pytest.raises(RefusedError, match="no Dask scheduler answers there"):
        summarise_on_cluster(f"tcp://127.0.0.1:{port}", {}, borders())
    assert time.monotonic() - begun < 10


def test_something_else_at_the_address_is_told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "ANSWER_S", 1.0)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(RefusedError, match="no Dask scheduler answers there"):
            summarise_on_cluster(address, {}, borders())


@pytest.mark.parametrize("address", ["nonsense", "http://127.0.0.1:80", "tcp://"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(RefusedError, match=r"such as tcp://host:8786"):
        summarise_on_cluster(address, {}, borders())


def test_a_scheduler_without_workers_is_refused(tmp_path: Path) -> None:
    with (
        running(tmp_path, workers=0) as address,
        pytest.raises(RefusedError, match="a Scheduler without any; start some with: dask worker"),
    ):
        summarise_on_cluster(address, {}, borders())


def test_without_the_extra_its_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask_geopandas", None)
    with pytest.raises(RefusedError, match=r'pip install "geoapp\[cluster\]"'):
        summarise_on_cluster("tcp://127.0.0.1:8786", {}, borders())
