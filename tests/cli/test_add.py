"""The commands that bring a file into a workspace, or draw what is missing."""

from __future__ import annotations

import io
import json
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from click.testing import CliRunner, Result

from geoapp.cli import commands
from geoapp.errors import RefusedError
from geoapp.sources.gdal import write_flatgeobuf

# a file that GDAL would read other files for
VRT = """\
<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>
</OGRVRTDataSource>
"""
REMOTE_CRS = (
    '{"type": "FeatureCollection", "crs": {"type": "link", "properties": '
    '{"href": "http://foreign.example/crs"}}, "features": []}'
)


@pytest.fixture(scope="module", autouse=True)
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEOAPP_STORE", str(tmp_path_factory.mktemp("store")))
        yield


def run(*arguments: object) -> Result:
    return CliRunner().invoke(commands, [str(argument) for argument in arguments])


def content(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def gminy(tmp_path: Path) -> Path:
    """Borders of two gminas in the Polish grid, where the small workspace has squares of 0.1°."""
    frame = gpd.GeoDataFrame(
        {"JPT_KOD_JE": ["2417112", "2417142"], "JPT_NAZWA_": ["Rajcza", "Ujsoły"]},
        geometry=[shapely.box(19.0, 49.4, 19.2, 49.5), shapely.box(19.2, 49.4, 19.3, 49.5)],
        crs="EPSG:4326",
    )
    path = tmp_path / "gminy.fgb"
    write_flatgeobuf(frame.to_crs("EPSG:2180"), path)
    return path


def bomb() -> bytes:
    """An archive whose one file is a hundred million zeros."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("gminy.geojson", bytes(100_000_000))
    return packed.getvalue()


HOSTILE: dict[str, Callable[[], bytes]] = {
    "empty.gpkg": bytes,
    "text.gpkg": lambda: b"This is no GIS file.",
    "vrt.geojson": VRT.encode,
    "remote.geojson": REMOTE_CRS.encode,
    "bomb.zip": bomb,
    "points.geojson": lambda: (
        b'{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": '
        b'{"code": "2417112"}, "geometry": {"type": "Point", "coordinates": [19, 49.5]}}]}'
    ),
    "codes.geojson": lambda: (
        b'{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": '
        b'{"code": "{{ 7*7 }}"}, "geometry": {"type": "Polygon", "coordinates": '
        b"[[[19, 49], [20, 49], [20, 50], [19, 49]]]}}]}"
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_no_borders_changes_nothing(
    name: str, workspace_root: Path, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[name]())
    before = content(workspace_root)
    result = run("add", "boundaries", path, "--workspace", workspace_root)
    assert isinstance(result.exception, RefusedError), result.output
    assert name in str(result.exception)
    assert result.stdout == ""
    assert content(workspace_root) == before
    assert not [path for path in workspace_root.iterdir() if path.name.startswith(".")]


def test_a_missing_file_changes_nothing(workspace_root: Path) -> None:
    before = content(workspace_root)
    result = run("add", "boundaries", "nowhere.gpkg", "--workspace", workspace_root)
    assert str(result.exception).startswith("nowhere.gpkg: There is no such file")
    assert content(workspace_root) == before


def test_added_borders_are_reported_and_used(workspace_root: Path, gminy: Path) -> None:
    result = run(
        *("add", "boundaries", gminy, "--workspace", workspace_root),
        *("--source", "GUGiK", "--licence", "free", "--date", "2025"),
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "added layers/boundaries-pl.toml",
        "wrote data/boundaries/boundaries-pl.fgb",
        "wrote layers/boundaries-pl.toml",
        "columns taken: code = JPT_KOD_JE, name = JPT_NAZWA_",
        "coordinate system: EPSG:2180 (file)",
        "features: 2 of 2 used",
    ]
    described = tomllib.loads((workspace_root / "layers/boundaries-pl.toml").read_text("utf-8"))
    assert (described["source"], described["licence"], described["date"]) == (
        ("GUGiK", "free", "2025")
    )
    # more than any layer that was there
    assert described["precedence"] > 10
    assert run("check", "--workspace", workspace_root).exit_code == 0


def test_a_theme_takes_the_place_of_an_illustration_and_of_nothing_else(
    workspace_root: Path, tmp_path: Path
) -> None:
    file = tmp_path / "rezerwaty.geojson"
    reserve = gpd.GeoDataFrame(
        {"nazwa": ["Rezerwat"]}, geometry=[shapely.box(19.0, 49.4, 19.05, 49.45)], crs="EPSG:4326"
    )
    file.write_text(reserve.to_json(), "utf-8")
    result = run(
        *("add", "theme", "protected-nature", file, "--slug", "reserve"),
        *("--workspace", workspace_root, "--source", "GDOŚ"),
    )
    assert result.exit_code == 0, result.output
    assert "added layers/reserve.toml" in result.stdout
    assert "removed data/themes/reserve.geojson" in result.stdout
    described = tomllib.loads((workspace_root / "layers/reserve.toml").read_text("utf-8"))
    assert (described["source"], described["names"]) == ("GDOŚ", {"en": "Reserve"})
    assert "illustrative" not in described
    before = content(workspace_root)
    again = run(
        *("add", "theme", "protected-nature", file, "--slug", "reserve"),
        *("--workspace", workspace_root),
    )
    assert isinstance(again.exception, RefusedError)
    assert str(again.exception).startswith("layers/reserve.toml: there is such a layer")
    assert content(workspace_root) == before


def test_options_of_a_table_reach_the_layer(workspace_root: Path, tmp_path: Path) -> None:
    file = tmp_path / "figures.csv"
    file.write_text("teryt,nazwa,a,b\n2417112,Rajcza,1,12.5\n2417142,Ujsoły,2,8\n", "utf-8")
    result = run(
        *("add", "theme", "digital", file, "--workspace", workspace_root, "--name", "Cyfryzacja"),
        *("--value-column", "b", "--unit", "%", "--complete", "--slug", "digital-share"),
    )
    assert result.exit_code == 0, result.output
    described = tomllib.loads((workspace_root / "layers/digital-share.toml").read_text("utf-8"))
    assert described["names"] == dict.fromkeys(("pl", "cs", "en"), "Cyfryzacja")
    assert (described["theme"], described["unit"], described["complete"]) == ("digital", "%", True)
    assert described["columns"] == {"code": "teryt", "name": "nazwa", "value": "b"}


def test_schematic_borders_come_with_what_could_not_be_drawn(workspace_root: Path) -> None:
    result = run("add", "schematic", "--workspace", workspace_root)
    assert (result.exit_code, result.stderr) == (0, "")
    wrote, description, *warnings = result.stdout.splitlines()
    assert wrote == "wrote data/boundaries/schematic.geojson"
    assert description == "wrote layers/boundaries-schematic.toml"
    assert [line.partition(" is not drawn")[0] for line in warnings] == [
        "warning: data/municipalities.csv: 2417072: Łodygowice",
        "warning: data/municipalities.csv: 2417092: Milówka",
        "warning: data/municipalities.csv: 2417072: Łodygowice",
    ]
    drawn = json.loads((workspace_root / "data/boundaries/schematic.geojson").read_text("utf-8"))
    assert len(drawn["features"]) == 4


def test_illustrations_are_drawn_and_labelled(workspace_root: Path) -> None:
    result = run("add", "illustration", "--workspace", workspace_root)
    assert (result.exit_code, result.stderr) == (0, "")
    described = [line.removeprefix("wrote ") for line in result.stdout.splitlines()]
    layers = [file for file in described if file.startswith("layers/")]
    assert len(layers) == len(described) / 2 == 6
    for file in layers:
        assert tomllib.loads((workspace_root / file).read_text("utf-8"))["illustrative"] is True
