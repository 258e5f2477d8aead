import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geoapp.core.atlas import PreparedLayer
from geoapp.core.layer import LayerSpec
from geoapp.core.mapspec import GeometryRef
from geoapp.store.analysis import vertex_counts, write_features
from geoapp.store.files import display_file, obtain
from geoapp.store.scales import CHUNK_VERTICES
from geoapp.workspace import scaling
from geoapp.workspace.prepared import Borders, LayerCopy, load_borders
from geoapp.workspace.scaling import draw_municipalities

SIDE = 12
STEP = 0.1


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def borders(store: Path, make_layer: Callable[..., LayerSpec]) -> Borders:
    """144 municipalities of 80 km2 with winding borders, 115,000 vertices in all."""
    return load_borders(store, [boundary_copy(store, make_layer, winding(SIDE))])


@pytest.fixture(scope="module")
def registry(borders: Borders) -> pd.DataFrame:
    return pd.DataFrame({"population": range(len(borders.table))}, index=borders.table.index)


@pytest.fixture(scope="module")
def members(borders: Borders) -> frozenset[str]:
    return frozenset(borders.table.index[40:46])


@pytest.fixture(scope="module")
def drawn(
    store: Path, borders: Borders, members: frozenset[str], registry: pd.DataFrame
) -> dict[str, GeometryRef]:
    with pytest.MonkeyPatch.context() as patch:
        # what a country has too much of
        patch.setattr(scaling, "CONTEXT_VERTICES", 8_000)
        inside, outside = draw_municipalities(store, borders, members, registry)
    assert inside is not None
    assert outside is not None
    return {"members": inside, "context": outside}


def winding(side: int) -> list[shapely.Polygon]:
    """Squares with 800 vertices each, bent by a function of place, so that borders stay shared."""
    corners = [
        (18 + STEP * column, 49 + STEP * row) for row in range(side) for column in range(side)
    ]
    squares = [shapely.box(x, y, x + STEP, y + STEP) for x, y in corners]
    dense = shapely.set_precision(shapely.segmentize(squares, STEP / 200), 1e-6)
    return list(shapely.transform(dense, bent))


def bent(degrees: Any) -> Any:
    x, y = degrees.T
    waves = [sum(np.sin(k * 60 * other + k) / k for k in (1, 2, 4, 8, 16, 32)) for other in (y, x)]
    return degrees + 0.004 * np.column_stack(waves)


def boundary_copy(
    store: Path, make_layer: Callable[..., LayerSpec], polygons: list[shapely.Polygon]
) -> LayerCopy:
    """A prepared boundary layer, as reading a file leaves it."""
    units = [f"24{number + 1000:04d}" for number in range(len(polygons))]
    frame = gpd.GeoDataFrame(
        {"unit": units, "code": units, "name": units, "country": "PL", "area_ha": 8000.0},
        geometry=polygons,
        crs="EPSG:4326",
    )
    spec = make_layer(slug="borders", theme="boundaries", kind="polygon", file="borders.gpkg")
    key = f"{len(polygons):016x}"
    folder = obtain(store, key, lambda draft: write_features(frame, draft / "features.parquet"))
    return LayerCopy(PreparedLayer(spec), folder, key)


def content(store: Path, name: str) -> dict[str, Any]:
    path = display_file(store, name)
    assert path is not None, name
    return dict(json.loads(path.read_bytes()))


def shapes(collection: dict[str, Any]) -> gpd.GeoSeries:
    features = collection["features"]
    return gpd.GeoSeries(
        [shapely.geometry.shape(feature["geometry"]) for feature in features],
        index=[feature["properties"]["key"] for feature in features],
        crs="EPSG:4326",
    )


def chunks(store: Path, copy: GeometryRef) -> list[dict[str, Any]]:
    assert copy.finer is not None
    return list(content(store, copy.finer)["features"])


def test_a_few_members_come_in_more_detail_than_the_rest(drawn: dict[str, GeometryRef]) -> None:
    members, context = drawn["members"], drawn["context"]
    assert (members.features, context.features) == (6, SIDE * SIDE - 6)
    assert members.vertices <= scaling.MEMBER_VERTICES
    assert context.vertices <= 8_000
    assert members.vertices / 6 > 10 * context.vertices / context.features


def test_every_municipality_is_sent_once_with_all_about_it(
    store: Path, drawn: dict[str, GeometryRef], borders: Borders, members: frozenset[str]
) -> None:
    sent = {slug: content(store, copy.name)["features"] for slug, copy in drawn.items()}
    keys = {slug: {f["properties"]["key"] for f in features} for slug, features in sent.items()}
    assert keys["members"] == members
    assert keys["members"] | keys["context"] == set(borders.table.index)
    assert keys["members"].isdisjoint(keys["context"])
    for feature in (*sent["members"], *sent["context"]):
        assert set(feature["properties"]) == {"key", "name", "px", "py", "rank"}


def test_at_every_scale_each_municipality_is_in_one_chunk(
    store: Path, drawn: dict[str, GeometryRef], borders: Borders
) -> None:
    listed = chunks(store, drawn["context"])
    zooms = {chunk["properties"]["zoom"] for chunk in listed}
    assert zooms == {8, 10, 12}
    for zoom in zooms:
        held = Counter[str]()
        for chunk in listed:
            if chunk["properties"]["zoom"] != zoom:
                continue
            found = shapes(content(store, chunk["properties"]["file"]))
            held.update(found.index)
            # the list tells where to look
            box = shapely.geometry.shape(chunk["geometry"]).buffer(1e-4)
            assert box.covers(shapely.box(*found.total_bounds))
        assert held == Counter(borders.table.index.to_list())


def test_chunks_are_small(store: Path, drawn: dict[str, GeometryRef]) -> None:
    listed = chunks(store, drawn["context"])
    finest = [chunk for chunk in listed if chunk["properties"]["zoom"] == 12]
    counts = [
        vertex_counts(shapes(content(store, chunk["properties"]["file"]))).sum() for chunk in finest
    ]
    assert len(finest) >= 2
    assert max(counts) < 1.1 * CHUNK_VERTICES


def test_finer_chunks_hold_more_and_fit_together(
    store: Path, drawn: dict[str, GeometryRef]
) -> None:
    by_zoom: dict[int, list[gpd.GeoSeries]] = {}
    for chunk in chunks(store, drawn["context"]):
        found = shapes(content(store, chunk["properties"]["file"]))
        by_zoom.setdefault(chunk["properties"]["zoom"], []).append(found)
    counts = {zoom: int(vertex_counts(pd.concat(parts)).sum()) for zoom, parts in by_zoom.items()}
    assert drawn["context"].vertices < counts[8] < counts[10] < counts[12]
    for zoom in (8, 10, 12):
        # borders are shared across chunks, and between members and all others
        assert shapely.coverage_is_valid(pd.concat(by_zoom[zoom]).to_numpy()), zoom


def test_a_first_copy_tells_where_finer_ones_begin(
    store: Path, drawn: dict[str, GeometryRef]
) -> None:
    first = {slug: content(store, copy.name).get("finer") for slug, copy in drawn.items()}
    assert first["context"] == {"index": drawn["context"].finer, "zoom": 8}
    # six municipalities are sent in full detail at once
    assert first["members"] is None
    assert drawn["members"].finer is None


def test_other_members_only_redraw_the_first_copies(
    store: Path, borders: Borders, drawn: dict[str, GeometryRef], registry: pd.DataFrame
) -> None:
    before = {path.name for path in (store / "prepared").iterdir()}
    others = frozenset(borders.table.index[100:103])
    inside, outside = draw_municipalities(store, borders, others, registry)
    assert inside is not None
    assert outside is not None
    assert (inside.features, outside.features) == (3, SIDE * SIDE - 3)
    assert outside.finer == drawn["context"].finer
    assert len({path.name for path in (store / "prepared").iterdir()} - before) == 1


def test_members_that_are_all_there_is_have_scales_too(
    store: Path, borders: Borders, registry: pd.DataFrame
) -> None:
    inside, outside = draw_municipalities(store, borders, frozenset(borders.table.index), registry)
    assert inside is not None
    assert outside is None
    assert inside.finer is not None
    assert inside.features == SIDE * SIDE


def test_small_borders_are_sent_whole(store: Path, make_layer: Callable[..., LayerSpec]) -> None:
    polygons = winding(3)
    small = load_borders(store, [boundary_copy(store, make_layer, polygons)])
    registry = pd.DataFrame({"population": 1}, index=small.table.index)
    inside, outside = draw_municipalities(store, small, frozenset(small.table.index[:2]), registry)
    assert inside is not None
    assert outside is not None
    assert (inside.finer, outside.finer) == (None, None)
    assert inside.vertices + outside.vertices == sum(shapely.get_num_coordinates(polygons))
    assert "finer" not in content(store, inside.name)
