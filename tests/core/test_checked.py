from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoapp.core.checked import CheckedLayer, LayerReport, check_layer
from geoapp.core.layer import Columns, LayerSpec
from geoapp.core.raw import RawLayer
from geoapp.errors import FileRefusedError, Problem

Rows = list[tuple[object, str, object]]


def square(lon: float, lat: float, side: float = 0.05) -> shapely.Polygon:
    return shapely.box(lon, lat, lon + side, lat + side)


RAJCZA = ("2417112", "Rajcza", square(19.10, 49.50))
UJSOLY = ("2417142", "Ujsoły", square(19.15, 49.50))
OLOMOUC = (500496, "Olomouc", square(17.25, 49.59))


def spec(**fields: object) -> LayerSpec:
    usual: dict[str, object] = {
        "slug": "x",
        "theme": "boundaries",
        "kind": "polygon",
        "names": {"en": "x"},
        "file": "data/x.gpkg",
        "source": "test",
        "licence": "test",
    }
    return LayerSpec.model_validate(usual | fields)


def raw(rows: Rows, *, crs: str | None = "EPSG:4326", **columns: list[object]) -> RawLayer:
    table = pd.DataFrame(
        {"kod": [row[0] for row in rows], "nazwa": [row[1] for row in rows], **columns}
    )
    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = [row[2] for row in rows]
    return RawLayer("data/x.gpkg", table, shapes, crs)


def table(**columns: list[object]) -> RawLayer:
    return RawLayer("data/x.csv", pd.DataFrame(columns, dtype=object))


def told(checked: CheckedLayer) -> str:
    return "\n".join(str(problem.problem()) for problem in checked.report.problems)


def test_boundaries_of_both_countries() -> None:
    checked = check_layer(raw([RAJCZA, OLOMOUC]), spec())
    frame = checked.frame
    assert list(frame.columns) == ["unit", "code", "name", "country", "area_ha", "geometry"]
    assert frame["unit"].tolist() == ["241711", "500496"]
    assert frame["code"].tolist() == ["2417112", "500496"]
    assert frame["country"].tolist() == ["PL", "CZ"]
    assert frame["area_ha"].tolist() == pytest.approx([2014, 2011], rel=0.01)
    assert frame.crs.to_epsg() == 4326
    report = checked.report
    assert (report.features_read, report.features_kept, report.dropped) == (2, 2, 0)
    assert (report.crs_source, report.crs_origin, report.accuracy_m) == ("EPSG:4326", "file", 0.0)
    assert (report.columns.code, report.columns.name) == ("kod", "nazwa")
    assert report.problems == ()


def test_the_report_survives_json() -> None:
    rows = [RAJCZA, ("?", "{{ 7*7 }}", UJSOLY[2])]
    report = check_layer(raw(rows), spec()).report
    assert LayerReport.model_validate_json(report.model_dump_json()) == report
    assert report.problems[0].problem() == Problem(
        "data/x.gpkg",
        "{count} rows have no readable municipality code and were left out: {examples}.",
        "code",
        {"count": 1, "examples": "?"},
        "warning",
    )


def test_hostile_names_are_kept_as_they_are() -> None:
    names = ["{{ 7*7 }}", "<img src=x onerror=alert(1)>"]
    rows = [("2417112", names[0], RAJCZA[2]), ("2417142", names[1], UJSOLY[2])]
    assert check_layer(raw(rows), spec()).frame["name"].tolist() == names


def test_unreadable_codes_are_left_out_and_named() -> None:
    checked = check_layer(raw([RAJCZA, UJSOLY, ("XX", "Nowhere", square(19.2, 49.5))]), spec())
    assert checked.frame["unit"].tolist() == ["241711", "241714"]
    assert (checked.report.codes_unreadable, checked.report.dropped) == (1, 1)
    assert "1 rows have no readable municipality code and were left out: XX." in told(checked)


def test_many_findings_are_named_up_to_twenty() -> None:
    bad = [(f"bad {number}", "n", square(19, 50)) for number in range(30)]
    good = [(f"2417{number}2", "n", square(19, 49 + number / 100)) for number in range(10, 80)]
    assert "… (+10)" in told(check_layer(raw([*good, *bad]), spec()))


def test_features_of_one_municipality_are_joined() -> None:
    enclave = ("2417112", "Rajcza", square(19.3, 49.6))
    checked = check_layer(raw([RAJCZA, UJSOLY, enclave]), spec())
    rajcza = checked.frame.iloc[0]
    assert len(checked.frame) == 2
    assert len(rajcza.geometry.geoms) == 2
    assert rajcza["area_ha"] == pytest.approx(2 * checked.frame.iloc[1]["area_ha"], rel=0.01)
    assert checked.report.codes_duplicate == 1
    assert "were joined: 241711 Rajcza" in told(checked)
    assert "different names" not in told(checked)


def test_one_code_of_two_names_is_reported() -> None:
    checked = check_layer(raw([RAJCZA, ("2417112", "Ujsoły", UJSOLY[2])]), spec())
    assert len(checked.frame) == 1
    assert "different names" in told(checked)
    assert "241711 Rajcza / Ujsoły" in told(checked)


def test_parts_beside_the_whole_gmina_are_left_out() -> None:
    rows = [
        ("3217063", "Mirosławiec", square(16.1, 53.3, 0.2)),
        ("3217064", "Mirosławiec - miasto", square(16.1, 53.3)),
        ("3217065", "Mirosławiec - obszar wiejski", square(16.15, 53.35)),
    ]
    checked = check_layer(raw(rows), spec())
    assert checked.frame[["code", "name"]].to_numpy().tolist() == [["3217063", "Mirosławiec"]]
    assert checked.report.dropped == 2
    assert "types 4, 5, 8 and 9" in told(checked)


def test_parts_alone_make_up_the_gmina() -> None:
    rows = [
        ("3217064", "Mirosławiec - miasto", square(16.1, 53.3)),
        ("3217065", "Mirosławiec - obszar wiejski", square(16.15, 53.3)),
    ]
    checked = check_layer(raw(rows), spec())
    assert checked.frame[["unit", "name"]].to_numpy().tolist() == [["321706", "Mirosławiec"]]
    assert checked.frame.geometry.iloc[0].area == pytest.approx(0.005)
    assert "different names" not in told(checked)


def test_parts_are_recognised_in_numbers_that_lost_their_zero() -> None:
    rows = [
        (201043, "a b", square(15.6, 51.3)),
        (201044, "a - miasto", square(15.6, 51.3)),
        (1417011, "c d", square(21.2, 52.1)),
    ]
    checked = check_layer(raw(rows), spec())
    assert checked.frame["unit"].tolist() == ["020104", "141701"]


def test_districts_beside_their_city_are_left_out() -> None:
    rows = [
        ("1465011", "Warszawa", square(21.0, 52.2, 0.2)),
        ("1465028", "Bemowo", square(21.0, 52.2)),
    ]
    assert check_layer(raw(rows), spec()).frame["name"].tolist() == ["Warszawa"]


def test_invalid_and_empty_geometry_is_repaired_or_left_out() -> None:
    bow_tie = shapely.Polygon([(19.1, 49.5), (19.2, 49.6), (19.2, 49.5), (19.1, 49.6)])
    rows = [
        ("2417112", "Rajcza", bow_tie),
        ("2417142", "Ujsoły", None),
        ("2417102", "Milówka", shapely.Polygon()),
    ]
    checked = check_layer(raw(rows), spec())
    assert checked.frame["name"].tolist() == ["Rajcza"]
    assert checked.frame.geometry.is_valid.all()
    assert (checked.report.repaired, checked.report.dropped) == (1, 2)
    assert "1 invalid geometries were repaired: 2417112 Rajcza" in told(checked)
    assert "2 rows have no geometry and were left out: 2417142 Ujsoły, 2417102" in told(checked)


def test_points_are_no_boundaries() -> None:
    with pytest.raises(FileRefusedError, match="No feature has a usable polygon"):
        check_layer(raw([("2417112", "Rajcza", shapely.Point(19.1, 49.5))]), spec())


def test_a_file_without_codes_lists_its_columns() -> None:
    rows = [("x", "Rajcza", RAJCZA[2])]
    with pytest.raises(
        FileRefusedError, match=r"No column reads as municipality codes.*kod, nazwa"
    ):
        check_layer(raw(rows), spec())
    with pytest.raises(FileRefusedError, match=r"No value of column nazwa.*found Rajcza"):
        check_layer(raw([RAJCZA]), spec(columns=Columns(code="nazwa")))


def test_a_table_has_no_boundaries() -> None:
    with pytest.raises(FileRefusedError, match="table without geometry"):
        check_layer(table(kod=["2417112"]), spec())


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(FileRefusedError, match="no rows"):
        check_layer(raw([]), spec())


def test_codes_and_coordinates_must_not_contradict_each_other() -> None:
    with pytest.raises(FileRefusedError, match="could not be recognised"):
        check_layer(raw([("2417112", "Rajcza", square(14.5, 53.4))], crs=None), spec())


def test_swapped_coordinates_are_put_right() -> None:
    swapped = shapely.transform(RAJCZA[2], lambda pairs: pairs[:, ::-1])
    checked = check_layer(raw([("2417112", "Rajcza", swapped)]), spec())
    assert checked.frame.geometry.iloc[0].equals(RAJCZA[2])
    assert checked.report.crs_origin == "recognised"
    assert "north-east" in told(checked)


def test_mojibake_is_mended_and_told() -> None:
    names = ["Å»ywiec", "UjsoÅ\x82y"]
    rows = [("2417011", names[0], RAJCZA[2]), ("2417142", names[1], UJSOLY[2])]
    checked = check_layer(raw(rows), spec())
    assert checked.frame["name"].tolist() == ["Żywiec", "Ujsoły"]
    assert checked.report.encoding_recovered
    assert "column nazwa were UTF-8 read as" in told(checked)


def test_far_features_of_a_theme_are_told() -> None:
    lines = [shapely.LineString([(19, 49.5), (19.1, 49.6)]), shapely.LineString([(2, 48), (3, 48)])]
    rows = [
        (str(number), name, line)
        for number, (name, line) in enumerate(zip("ab", lines, strict=True))
    ]
    checked = check_layer(raw(rows), spec(theme="cycling", kind="line"))
    assert len(checked.frame) == 2
    assert "1 features lie outside Poland and Czechia: b" in told(checked)


def test_a_theme_has_keys_places_values_and_units() -> None:
    rows = [("2417112", "A b", shapely.Point(19.1, 49.5)), (None, "", shapely.Point(19.2, 49.5))]
    checked = check_layer(
        raw(rows, miejsca=["25", "-"], value=["1,5", None]), spec(theme="schools", kind="point")
    )
    frame = checked.frame
    assert frame["key"].tolist() == ["1", "2"]
    assert frame["name"].tolist() == ["A b", None]
    assert frame["places"].dtype == "Int64"
    assert frame["places"].fillna(-1).tolist() == [25, -1]
    assert frame["value"][0] == 1.5
    assert frame["unit"].tolist()[0] == "241711"
    assert checked.report.codes_unreadable == 1
    assert "values of column miejsca are no numbers" in told(checked)


def test_points_come_from_columns_of_coordinates() -> None:
    rows = table(
        nazwa=["A b", "C d", "E f"], lon=["19,1", "19,2", None], lat=["49,5", "49,6", "50"]
    )
    checked = check_layer(rows, spec(theme="schools", kind="point"))
    assert checked.frame.geometry.iloc[1].equals(shapely.Point(19.2, 49.6))
    assert checked.report.crs_source == "EPSG:4326"
    assert "1 rows have no geometry and were left out: E f" in told(checked)


def test_a_table_without_coordinates_makes_no_points() -> None:
    with pytest.raises(FileRefusedError, match=r"no columns of coordinates.*kind = 'table'"):
        check_layer(table(nazwa=["A b"]), spec(theme="schools", kind="point"))


def test_figures_by_municipality() -> None:
    rows = table(
        kod=["500496", "505587", "9"], nazev=["Olomouc", "Šternberk", "?"], podil=["12,5", "8", "1"]
    )
    checked = check_layer(rows, spec(theme="aged", kind="table", measure="value"))
    assert checked.frame["unit"].tolist() == ["500496", "505587"]
    assert checked.frame["value"].tolist() == [12.5, 8.0]
    assert "geometry" not in checked.frame
    assert checked.report.crs_source is None
    assert checked.report.codes_unreadable == 1


def test_the_only_column_of_numbers_holds_the_figures() -> None:
    rows = table(kod=["500496"], nazev=["Olomouc"], whatever=["3"])
    checked = check_layer(rows, spec(theme="aged", kind="table", measure="value"))
    assert checked.report.columns.value == "whatever"
    rows = table(kod=["500496"], a=["3"], b=["4"])
    with pytest.raises(FileRefusedError, match=r"not clear which column.*kod, a, b"):
        check_layer(rows, spec(theme="aged", kind="table", measure="value"))


def test_statistics_lose_their_double_rows_but_lists_of_facilities_keep_theirs() -> None:
    codes = ["3217063", "3217064", "3217065"]
    statistics = table(terc=codes, value=["10", "6", "4"])
    figures = spec(theme="aged", kind="table", measure="value")
    assert check_layer(statistics, figures).frame["value"].tolist() == [10.0]
    facilities = table(terc=[*codes, "3217064"], places=["10", "6", "4", "5"])
    kept = check_layer(facilities, spec(theme="schools", kind="table", measure="count"))
    assert kept.frame["places"].sum() == 25
    assert kept.report.codes_duplicate == 1


def test_counts_of_facilities_are_taken_over() -> None:
    rows = table(kod=["500496"], n=["3"], cap=["110"])
    counted = spec(theme="schools", kind="table", measure="count", columns=Columns(facilities="n"))
    frame = check_layer(rows, counted).frame
    assert (frame["facilities"].tolist(), frame["places"].tolist()) == ([3], [110])


@settings(max_examples=8, deadline=None)
@given(st.permutations(range(6)), st.lists(st.integers(0, 2), min_size=6, max_size=6))
def test_the_order_of_rows_changes_no_area(order: list[int], owners: list[int]) -> None:
    codes = ["2417112", "2417142", "2417102"]
    rows = [
        (codes[owner], "n", square(19 + place / 20, 49.5)) for place, owner in enumerate(owners)
    ]
    straight = check_layer(raw(rows), spec()).frame.set_index("unit")["area_ha"]
    shuffled = check_layer(raw([rows[place] for place in order]), spec()).frame
    pd.testing.assert_series_equal(
        straight.sort_index(), shuffled.set_index("unit")["area_ha"].sort_index(), rtol=1e-9
    )
