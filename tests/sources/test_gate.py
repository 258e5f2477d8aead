from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import shapely

from geoapp.dead_ends import DEAD_ENDS
from geoapp.errors import FileRefusedError
from geoapp.sources.gate import GateLimits, admit

Squares = Callable[..., gpd.GeoDataFrame]
Save = Callable[..., Path]

VRT = """<OGRVRTDataSource><OGRVRTLayer name="passwd">
<SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"""
POINT = {"type": "Point", "coordinates": [19.1, 49.5]}


def collection(**members: object) -> str:
    feature = {"type": "Feature", "properties": {"kod": "2417112"}, "geometry": POINT}
    return json.dumps({"type": "FeatureCollection", "features": [feature], **members})


def archive(path: Path, members: dict[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return path


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "fgb", "shp", "parquet", "zip"])
def test_good_files_are_read_in_the_other_process(
    squares: Squares, save: Save, zipped: Callable[..., Path], suffix: str
) -> None:
    frame = squares(crs="EPSG:2180")
    frame["pusta"] = [None, 2, 3, 4]
    if suffix == "zip":
        path = zipped(save(frame, "gminy.shp", encoding="cp1250"), ".cpg")
    else:
        path = save(frame, f"gminy.{suffix}")
    raw = admit(path)
    assert raw.file == path.name
    assert raw.geometry is not None
    table = raw.table.sort_values("kod")
    assert table["nazwa"].tolist() == ["Łękawica", "Rajcza", "Świnna", "Ujsoły"]
    assert table["pusta"].isna().sum() == 1
    own = shapely.normalize(raw.geometry[table.index])
    expected = shapely.normalize(frame.sort_values("kod").geometry.to_numpy())
    assert shapely.equals_exact(own, expected, tolerance=1e-6).all()
    assert "2180" in str(raw.crs)
    recovered = ("CP1250", True) if suffix == "zip" else ("UTF-8", False)
    assert (raw.encoding, raw.encoding_recovered) == recovered


def test_tables_are_read_in_the_other_process(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("kod;název\n0201011;Žďár\n".encode("cp1250"))
    raw = admit(tmp_path / "a.csv")
    assert raw.table.to_dict("list") == {"kod": ["0201011"], "název": ["Žďár"]}
    assert (raw.encoding, raw.geometry) == ("CP1250", None)
    book = openpyxl.Workbook()
    book.active.append(["kod", "n"])
    book.active.append(["0201011", 3])
    book.save(tmp_path / "b.xlsx")
    steps: list[tuple[int, int, str]] = []
    table = admit(tmp_path / "b.xlsx", progress=lambda *step: steps.append(step)).table
    assert table.to_dict("list") == {"kod": ["0201011"], "n": ["3"]}
    assert [step[0] for step in steps] == [0, 1, 2, 3]


def test_nested_attributes_become_text(tmp_path: Path) -> None:
    text = collection().replace('"2417112"', '{"a": [1, 2]}, "tags": ["{{ 7*7 }}"]')
    (tmp_path / "a.geojson").write_text(text, encoding="utf-8")
    table = admit(tmp_path / "a.geojson").table
    assert json.loads(table["kod"][0]) == {"a": [1, 2]}
    assert "{{ 7*7 }}" in table["tags"][0]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.geojson", VRT, "VRT file"),
        ("a.gpkg", VRT, "VRT file"),
        ("a.csv", '{"type": "gdal_streamed_alg", "command_line": "x"}', "GDAL pipeline"),
        (
            "link.geojson",
            collection(crs={"properties": {"href": "http://x.test/"}, "type": "link"}),
            "crs of the file is a link",
        ),
        (
            "hidden.geojson",
            collection(crs={"type": "link", "properties": {}})
            .replace('"crs"', '"c\\u0072s"')
            .replace('"link"', '"lin\\u006b"'),
            "crs of the file is a link",
        ),
        ("deep.geojson", collection(x=0).replace("0}", "[" * 98 + "]" * 98 + "}"), "nested 99"),
        ("nan.geojson", collection().replace("19.1", "NaN"), "cannot be read|no finite number"),
        ("big.geojson", collection().replace("19.1", "1e400"), "cannot be read|no finite number"),
        ("page.zip", "<html>login</html>", "found a web page"),
    ],
)
def test_hostile_text_is_refused_in_one_line(
    tmp_path: Path, name: str, text: str, reason: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(FileRefusedError, match=reason) as caught:
        admit(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"../../x.shp": "x"}, r"Member \.\./\.\./x\.shp leads out"),
        ({"/etc/x.shp": "x"}, "leads out"),
        ({"C:\\x.shp": "x"}, "leads out"),
        ({"a.shp": "x", "b.vrt": VRT}, r"b\.vrt does not belong"),
        ({"a.shp": "x", "b.zip": "PK"}, "does not belong"),
        ({"a.shp": bytes(60_000_000)}, "would unpack to 60 MB"),
        ({"xl/workbook.xml": bytes(60_000_000)}, "would unpack to 60 MB"),
        ({"a.shp": "x"}, r"\.shx, \.dbf is missing"),
        ({"a.vrt": VRT}, r"Member a\.vrt is no file that geoapp reads"),
        ({f"{number}.shp": "" for number in range(1001)}, "1001 members"),
    ],
)
def test_hostile_archives_are_refused(
    tmp_path: Path, members: dict[str, bytes | str], reason: str
) -> None:
    with pytest.raises(FileRefusedError, match=reason):
        admit(archive(tmp_path / "a.zip", members))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda member: setattr(member, "external_attr", (stat.S_IFLNK | 0o777) << 16), "a link"),
        (lambda member: setattr(member, "flag_bits", 1), "is encrypted"),
    ],
)
def test_links_and_secrets_in_archives_are_refused(
    tmp_path: Path, change: Callable[[zipfile.ZipInfo], None], reason: str
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        member = zipfile.ZipInfo("a.shp")
        packed.writestr(member, "/etc/passwd")
        change(packed.filelist[0])
    with pytest.raises(FileRefusedError, match=reason):
        admit(tmp_path / "a.zip")


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (
            "CREATE VIEW endless AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n)"
            " SELECT x FROM n",
            "holds the view endless",
        ),
        (
            "CREATE VIEW st_geometry_columns AS WITH RECURSIVE n(x) AS"
            " (SELECT 1 UNION ALL SELECT x FROM n) SELECT x FROM n",
            "holds the view st_geometry_columns",
        ),
        (
            "CREATE TRIGGER wipe AFTER INSERT ON gpkg_contents BEGIN DELETE FROM gminy; END",
            "holds the trigger wipe",
        ),
        ("CREATE VIRTUAL TABLE words USING fts3(x)", "holds the table words"),
        ("DROP TABLE gpkg_contents", "no list of contents"),
    ],
)
def test_geopackages_that_run_something_are_refused(
    squares: Squares, save: Save, statement: str, reason: str
) -> None:
    path = save(squares(), "gminy.gpkg")
    with closing(sqlite3.connect(path)) as opened:
        opened.execute(statement)
        opened.commit()
    with pytest.raises(FileRefusedError, match=reason):
        admit(path)


def test_a_broken_geopackage_is_refused(squares: Squares, save: Save) -> None:
    path = save(squares(), "gminy.gpkg")
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(FileRefusedError, match="GeoPackage cannot be read"):
        admit(path)


def test_coordinates_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    with np.errstate(invalid="ignore"):
        line = shapely.LineString([(19, 49), (np.nan, 50)])
    frame = gpd.GeoDataFrame({"n": [1]}, geometry=[line], crs="EPSG:4326")
    frame.to_parquet(tmp_path / "a.parquet")
    with pytest.raises(FileRefusedError, match="Row 1 has a coordinate that is no finite number"):
        admit(tmp_path / "a.parquet")


def test_size_time_and_memory_are_limited(squares: Squares, save: Save) -> None:
    path = save(squares(), "gminy.gpkg")
    with pytest.raises(FileRefusedError, match="at most 0 MB are read"):
        admit(path, limits=GateLimits(file_bytes=1000))
    with pytest.raises(FileRefusedError, match="more memory"):
        admit(path, limits=GateLimits(memory_bytes=20_000_000))
    with pytest.raises(FileRefusedError, match="took longer than"):
        admit(slow(path.with_suffix(".geojson")), limits=GateLimits(cpu_seconds=1))


def slow(path: Path) -> Path:
    """Write a GeoJSON file that takes longer than a second of computing to read."""
    feature = '{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[19,50]}}'
    text = ",".join([feature] * 200_000)
    path.write_text(f'{{"type":"FeatureCollection","features":[{text}]}}', encoding="utf-8")
    return path


def test_nothing_is_left_behind_and_the_file_stays(
    squares: Squares, save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(squares(), "gminy.gpkg")
    before = path.read_bytes()
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(work))
    admit(path)
    assert list(work.iterdir()) == []
    assert path.read_bytes() == before


def test_the_child_never_loads_the_other_gdal() -> None:
    code = (
        "import sys, geoapp.sources.gate_child, fiona;"
        "print('pyogrio' in sys.modules, 'geopandas' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "False"]


def test_dangerous_drivers_are_gone_and_quietly() -> None:
    code = "from geoapp.sources import gdal; import pyogrio; print(*pyogrio.list_drivers())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stderr == ""
    drivers = told.stdout.replace("ESRI Shapefile", "Shapefile").split()
    assert not set(drivers) & set(DEAD_ENDS["OGR_SKIP"].split(","))
    assert {"GPKG", "GeoJSON", "FlatGeobuf", "Shapefile"} <= set(drivers)
