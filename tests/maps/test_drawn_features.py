from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from geoapp.core.mapspec import GeometryRef, MapLayer, Style
from geoapp.errors import FileRefusedError
from geoapp.maps.drawn_features import drawn_features

FILE = """{"type": "FeatureCollection", "features": [
 {"type": "Feature", "properties": {"key": "1", "name": "Rajcza", "px": 19.0, "py": 49.5,
  "rank": 2}, "geometry": {"type": "Point", "coordinates": [19, 49.5]}},
 {"type": "Feature", "properties": {"key": "2"},
  "geometry": {"type": "Point", "coordinates": [20, 50]}},
 {"type": "Feature", "properties": {"key": "3", "name": "nowhere"}, "geometry": null}]}"""


def layer(path: Path, *, default: int | None = 0, suffix: str = "geojson") -> MapLayer:
    zooms = {"min_zoom": 4, "max_zoom": 12} if suffix == "pmtiles" else {}
    reference = GeometryRef(
        name=f"layer-0123456789abcdef.{suffix}",
        path=path,
        kind="point",
        features=3,
        bounds=(19, 49, 20, 50),
        **zooms,
    )
    return MapLayer(
        slug="layer",
        name="Layer",
        geometry=reference,
        styles=(Style(), Style(radius=9)),
        assign={"1": 1},
        default=default,
    )


def test_features_come_with_the_place_of_their_style(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(FILE, "utf-8")
    drawn = drawn_features(layer(path))
    assert drawn is not None
    assert drawn[["key", "name", "style"]].to_numpy().tolist() == [["1", "Rajcza", 1], ["2", "", 0]]
    assert drawn.crs == "EPSG:4326"
    assert drawn.loc[0, ["px", "py", "rank"]].tolist() == [19.0, 49.5, 2]


def test_features_without_a_style_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(FILE, "utf-8")
    drawn = drawn_features(layer(path, default=None))
    assert drawn is not None
    assert drawn["key"].tolist() == ["1"]


def test_what_is_given_in_full_replaces_the_display_file(tmp_path: Path) -> None:
    given = gpd.GeoDataFrame(
        {"name": ["Rajcza", None], "beds": [3, 4]},
        geometry=[shapely.Point(19, 49), shapely.Point()],
        index=["1", "2"],
        crs="EPSG:4326",
    )
    drawn = drawn_features(layer(tmp_path / "absent", suffix="pmtiles"), given)
    assert drawn is not None
    assert drawn[["key", "name", "style", "beds"]].to_numpy().tolist() == [["1", "Rajcza", 1, 3]]


def test_tiles_are_not_read(tmp_path: Path) -> None:
    assert drawn_features(layer(tmp_path / "absent", suffix="pmtiles")) is None


@pytest.mark.parametrize(("content", "found"), [(None, "FileNotFoundError"), ("[]", "other JSON")])
def test_a_missing_or_broken_file_is_refused(
    tmp_path: Path, content: str | None, found: str
) -> None:
    path = tmp_path / "a.geojson"
    if content is not None:
        path.write_text(content, "utf-8")
    with pytest.raises(FileRefusedError, match=f"FeatureCollection, found {found}"):
        drawn_features(layer(path))
