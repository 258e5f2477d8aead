from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from geoapp.errors import FileRefusedError
from geoapp.sources.gate import admit
from geoapp.sources.kml import read_kml

KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Folder>
<Placemark><name>Źródło</name><description><![CDATA[<b>zimne</b>]]></description>
  <ExtendedData><Data name="places"><value>12</value></Data>
    <SchemaData><SimpleData name="kod">0201011</SimpleData></SchemaData></ExtendedData>
  <Point><coordinates>19.1,49.5,700</coordinates></Point></Placemark>
<Placemark><name>Szlak</name>
  <LineString><coordinates>
    19.1,49.5 19.2,49.6
  </coordinates></LineString></Placemark>
<Placemark><name>Park</name><MultiGeometry><Polygon>
  <outerBoundaryIs><LinearRing><coordinates>19,49 20,49 20,50 19,49</coordinates></LinearRing>
  </outerBoundaryIs>
  <innerBoundaryIs><LinearRing><coordinates>19.6,49.2 19.8,49.2 19.8,49.3 19.6,49.2</coordinates>
  </LinearRing></innerBoundaryIs></Polygon></MultiGeometry></Placemark>
<Placemark><name>Nigdzie</name><Point><coordinates>east,north</coordinates></Point></Placemark>
</Folder>{more}</Document></kml>
"""
LINK = "<NetworkLink><Link><href>http://host.example/more.kml</href></Link></NetworkLink>"


def test_placemarks_are_features(tmp_path: Path) -> None:
    path = tmp_path / "doc.kml"
    path.write_text(KML.format(more=LINK), encoding="utf-8")
    raw = read_kml(path, file="doc.kml")
    assert raw.table["name"].tolist() == ["Źródło", "Szlak", "Park", "Nigdzie"]
    assert raw.table.loc[0, ["description", "places", "kod"]].tolist() == [
        "<b>zimne</b>",
        "12",
        "0201011",
    ]
    assert raw.geometry is not None
    assert [None if shape is None else shape.wkt for shape in raw.geometry] == [
        "POINT (19.1 49.5)",
        "LINESTRING (19.1 49.5, 19.2 49.6)",
        "MULTIPOLYGON (((19 49, 20 49, 20 50, 19 49), "
        "(19.6 49.2, 19.8 49.2, 19.8 49.3, 19.6 49.2)))",
        None,
    ]
    assert [problem.values["count"] for problem in raw.problems] == [1]
    assert "not followed" in raw.problems[0].sentence()


def test_kmz_is_read_through_the_gate(tmp_path: Path) -> None:
    path = tmp_path / "places.kmz"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("doc.kml", KML.format(more=""))
        packed.writestr("images/icon.png", b"\x89PNG")
    raw = admit(path)
    assert (raw.crs, len(raw.table), raw.problems) == ("EPSG:4326", 4, ())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<kml><Document/></kml>", "no placemark"),
        (f"<kml>{LINK}</kml>", "no placemark"),
        ("<kml><Placemark></kml>", r"cannot be read \(mismatched tag"),
        ('<!DOCTYPE kml [<!ENTITY a "b">]><kml>&a;</kml>', "document type declaration"),
        ("<kml>&undefined;<Placemark/></kml>", "undefined entity"),
    ],
)
def test_kml_without_places_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "doc.kml").write_text(text, encoding="utf-8")
    with pytest.raises(FileRefusedError, match=reason):
        admit(tmp_path / "doc.kml")
