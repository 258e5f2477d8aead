from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import geopandas as gpd
import pyogrio
import pytest
import shapely

from geoapp.errors import FileRefusedError
from geoapp.sources.remote import files
from geoapp.sources.remote.fetching import Patience, fetching
from geoapp.sources.remote.files import pull_files
from geoapp.sources.remote.pulled import Area, PulledLayer
from geoapp.sources.remote.registry import RemoteSource

QUICK = Patience(first_wait_seconds=0.01, longest_wait_seconds=0.1, attempts=2, read_seconds=10)
MakeSource = Callable[..., RemoteSource]
NAMES = {"500496": "Olomouc", "505587": "Šternberk", "500526": "Bělkovice-Lašťany"}
AREA = Area(frozenset({"505587", "500526"}), (17.1, 49.5, 17.5, 49.8), ("CZ",))
CZECHIA = Area(frozenset(), (12.0, 48.5, 18.9, 51.1), ("CZ",), whole=True)


def obce(*codes: str) -> gpd.GeoDataFrame:
    """Squares of made-up obce in Krovak, as RÚIAN has them."""
    places = {code: place for place, code in enumerate(NAMES)}
    shapes = [
        shapely.box(17.2 + places[code] / 20, 49.6, 17.25 + places[code] / 20, 49.65)
        for code in codes
    ]
    rows = {"KOD": list(codes), "NAZEV": [NAMES[code] for code in codes], "STATUS": "9"}
    return gpd.GeoDataFrame(rows, geometry=shapes, crs=4326).to_crs(5514)


def shapefile_zip(folder: Path, layers: dict[str, gpd.GeoDataFrame], *, inside: str = "1") -> bytes:
    """Pack Shapefiles in cp1250 without .cpg, beside things that belong to none of them."""
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / "1.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(f"{inside}/README.docx", b"\x00\x01")
        for name, frame in layers.items():
            path = folder / f"{name}.shp"
            pyogrio.write_dataframe(frame, path, driver="ESRI Shapefile", encoding="cp1250")
            path.with_suffix(".cpg").unlink(missing_ok=True)
            for part in sorted(folder.glob(f"{name}.*")):
                packed.write(part, f"{inside}/{part.name}")
    return archive.read_bytes()


@pytest.fixture
def ruian(make_source: MakeSource) -> Callable[..., RemoteSource]:
    def make(address: str, **fields: object) -> RemoteSource:
        usual: dict[str, object] = {
            "types": ["OBCE_P", "OBEC_P"],
            "code_column": "KOD",
            "name_column": "NAZEV",
            "crs": "EPSG:5514",
            "countries": ["CZ"],
        }
        return make_source(address, **(usual | fields))

    return make


def pulled(source: RemoteSource, area: Area, cache: Path) -> PulledLayer:
    with fetching(source, cache, patience=QUICK) as fetch:
        (layer,) = pull_files(source, area, fetch)
    return layer


def test_the_obce_of_an_area_come_from_the_file_of_the_state(
    server: Any, serving: ModuleType, ruian: MakeSource, tmp_path: Path
) -> None:
    body = shapefile_zip(tmp_path / "made", {"OBCE_P": obce(*NAMES), "ORP_P": obce("500496")})
    source = ruian(server.at("/stat/1.zip", serving.file_answer(body)))
    layer = pulled(source, AREA, tmp_path / "cache")
    assert sorted(layer.table["NAZEV"]) == ["Bělkovice-Lašťany", "Šternberk"]
    table = gpd.GeoDataFrame(layer.table)
    assert table.crs == "EPSG:4326"
    # Krovak without its shift would lie a hundred metres off
    assert table.total_bounds == pytest.approx([17.25, 49.6, 17.35, 49.65], abs=2e-5)


def test_whole_czechia_comes_from_the_same_file(
    server: Any, serving: ModuleType, ruian: MakeSource, tmp_path: Path
) -> None:
    body = shapefile_zip(tmp_path / "made", {"OBCE_P": obce(*NAMES)})
    unit = f"{server.address}/obec/{{code}}.zip"
    source = ruian(server.at("/1.zip", serving.file_answer(body)), addresses={"unit": unit})
    assert sorted(pulled(source, CZECHIA, tmp_path / "cache").table["KOD"]) == sorted(NAMES)
    assert [asked.path for asked in server.requests] == ["/1.zip"]


def test_a_few_obce_have_files_of_their_own(
    server: Any, serving: ModuleType, ruian: MakeSource, tmp_path: Path
) -> None:
    for code in ("505587", "500526"):
        body = shapefile_zip(tmp_path / code, {"OBEC_P": obce(code)}, inside=code)
        server.at(f"/obec/{code}.zip", serving.file_answer(body))
    unit = f"{server.address}/obec/{{code}}.zip"
    source = ruian(f"{server.address}/1.zip", addresses={"unit": unit})
    layer = pulled(source, AREA, tmp_path / "cache")
    assert sorted(layer.table["KOD"]) == ["500526", "505587"]
    assert sorted(asked.path for asked in server.requests) == [
        "/obec/500526.zip",
        "/obec/505587.zip",
    ]


def test_more_obce_than_the_registry_allows_come_from_the_whole(
    server: Any, serving: ModuleType, ruian: MakeSource, tmp_path: Path
) -> None:
    body = shapefile_zip(tmp_path / "made", {"OBCE_P": obce(*NAMES)})
    unit = f"{server.address}/obec/{{code}}.zip"
    address = server.at("/1.zip", serving.file_answer(body))
    source = ruian(address, addresses={"unit": unit}, unit_limit=1)
    assert len(pulled(source, AREA, tmp_path / "cache").table) == 2


def test_a_geopackage_of_europe_is_taken_by_its_identifiers(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    rows = {"GISCO_ID": ["PL_2417112", "PL_1001241441714", "CZ_500496", "DE_01001000"]}
    rows["LAU_NAME"] = ["Rajcza", "Ujsoły", "Olomouc", "Flensburg"]
    corners = ((19, 49.4), (19.1, 49.4), (17.2, 49.6), (9, 54))
    shapes = [shapely.box(x, y, x + 0.1, y + 0.1) for x, y in corners]
    path = tmp_path / "lau.gpkg"
    frame = gpd.GeoDataFrame(rows, geometry=shapes, crs=4326)
    pyogrio.write_dataframe(frame, path, driver="GPKG", layer="LAU_RG_01M_2024_4326")
    address = server.at("/lau.gpkg", serving.file_answer(path.read_bytes()))
    source = make_source(address, code_column="GISCO_ID", name_column="LAU_NAME")
    area = Area(frozenset(), (12.0, 48.5, 24.2, 55.0), ("PL", "CZ"), whole=True)
    assert sorted(pulled(source, area, tmp_path / "cache").table["LAU_NAME"]) == [
        "Olomouc",
        "Rajcza",
        "Ujsoły",
    ]


def test_districts_without_codes_are_taken_by_place(
    server: Any, serving: ModuleType, ruian: MakeSource, tmp_path: Path
) -> None:
    far = gpd.GeoDataFrame(
        {"KOD": ["1"], "NAZEV": ["Aš"], "STATUS": "9"},
        geometry=[shapely.box(12.1, 50.2, 12.2, 50.3)],
        crs=4326,
    ).to_crs(5514)
    districts = obce("500496").assign(KOD="1234")
    body = shapefile_zip(
        tmp_path / "made", {"ORP_P": gpd.GeoDataFrame(_stacked(districts, far), crs=5514)}
    )
    source = ruian(
        server.at("/1.zip", serving.file_answer(body)),
        types=["ORP_P"],
        code_column=None,
        key_column="KOD",
        theme="districts",
    )
    layer = pulled(source, AREA, tmp_path / "cache")
    assert (list(layer.table["NAZEV"]), list(layer.table["key"])) == (["Olomouc"], ["1234"])


def _stacked(*frames: gpd.GeoDataFrame) -> dict[str, Any]:
    columns = frames[0].columns
    return {column: [value for frame in frames for value in frame[column]] for column in columns}


def test_a_renamed_layer_is_told(
    server: Any, serving: ModuleType, ruian: MakeSource, tmp_path: Path
) -> None:
    body = shapefile_zip(tmp_path / "made", {"OBCE_2026": obce(*NAMES)})
    source = ruian(server.at("/1.zip", serving.file_answer(body)))
    with pytest.raises(
        FileRefusedError, match=r"no layer OBCE_P, OBEC_P, only OBCE_2026.*\[test\]"
    ):
        pulled(source, AREA, tmp_path / "cache")


def test_a_damaged_archive_is_not_kept(
    server: Any, serving: ModuleType, ruian: MakeSource, tmp_path: Path
) -> None:
    body = shapefile_zip(tmp_path / "made", {"OBCE_P": obce(*NAMES)})
    # a server that does not tell the length cannot be found out to have sent too little
    cut = serving.Answer(body[:-100], headers={"Content-Length": "", "ETag": '"same"'})
    whole = serving.file_answer(body)
    source = ruian(server.at("/1.zip", cut, whole))
    with pytest.raises(FileRefusedError, match=r"archive is damaged .* Pull again"):
        pulled(source, AREA, tmp_path / "cache")
    assert len(pulled(source, AREA, tmp_path / "cache").table) == 2
    assert "if-none-match" not in server.requests[-1].headers


def test_an_archive_that_unpacks_to_too_much_is_not_opened(
    server: Any,
    serving: ModuleType,
    ruian: MakeSource,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = shapefile_zip(tmp_path / "made", {"OBCE_P": obce(*NAMES)})
    source = ruian(server.at("/1.zip", serving.file_answer(body)))
    small = files.LIMITS.model_copy(update={"unpacked_bytes": 100})
    monkeypatch.setattr(files, "LIMITS", small)
    with pytest.raises(FileRefusedError, match="would unpack to more than"):
        pulled(source, AREA, tmp_path / "cache")
