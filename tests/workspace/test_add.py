from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from geoapp.core.layer import LayerSpec
from geoapp.errors import RefusedError
from geoapp.sources import gdal
from geoapp.sources.layer_file import load_layer
from geoapp.sources.registry import read_layer_specs
from geoapp.workspace import writing
from geoapp.workspace.add import add_boundaries, add_theme

NAMES = {"PL": {"2417112": "Rajcza", "2417142": "Ujsoły"}, "CZ": {"500496": "Olomouc"}}
COLUMNS = ["teryt", "nazwa", "uwaga"]
CORNERS = {"PL": (19.1, 49.5), "CZ": (17.2, 49.6)}
ILLUSTRATION = """\
slug = "kindergartens"
theme = "kindergartens"
kind = "point"
file = "data/themes/kindergartens.csv"
illustrative = true
source = "made up"
licence = "CC0"
[names]
pl = "Przedszkola"
cs = "Mateřské školy"
[style]
colour = "#aa3377"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return an empty workspace."""
    for folder in ("layers", "data/themes"):
        (tmp_path / "workspace" / folder).mkdir(parents=True)
    return tmp_path / "workspace"


@pytest.fixture
def boundaries(tmp_path: Path) -> Callable[..., Path]:
    """Return a writer of files of made-up borders."""

    def write(*countries: str, name: str = "granice.fgb", crs: str = "EPSG:4326") -> Path:
        rows, shapes = [], []
        for country in countries:
            west, south = CORNERS[country]
            for place, (code, label) in enumerate(NAMES[country].items()):
                rows.append((code, label, "{{ 7*7 }}"))
                shapes.append(
                    shapely.box(west, south + place / 9, west + 0.1, south + place / 9 + 0.1)
                )
        frame = gpd.GeoDataFrame(rows, columns=COLUMNS, geometry=shapes, crs="EPSG:4326")
        gdal.write_flatgeobuf(frame.to_crs(crs), tmp_path / name)
        return tmp_path / name

    return write


def content(root: Path) -> dict[str, bytes]:
    paths = [path for path in root.rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def test_boundaries_are_written_as_data_and_description(
    root: Path, boundaries: Callable[..., Path]
) -> None:
    steps: list[tuple[int, int, str]] = []
    added = add_boundaries(
        root,
        boundaries("PL", crs="EPSG:2180"),
        source="GUGiK",
        licence="open",
        date="2025",
        progress=lambda *step: steps.append(step),
    )
    assert added.files == ("data/boundaries/boundaries-pl.fgb", "layers/boundaries-pl.toml")
    assert set(content(root)) == set(added.files)
    specs, problems = read_layer_specs(root)
    assert (specs, problems) == ((added.spec,), [])
    assert (added.spec.source, added.spec.licence, added.spec.date) == ("GUGiK", "open", "2025")
    assert (added.spec.columns.code, added.spec.columns.name) == ("teryt", "nazwa")
    assert (added.spec.countries, added.spec.precedence) == (("PL",), 1)
    assert "EPSG:2180, as the file states" in added.spec.note["en"]
    assert added.report.crs_source == "EPSG:2180"
    checked = load_layer(root, added.spec)
    assert checked.frame["name"].tolist() == ["Rajcza", "Ujsoły"]
    assert checked.report.crs_source == "EPSG:4326"
    read = gdal.read_features(str(root / added.spec.file), file="x", driver="FlatGeobuf")
    assert read.table["uwaga"].tolist() == ["{{ 7*7 }}"] * 2
    assert [step[0] for step in steps] == sorted(step[0] for step in steps)
    assert steps[-1][:2] == (5, 5)


def test_a_later_addition_wins_and_takes_a_name_of_its_own(
    root: Path, boundaries: Callable[..., Path]
) -> None:
    first = add_boundaries(root, boundaries("PL"))
    later = [add_boundaries(root, boundaries("PL", name="Powiat Żywiecki.fgb")) for _ in range(2)]
    assert first.slug == "boundaries-pl"
    assert [added.slug for added in later] == [
        "boundaries-powiat-zywiecki",
        "boundaries-powiat-zywiecki-2",
    ]
    assert [added.spec.precedence for added in (first, *later)] == [1, 2, 3]
    assert later[0].spec.names["pl"] == "Granice gmin (Powiat Żywiecki)"


def test_both_countries_or_one_of_them(root: Path, boundaries: Callable[..., Path]) -> None:
    both = boundaries("PL", "CZ")
    assert add_boundaries(root, both).slug == "boundaries-pl-cz"
    one = add_boundaries(root, both, country="CZ")
    assert (one.slug, one.report.features_kept, one.report.dropped) == ("boundaries-cz", 1, 2)
    assert load_layer(root, one.spec).frame["name"].tolist() == ["Olomouc"]
    with pytest.raises(RefusedError, match="no municipality of CZ"):
        add_boundaries(root, boundaries("PL"), country="CZ")


def test_replacing_has_to_be_said(root: Path, boundaries: Callable[..., Path]) -> None:
    add_boundaries(root, boundaries("PL"), slug="gminy")
    before = content(root)
    with pytest.raises(RefusedError, match=r"gminy\.toml: there is such a layer.*replaced"):
        add_boundaries(root, boundaries("CZ"), slug="gminy")
    assert content(root) == before
    replaced = add_boundaries(root, boundaries("CZ"), slug="gminy", replace=True)
    assert replaced.spec.countries == ("CZ",)
    assert set(content(root)) == set(before)


def test_a_theme_takes_the_place_of_its_illustration(root: Path, tmp_path: Path) -> None:
    (root / "layers/kindergartens.toml").write_text(ILLUSTRATION, encoding="utf-8")
    (root / "data/themes/kindergartens.csv").write_text("name,lon,lat\na,19,50\n", encoding="utf-8")
    file = tmp_path / "mine.csv"
    file.write_bytes("nazwa;lon;lat;miejsca\nŻaba;19,1;49,5;25\n".encode("cp1250"))
    added = add_theme(root, "kindergartens", file)
    assert added.files[0] == "data/themes/kindergartens.fgb"
    assert added.removed == ("data/themes/kindergartens.csv",)
    assert set(content(root)) == set(added.files)
    spec = added.spec
    assert (spec.kind, spec.measure, spec.illustrative) == ("point", "count", False)
    assert (spec.names["cs"], spec.style.colour) == ("Mateřské školy", "#aa3377")
    assert spec.countries == ("PL",)
    frame = load_layer(root, spec).frame
    assert (frame["name"][0], frame["places"][0]) == ("Żaba", 25)
    with pytest.raises(RefusedError, match="there is such a layer"):
        add_theme(root, "kindergartens", file)


def test_a_table_by_municipality(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "aged.csv"
    file.write_text("kod;obec;podil 65+\n500496;Olomouc;21,5\n1;?;3\n", encoding="utf-8")
    added = add_theme(
        root, "aged", file, name={"en": "Aged"}, unit="%", complete=True, licence="CC BY 4.0"
    )
    description = tomllib.loads((root / "layers/aged.toml").read_text("utf-8"))
    assert LayerSpec.model_validate(description) == added.spec
    assert (added.spec.kind, added.spec.measure, added.spec.unit) == ("table", "value", "%")
    assert (added.spec.countries, added.spec.complete) == (("CZ",), True)
    assert (root / added.spec.file).read_text("utf-8").splitlines()[1] == '500496,Olomouc,"21,5"'
    assert load_layer(root, added.spec).frame["value"].tolist() == [21.5]


def test_counted_facilities(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "k.csv"
    file.write_text("kod,name,n,cap\n500496,Olomouc,3,110\n", encoding="utf-8")
    added = add_theme(root, "kindergartens", file, facilities_column="n")
    assert (added.spec.measure, added.spec.columns.places) == ("count", "cap")
    assert load_layer(root, added.spec).frame["facilities"].tolist() == [3]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"code_column": "nic"}, "no column nic"),
        ({"date": "yesterday"}, "cannot be described so: date"),
        ({"slug": "../x"}, "cannot be described so: slug"),
        ({"crs": "EPSG:3857"}, "cannot be in the declared EPSG:3857"),
        ({"crs": "2180"}, "cannot be described so: crs"),
    ],
)
def test_nothing_changes_when_an_option_is_wrong(
    root: Path, boundaries: Callable[..., Path], options: dict[str, str], reason: str
) -> None:
    with pytest.raises(RefusedError, match=reason):
        add_boundaries(root, boundaries("PL"), **options)
    assert content(root) == {}


def test_a_failure_while_moving_in_restores_what_was_there(
    root: Path, boundaries: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    add_boundaries(root, boundaries("PL"))
    before = content(root)
    move = Path.replace

    def fail(path: Path, target: Path) -> Path:
        if "before" not in path.parts and target.is_relative_to(root / "layers"):
            raise OSError("disk full")
        return move(path, target)

    monkeypatch.setattr(writing.Path, "replace", fail)
    for options in ({}, {"slug": "boundaries-pl", "replace": True}):
        with pytest.raises(OSError, match="disk full"):
            add_boundaries(root, boundaries("CZ"), **options)
        assert content(root) == before
    assert not list(root.glob(".adding-*"))


def test_a_folder_that_is_no_workspace_is_refused(
    tmp_path: Path, boundaries: Callable[..., Path]
) -> None:
    with pytest.raises(RefusedError, match=r"expected a workspace.*geoapp new"):
        add_boundaries(tmp_path / "nowhere", boundaries("PL"))


def test_boundaries_are_no_theme(root: Path, boundaries: Callable[..., Path]) -> None:
    with pytest.raises(RefusedError, match="add_boundaries"):
        add_theme(root, "boundaries", boundaries("PL"))
