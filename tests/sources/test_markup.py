"""GML as map servers send it: where its coordinates come out, and what it may not do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import shapely

from geoapp.core.checked import check_layer
from geoapp.core.layer import LayerSpec
from geoapp.errors import FileRefusedError
from geoapp.sources.gate import admit
from geoapp.sources.layer_file import load_layer

URN = "urn:ogc:def:crs:EPSG::"
GML_32 = """<?xml version="1.0" encoding="{encoding}"?>
<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0"
  xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:ms="http://mapserver.gis.umn.edu/mapserver"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" numberMatched="2" numberReturned="2"
  xsi:schemaLocation="http://mapserver.gis.umn.edu/mapserver {schema}">
{members}
</wfs:FeatureCollection>
"""
MEMBER = """<wfs:member><ms:A03 gml:id="A03.{number}">
  <ms:JPT_KOD_JE>{code}</ms:JPT_KOD_JE><ms:JPT_NAZWA_>{name}</ms:JPT_NAZWA_>
  <ms:geometry><gml:MultiSurface srsName="{crs}"><gml:surfaceMember><gml:Polygon>
    <gml:exterior><gml:LinearRing><gml:posList>{outer}</gml:posList></gml:LinearRing></gml:exterior>
    <gml:interior><gml:LinearRing><gml:posList>{inner}</gml:posList></gml:LinearRing></gml:interior>
  </gml:Polygon></gml:surfaceMember></gml:MultiSurface></ms:geometry>
</ms:A03></wfs:member>"""
GML_2 = """<?xml version="1.0"?>
<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs"
  xmlns:gml="http://www.opengis.net/gml" xmlns:a="http://a.example">
<gml:featureMember><a:place fid="p.1"><a:kod>0601011</a:kod><a:geom>
  <gml:Point srsName="http://www.opengis.net/gml/srs/epsg.xml#2180">
    <gml:coordinates>760000,370000</gml:coordinates></gml:Point>
</a:geom></a:place></gml:featureMember>
</wfs:FeatureCollection>
"""
# the corner of a square of 10 km in the Polish grid, and of 0.1 degrees
CORNERS = {"2180": (760_000, 370_000, 10_000), "4326": (23, 51, 0.1), "4258": (23, 51, 0.1)}


def ring(east: float, north: float, side: float, *, north_first: bool) -> str:
    pairs = [(0, 0), (side, 0), (side, side), (0, side), (0, 0)]
    placed = [(east + x, north + y) for x, y in pairs]
    return " ".join(f"{y} {x}" if north_first else f"{x} {y}" for x, y in placed)


def gml(epsg: str = "2180", *, crs: str = URN, north_first: bool = True, **fields: str) -> str:
    """Return a collection of two squares with holes, side by side."""
    east, north, side = CORNERS[epsg]
    members = []
    for number, (code, name) in enumerate((("0601011", "Bolesławiec"), ("0601022", "Żary"))):
        west = east + number * side
        quarter = (west + side / 4, north + side / 4, side / 4)
        members.append(
            MEMBER.format(
                number=number,
                code=code,
                name=name,
                crs=crs + epsg,
                outer=ring(west, north, side, north_first=north_first),
                inner=ring(*quarter, north_first=north_first),
            )
        )
    usual = {"encoding": "UTF-8", "schema": "http://schema.example/a.xsd"}
    return GML_32.format(members="\n".join(members), **(usual | fields))


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "gminy.gml"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("crs", "north_first", "turned"),
    [
        (URN, True, False),
        (URN, False, True),
        ("http://www.opengis.net/def/crs/EPSG/0/", True, False),
        ("EPSG:", False, False),
        ("EPSG:", True, True),
        ("http://www.opengis.net/gml/srs/epsg.xml#", False, False),
    ],
)
@pytest.mark.parametrize("epsg", ["2180", "4326"])
def test_axes_come_out_right_whatever_their_order(
    tmp_path: Path,
    spec: Callable[..., LayerSpec],
    epsg: str,
    crs: str,
    north_first: bool,
    turned: bool,
) -> None:
    path = written(tmp_path, gml(epsg, crs=crs, north_first=north_first))
    raw = admit(path)
    assert raw.table["JPT_KOD_JE"].tolist() == ["0601011", "0601022"]
    assert raw.table["JPT_NAZWA_"].tolist() == ["Bolesławiec", "Żary"]
    checked = check_layer(raw, spec("gminy.gml"))
    first = checked.frame.geometry.iloc[0]
    west, south = (23.0, 51.0) if epsg == "4326" else (22.72, 51.135)
    assert first.bounds[:2] == pytest.approx((west, south), abs=0.02)
    assert len(first.geoms[0].interiors if first.geom_type == "MultiPolygon" else first.interiors)
    assert checked.report.crs_origin == ("recognised" if turned else "file")
    assert (checked.corrections["kind"] == "crs").sum() == int(turned)


def test_degrees_of_another_datum_are_put_right(
    tmp_path: Path, spec: Callable[..., LayerSpec]
) -> None:
    for north_first in (True, False):
        raw = admit(written(tmp_path, gml("4258", north_first=north_first)))
        frame = check_layer(raw, spec("gminy.gml")).frame
        assert frame.total_bounds == pytest.approx((23, 51, 23.2, 51.1), abs=1e-5)


def test_gml_2_and_a_layer_of_the_workspace(tmp_path: Path, spec: Callable[..., LayerSpec]) -> None:
    path = written(tmp_path, GML_2)
    checked = load_layer(tmp_path, spec(path.name, theme="places", kind="point"))
    assert checked.frame["unit"].tolist() == ["060101"]
    assert (checked.frame.geometry.x[0], checked.frame.geometry.y[0]) == pytest.approx(
        (22.72, 51.135), abs=0.02
    )


@pytest.mark.parametrize("encoding", ["iso-8859-2", "windows-1250", "utf-8-sig"])
def test_polish_letters_of_every_usual_encoding(tmp_path: Path, encoding: str) -> None:
    stated = encoding.removesuffix("-sig")
    path = written(tmp_path, gml(encoding=stated), encoding)
    assert admit(path).table["JPT_NAZWA_"].tolist() == ["Bolesławiec", "Żary"]


def test_arcs_become_lines(tmp_path: Path) -> None:
    arc = (
        "<gml:MultiCurve><gml:curveMember><gml:Curve><gml:segments><gml:Arc><gml:posList>"
        "200000 500000 205000 505000 200000 510000</gml:posList></gml:Arc></gml:segments>"
        "</gml:Curve></gml:curveMember></gml:MultiCurve>"
    )
    begin, _, rest = gml().partition("<gml:MultiSurface")
    middle, _, end = rest.partition("</gml:MultiSurface>")
    text = begin + arc.replace("MultiCurve>", f'MultiCurve srsName="{URN}2180">', 1) + end
    assert middle
    raw = admit(written(tmp_path, text))
    assert raw.geometry is not None
    assert shapely.get_num_coordinates(raw.geometry[0]) > 10


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda text: text.replace("?>", '?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc">]>', 1),
            "document type declaration",
        ),
        (
            lambda text: text.replace("</wfs:Feat", "<!ENTITY a 'b'></wfs:Feat"),
            "declares a document type or entities",
        ),
        (lambda text: text.replace(URN, "http://host.example/"), "no code of the EPSG register"),
        (lambda text: text.replace(f"{URN}2180", "/etc/passwd"), "no code of the EPSG register"),
        (lambda text: text.replace("UTF-8", "UTF-7", 1), "not in UTF-7"),
        (lambda text: text.replace("UTF-8", "no-such", 1), "not in no-such"),
        (
            lambda text: text.replace(
                "<ms:JPT_KOD_JE>", "<a>" * 40 + "</a>" * 40 + "<ms:JPT_KOD_JE>", 1
            ),
            "nested 4. deep; at most 32",
        ),
        (
            lambda text: text[: len(text) // 2],
            r"cannot be read \((unclosed|no element)",
        ),
    ],
)
def test_what_gml_may_not_do(tmp_path: Path, change: Callable[[str], str], reason: str) -> None:
    with pytest.raises(FileRefusedError, match=reason) as caught:
        admit(written(tmp_path, change(gml())))
    assert str(tmp_path) not in str(caught.value)
