from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import geopandas as gpd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geoapp.core.measure import area_ha
from geoapp.errors import FileRefusedError
from geoapp.sources.remote.fetching import Patience, fetching
from geoapp.sources.remote.gml_pages import spliced
from geoapp.sources.remote.pulled import AnswerRefusedError, Area, PulledLayer
from geoapp.sources.remote.registry import RemoteSource
from geoapp.sources.remote.wfs import _tiles, ask_wfs, pull_wfs

QUICK = Patience(first_wait_seconds=0.01, longest_wait_seconds=0.1, attempts=2, read_seconds=10)
MakeSource = Callable[..., RemoteSource]
CODE = re.compile(r"<ms:JPT_KOD_JE>(\d+)<")
ALL = ["0201011", "2417092", "2417112", "2417142"]

# Rajcza lies around an enclave of Ujsoły and has an exclave of its own beyond it.
RAJCZA = shapely.MultiPolygon(
    [
        shapely.box(19.0, 49.4, 19.1, 49.5) - shapely.box(19.03, 49.43, 19.05, 49.45),
        shapely.box(19.22, 49.4, 19.24, 49.42),
    ]
)
UJSOLY = shapely.MultiPolygon(
    [shapely.box(19.1, 49.4, 19.2, 49.5), shapely.box(19.03, 49.43, 19.05, 49.45)]
)
MILOWKA = shapely.MultiPolygon([shapely.box(19.0, 49.5, 19.1, 49.6)])
FAR = shapely.MultiPolygon([shapely.box(15.0, 51.0, 15.1, 51.1)])
AREA = Area(frozenset({"241711", "241714"}), (18.99, 49.39, 19.25, 49.51), ("PL",))
POLAND = Area(frozenset(), (14.0, 49.0, 24.0, 55.0), ("PL",), whole=True)


@pytest.fixture
def gminas(serving: ModuleType) -> list[Any]:
    shapes = {
        "2417112": ("Rajcza", RAJCZA),
        "2417142": ("Ujsoły", UJSOLY),
        "2417092": ("Milówka & <okolice>", MILOWKA),
        "0201011": ("Bolesławiec", FAR),
    }
    return [
        serving.Feature({"JPT_KOD_JE": code, "JPT_NAZWA_": name}, shape)
        for code, (name, shape) in shapes.items()
    ]


@pytest.fixture
def prg(make_source: MakeSource) -> Callable[..., RemoteSource]:
    def make(address: str, **fields: object) -> RemoteSource:
        usual: dict[str, object] = {
            "protocol": "wfs",
            "types": ["ms:A03_Granice_gmin"],
            "code_column": "JPT_KOD_JE",
            "name_column": "JPT_NAZWA_",
            "crs": "EPSG:2180",
            "countries": ["PL"],
            "page_size": 100,
        }
        return make_source(address, **(usual | fields))

    return make


def pulled(source: RemoteSource, area: Area, cache: Path) -> PulledLayer:
    with fetching(source, cache, patience=QUICK) as fetch:
        (layer,) = pull_wfs(source, area, fetch)
    return layer


def codes(layer: PulledLayer) -> list[str]:
    return sorted(layer.table["JPT_KOD_JE"])


def answered(source: RemoteSource, area: Area, cache: Path) -> list[str]:
    """Return the codes in all answers, put together as they are for reading."""
    with fetching(source, cache, patience=QUICK) as fetch:
        (pages,) = ask_wfs(source, area, fetch).values()
    joined = cache / "joined.gml"
    assert spliced(pages, joined) > 0
    return sorted(CODE.findall(joined.read_text("utf-8")))


def test_gminas_are_asked_for_by_code_and_lie_where_they_are(
    server: Any, serving: ModuleType, gminas: list[Any], prg: MakeSource, tmp_path: Path
) -> None:
    source = prg(server.at("/wfs", serving.wfs_answer(gminas)))
    layer = pulled(source, AREA, tmp_path)
    assert codes(layer) == ["2417112", "2417142"]
    assert (layer.slug, layer.columns.code, layer.columns.name) == (
        "boundaries",
        "JPT_KOD_JE",
        "JPT_NAZWA_",
    )
    (request,) = server.requests
    assert request.query["TYPENAMES"] == "ms:A03_Granice_gmin"
    assert request.query["SRSNAME"] == "urn:ogc:def:crs:EPSG::2180"
    assert "BBOX" not in request.query
    table = gpd.GeoDataFrame(layer.table).set_index("JPT_KOD_JE")
    assert table.crs == "EPSG:4326"
    for code, shape in (("2417112", RAJCZA), ("2417142", UJSOLY)):
        found = table.geometry[code]
        assert found.symmetric_difference(shape).area < 1e-7
        assert len(found.geoms) == 2
        measured, expected = area_ha(gpd.GeoSeries([found, shape], crs=4326))
        assert measured == pytest.approx(expected, 1e-5)
    assert len(table.geometry["2417112"].geoms[0].interiors) == 1


@pytest.mark.parametrize(
    ("srs", "swapped"),
    [
        ("urn:ogc:def:crs:EPSG::2180", True),
        ("http://www.opengis.net/def/crs/EPSG/0/2180", True),
        ("EPSG:2180", False),
        ("urn:ogc:def:crs:EPSG::2180", False),
        ("EPSG:2180", True),
    ],
)
@pytest.mark.parametrize("by_code", [True, False])
def test_axes_are_put_right_whatever_the_server_says(
    srs: str,
    swapped: bool,
    by_code: bool,
    server: Any,
    serving: ModuleType,
    gminas: list[Any],
    prg: MakeSource,
    tmp_path: Path,
) -> None:
    service = serving.Service(srs=srs, swapped=swapped)
    fields: dict[str, Any] = {} if by_code else {"code_column": None, "theme": "protected-nature"}
    source = prg(server.at("/wfs", serving.wfs_answer(gminas, service)), **fields)
    layer = pulled(source, AREA, tmp_path)
    bounds = gpd.GeoDataFrame(layer.table).total_bounds
    assert bounds == pytest.approx([19.0, 49.4, 19.24, 49.5 if by_code else 49.6], abs=1e-5)


def test_codes_keep_their_zeros(
    server: Any, serving: ModuleType, gminas: list[Any], prg: MakeSource, tmp_path: Path
) -> None:
    source = prg(server.at("/wfs", serving.wfs_answer(gminas)))
    layer = pulled(source, Area(frozenset({"020101"}), FAR.bounds, ("PL",)), tmp_path)
    assert codes(layer) == ["0201011"]


def test_many_codes_are_asked_for_in_turn(
    server: Any, serving: ModuleType, gminas: list[Any], prg: MakeSource, tmp_path: Path
) -> None:
    others = {f"24{number:04d}" for number in range(101, 123)}
    source = prg(server.at("/wfs", serving.wfs_answer(gminas)))
    layer = pulled(source, Area(AREA.units | others, AREA.bounds, ("PL",)), tmp_path)
    assert codes(layer) == ["2417112", "2417142"]
    assert len(server.requests) == 3
    (missing,) = [str(problem) for problem in layer.problems]
    assert "nothing for 22 codes of the area: 240101, 240102" in missing


@pytest.mark.parametrize("tells_matched", [True, False])
def test_a_country_comes_page_by_page(
    tells_matched: bool,
    server: Any,
    serving: ModuleType,
    gminas: list[Any],
    prg: MakeSource,
    tmp_path: Path,
) -> None:
    service = serving.Service(tells_matched=tells_matched)
    source = prg(server.at("/wfs", serving.wfs_answer(gminas, service)), page_size=3)
    layer = pulled(source, POLAND, tmp_path)
    assert codes(layer) == ALL
    assert [asked.query.get("STARTINDEX") for asked in server.requests] == [None, "3"]
    assert "Milówka & <okolice>" in set(layer.table["JPT_NAZWA_"])


def test_a_server_may_send_fewer_than_were_asked_for(
    server: Any, serving: ModuleType, gminas: list[Any], prg: MakeSource, tmp_path: Path
) -> None:
    source = prg(server.at("/wfs", serving.wfs_answer(gminas, serving.Service(most=2))))
    assert answered(source, POLAND, tmp_path) == ALL


@pytest.mark.parametrize("fresh_ids", [True, False])
def test_a_server_that_always_sends_the_first_page_is_asked_in_tiles(
    fresh_ids: bool,
    server: Any,
    serving: ModuleType,
    gminas: list[Any],
    prg: MakeSource,
    tmp_path: Path,
) -> None:
    service = serving.Service(pages=False, fresh_ids=fresh_ids)
    source = prg(server.at("/wfs", serving.wfs_answer(gminas, service)), page_size=4)
    assert answered(source, POLAND, tmp_path) == ALL
    assert any("BBOX" in asked.query for asked in server.requests)


def test_a_server_that_cannot_page_is_asked_in_tiles(
    server: Any, serving: ModuleType, gminas: list[Any], prg: MakeSource, tmp_path: Path
) -> None:
    told = "Cannot do natural order without a primary key, please add it"
    service = serving.Service(page_exception=told, tells_matched=True)
    source = prg(server.at("/wfs", serving.wfs_answer(gminas, service)), page_size=3)
    assert answered(source, POLAND, tmp_path) == ALL


def test_an_answer_that_is_cut_short_without_paging_is_asked_for_in_tiles(
    server: Any, serving: ModuleType, gminas: list[Any], prg: MakeSource, tmp_path: Path
) -> None:
    service = serving.Service(most=3, pages=False, tells_matched=True)
    source = prg(server.at("/wfs", serving.wfs_answer(gminas, service)), page_size=0)
    assert answered(source, POLAND, tmp_path) == ALL
    assert all("COUNT" not in asked.query for asked in server.requests)


@pytest.mark.parametrize("status", [200, 400])
def test_a_box_that_is_refused_is_cut(
    status: int,
    server: Any,
    serving: ModuleType,
    gminas: list[Any],
    prg: MakeSource,
    tmp_path: Path,
) -> None:
    # features that meet in a point could never be told apart by boxes
    apart = [gminas[0], gminas[3]]
    inner = serving.wfs_answer(apart, serving.Service(refuse_above=1))

    def answering(request: Any) -> Any:
        answer = inner(request)
        refused = b"ExceptionReport" in answer.body
        return serving.Answer(answer.body, status if refused else 200, answer.headers)

    fields: dict[str, Any] = {"code_column": None, "theme": "protected-nature"}
    source = prg(server.at("/wfs", answering), **fields)
    whole = Area(frozenset({"241711"}), (14.0, 49.0, 24.0, 55.0), ("PL",))
    assert answered(source, whole, tmp_path) == ["0201011", "2417112"]
    assert len(server.requests) > 2


def test_a_box_that_cannot_be_cut_further_is_told(
    server: Any, serving: ModuleType, gminas: list[Any], prg: MakeSource, tmp_path: Path
) -> None:
    service = serving.Service(refuse_above=0)
    source = prg(server.at("/wfs", serving.wfs_answer(gminas[:1], service)), code_column=None)
    small = Area(AREA.units, (19.0, 49.4, 19.005, 49.405), ("PL",))
    with pytest.raises(AnswerRefusedError, match="Too many features in the requested box"):
        pulled(source, small, tmp_path)


def test_a_server_that_takes_no_filter_is_asked_for_the_box(
    server: Any, serving: ModuleType, gminas: list[Any], prg: MakeSource, tmp_path: Path
) -> None:
    source = prg(server.at("/wfs", serving.wfs_answer(gminas, serving.Service(filters=False))))
    assert answered(source, AREA, tmp_path) == ["2417092", "2417112", "2417142"]
    south, west, *_ = server.requests[-1].query["BBOX"].split(",")
    assert (float(south), float(west)) == (49.39, 18.99)


def test_tiles_of_the_registry_are_kept_to(
    server: Any, serving: ModuleType, gminas: list[Any], prg: MakeSource, tmp_path: Path
) -> None:
    source = prg(server.at("/wfs", serving.wfs_answer(gminas)), tile_degrees=5)
    assert answered(source, POLAND, tmp_path) == ALL
    assert len(server.requests) == 4


@pytest.mark.parametrize("status", [200, 400, 500])
def test_an_exception_report_is_told_in_one_sentence(
    status: int, server: Any, serving: ModuleType, prg: MakeSource, tmp_path: Path
) -> None:
    report = serving.exception("Unknown typename <b>x</b>\x1b[2J", "InvalidParameterValue", status)
    source = prg(server.at("/wfs", report), code_column=None)
    with pytest.raises(AnswerRefusedError) as refused:
        pulled(source, AREA, tmp_path)
    assert str(refused.value) == (
        "test: The server refused the question (InvalidParameterValue): "
        "“Unknown typename <b>x</b> [2J”."
    )


@pytest.mark.parametrize(
    "body", [b"<wms:Something xmlns:wms='x'/>", b"not xml at all", b"", b"\x00\x01"]
)
def test_what_is_no_collection_of_features_is_refused(
    body: bytes, server: Any, serving: ModuleType, prg: MakeSource, tmp_path: Path
) -> None:
    source = prg(server.at("/wfs", serving.Answer(body, headers={"Content-Type": "text/xml"})))
    with pytest.raises(FileRefusedError, match="Expected features"):
        pulled(source, AREA, tmp_path)


def test_entities_in_an_answer_are_refused(
    server: Any, serving: ModuleType, gminas: list[Any], prg: MakeSource, tmp_path: Path
) -> None:
    good = serving.wfs_answer(gminas)

    def answering(request: Any) -> Any:
        dtd = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<wfs:FeatureCollection'
        body = good(request).body.replace(b"<wfs:FeatureCollection", dtd, 1)
        return serving.Answer(body.replace("Ujsoły".encode(), b"&x;"))

    with pytest.raises(FileRefusedError, match="document type"):
        pulled(prg(server.at("/wfs", answering)), AREA, tmp_path)


def test_nothing_there_is_an_empty_layer(
    server: Any, serving: ModuleType, prg: MakeSource, tmp_path: Path
) -> None:
    layer = pulled(prg(server.at("/wfs", serving.wfs_answer([]))), AREA, tmp_path)
    assert layer.table.empty


def test_types_are_joined_and_told_apart(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    parks = [serving.Feature({"kod": "PL.1", "nazwa": "Park"}, RAJCZA)]
    reserves = [
        serving.Feature({"kod": "PL.2", "nazwa": "Rezerwat"}, shapely.MultiPolygon([FAR.geoms[0]])),
        serving.Feature({"kod": "PL.3", "nazwa": "Las"}, MILOWKA),
    ]
    answers = {
        "GDOS:Parki": serving.wfs_answer(parks),
        "GDOS:Rezerwaty": serving.wfs_answer(reserves),
    }
    address = server.at("/wfs", lambda request: answers[request.query["TYPENAMES"]](request))
    source = make_source(
        address,
        protocol="wfs",
        types=list(answers),
        theme="protected-nature",
        code_column=None,
        key_column="KOD",
        crs="EPSG:2180",
        complete=True,
    )
    area = Area(AREA.units, (18.9, 49.3, 19.3, 49.7), ("PL",))
    layer = pulled(source, area, tmp_path)
    assert layer.complete
    found = layer.table[["key", "nazwa", "feature_type"]].to_numpy().tolist()
    assert found == [["PL.1", "Park", "Parki"], ["PL.3", "Las", "Rezerwaty"]]


def test_counties_are_asked_for_by_four_digits(
    server: Any, serving: ModuleType, prg: MakeSource, tmp_path: Path
) -> None:
    counties = [
        serving.Feature({"JPT_KOD_JE": code, "JPT_NAZWA_": code}, shape)
        for code, shape in (("2417", RAJCZA), ("2403", UJSOLY))
    ]
    address = server.at("/wfs", serving.wfs_answer(counties))
    source = prg(address, code_digits=4, theme="counties", key_column="JPT_KOD_JE")
    layer = pulled(source, AREA, tmp_path)
    assert (codes(layer), layer.columns.code, list(layer.table["key"])) == (
        ["2417"],
        None,
        ["2417"],
    )


def test_a_renamed_column_is_told(
    server: Any, serving: ModuleType, gminas: list[Any], prg: MakeSource, tmp_path: Path
) -> None:
    source = prg(server.at("/wfs", serving.wfs_answer(gminas)), code_column="TERYT")
    with pytest.raises(FileRefusedError, match=r"column TERYT, found .*JPT_KOD_JE.*of \[test\]"):
        pulled(source, AREA, tmp_path)


@given(
    st.floats(-10, 10),
    st.floats(-10, 10),
    st.floats(0.1, 9),
    st.floats(0.1, 9),
    st.floats(0.3, 5),
)
def test_tiles_cover_a_box_and_are_small_enough(
    west: float, south: float, width: float, height: float, side: float
) -> None:
    box = (west, south, west + width, south + height)
    tiles = _tiles(box, side)
    whole = shapely.union_all([shapely.box(*tile) for tile in tiles])
    assert whole.symmetric_difference(shapely.box(*box)).area < 1e-6
    assert all(tile[2] - tile[0] <= side + 1e-9 for tile in tiles)
    assert all(tile[3] - tile[1] <= side + 1e-9 for tile in tiles)
