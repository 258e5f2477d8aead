from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geoapp.core.mapspec import GeometryRef
from geoapp.errors import FileRefusedError
from geoapp.maps.sheet_geometry import features_on_page
from geoapp.maps.sheet_layout import Rect
from geoapp.maps.sheet_projection import place_map
from geoapp.store.tiles import write_tiles

KEY = "0123456789abcdef"
FRAME = Rect(10, 10, 180, 130)
BOUNDS = (19.0, 49.0, 19.4, 49.2)


def collection(*shapes: shapely.Geometry, **beside: Any) -> str:
    features = [
        {
            "type": "Feature",
            "properties": {"key": str(number), "name": f"Gmina {number}"},
            "geometry": json.loads(shapely.to_geojson(shape)),
        }
        for number, shape in enumerate(shapes)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features, **beside})


def reference(path: Path, **more: Any) -> GeometryRef:
    plain = {
        "name": f"features-{KEY}.geojson",
        "path": path,
        "kind": "polygon",
        "features": 1,
        "bounds": BOUNDS,
    }
    return GeometryRef.model_validate(plain | more)


def test_what_lies_outside_is_left_out_and_what_reaches_out_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "features.geojson"
    inside, across, outside = (
        shapely.box(19.1, 49.05, 19.2, 49.1),
        shapely.box(19.3, 49.0, 25.0, 49.1),
        shapely.box(30.0, 49.0, 31.0, 49.1),
    )
    path.write_text(collection(inside, across, outside), "utf-8")
    found = features_on_page(reference(path), place_map(BOUNDS, FRAME))
    assert found.keys == ("0", "1")
    assert found.names == ("Gmina 0", "Gmina 1")
    assert list(found.whole) == [True, False]
    left, _, right, _ = shapely.total_bounds(found.shapes)
    assert FRAME.left < left
    assert right == pytest.approx(FRAME.right + 2)
    assert shapely.intersects_xy(found.shapes, found.anchors[:, 0], found.anchors[:, 1]).all()


def test_detail_that_paper_cannot_show_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "features.geojson"
    circle = shapely.Point(19.2, 49.1).buffer(0.05, quad_segs=2000)
    path.write_text(collection(circle), "utf-8")
    placement = place_map(BOUNDS, FRAME)
    found = features_on_page(reference(path), placement)
    true = shapely.transform(circle, placement.to_page)
    assert shapely.get_num_coordinates(found.shapes[0]) < 200
    assert shapely.hausdorff_distance(found.shapes[0], true) < 0.06


def test_finer_borders_are_drawn_where_paper_shows_them(tmp_path: Path) -> None:
    coarse, fine = shapely.box(19.1, 49.05, 19.3, 49.15), shapely.Point(19.2, 49.1).buffer(0.05)
    copy, index, chunk = (tmp_path / f"{name}.geojson" for name in ("copy", "index", "chunk"))
    finer = {"index": f"index-{KEY}.geojson", "zoom": 10}
    copy.write_text(collection(coarse, finer=finer), "utf-8")
    chunk.write_text(collection(fine), "utf-8")
    box = json.loads(shapely.to_geojson(shapely.box(*fine.bounds)))
    listed = {"zoom": 10, "file": f"chunk-{KEY}.geojson"}
    feature = {"type": "Feature", "properties": listed, "geometry": box}
    index.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    geometry = reference(copy, finer=f"index-{KEY}.geojson")

    def find(name: str) -> Path:
        return tmp_path / f"{name.split('-')[0]}.geojson"

    near, far = place_map(BOUNDS, FRAME), place_map((10, 45, 28, 54), FRAME)
    assert shapely.get_num_coordinates(features_on_page(geometry, near, find).shapes[0]) > 5
    assert shapely.get_num_coordinates(features_on_page(geometry, near).shapes[0]) == 5
    assert shapely.get_num_coordinates(features_on_page(geometry, far, find).shapes[0]) == 5


def test_tiles_are_joined_again(tmp_path: Path) -> None:
    areas = [shapely.box(19.05, 49.02, 19.25, 49.18), shapely.box(19.25, 49.02, 19.35, 49.1)]
    table = gpd.GeoDataFrame(
        {"key": ["a", "b"], "name": ["Łąka", "Řeka"]}, geometry=areas, crs="EPSG:4326"
    )
    path = tmp_path / "features.pmtiles"
    zooms = write_tiles(table, path, properties=["key", "name"])
    geometry = reference(
        path,
        name=f"features-{KEY}.pmtiles",
        min_zoom=zooms.min_zoom,
        max_zoom=zooms.max_zoom,
    )
    placement = place_map(BOUNDS, FRAME)
    found = features_on_page(geometry, placement)
    assert dict(zip(found.keys, found.names, strict=True)) == {"a": "Łąka", "b": "Řeka"}
    true = shapely.transform(np.array(areas, object), placement.to_page)
    order = [found.keys.index(key) for key in ("a", "b")]
    assert shapely.area(found.shapes[order]) == pytest.approx(shapely.area(true), rel=0.01)
    assert shapely.get_num_geometries(found.shapes).tolist() == [1, 1]
    assert not found.partial
    # a whole continent would be too many tiles at the last level
    wide = place_map((0, 40, 30, 55), FRAME)
    assert features_on_page(geometry, wide).partial


@pytest.mark.parametrize("content", ["{", "[]", '{"type": "Topology"}'])
def test_a_file_that_is_no_display_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "broken.geojson"
    path.write_text(content, "utf-8")
    with pytest.raises(FileRefusedError, match=r"broken\.geojson: expected a GeoJSON"):
        features_on_page(reference(path), place_map(BOUNDS, FRAME))


def test_broken_tiles_are_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.pmtiles"
    path.write_bytes(b"no tiles")
    geometry = reference(path, name=f"features-{KEY}.pmtiles", min_zoom=4, max_zoom=12)
    with pytest.raises(FileRefusedError, match=r"broken\.pmtiles: .*prepare it again"):
        features_on_page(geometry, place_map(BOUNDS, FRAME))
