"""Files that want to do harm, added for real: refused in one line with exit code 2, or harmless.

Whatever happens, nobody is called, no other file is read, and the workspace stays as it was.
"""

from __future__ import annotations

import csv
import io
import json
import os
import socket
import sqlite3
import struct
import sys
import threading
import tomllib
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely

from geoapp.cli import main
from geoapp.sources import gdal
from geoapp.sources.gdal import write_flatgeobuf

MARKER = "read-me-4711"
POINT = (
    '{"type":"Feature","properties":{"kod":"2417112"},"geometry":{"type":"Point","coordinates":%s}}'
)
VRT = '<OGRVRTDataSource><OGRVRTLayer name="a">%s</OGRVRTLayer></OGRVRTDataSource>'


class Elsewhere:
    """What a hostile file points at: an address that counts its callers, and a file."""

    def __init__(self, folder: Path) -> None:
        self.calls = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/x"
        self.file = folder / "elsewhere.csv"
        self.file.write_text(f"kod,nazwa\n2417112,{MARKER}\n", encoding="utf-8")
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            try:
                self._socket.accept()[0].close()
            except OSError:
                return
            self.calls += 1

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Elsewhere]:
    place = Elsewhere(tmp_path)
    yield place
    place.close()


@pytest.fixture(scope="module", autouse=True)
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEOAPP_STORE", str(tmp_path_factory.mktemp("store")))
        yield


Geoapp = Callable[..., tuple[int, str, str]]


@pytest.fixture
def geoapp(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], workspace_root: Path
) -> Geoapp:
    """A function that runs a command on the small workspace: exit code, output, errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        command = ["geoapp", *map(str, arguments), "--workspace", str(workspace_root)]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return run


def content(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def collection(*features: str, **members: object) -> str:
    more = "".join(f",{json.dumps(name)}:{json.dumps(value)}" for name, value in members.items())
    return f'{{"type":"FeatureCollection"{more},"features":[{",".join(features)}]}}'


def gml(more: str = "", *, prolog: str = "", schema: str = "", crs: str = "EPSG:4326") -> str:
    return (
        f'<?xml version="1.0"?>{prolog}<g:FeatureCollection '
        'xmlns:g="http://www.opengis.net/gml" xmlns:l="http://www.w3.org/1999/xlink" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"{schema}>'
        "<g:featureMember><p><kod>2417112</kod>"
        f'<nazwa>Rajcza{more}</nazwa><g:pos><g:Point srsName="{crs}">'
        "<g:coordinates>19.1,49.5</g:coordinates></g:Point></g:pos></p></g:featureMember>"
        "</g:FeatureCollection>"
    )


def archive(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in members.items():
            opened.writestr(name, data)
    return packed.getvalue()


def borders() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"kod": ["2417112"], "nazwa": ["Rajcza"]},
        geometry=[shapely.box(19, 49.4, 19.1, 49.5)],
        crs="EPSG:4326",
    )


def saved(frame: gpd.GeoDataFrame, path: Path, driver: str) -> bytes:
    gdal.pyogrio.write_dataframe(frame, path, driver=driver)
    return path.read_bytes()


def vrt(place: Elsewhere, _folder: Path) -> bytes:
    return (VRT % f"<SrcDataSource>CSV:{place.file}</SrcDataSource>").encode()


def vrt_of_an_address(place: Elsewhere, _folder: Path) -> bytes:
    return (VRT % f"<SrcDataSource>/vsicurl/{place.url}</SrcDataSource>").encode()


def pipeline(place: Elsewhere, _folder: Path) -> bytes:
    command = f"gdal vector pipeline ! read {place.file}"
    return json.dumps({"type": "gdal_streamed_alg", "command_line": command}).encode()


def linked_crs(place: Elsewhere, _folder: Path) -> bytes:
    crs = {"type": "link", "properties": {"href": place.url, "type": "proj4"}}
    return collection(POINT % "[19,49.5]", crs=crs).encode()


def crs_of_an_address(place: Elsewhere, _folder: Path) -> bytes:
    return gml(crs=place.url).encode()


def crs_of_a_file(place: Elsewhere, _folder: Path) -> bytes:
    return gml(crs=str(place.file)).encode()


def external_entity(place: Elsewhere, _folder: Path) -> bytes:
    prolog = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{place.file.as_uri()}">]>'
    return gml("&x;", prolog=prolog).encode()


def external_dtd(place: Elsewhere, _folder: Path) -> bytes:
    return gml(prolog=f'<!DOCTYPE a SYSTEM "{place.url}">').encode()


def growing_entities(_place: Elsewhere, _folder: Path) -> bytes:
    entities = '<!ENTITY a0 "ha">' + "".join(
        f'<!ENTITY a{level} "{f"&a{level - 1};" * 10}">' for level in range(1, 10)
    )
    return gml("&a9;", prolog=f"<!DOCTYPE a [{entities}]>").encode()


def growing_entities_in_kml(_place: Elsewhere, _folder: Path) -> bytes:
    return b'<!DOCTYPE kml [<!ENTITY a "ha">]><kml><Placemark><name>&a;</name></Placemark></kml>'


def kml_of_links(place: Elsewhere, _folder: Path) -> bytes:
    link = f"<NetworkLink><Link><href>{place.url}</href></Link></NetworkLink>"
    return f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{link}</Document></kml>'.encode()


def nested_bomb(_place: Elsewhere, _folder: Path) -> bytes:
    return archive({"a.geojson": archive({"b.geojson": bytes(5_000_000)})})


def overlapping_bomb(_place: Elsewhere, _folder: Path) -> bytes:
    """Members of an archive that are all the same bytes of it."""
    data = bytearray(archive({f"a.{part}": bytes(900_000) for part in ("shp", "shx", "dbf")}))
    place = data.find(b"PK\x01\x02")
    while place > 0:
        data[place + 42 : place + 46] = bytes(4)
        place = data.find(b"PK\x01\x02", place + 4)
    return bytes(data)


def bomb_of_sheets(_place: Elsewhere, _folder: Path) -> bytes:
    return archive({"xl/workbook.xml": b"<a/>", "xl/worksheets/sheet1.xml": bytes(60_000_000)})


def sheet_of_entities(_place: Elsewhere, _folder: Path) -> bytes:
    book = io.BytesIO()
    workbook = openpyxl.Workbook()
    workbook.active.append(["kod", "nazwa"])
    workbook.save(book)
    with zipfile.ZipFile(book) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    entity = b'<!DOCTYPE a [<!ENTITY a "ha">]>'
    members["xl/worksheets/sheet1.xml"] = entity + members["xl/worksheets/sheet1.xml"]
    return archive(members)


def attached_view(_place: Elsewhere, folder: Path) -> bytes:
    saved(borders(), folder / "view.gpkg", "GPKG")
    with closing(sqlite3.connect(folder / "view.gpkg")) as opened:
        opened.execute(
            "CREATE VIEW gminy AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) "
            "SELECT x AS fid, NULL AS geom FROM n"
        )
        opened.execute("UPDATE gpkg_contents SET table_name = 'gminy'")
        opened.commit()
    return (folder / "view.gpkg").read_bytes()


def trigger(_place: Elsewhere, folder: Path) -> bytes:
    saved(borders(), folder / "trigger.gpkg", "GPKG")
    with closing(sqlite3.connect(folder / "trigger.gpkg")) as opened:
        opened.execute(
            "CREATE TRIGGER gone AFTER UPDATE ON gpkg_contents BEGIN DELETE FROM gpkg_contents; END"
        )
        opened.commit()
    return (folder / "trigger.gpkg").read_bytes()


def virtual_table(_place: Elsewhere, folder: Path) -> bytes:
    saved(borders(), folder / "virtual.gpkg", "GPKG")
    with closing(sqlite3.connect(folder / "virtual.gpkg")) as opened:
        opened.execute("CREATE VIRTUAL TABLE words USING fts4(x)")
        opened.commit()
    return (folder / "virtual.gpkg").read_bytes()


def pdf_before_a_geopackage(_place: Elsewhere, folder: Path) -> bytes:
    return b"%PDF-1.4\n" + saved(borders(), folder / "pdf.gpkg", "GPKG")


def deep(_place: Elsewhere, _folder: Path) -> bytes:
    return collection(POINT % ("[" * 100_000 + "]" * 100_000)).encode()


def no_number(_place: Elsewhere, _folder: Path) -> bytes:
    return collection(POINT % "[NaN,49.5]").encode()


def endless_number(_place: Elsewhere, _folder: Path) -> bytes:
    return collection(POINT % "[1e999,-1e999]").encode()


def huge_number(_place: Elsewhere, _folder: Path) -> bytes:
    return collection(POINT % f"[{'9' * 200_000},49.5]").encode()


def only_nowhere(_place: Elsewhere, _folder: Path) -> bytes:
    return collection(POINT % "[0,0]", POINT % "[0.0,0.0]").encode()


def millions_of_rows(_place: Elsewhere, _folder: Path) -> bytes:
    return b"kod,n\n" + b"2417112,1\n" * 10_000_000


def endless_line(_place: Elsewhere, _folder: Path) -> bytes:
    return b"kod,n\n2417112," + b"9" * 30_000_000


def wide(_place: Elsewhere, _folder: Path) -> bytes:
    names = ",".join(f"c{number}" for number in range(100_000))
    return f"{names}\n{'1,' * 99_999}1\n".encode()


def zeros(_place: Elsewhere, _folder: Path) -> bytes:
    return b"kod,n\x00\n2417112,1\x00\n"


def broken_parquet(_place: Elsewhere, folder: Path) -> bytes:
    borders().to_parquet(folder / "a.parquet")
    data = (folder / "a.parquet").read_bytes()
    return data[:-8] + struct.pack("<I", 2**31 - 1) + b"PAR1"


def parquet_of_billions(_place: Elsewhere, folder: Path) -> bytes:
    """A footer whose number of rows is not that of its pages."""
    borders().to_parquet(folder / "b.parquet")
    data = (folder / "b.parquet").read_bytes()
    length = struct.unpack("<I", data[-8:-4])[0]
    footer = bytearray(data[-8 - length : -8])
    rows = footer.find(b"\x16\x02\x19")  # 1 row, then the row groups
    assert rows > 0
    footer[rows : rows + 2] = b"\x16\xfe\xff\xff\xff\x1f"
    return data[: -8 - length] + bytes(footer) + struct.pack("<I", len(footer)) + b"PAR1"


def flatgeobuf_of_gigabytes(_place: Elsewhere, folder: Path) -> bytes:
    write_flatgeobuf(borders(), folder / "a.fgb")
    data = (folder / "a.fgb").read_bytes()
    header = struct.unpack("<I", data[8:12])[0]
    feature = 12 + header
    return data[:feature] + struct.pack("<I", 2**32 - 16) + data[feature + 4 :]


def flatgeobuf_header(_place: Elsewhere, folder: Path) -> bytes:
    write_flatgeobuf(borders(), folder / "b.fgb")
    data = (folder / "b.fgb").read_bytes()
    return data[:8] + struct.pack("<I", 2**31 - 1) + data[12:]


def shapefile_records(_place: Elsewhere, folder: Path) -> bytes:
    saved(borders(), folder / "a.shp", "ESRI Shapefile")
    parts = {path.name: path.read_bytes() for path in folder.glob("a.*") if path.suffix != ".zip"}
    shape = bytearray(parts["a.shp"])
    shape[104:108] = struct.pack(">I", 2**30)
    # number of parts and of points
    shape[144:152] = struct.pack("<II", 2**28, 2**28)
    index = bytearray(parts["a.shx"])
    index[104:108] = struct.pack(">I", 2**30)
    return archive(parts | {"a.shp": bytes(shape), "a.shx": bytes(index)})


REFUSED: dict[str, tuple[str, Callable[[Elsewhere, Path], bytes], str]] = {
    "a VRT of another file": ("a.geojson", vrt, "found a VRT file"),
    "a VRT of an address": ("a.gml", vrt_of_an_address, "found a VRT file"),
    "a GDAL pipeline": ("a.geojson", pipeline, "found a GDAL pipeline"),
    "a CRS that is a link": ("a.geojson", linked_crs, "crs of the file is a link"),
    "a CRS that is an address": ("a.gml", crs_of_an_address, "no code of the EPSG register"),
    "a CRS that is a file": ("a.gml", crs_of_a_file, "no code of the EPSG register"),
    "an external entity": ("a.gml", external_entity, "document type declaration"),
    "an external document type": ("a.gml", external_dtd, "document type declaration"),
    "entities that grow": ("a.gml", growing_entities, "document type declaration"),
    "entities in KML": ("a.kml", growing_entities_in_kml, "document type declaration"),
    "KML that only links": ("a.kml", kml_of_links, "no placemark"),
    "a bomb in an archive in an archive": ("a.zip", nested_bomb, "holds another archive"),
    "members that overlap": ("a.zip", overlapping_bomb, "cannot be unpacked"),
    "a workbook that is a bomb": ("a.xlsx", bomb_of_sheets, "would unpack to 60 MB"),
    "a workbook with entities": ("a.xlsx", sheet_of_entities, "declares a document type"),
    "an endless view": ("a.gpkg", attached_view, "holds the view gminy"),
    "a trigger": ("a.gpkg", trigger, "holds the trigger gone"),
    "a virtual table": ("a.gpkg", virtual_table, "holds the table words"),
    "a PDF that is a GeoPackage": ("a.gpkg", pdf_before_a_geopackage, "no known format"),
    "brackets without end": ("a.geojson", deep, "nested 100.* deep; at most 32"),
    "a coordinate that is no number": ("a.geojson", no_number, "cannot be read|no finite number"),
    "an infinite coordinate": ("a.geojson", endless_number, "cannot be read|no finite number"),
    "a number of 200,000 digits": ("a.geojson", huge_number, "cannot be read|no finite|could not"),
    "nothing but null island": ("a.geojson", only_nowhere, "No feature has a usable point"),
    "ten million rows": ("a.csv", millions_of_rows, "more than 3000000 features or rows"),
    "a cell of 30 MB": ("a.csv", endless_line, "field larger than field limit"),
    "100,000 columns": ("a.csv", wide, "100000 columns; at most 2000"),
    "zero bytes in a table": ("a.csv", zeros, "no known format"),
    "a Parquet footer that lies": ("a.parquet", broken_parquet, "cannot be read"),
    "Parquet rows that lie": ("a.parquet", parquet_of_billions, "features or rows|cannot be read"),
    "a FlatGeobuf feature of 4 GB": ("a.fgb", flatgeobuf_of_gigabytes, "a.fgb: "),
    "a FlatGeobuf header that lies": ("a.fgb", flatgeobuf_header, "cannot be read"),
    "Shapefile records that lie": ("a.zip", shapefile_records, "a.zip: "),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_hostile_file_is_refused_in_one_line(
    kind: str, geoapp: Geoapp, elsewhere: Elsewhere, workspace_root: Path, tmp_path: Path
) -> None:
    name, make, reason = REFUSED[kind]
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / name).write_bytes(make(elsewhere, folder))
    before = content(workspace_root)
    code, out, err = geoapp("add", "theme", "wells", folder / name)
    assert (code, out) == (2, "")
    assert err.startswith(f"geoapp: {name}: ")
    assert err.count("\n") == 1
    assert pd.Series([err]).str.contains(reason)[0], err
    assert MARKER not in err
    assert "geoapp-gate" not in err
    assert content(workspace_root) == before
    assert elsewhere.calls == 0


def test_a_link_or_a_pipe_in_place_of_a_file_is_refused(
    geoapp: Geoapp, elsewhere: Elsewhere, workspace_root: Path, tmp_path: Path
) -> None:
    before = content(workspace_root)
    (tmp_path / "link.csv").symlink_to(elsewhere.file)
    os.mkfifo(tmp_path / "pipe.csv")
    code, _, err = geoapp("add", "theme", "wells", tmp_path / "link.csv")
    assert (code, err.partition(". ")[0]) == (
        2,
        "geoapp: link.csv: link.csv is a link to another file",
    )
    code, _, err = geoapp("add", "theme", "wells", tmp_path / "pipe.csv")
    assert (code, "There is no such file" in err) == (2, True)
    assert content(workspace_root) == before


def test_a_part_of_a_shapefile_that_is_a_link_is_refused(
    geoapp: Geoapp, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    saved(borders(), tmp_path / "a.shp", "ESRI Shapefile")
    (tmp_path / "a.dbf").unlink()
    (tmp_path / "a.dbf").symlink_to(elsewhere.file)
    code, _, err = geoapp("add", "boundaries", tmp_path / "a.shp")
    assert (code, "a.dbf is a link" in err) == (2, True)


def test_a_name_that_windows_keeps_for_itself_is_refused(geoapp: Geoapp, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("kod,n\n2417112,1\n", encoding="utf-8")
    code, _, err = geoapp("add", "theme", "con", tmp_path / "a.csv")
    assert (code, err) == (
        2,
        "geoapp: layers/con.toml: no file can be called so on Windows; give a slug\n",
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            lambda place: gml(schema=f' xsi:schemaLocation="http://a.example {place.url}.xsd"'),
            id="schema at an address",
        ),
        pytest.param(
            lambda place: gml(schema=f' xsi:schemaLocation="http://a.example {place.file}"'),
            id="schema in a file",
        ),
        pytest.param(
            lambda place: gml(f'</nazwa><more l:href="{place.url}"/><b>').replace(
                "</nazwa><g:pos>", "</b><g:pos>"
            ),
            id="link to an address",
        ),
        pytest.param(
            lambda place: gml().replace("?>", f'?><?xml-stylesheet href="{place.url}"?>', 1),
            id="style sheet at an address",
        ),
    ],
)
def test_what_gml_points_at_is_left_alone(
    text: Callable[[Elsewhere], str],
    geoapp: Geoapp,
    elsewhere: Elsewhere,
    workspace_root: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "a.gml").write_text(text(elsewhere), encoding="utf-8")
    code, out, err = geoapp("add", "theme", "wells", tmp_path / "a.gml")
    assert (code, err) == (0, "")
    assert "features: 1 of 1 used" in out
    assert elsewhere.calls == 0
    assert MARKER.encode() not in b"".join(content(workspace_root).values())


def test_json_with_an_archive_behind_it_is_only_json_or_nothing(
    geoapp: Geoapp, workspace_root: Path, tmp_path: Path
) -> None:
    hidden = archive({"a.geojson": collection(POINT % "[19.2,49.6]").encode()})
    (tmp_path / "a.geojson").write_bytes(collection(POINT % "[19.1,49.5]").encode() + hidden)
    before = content(workspace_root)
    code, out, _ = geoapp("add", "theme", "wells", tmp_path / "a.geojson")
    assert code in (0, 2)
    assert "features: 1 of 1" in out if code == 0 else content(workspace_root) == before


def test_macros_and_links_of_a_workbook_do_nothing(
    geoapp: Geoapp, elsewhere: Elsewhere, workspace_root: Path, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    rows = (["kod", "udzial"], ["2417112", "12"], ["2417142", f'=WEBSERVICE("{elsewhere.url}")'])
    for row in rows:
        book.active.append(row)
    book.active["A4"].hyperlink = elsewhere.url
    book.save(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx", "a") as packed:
        packed.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0")
    code, _, err = geoapp("add", "theme", "share", tmp_path / "a.xlsx", "--value-column", "udzial")
    assert (code, err, elsewhere.calls) == (0, "", 0)
    written = (workspace_root / "data/themes/share.csv").read_text("utf-8")
    assert written.splitlines() == ["kod,udzial", "2417112,12", "2417142,"]


def test_names_that_steer_a_terminal_are_taken_out(
    geoapp: Geoapp, workspace_root: Path, tmp_path: Path
) -> None:
    name = "a\x1b[31m\u202eb.geojson"
    features = [
        json.dumps(
            {
                "type": "Feature",
                "properties": {
                    "nazwa\x1b[2J": f"R\x1b]0;x\x07aj\u202ecza\x9b{number}",
                    "kod": code,
                },
                "geometry": {"type": "Point", "coordinates": place},
            }
        )
        for number, (code, place) in enumerate(
            [("\x1b[1mno code", [19.05, 49.45]), ("2417112", [0, 0]), ("2417112", [19.06, 49.46])]
        )
    ]
    (tmp_path / name).write_text(collection(*features), encoding="utf-8")
    code, out, err = geoapp("add", "theme", "wells", tmp_path / name)
    assert (code, err) == (0, "")
    assert not [letter for letter in out if unicodedata.category(letter) in ("Cc", "Cf")
                and letter != "\n"]  # fmt: skip
    assert "control characters, which were taken out" in out
    table = gdal.read_features(
        str(workspace_root / "data/themes/wells.fgb"), file="x", driver="FlatGeobuf"
    ).table
    assert table["nazwa [2J"].tolist() == ["R ]0;x aj cza 0", "R ]0;x aj cza 2"]
    code, out, err = geoapp("add", "theme", "missing", tmp_path / f"no{name}")
    assert (code, "\x1b" in err, "\u202e" in err) == (2, False, False)


@pytest.mark.parametrize(
    ("places", "kind", "told"),
    [
        ([[0, 0]], "no-place", "lie at the coordinates 0, 0"),
        ([[19.1, 1e300]], "unusable", "are no usable points"),
        ([[-179.9, 49.5], [179.9, 49.5]], "far", "lie outside Poland and Czechia"),
        ([[49.5, 19.1]], "far", "lie outside Poland and Czechia"),
    ],
)
def test_places_that_are_none_are_told(
    places: list[list[float]],
    kind: str,
    told: str,
    geoapp: Geoapp,
    workspace_root: Path,
    tmp_path: Path,
) -> None:
    good = [[19.01 + number / 1000, 49.41] for number in range(10)]
    text = collection(*(POINT % place for place in (*good, *places)))
    (tmp_path / "a.geojson").write_text(text, encoding="utf-8")
    code, out, _ = geoapp("add", "theme", "wells", tmp_path / "a.geojson")
    assert (code, told in out) == (0, True)
    with (workspace_root / "data/themes/wells.corrections.csv").open(
        encoding="utf-8-sig"
    ) as opened:
        rows = list(csv.DictReader(opened))
    assert [(row["feature"], row["kind"]) for row in rows] == [
        (str(number), kind) for number in range(11, 11 + len(places))
    ]


def test_an_area_across_the_antimeridian_is_told(geoapp: Geoapp, tmp_path: Path) -> None:
    area = json.loads(POINT % "[0,0]")
    ring = [[179, 49], [-179, 49], [-179, 50], [179, 50], [179, 49]]
    area["geometry"] = {"type": "Polygon", "coordinates": [ring]}
    own = json.loads(POINT % "[0,0]")
    own["geometry"] = {"type": "Polygon", "coordinates": [[[19, 49], [20, 49], [20, 50], [19, 49]]]}
    text = collection(*map(json.dumps, [own] * 5 + [area]))
    (tmp_path / "a.geojson").write_text(text, encoding="utf-8")
    code, out, _ = geoapp("add", "theme", "wells", tmp_path / "a.geojson")
    assert (code, "1 features lie outside Poland and Czechia" in out) == (0, True)


def test_swapped_axes_are_put_right_and_told(
    geoapp: Geoapp, workspace_root: Path, tmp_path: Path
) -> None:
    text = collection(*(POINT % f"[49.4{number},19.0{number}]" for number in range(9)))
    (tmp_path / "a.geojson").write_text(text, encoding="utf-8")
    code, out, _ = geoapp("add", "theme", "wells", tmp_path / "a.geojson")
    assert (code, "north-east" in out) == (0, True)
    shapes = gdal.read_features(
        str(workspace_root / "data/themes/wells.fgb"), file="x", driver="FlatGeobuf"
    ).geometry
    assert np.allclose(shapely.get_x(shapes), [19 + number / 100 for number in range(9)])


def test_formulas_are_texts_in_the_corrections(
    geoapp: Geoapp, workspace_root: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text(
        'kod,nazwa,udzial\n2417112,=1+1,"=HYPERLINK(""http://x.example"")"\n2417142,a,2\n', "utf-8"
    )
    code, _, _ = geoapp("add", "theme", "share", tmp_path / "a.csv", "--value-column", "udzial")
    text = (workspace_root / "data/themes/share.corrections.csv").read_text("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert code == 0
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert "'=1+1" in cells


def test_a_description_cannot_carry_more_than_texts(
    geoapp: Geoapp, workspace_root: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("kod,n\n2417112,1\n", encoding="utf-8")
    source = 'x"\nillustrative = true\n[columns]\ncode = "n"'
    code, _, _ = geoapp("add", "theme", "share", tmp_path / "a.csv", "--source", source)
    described = tomllib.loads((workspace_root / "layers/share.toml").read_text("utf-8"))
    assert (code, described["source"], "illustrative" in described) == (0, source, False)


def test_the_rows_of_a_parquet_file_are_counted_before_they_are_read(tmp_path: Path) -> None:
    assert pq.ParquetFile(_written(tmp_path, parquet_of_billions)).metadata.num_rows > 10**9


def _written(folder: Path, make: Callable[[Elsewhere, Path], bytes]) -> Path:
    place = Elsewhere(folder)
    place.close()
    path = folder / "lying.parquet"
    path.write_bytes(make(place, folder))
    return path
