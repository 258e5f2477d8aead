"""One data file in an archive, TopoJSON, and a table that holds its geometry as text."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from geoapp.errors import FileRefusedError
from geoapp.sources.gate import GateLimits, admit

Squares = Callable[..., gpd.GeoDataFrame]
Save = Callable[..., Path]
TOPOLOGY = {
    "type": "Topology",
    "transform": {"scale": [0.01, 0.01], "translate": [19, 49]},
    "objects": {
        "gminy": {
            "type": "GeometryCollection",
            "geometries": [
                {"type": "Polygon", "arcs": [[0, 1]], "properties": {"kod": "0201011"}},
                {"type": "Polygon", "arcs": [[2, -2]], "properties": {"kod": "0201022"}},
            ],
        }
    },
    "arcs": [
        [[10, 10], [-10, 0], [0, -10], [10, 0]],
        [[10, 0], [0, 10]],
        [[10, 0], [10, 0], [0, 10], [-10, 0]],
    ],
}


def packed(path: Path, members: dict[str, bytes]) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        # the library warns of a name that is given twice
        warnings.simplefilter("ignore")
        for name, content in members.items():
            archive.writestr(name.rstrip("!"), content)
    return path


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "fgb", "parquet"])
def test_one_file_in_an_archive_is_read(
    tmp_path: Path, squares: Squares, save: Save, suffix: str
) -> None:
    inside = save(squares(crs="EPSG:2180"), f"gminy.{suffix}")
    path = packed(
        tmp_path / "a.zip",
        {
            f"data/gminy.{suffix}": inside.read_bytes(),
            "readme.txt": b"hello",
            "__MACOSX/a.gpkg": b"",
        },
    )
    raw = admit(path)
    assert raw.file == "a.zip"
    assert sorted(raw.table["nazwa"]) == sorted(squares()["nazwa"])


def test_a_table_in_an_archive_is_read_where_it_is_the_only_data(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"a.csv": b"kod,n\n500496,1\n"})
    assert admit(path).table["kod"].tolist() == ["500496"]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"a.geojson": b"{}", "b.geojson": b"{}"}, "several data files.*a.geojson, b.geojson"),
        ({"a.txt": b"x"}, "no file that can be read.*a.txt"),
        ({}, "no known format"),
        ({"a.geojson": b"PK\x03\x04"}, "broken"),
        ({"a.gpkg": b"<OGRVRTDataSource/>"}, "VRT"),
        ({"a.zip": b"PK"}, r"a\.zip is no file that geoapp reads"),
        ({"a.geojson": b"{}", "A.GeoJSON!": b"{}"}, "in the archive twice"),
        ({"a.geojson": b"{}", "a.geojson!": b"{}"}, "in the archive twice"),
    ],
)
def test_archives_that_hold_something_else_are_refused(
    tmp_path: Path, members: dict[str, bytes], reason: str
) -> None:
    with pytest.raises(FileRefusedError, match=reason):
        admit(packed(tmp_path / "a.zip", members))


def test_an_archive_in_an_archive_is_not_opened(tmp_path: Path) -> None:
    inner = packed(tmp_path / "inner.zip", {"a.geojson": b"{}"}).read_bytes()
    with pytest.raises(FileRefusedError, match="holds another archive"):
        admit(packed(tmp_path / "a.zip", {"a.geojson": inner}))


def test_what_is_small_when_packed_has_limits_too(tmp_path: Path) -> None:
    limits = GateLimits(unpacked_bytes=1000)
    with pytest.raises(FileRefusedError, match="at most 0 MB and 200 times"):
        admit(packed(tmp_path / "a.zip", {"a.geojson": bytes(2000)}), limits=limits)


def test_a_size_that_lies_is_found_out(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"a.geojson": b'{"type": "FeatureCollection"}'})
    data = bytearray(path.read_bytes())
    directory = data.rfind(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = (5).to_bytes(4, "little")
    path.write_bytes(bytes(data))
    with pytest.raises(FileRefusedError, match=r"a\.geojson of the archive cannot be unpacked"):
        admit(path)


def test_topojson_is_read_with_its_shared_borders(tmp_path: Path) -> None:
    path = tmp_path / "gminy.topojson"
    path.write_text(json.dumps(TOPOLOGY), encoding="utf-8")
    raw = admit(path)
    assert raw.table["kod"].tolist() == ["0201011", "0201022"]
    assert raw.geometry is not None
    expected = shapely.box([19, 19.1], 49, [19.1, 19.2], 49.1)
    own = shapely.normalize(raw.geometry)
    assert shapely.equals_exact(own, shapely.normalize(expected), tolerance=1e-9).all()


@pytest.mark.parametrize(
    ("written", "crs"), [("POINT (500000 200000)", None), ("SRID=2180;POINT(500000 200000)", 2180)]
)
def test_a_column_of_wkt_becomes_geometry(tmp_path: Path, written: str, crs: int | None) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'name;WKT\nA;"{written}"\nB;POINT (1 nonsense\nC;\n', encoding="utf-8")
    raw = admit(path)
    assert list(raw.table.columns) == ["name"]
    assert raw.geometry is not None
    assert [shape and shape.wkt for shape in raw.geometry] == ["POINT (500000 200000)", None, None]
    assert raw.crs == (f"EPSG:{crs}" if crs else None)
    assert [problem.values["count"] for problem in raw.problems] == [1]


def test_a_border_of_a_million_characters_fits_into_a_cell(tmp_path: Path) -> None:
    ring = shapely.Point(19, 50).buffer(0.1, quad_segs=10_000)
    path = tmp_path / "a.csv"
    path.write_text(f'kod,geometry\n0201011,"{ring.wkt}"\n', encoding="utf-8")
    raw = admit(path)
    assert raw.geometry is not None
    assert shapely.get_num_coordinates(raw.geometry[0]) == 40_001


def test_a_column_that_only_is_called_geometry_stays_a_column(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("kod,geometry\n500496,round\n", encoding="utf-8")
    raw = admit(path)
    assert (raw.geometry, raw.table["geometry"].tolist()) == (None, ["round"])
