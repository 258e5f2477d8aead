from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from geoapp.core.crs import Places, lies_in, outside_area, recognise, settle
from geoapp.core.measure import area_ha
from geoapp.core.projection import Reading, to_wgs84
from geoapp.errors import FileRefusedError

# Żywiec, Warszawa, Szczecin and Praha, Olomouc, Ostrava: longitude, latitude.
POLAND = np.array([[19.19, 49.69], [21.01, 52.23], [14.55, 53.43]])
CZECHIA = np.array([[14.42, 50.09], [17.25, 49.59], [18.29, 49.83]])
ESRI_KROVAK = (
    'PROJCS["S-JTSK_Krovak_East_North",GEOGCS["GCS_S_JTSK",DATUM["D_S_JTSK",'
    'SPHEROID["Bessel_1841",6377397.155,299.1528128]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]],PROJECTION["Krovak"],PARAMETER["False_Easting",0.0],'
    'PARAMETER["False_Northing",0.0],PARAMETER["Pseudo_Standard_Parallel_1",78.5],'
    'PARAMETER["Scale_Factor",0.9999],PARAMETER["Azimuth",30.28813975277778],'
    'PARAMETER["Longitude_Of_Center",24.83333333333333],PARAMETER["Latitude_Of_Center",49.5],'
    'PARAMETER["X_Scale",-1.0],PARAMETER["Y_Scale",1.0],PARAMETER["XY_Plane_Rotation",90.0],'
    'UNIT["Meter",1.0]]'
)


def project(lon_lat: np.ndarray, crs: str) -> np.ndarray:
    transformer = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    return np.column_stack(transformer.transform(*lon_lat.T))


@pytest.mark.parametrize(
    ("crs", "lon_lat"),
    [
        ("EPSG:4326", POLAND),
        ("EPSG:4326", CZECHIA),
        ("EPSG:2180", POLAND),
        ("EPSG:5514", CZECHIA),
        ("EPSG:3035", POLAND),
        ("EPSG:3857", CZECHIA),
        ("EPSG:32633", POLAND),
        ("EPSG:32634", POLAND),
    ],
)
def test_usual_crs_are_recognised_by_their_ranges(crs: str, lon_lat: np.ndarray) -> None:
    assert recognise(project(lon_lat, crs)) == (Reading(crs),)


def test_swapped_degrees_are_recognised() -> None:
    assert recognise(POLAND[:, ::-1]) == (Reading("EPSG:4326", "north-east"),)


@pytest.mark.parametrize(
    ("turned", "arrangement"),
    [
        (lambda pairs: -pairs[:, ::-1], "south-west"),
        (lambda pairs: -pairs, "west-south"),
        (lambda pairs: pairs[:, ::-1], "north-east"),
    ],
)
def test_krovak_is_recognised_in_every_order_and_sign(turned: object, arrangement: str) -> None:
    pairs = turned(project(CZECHIA, "EPSG:5514"))
    found = settle(pairs, file="obce.shp")
    assert found.reading == Reading("EPSG:5514", arrangement)
    assert found.origin == "recognised"
    points, _ = to_wgs84(shapely.points(pairs), found.reading)
    np.testing.assert_allclose(shapely.get_coordinates(points), CZECHIA, atol=2e-5)


def test_positive_krovak_is_explained() -> None:
    pairs = -project(CZECHIA, "EPSG:5514")[:, ::-1]
    found = settle(pairs, file="obce.shp")
    assert found.reading.label == "EPSG:5513"
    assert "positive Krovak" in str(found.problems[-1])
    regular = settle(pairs, file="obce.shp", stated="EPSG:5513")
    assert (regular.origin, regular.problems) == ("file", ())


def test_utm_of_an_unknown_zone_is_refused_with_both_candidates() -> None:
    with pytest.raises(
        FileRefusedError, match=r"would fit each of EPSG:32633, EPSG:32634.*Set crs"
    ):
        settle(np.array([[300_000.0, 5_500_000.0]]), file="drogi.shp")


def test_codes_tell_the_zone_of_utm() -> None:
    pairs = project(CZECHIA[:1], "EPSG:32633")
    assert len(recognise(pairs)) == 2
    assert recognise(pairs, Places(pairs, ("554782",))) == (Reading("EPSG:32633"),)


def test_codes_uncover_north_before_east() -> None:
    pairs = project(POLAND[:1], "EPSG:2180")[:, ::-1]
    found = settle(pairs, file="prg.gml", stated="EPSG:2180", places=Places(pairs, ("241701",)))
    assert found.reading == Reading("EPSG:2180", "north-east")
    assert "put right" in str(found.problems[0])


@pytest.mark.parametrize("pair", [[2.35, 48.85], [1e7, 1e7], [0.0, 0.0]])
def test_what_fits_nowhere_is_refused_with_the_known_crs(pair: list[float]) -> None:
    with pytest.raises(FileRefusedError, match="none of EPSG:4326, EPSG:2180"):
        settle(np.array([pair]), file="x.csv")


def test_metres_that_claim_to_be_degrees_are_read_as_metres() -> None:
    found = settle(project(POLAND, "EPSG:2180"), file="gminy.geojson", stated="EPSG:4326")
    assert (found.reading, found.origin) == (Reading("EPSG:2180"), "recognised")
    assert "states EPSG:4326" in str(found.problems[0])


def test_a_declared_crs_wins_over_the_file() -> None:
    pairs = project(CZECHIA, "EPSG:32633")
    found = settle(pairs, file="x.shp", stated="EPSG:4326", declared="EPSG:32633")
    assert (found.reading.crs, found.origin, found.problems) == ("EPSG:32633", "declared", ())


def test_a_wrong_declaration_is_refused_and_the_likely_crs_named() -> None:
    pairs = project(CZECHIA, "EPSG:5514")
    with pytest.raises(FileRefusedError, match=r"declared EPSG:2180.*would fit: EPSG:5514"):
        settle(pairs, file="x.shp", declared="EPSG:2180")
    with pytest.raises(FileRefusedError, match="EPSG:999999 is not known"):
        settle(pairs, file="x.shp", declared="EPSG:999999")


def test_a_crs_without_a_place_counts_as_none() -> None:
    local = (
        'ENGCRS["local",EDATUM["x"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],UNIT["metre",1]]'
    )
    found = settle(CZECHIA, file="x.gpkg", stated=local)
    assert (found.reading.crs, found.origin) == ("EPSG:4326", "recognised")


def test_krovak_of_an_esri_prj_is_transformed_as_precisely_as_its_code() -> None:
    pairs = project(CZECHIA, "EPSG:5514")
    found = settle(pairs, file="x.shp", stated=ESRI_KROVAK)
    assert (found.reading.crs, found.origin) == ("EPSG:5514", "file")
    _, accuracy = to_wgs84(shapely.points(pairs), found.reading)
    assert accuracy == 1.0


def test_one_country_is_told_from_the_other_only_away_from_the_border() -> None:
    shares = lies_in(shapely.points(np.vstack([POLAND[1:], CZECHIA[:1], [[18.63, 49.75]]])))
    assert shares == {"PL": 0.5, "CZ": 0.25}


def test_features_of_far_away_are_found() -> None:
    assert outside_area(shapely.points([[19.0, 50.0], [2.0, 48.0]])).tolist() == [False, True]


@settings(max_examples=30, deadline=None)
@given(st.floats(14.5, 23.5), st.floats(49.5, 54.0), st.sampled_from(["EPSG:2180", "EPSG:3035"]))
def test_coordinates_survive_the_way_there_and_back(lon: float, lat: float, crs: str) -> None:
    there = project(np.array([[lon, lat]]), crs)
    back, accuracy = to_wgs84(shapely.points(there), Reading(crs))
    np.testing.assert_allclose(shapely.get_coordinates(back), [[lon, lat]], atol=1e-7)
    assert accuracy is not None
    assert accuracy <= 1.0


@settings(max_examples=20, deadline=None)
@given(st.floats(14.5, 23.0), st.floats(49.5, 54.0))
def test_area_does_not_depend_on_the_place(lon: float, lat: float) -> None:
    """A rectangle of the ellipsoid, by its formula, has the area that is measured."""
    radius, squared = 6378137.0, 0.00669437999014
    south, north = np.radians(lat), np.radians(lat + 0.01)

    def zone(angle: float) -> float:
        sine, root = np.sin(angle), np.sqrt(squared)
        belt = sine / (1 - squared * sine**2) + np.arctanh(root * sine) / root
        return radius**2 * (1 - squared) / 2 * belt

    exact = (zone(north) - zone(south)) * np.radians(0.01) / 10_000
    square = gpd.GeoSeries([shapely.box(lon, lat, lon + 0.01, lat + 0.01)], crs=4326)
    measured = area_ha(square)[0]
    assert measured == pytest.approx(exact, rel=1e-5)
