from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner, Result

from geoapp.cli.delineate import delineate
from geoapp.errors import RefusedError
from geoapp.sources.gdal import read_features
from geoapp.workspace.delineation_export import write_delineation

REFERENCE = Path(__file__).parents[2] / "../shared/reference/flows"

TOWNS = """\
origin,destination,flow
01,01,900
01,02,10
02,01,60
02,02,40
03,01,30
03,03,50
03,04,20
04,04,500
04,05,10
05,04,80
05,05,20
"""


@pytest.fixture
def towns(tmp_path: Path) -> Path:
    path = tmp_path / "towns.csv"
    path.write_text(TOWNS, "utf-8")
    return path


@pytest.fixture
def boundaries(tmp_path: Path) -> Path:
    """Five squares in a row, of which the one of 04 lies between 01 and 02."""
    order = ["01", "04", "02", "03", "05"]
    cells = [shapely.box(19 + 0.1 * place, 49, 19.1 + 0.1 * place, 49.1) for place in range(5)]
    path = tmp_path / "units.geojson"
    frame = gpd.GeoDataFrame({"kod": order}, geometry=cells, crs="EPSG:4326")
    path.write_text(frame.to_json(), "utf-8")
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(delineate, [str(argument) for argument in arguments])


def report(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def refusal(*arguments: object) -> str:
    """Return the message of a refused call; the group of commands turns it into one line."""
    result = run(*arguments)
    assert isinstance(result.exception, RefusedError | SystemExit)
    return str(result.exception) if isinstance(result.exception, RefusedError) else result.output


def test_json_has_exactly_the_promised_keys(towns: Path) -> None:
    found = report(towns, "--method", "flowbca", "--stop", "q=0.15")
    keys = ["method", "parameters", "areas", "units", "summary", "reserve", "note"]
    assert list(found) == keys
    assert found["method"] == "flowbca"
    assert found["parameters"] == {"option": 1, "stop": "q", "level": 0.15}
    assert found["areas"] == 2
    areas = {unit["code"]: unit["area"] for unit in found["units"]}
    assert areas == {"01": "01", "02": "01", "03": "01", "04": "04", "05": "04"}
    assert {unit["code"]: unit["second_best"] for unit in found["units"]}["03"] == "04"
    assert found["summary"]["supply_self_containment"] == pytest.approx(1700 / 1720)
    assert [row["area"] for row in found["summary"]["areas"]] == ["01", "04"]
    assert len(found["summary"]["tree"]) == 3
    assert found["reserve"] == []
    assert "One partition says nothing" in found["note"]


@pytest.mark.parametrize(
    ("method", "options", "areas"),
    [
        ("dominant-flow", ["--min-share", "0.2"], 2),
        ("flowbca", ["--option", "3", "--stop", "k=2"], 2),
        ("flowbca", ["--stop", "non-zero"], 5),
        ("flowbca", ["--stop", "la=0.95"], 2),
        ("flowbca", ["--stop", "lw=0.95"], 3),
        ("flowbca", ["--stop", "lm=0.95"], 2),
        ("labour-market-areas", ["--min-size", "100", "--target-size", "500"], 2),
        ("labour-market-areas", ["--min-size", "100", "--target-size", "500", "--ties", "code"], 2),
        ("self-contained-areas", ["--high", "1000", "--min-flow", "5"], 2),
        ("functional-urban-areas", ["--cores", "01, 04", "--threshold", "0.25"], 2),
        ("commuting-zones", ["--cut", "0.9"], 2),
        ("intramax", ["--regions", "2"], 2),
    ],
)
def test_every_method_runs(towns: Path, method: str, options: list[str], areas: int) -> None:
    found = report(towns, "--method", method, *options)
    assert found["areas"] == areas
    assert len(found["units"]) == 5


def test_all_parameters_are_told(towns: Path) -> None:
    options = ["--low", "0", "--high", "900", "--low-self-containment", "0.7"]
    found = report(
        towns, "--method", "self-contained-areas", *options, "--high-self-containment", "0.8"
    )
    assert found["parameters"] == {
        "low": 0,
        "high": 900,
        "low_self_containment": 0.7,
        "high_self_containment": 0.8,
        "min_flow": 20,
    }


def test_stability_is_told_for_each_unit(towns: Path) -> None:
    found = report(towns, "--method", "flowbca", "--stability", "60", "--seed", "3")
    for unit in found["units"]:
        assert 0 <= unit["stability"] <= 1
    assert found["summary"]["stability"]["resampled"] == 60
    assert found["summary"]["stability"]["seed"] == 3
    assert "One partition" not in found["note"]


def test_the_reserve_gives_reasons(towns: Path) -> None:
    towns.write_text(TOWNS + "06,06,5\n", "utf-8")
    options = ["--min-size", "100", "--target-size", "500"]
    found = report(towns, "--method", "labour-market-areas", *options)
    assert found["reserve"] == [{"code": "06", "reason": "no flow to other units"}]
    assert found["units"][-1] == {"code": "06", "area": None, "second_best": None}


def test_text_sums_up(towns: Path) -> None:
    result = run(towns, "--method", "flowbca")
    assert result.exit_code == 0
    assert "2 areas of 5 units, 0 of a single unit" in result.stdout
    assert "98.8% of residents work within the areas" in result.stdout


def test_other_column_names(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text(TOWNS.replace("origin,destination,flow", "od,do,n"), "utf-8")
    columns = ["--origin", "od", "--destination", "do", "--flow", "n"]
    assert report(path, "--method", "flowbca", *columns)["areas"] == 2


def test_employed_residents_complete_the_flows(towns: Path, tmp_path: Path) -> None:
    towns.write_text("origin,destination,flow\n01,02,10\n02,01,60\n", "utf-8")
    residents = tmp_path / "residents.csv"
    residents.write_text("code,residents\n01,100\n02,100\n", "utf-8")
    found = report(towns, "--method", "flowbca", "--residents", residents)
    assert found["summary"]["residents"] == 200
    assert "derived from their employed residents: 2" in found["note"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--method", "flowbca", "--cut", "0.9"], "flowbca has no parameter cut"),
        (["--method", "flowbca", "--stop", "soon"], "expected one like q=0.15"),
        (["--method", "flowbca", "--stop", "k=many"], "expected one like q=0.15"),
        (["--method", "k-means"], "is not one of"),
        (["--method", "functional-urban-areas"], "there is no core"),
        (["--method", "functional-urban-areas", "--cores", "01,99"], "not in the flow table: 99"),
        (["--method", "flowbca", "--stability", "5"], "at least 60 resamples"),
        (["--method", "flowbca", "--joined-up"], "--joined-up needs the borders"),
        (["--method", "flowbca", "--out", "areas.shp"], "ends in .csv or .gpkg"),
        (["--method", "flowbca", "--out", "nowhere/areas.csv"], "no such folder"),
        ([], "Missing option '--method'"),
    ],
)
def test_impossible_calls_are_refused(towns: Path, options: list[str], message: str) -> None:
    assert message in refusal(towns, *options)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("from,to,n\n1,2,3\n", "expected the columns origin, destination and flow"),
        ("origin,destination,flow\n1,2,-3\n", "negative flow"),
        ("origin,destination,flow\n1,2,0\n", "no flow above zero"),
        ("origin,destination,flow\n1,1,5\n", "found one unit"),
    ],
)
def test_bad_tables_are_refused(towns: Path, content: str, message: str) -> None:
    towns.write_text(content, "utf-8")
    assert message in refusal(towns, "--method", "flowbca")


def test_csv_with_a_method_note(towns: Path, tmp_path: Path) -> None:
    out = tmp_path / "areas.csv"
    result = run(towns, "--method", "flowbca", "--stability", 60, "--seed", 7, "--out", out)
    assert result.exit_code == 0, result.output
    units = pd.read_csv(out, dtype={"code": str, "area": str})
    assert list(units["area"]) == ["01", "01", "01", "04", "04"]
    assert {"stability", "second_best", "second_share"} <= set(units.columns)
    note = json.loads((tmp_path / "areas.method.json").read_text("utf-8"))
    assert note["data_sha256"] == hashlib.sha256(TOWNS.encode()).hexdigest()
    assert (note["method"], note["seed"], note["data"]) == ("flowbca", 7, "towns.csv")
    assert note["version"].startswith("geoapp ")
    assert set(note) >= {"parameters", "date", "settings", "note"}


def test_the_note_repeats_the_run(towns: Path, tmp_path: Path) -> None:
    out = tmp_path / "areas.csv"
    arguments = [towns, "--method", "flowbca", "--stability", 60, "--seed", 7, "--out", out]
    assert run(*arguments).exit_code == 0
    first = out.read_bytes()
    assert run(*arguments, "--replace").exit_code == 0
    assert out.read_bytes() == first


def test_files_are_not_overwritten_unasked(towns: Path, tmp_path: Path) -> None:
    out = tmp_path / "areas.csv"
    out.write_text("mine", "utf-8")
    assert "areas.csv: is there already" in refusal(towns, "--method", "flowbca", "--out", out)
    assert out.read_text("utf-8") == "mine"


def test_geopackage_without_boundaries_is_a_table(towns: Path, tmp_path: Path) -> None:
    out = tmp_path / "areas.gpkg"
    assert run(towns, "--method", "flowbca", "--out", out).exit_code == 0
    with closing(sqlite3.connect(out)) as database:
        units = database.execute("SELECT code, area FROM units ORDER BY fid").fetchall()
        note = dict(database.execute("SELECT key, value FROM method").fetchall())
    assert units[2] == ("03", "01")
    assert json.loads(note["parameters"]) == {"option": 1, "stop": "q", "level": 0.15}


def test_geopackage_with_boundaries_has_geometry(
    towns: Path, boundaries: Path, tmp_path: Path
) -> None:
    out = tmp_path / "areas.gpkg"
    shapes = ["--boundaries", boundaries, "--boundaries-code", "kod"]
    assert run(towns, "--method", "flowbca", *shapes, "--out", out).exit_code == 0
    units = read_features(str(out), file=out.name, driver="GPKG", layer="units")
    areas = read_features(str(out), file=out.name, driver="GPKG", layer="areas")
    assert list(units.table["code"]) == ["01", "02", "03", "04", "05"]
    assert units.geometry[0].bounds == pytest.approx((19.0, 49.0, 19.1, 49.1))
    assert list(areas.table["area"]) == ["01", "04"]
    assert areas.geometry[0].area == pytest.approx(0.03)
    assert "4326" in str(areas.crs) or "WGS 84" in str(areas.crs)


def test_a_unit_without_a_border_has_no_geometry(towns: Path, tmp_path: Path) -> None:
    units = pd.DataFrame({"code": ["01", "02", "03"], "area": ["01", "01", "03"]})
    areas = pd.DataFrame({"area": ["01", "03"]})
    square = gpd.GeoSeries([shapely.box(19, 49, 19.1, 49.1)], index=["02"], crs="EPSG:4326")
    out, note = tmp_path / "areas.gpkg", {"date": "2026-11-22"}
    write_delineation(out, units, areas, note, boundaries=square)
    first = out.read_bytes()
    found = read_features(str(out), file=out.name, driver="GPKG", layer="units")
    assert list(shapely.is_missing(found.geometry)) == [True, False, True]
    found = read_features(str(out), file=out.name, driver="GPKG", layer="areas")
    assert found.geometry[0].bounds == pytest.approx((19.0, 49.0, 19.1, 49.1))
    assert found.geometry[1] is None
    write_delineation(out, units, areas, note, boundaries=square, replace=True)
    assert out.read_bytes() == first


def test_borders_that_are_no_areas_are_refused(towns: Path, tmp_path: Path) -> None:
    path, out = tmp_path / "seats.geojson", tmp_path / "areas.gpkg"
    places = [shapely.Point(19 + place / 10, 49) for place in range(5)]
    codes = ["01", "02", "03", "04", "05"]
    seats = gpd.GeoDataFrame({"code": codes}, geometry=places, crs="EPSG:4326")
    path.write_text(seats.to_json(), "utf-8")
    told = refusal(towns, "--method", "flowbca", "--boundaries", path, "--out", out)
    assert "expected polygons, found Point for the unit 01" in told
    assert not out.exists()


def test_what_is_cut_off_can_be_moved(towns: Path, boundaries: Path) -> None:
    shapes = ["--boundaries", boundaries, "--boundaries-code", "kod"]
    found = report(towns, "--method", "flowbca", *shapes, "--joined-up")
    assert "moved to a neighbouring one" in found["note"]
    areas = {unit["code"]: unit["area"] for unit in found["units"]}
    # 02 and 03 lie beyond 04, which is the only other area they touch.
    assert (areas["02"], areas["03"]) == ("04", "04")


def test_exclaves_are_left_out_of_urban_areas(towns: Path, boundaries: Path) -> None:
    shapes = ["--boundaries", boundaries, "--boundaries-code", "kod"]
    found = report(towns, "--method", "functional-urban-areas", "--cores", "01", *shapes)
    assert {unit["code"] for unit in found["reserve"]} == {"02", "03"}


def test_codes_unknown_to_the_boundaries_are_named(towns: Path, boundaries: Path) -> None:
    towns.write_text(TOWNS + "99,01,5\n", "utf-8")
    shapes = ["--boundaries", boundaries, "--boundaries-code", "kod"]
    assert "codes 99" in report(towns, "--method", "flowbca", *shapes)["note"]
    assert "a column code; found the columns id, kod" in refusal(
        towns, "--method", "flowbca", "--boundaries", boundaries
    )


def test_texts_in_csv_are_no_formulas(tmp_path: Path) -> None:
    units = pd.DataFrame({"code": ["-9", "1"], "area": ["-9", "1"]})
    write_delineation(tmp_path / "areas.csv", units, units, {"method": "flowbca"})
    assert (tmp_path / "areas.csv").read_text("utf-8") == "code,area\n'-9,'-9\n1,1\n"


@pytest.mark.parametrize(
    ("name", "options", "areas"),
    [
        ("brindisi", ["--method", "labour-market-areas"], 9),
        ("korea", ["--method", "flowbca", "--stop", "non-zero"], 13),
    ],
)
def test_published_tables(name: str, options: list[str], areas: int) -> None:
    path = REFERENCE / f"{name}.csv"
    if not path.is_file():
        pytest.skip("the published tables are not at hand")
    assert report(path, *options)["areas"] == areas


def test_progress_bar_keeps_out_of_the_json(towns: Path) -> None:
    result = run(towns, "--method", "flowbca", "--json")
    assert json.loads(result.stdout)["areas"] == 2
