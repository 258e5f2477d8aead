"""Small made-up layers around real places, and files written from them."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely

from geoapp.core.layer import LayerSpec

NAMES = {
    "PL": {"2417112": "Rajcza", "2417142": "Ujsoły", "2417132": "Świnna", "2417072": "Łękawica"},
    "CZ": {"500496": "Olomouc", "505587": "Šternberk", "500526": "Bělkovice", "554901": "Žďár"},
}
CORNERS = {"PL": (19.1, 49.5), "CZ": (17.2, 49.6)}
DRIVERS = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".fgb": "FlatGeobuf", ".shp": "ESRI Shapefile"}


@pytest.fixture
def squares() -> Callable[..., gpd.GeoDataFrame]:
    """Return a maker of frames with a made-up square for each of four municipalities."""

    def make(country: str = "PL", crs: str = "EPSG:4326") -> gpd.GeoDataFrame:
        west, south = CORNERS[country]
        names = NAMES[country]
        shapes = [
            shapely.box(west + place / 20, south, west + (place + 1) / 20, south + 0.05)
            for place in range(len(names))
        ]
        rows = {"kod": list(names), "nazwa": list(names.values())}
        return gpd.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4326").to_crs(crs)

    return make


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """Return a writer of frames, in the format of the file name."""

    def write(frame: gpd.GeoDataFrame, name: str, **options: object) -> Path:
        path = tmp_path / name
        if path.suffix == ".parquet":
            frame.to_parquet(path)
        else:
            pyogrio.write_dataframe(frame, path, driver=DRIVERS[path.suffix], **options)
        return path

    return write


@pytest.fixture
def zipped() -> Callable[..., Path]:
    """Return a packer of the parts of a Shapefile into an archive beside it."""

    def pack(shapefile: Path, *without: str) -> Path:
        archive = shapefile.with_suffix(".zip")
        parts = sorted(shapefile.parent.glob(f"{shapefile.stem}.*"))
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for part in parts:
                if part != archive and part.suffix not in without:
                    packed.write(part, f"granice/{part.name}")
        return archive

    return pack


@pytest.fixture
def spec() -> Callable[..., LayerSpec]:
    """Return a maker of layer descriptions, of boundaries unless told otherwise."""

    def make(file: str, **fields: object) -> LayerSpec:
        usual: dict[str, object] = {
            "slug": "boundaries",
            "theme": "boundaries",
            "kind": "polygon",
            "names": {"en": "Boundaries"},
            "source": "test",
            "licence": "test",
        }
        return LayerSpec.model_validate(usual | fields | {"file": file})

    return make
