from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest

from geoapp.core.layer import Columns, LayerSpec
from geoapp.errors import FileRefusedError
from geoapp.sources.layer_file import load_layer

REFERENCE = Path(__file__).parents[2] / "../shared/reference"
NAMES = ["Rajcza", "Ujsoły", "Świnna", "Łękawica"]

Squares = Callable[..., gpd.GeoDataFrame]
Save = Callable[..., Path]
Spec = Callable[..., LayerSpec]


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "fgb", "shp", "parquet"])
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2180"])
def test_every_format_gives_the_same_layer(
    tmp_path: Path, squares: Squares, save: Save, spec: Spec, suffix: str, crs: str
) -> None:
    save(squares(crs=crs), f"gminy.{suffix}")
    checked = load_layer(tmp_path, spec(f"gminy.{suffix}"))
    assert checked.frame.index.tolist() == [0, 1, 2, 3]
    # FlatGeobuf may keep features in another order, a Shapefile rings in another direction.
    frame = checked.frame.sort_values("unit", ignore_index=True)
    expected = squares().sort_values("kod", ignore_index=True)
    assert frame["unit"].tolist() == ["241707", "241711", "241713", "241714"]
    assert frame["name"].tolist() == expected["nazwa"].tolist()
    same = frame.normalize().geom_equals_exact(expected.normalize(), tolerance=1e-6)
    assert same.all()
    report = checked.report
    assert (report.crs_source, report.crs_origin, report.problems) == (crs, "file", ())
    assert report.accuracy_m == (0.0 if crs == "EPSG:4326" else 1.0)


def test_czech_boundaries_in_krovak_come_back_to_their_place(
    tmp_path: Path, squares: Squares, save: Save, spec: Spec
) -> None:
    frame = squares("CZ", "EPSG:5514")
    frame["kod"] = frame["kod"].astype(int)
    save(frame, "obce.gpkg")
    checked = load_layer(tmp_path, spec("obce.gpkg"))
    assert checked.frame["code"].tolist() == ["500496", "505587", "500526", "554901"]
    assert checked.frame.geometry.geom_equals_exact(squares("CZ").geometry, tolerance=2e-5).all()
    assert checked.report.accuracy_m == 1.0


@pytest.mark.parametrize("encoding", ["cp1250", "iso-8859-2", "utf-8"])
@pytest.mark.parametrize("country", ["PL", "CZ"])
def test_a_zipped_shapefile_without_cpg_and_prj(
    tmp_path: Path,
    squares: Squares,
    save: Save,
    zipped: Callable[..., Path],
    spec: Spec,
    encoding: str,
    country: str,
) -> None:
    crs = "EPSG:2180" if country == "PL" else "EPSG:5514"
    archive = zipped(save(squares(country, crs), "granice.shp", encoding=encoding), ".cpg", ".prj")
    checked = load_layer(tmp_path, spec(archive.name))
    assert checked.frame["name"].tolist() == squares(country)["nazwa"].tolist()
    report = checked.report
    assert (report.crs_source, report.crs_origin) == (crs, "recognised")
    assert report.encoding == encoding.upper()
    assert report.encoding_recovered is (encoding != "utf-8")


def test_a_cpg_that_says_the_wrong_thing_is_not_believed(
    tmp_path: Path, squares: Squares, save: Save, spec: Spec
) -> None:
    save(squares(), "gminy.shp", encoding="cp1250").with_suffix(".cpg").write_text("UTF-8")
    checked = load_layer(tmp_path, spec("gminy.shp"))
    assert checked.frame["name"].tolist() == NAMES
    assert (checked.report.encoding, checked.report.encoding_recovered) == ("CP1250", True)


def test_a_shapefile_with_a_part_missing_names_it(
    tmp_path: Path, squares: Squares, save: Save, zipped: Callable[..., Path], spec: Spec
) -> None:
    path = save(squares(), "gminy.shp")
    archive = zipped(path, ".dbf")
    with pytest.raises(FileRefusedError, match=r"gminy\.zip: .*\.dbf is missing"):
        load_layer(tmp_path, spec(archive.name))
    path.with_suffix(".shx").unlink()
    with pytest.raises(FileRefusedError, match=r"gminy\.shp: .*\.shx is missing"):
        load_layer(tmp_path, spec("gminy.shp"))


def test_one_of_several_layers_must_be_named(
    tmp_path: Path, squares: Squares, save: Save, spec: Spec
) -> None:
    save(squares("CZ"), "all.gpkg", layer="OBCE_P")
    save(squares("CZ"), "all.gpkg", layer="ORP_P", append=True)
    with pytest.raises(FileRefusedError, match=r"several layers.*sublayer: OBCE_P, ORP_P"):
        load_layer(tmp_path, spec("all.gpkg"))
    assert len(load_layer(tmp_path, spec("all.gpkg", sublayer="ORP_P")).frame) == 4
    with pytest.raises(FileRefusedError, match=r"no layer OKRESY_P.*OBCE_P, ORP_P"):
        load_layer(tmp_path, spec("all.gpkg", sublayer="OKRESY_P"))


def test_geojson_in_metres_is_recognised(
    tmp_path: Path, squares: Squares, save: Save, spec: Spec
) -> None:
    path = save(squares(crs="EPSG:2180"), "gminy.geojson")
    collection = json.loads(path.read_text("utf-8"))
    del collection["crs"]
    path.write_text(json.dumps(collection), encoding="utf-8")
    report = load_layer(tmp_path, spec("gminy.geojson")).report
    assert (report.crs_source, report.crs_origin) == ("EPSG:2180", "recognised")
    assert "states EPSG:4326" in report.problems[0].problem().sentence()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "The file is empty"),
        (b"<OGRVRTDataSource/>", "found a VRT file"),
        (b"<!DOCTYPE html><html></html>", "found a web page"),
        (b'{"type": "Topology", "objects": {}}', "cannot be read"),
        (b'{"type": "gdal_streamed_alg"}', "found a GDAL pipeline"),
        (b'{"a": 1}', "found JSON that is no GeoJSON"),
        (b"SQLite format 3\x00" + bytes(100), "no GeoPackage"),
        (b"PK\x03\x04broken", "zip archive that is broken"),
        (bytes(range(256)), "bytes of no known format"),
        (b"just a line of text\nand another", "no line has two cells"),
        (b'{"type": "FeatureCollection", "features": [', "cannot be read"),
        (b"fgb\x03fgb\x00garbage", "no layer with geometry"),
        (b"PAR1garbagePAR1", "cannot be read"),
        (b"\x00\x00\x27\x0a" + bytes(96), "is missing"),
    ],
)
def test_other_content_is_refused_whatever_the_name_says(
    tmp_path: Path, spec: Spec, content: bytes, found: str
) -> None:
    (tmp_path / "gminy.geojson").write_bytes(content)
    with pytest.raises(FileRefusedError, match=found):
        load_layer(tmp_path, spec("gminy.geojson"))


def test_a_missing_file_is_refused(tmp_path: Path, spec: Spec) -> None:
    with pytest.raises(FileRefusedError, match=r"data/gminy\.gpkg: There is no such file"):
        load_layer(tmp_path, spec("data/gminy.gpkg"))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250", "iso-8859-2", "utf-16"])
def test_points_from_csv(tmp_path: Path, spec: Spec, separator: str, encoding: str) -> None:
    rows = [
        ["Nazwa", "X", "Y", "Liczba miejsc"],
        ["Źródełko, Żywiec", "19,19", "49,69", "120"],
        ["Łąka; Świnna", "19,25", "49,65", ""],
    ]
    with (tmp_path / "p.csv").open("w", encoding=encoding, newline="") as opened:
        csv.writer(opened, delimiter=separator).writerows(rows)
    checked = load_layer(tmp_path, spec("p.csv", theme="kindergartens", kind="point"))
    assert checked.frame["name"].tolist() == ["Źródełko, Żywiec", "Łąka; Świnna"]
    assert checked.frame.geometry.x.tolist() == [19.19, 19.25]
    assert checked.frame["places"].fillna(0).tolist() == [120, 0]


def test_figures_from_a_workbook_keep_codes_that_excel_made_numbers(
    tmp_path: Path, spec: Spec
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["Ludność w 2024 r."], [], ["TERYT", "Gmina", "Udział"]):
        sheet.append(row)
    sheet.append([201011, "Bolesławiec", 12.5])
    sheet.append([1417112, "Rajcza", 8])
    book.create_sheet("Objaśnienia")
    book.save(tmp_path / "f.xlsx")
    checked = load_layer(tmp_path, spec("f.xlsx", theme="aged", kind="table", measure="value"))
    assert checked.frame["unit"].tolist() == ["020101", "141711"]
    assert checked.frame["value"].tolist() == [12.5, 8.0]
    assert "The others: Objaśnienia" in checked.report.problems[0].problem().sentence()


def test_a_workbook_without_the_sheet_lists_its_sheets(tmp_path: Path, spec: Spec) -> None:
    book = openpyxl.Workbook()
    book.active.append(["kod", "n"])
    book.save(tmp_path / "f.xlsx")
    with pytest.raises(FileRefusedError, match=r"no sheet Dane.*sublayer: Sheet"):
        load_layer(tmp_path, spec("f.xlsx", theme="aged", kind="table", sublayer="Dane"))


def test_a_line_with_too_many_cells_is_named(tmp_path: Path, spec: Spec) -> None:
    (tmp_path / "p.csv").write_text("kod;n\n500496;1\n505587;2;3\n", encoding="utf-8")
    with pytest.raises(FileRefusedError, match="Line 3 has more cells than the header"):
        load_layer(tmp_path, spec("p.csv", theme="aged", kind="table"))


def test_a_wrong_declared_encoding_is_refused(tmp_path: Path, spec: Spec) -> None:
    (tmp_path / "p.csv").write_bytes("kod;nazev\n500496;Žďár\n".encode("cp1250"))
    with pytest.raises(FileRefusedError, match="texts are not in utf-8"):
        load_layer(tmp_path, spec("p.csv", theme="aged", kind="table", encoding="utf-8"))


def test_an_encoding_that_does_not_exist_is_refused(
    tmp_path: Path, squares: Squares, save: Save, spec: Spec
) -> None:
    save(squares(), "gminy.shp")
    with pytest.raises(FileRefusedError, match=r"no encoding cp9999.*cp1250"):
        load_layer(tmp_path, spec("gminy.shp", encoding="cp9999"))


def test_a_wrong_named_column_lists_the_columns(
    tmp_path: Path, squares: Squares, save: Save, spec: Spec
) -> None:
    save(squares(), "gminy.gpkg")
    with pytest.raises(FileRefusedError, match=r"no column TERYT.*kod, nazwa"):
        load_layer(tmp_path, spec("gminy.gpkg", columns=Columns(code="TERYT")))


@pytest.fixture(scope="module")
def reference() -> Path:
    if not REFERENCE.is_dir():
        pytest.skip("reference data is not here")
    return REFERENCE


@pytest.mark.parametrize(
    ("file", "kept", "code"),
    [
        ("pl_gminy_jusuff_2021", 2477, "terc"),
        # One of the 6,279 features of the file has no geometry.
        ("cz_obce_rozhlas_2021", 6278, "kod"),
        ("pl_zywiecki_prg_full_2025", 14, "teryt"),
    ],
)
def test_reference_boundaries(reference: Path, spec: Spec, file: str, kept: int, code: str) -> None:
    checked = load_layer(reference, spec(f"boundaries/{file}.gpkg"))
    assert (checked.report.features_kept, checked.report.columns.code) == (kept, code)
    assert checked.report.columns.name == "name"
    assert checked.frame["unit"].is_unique
    assert checked.frame.geometry.is_valid.all()


def test_areas_of_reference_boundaries_are_the_official_ones(reference: Path, spec: Spec) -> None:
    frame = load_layer(reference, spec("boundaries/pl_zywiecki_prg_full_2025.gpkg")).frame
    official = pd.read_csv(reference / "attributes/pl_gmina_area_gugik.csv", dtype={"terc": str})
    official = official.set_index("terc")["area_ha"]
    ratio = frame.set_index("code")["area_ha"] / official.reindex(frame["code"])
    assert len(ratio) == 14
    assert ratio.between(0.999, 1.001).all()
