"""The print sheet: true to scale, complete, the same every time, deaf to hostile names."""

from __future__ import annotations

import datetime as dt
import gc
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from pypdf import PdfReader
from pypdf.generic import ContentStream
from pyproj import Geod

from geoapp.core.atlas import Atlas
from geoapp.core.building import build_map
from geoapp.core.choice import Choice
from geoapp.core.mapspec import (
    GeometryRef,
    LegendGroup,
    LegendItem,
    MapLayer,
    MapSpec,
    Style,
    View,
)
from geoapp.errors import FileRefusedError, RefusedError
from geoapp.maps.sheet import render_sheet
from geoapp.text import Text

DAY = dt.date(2026, 3, 14)
POINTS_PER_MM = 72 / 25.4
HOSTILE = (
    '=HYPERLINK("http://x.example")',
    "Raj\x00cza\x1b[31m",
    "abc\u202ecba\u2066",
    r"$\frac{1}{0}$ $unclosed",
    "<script>alert(1)</script>]]>&amp;",
    "\ufffe\uffff\ud800村",
    "Ż" * 500,
    "słowo " * 100,
)


@pytest.fixture
def beskid(atlas: Atlas) -> MapSpec:
    themes = tuple(layer.spec.slug for layer in atlas.themes)
    choice = Choice(partnerships=("pl-beskid",), group_by="role", layers=themes)
    return build_map(atlas, choice, Text("pl"))


def sheet(spec: MapSpec, language: str = "en", **more: Any) -> bytes:
    phrases = Text("pl" if language == "pl" else "cs" if language == "cs" else "en")
    return render_sheet(spec, phrases=phrases, date=DAY, **more)


def words_of(pdf: bytes) -> str:
    return " ".join(PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())


def svg_texts(svg: bytes) -> list[str]:
    found = ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")  # noqa: S314 - our own
    return [text.text or "" for text in found]


@pytest.fixture
def one_layer(tmp_path: Path) -> Callable[..., MapSpec]:
    """A function that makes a map of one layer of features, given as GeoJSON geometries."""

    def make(*shapes: dict[str, Any], bounds: Any, kind: Any, names: Any = (), **more: Any) -> Any:
        features = [
            {
                "type": "Feature",
                "properties": {"key": str(number), "name": dict(enumerate(names)).get(number, "")},
                "geometry": shape,
            }
            for number, shape in enumerate(shapes)
        ]
        path = tmp_path / "features.geojson"
        collection = {"type": "FeatureCollection", "features": features}
        path.write_text(json.dumps(collection), "utf-8")
        geometry = GeometryRef(
            name="features-0123456789abcdef.geojson",
            path=path,
            kind=kind,
            features=len(features),
            bounds=bounds,
        )
        layer = {"slug": "features", "name": "Features", "styles": (Style(),)} | more
        return MapSpec(
            title="Gmina Łódź i Šluknov",
            language="en",
            view=View(key="k", bounds=bounds),
            layers=(MapLayer(geometry=geometry, **layer),),
        )

    return make


def drawn_line(pdf: bytes, colour: tuple[float, float, float]) -> np.ndarray:
    """The first and last point of the line of a colour, in points of the page."""
    reader = PdfReader(io.BytesIO(pdf))
    content = ContentStream(reader.pages[0]["/Contents"].get_object(), reader)
    path: list[list[float]] = []
    stroke = (-1.0, -1.0, -1.0)
    for operands, operator in content.operations:
        if operator == b"RG":
            stroke = tuple(float(value) for value in operands)
        elif operator == b"m":
            path = [[float(value) for value in operands]]
        elif operator == b"l":
            path.append([float(value) for value in operands])
        elif operator == b"S" and np.allclose(stroke, colour, atol=1e-3):
            return np.array([path[0], path[-1]])
    raise AssertionError("no line of this colour")


@pytest.mark.parametrize(
    ("paper", "bounds"),
    [
        ("a4", (19.0, 49.4, 19.2, 49.6)),
        ("a3", (16.5, 49.0, 19.2, 50.9)),
        ("a0", (14.0, 48.5, 24.2, 54.9)),
        ("a4", (14.0, 48.5, 24.2, 54.9)),
    ],
)
def test_a_known_distance_measures_true_on_the_pdf(
    one_layer: Callable[..., MapSpec], paper: Any, bounds: tuple[float, float, float, float]
) -> None:
    west, south, east, north = bounds
    for start, end in (((west, south), (east, south)), ((east, south), (east, north))):
        # a geodesic, because a straight line of degrees is not the shortest way
        between = Geod(ellps="WGS84").npts(*start, *end, 30)
        line = {"type": "LineString", "coordinates": [start, *between, end]}
        style = Style(stroke="#ff0080", width=1)
        pdf = sheet(one_layer(line, bounds=bounds, kind="line", styles=(style,)), paper=paper)
        ends = drawn_line(pdf, (1, 0, 128 / 255))
        written = re.search(r"Scale 1:([\d,]+)", words_of(pdf))
        assert written
        scale = float(written[1].replace(",", ""))
        measured_m = float(np.hypot(*(ends[1] - ends[0]))) / POINTS_PER_MM / 1000 * scale
        true_m = Geod(ellps="WGS84").inv(*start, *end)[2]
        assert measured_m == pytest.approx(true_m, rel=0.005)


@pytest.mark.parametrize(
    ("orientation", "size"), [("portrait", (595, 842)), ("landscape", (842, 595))]
)
def test_a_pdf_holds_all_that_a_reader_needs(
    beskid: MapSpec, atlas: Atlas, orientation: Any, size: tuple[int, int]
) -> None:
    pdf = sheet(
        beskid, orientation=orientation, locator=atlas.context, figures=[("Mieszkańcy", "21 000")]
    )
    page = PdfReader(io.BytesIO(pdf)).pages[0]
    assert (round(page.mediabox.width), round(page.mediabox.height)) == size
    told = words_of(pdf)
    for text in ("Beskid", "Rajcza", "Ujsoły", "Milówka", "Mieszkańcy", "21 000", "2026-03-14"):
        assert text in told
    for text in (*beskid.notices, *beskid.attribution):
        assert text.replace(" ", "") in told.replace(" ", "")
    for group in beskid.legend:
        for item in group.items:
            assert item.label.replace(" ", "") in told.replace(" ", "")
    for text in ("Scale 1:", "km", "True north", "Projection: transverse Mercator"):
        assert text in told


def test_a_pdf_can_be_read_aloud(beskid: MapSpec) -> None:
    reader = PdfReader(io.BytesIO(sheet(beskid)))
    assert reader.pdf_header == "%PDF-1.7"
    root: Any = reader.root_object
    assert root["/Lang"] == "pl"
    assert root["/MarkInfo"]["/Marked"] is not None
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    figure = root["/StructTreeRoot"]["/K"]
    assert figure["/S"] == "/Figure"
    assert figure["/Alt"] == beskid.text_alternative
    assert reader.metadata is not None
    assert reader.metadata.title == "Beskid"
    assert reader.metadata.creation_date == dt.datetime(2026, 3, 14, tzinfo=dt.UTC)
    content = ContentStream(reader.pages[0]["/Contents"].get_object(), reader)
    assert [operator for _, operator in content.operations[:1]] == [b"BDC"]
    assert content.operations[-1][1] == b"EMC"


def test_a_pdf_embeds_its_fonts_as_truetype(beskid: MapSpec) -> None:
    resources: Any = PdfReader(io.BytesIO(sheet(beskid))).pages[0]["/Resources"]
    fonts = [font.get_object() for font in resources["/Font"].values()]
    assert fonts
    for font in fonts:
        inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
        assert "/FontFile2" in inner["/FontDescriptor"]
        assert "DejaVuSans" in inner["/BaseFont"]


def test_an_svg_has_a_group_for_each_layer_and_its_text_as_text(beskid: MapSpec) -> None:
    svg = sheet(beskid, format="svg")
    tree = ET.fromstring(svg)  # noqa: S314 - our own
    groups = {group.get("id") for group in tree.iter("{http://www.w3.org/2000/svg}g")}
    assert {f"layer-{layer.slug}" for layer in beskid.layers} <= groups
    assert {"title", "notices", "legend", "labels", "sources"} <= groups
    assert tree.findtext("{http://www.w3.org/2000/svg}desc") == beskid.text_alternative
    texts = svg_texts(svg)
    assert {"Beskid", "Rajcza", "Ujsoły"} <= set(texts)
    assert "http" not in re.sub(
        r"http://(www\.w3\.org|purl\.org|creativecommons\.org)/", "", svg.decode()
    )


def test_a_png_is_the_page_at_its_resolution(beskid: MapSpec) -> None:
    image = Image.open(io.BytesIO(sheet(beskid, format="png", dpi=100)))
    assert image.size == (1169, 826)
    assert image.text["Description"] == beskid.text_alternative  # type: ignore[attr-defined]
    # a sheet that was drawn has many colours
    assert len(np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0)) > 100


@pytest.mark.parametrize("file_format", ["pdf", "svg", "png"])
def test_the_same_map_gives_the_same_bytes(beskid: MapSpec, file_format: Any) -> None:
    assert sheet(beskid, format=file_format, dpi=60) == sheet(beskid, format=file_format, dpi=60)


def test_no_figure_stays_in_memory(beskid: MapSpec) -> None:
    sheet(beskid, format="svg")
    gc.collect()
    assert [one for one in gc.get_objects() if isinstance(one, Figure)] == []


@pytest.mark.parametrize("file_format", ["pdf", "svg", "png"])
def test_hostile_texts_are_drawn_as_text(
    one_layer: Callable[..., MapSpec], file_format: Any
) -> None:
    rings = [[[19 + n, 49], [20 + n, 49], [20 + n, 50], [19 + n, 49]] for n in range(len(HOSTILE))]
    shapes = [{"type": "Polygon", "coordinates": [ring]} for ring in rings]
    bounds = (19, 49, 19 + len(HOSTILE), 50)
    plain = one_layer(*shapes, bounds=bounds, kind="polygon", names=HOSTILE, labels=True)
    items = tuple(LegendItem(label=text, style=Style(), note=text) for text in HOSTILE)
    every = " ".join(HOSTILE)
    spec = plain.model_copy(
        update={
            "title": every,
            "legend": (LegendGroup(title=every, items=items, note=every),),
            "attribution": HOSTILE,
            "notices": HOSTILE,
            "text_alternative": every,
        }
    )
    figures = [(text, text) for text in HOSTILE]
    content = sheet(spec, paper="a3", format=file_format, figures=figures, dpi=50)
    if file_format == "svg":
        texts = svg_texts(content)
        assert not re.search("[\x00-\x1f\u202a-\u202e\u2066-\u2069]", "".join(texts))
        assert r"$\frac{1}{0}$ $unclosed" in texts
        assert "Raj cza [31m" in texts
        assert b"<script" not in content
    elif file_format == "pdf":
        told = words_of(content)
        assert r"$\frac{1}{0}$" in told
        assert "ŻŻŻ" in told


def test_styles_that_only_colour_tells_apart_get_hatches(one_layer: Callable[..., MapSpec]) -> None:
    def square(west: float) -> dict[str, Any]:
        ring = [[west, 49], [west + 0.1, 49], [west + 0.1, 49.1], [west, 49.1], [west, 49]]
        return {"type": "Polygon", "coordinates": [ring]}

    def lines_inside(*fills: str) -> int:
        spec = one_layer(
            square(19.0),
            square(19.1),
            bounds=(19.0, 49.0, 19.2, 49.1),
            kind="polygon",
            styles=tuple(Style(fill=fill, stroke=None) for fill in fills),
            assign={"0": 0, "1": len(fills) - 1},
        )
        tree = ET.fromstring(sheet(spec, format="svg"))  # noqa: S314 - our own
        group = tree.find(".//*[@id='layer-features']")
        assert group is not None
        return sum("stroke:" in (path.get("style") or "") for path in group.iter())

    assert lines_inside("#cc6677") == 0
    assert lines_inside("#cc6677", "#88ccee") == 1


def test_what_has_no_room_is_told(one_layer: Callable[..., MapSpec]) -> None:
    names = [f"Gmina {number}" for number in range(100, 140)]
    point = {"type": "Point", "coordinates": [19.05, 49.05]}
    spec = one_layer(
        *[point] * len(names),
        bounds=(19.0, 49.0, 19.1, 49.1),
        kind="point",
        names=names,
        labels=True,
    )
    told = words_of(sheet(spec))
    placed = len(set(re.findall(r"Gmina \d+", told)))
    assert 1 < placed < len(names)
    assert f"{len(names) - placed} names had no room on the map." in told
    items = tuple(
        LegendItem(label=f"Klasa {number}", style=Style(fill="#aabbcc")) for number in range(90)
    )
    long = spec.model_copy(update={"legend": (LegendGroup(title="Klasy", items=items),)})
    told = words_of(sheet(long))
    shown = len(set(re.findall(r"Klasa \d+", told)))
    assert 20 < shown < 90
    assert f"… and {90 - shown} more lines" in told


def test_sources_are_never_cut(one_layer: Callable[..., MapSpec]) -> None:
    point = {"type": "Point", "coordinates": [19.05, 49.05]}
    spec = one_layer(point, bounds=(19.0, 49.0, 19.1, 49.1), kind="point")
    thirty = tuple(f"Source {number}: an office, 2024, CC-BY-4.0" for number in range(30))
    told = words_of(sheet(spec.model_copy(update={"attribution": thirty})))
    assert all(source in told for source in thirty)
    most = tuple(f"Source {number}: {'an office ' * 40}" for number in range(150))
    with pytest.raises(RefusedError, match="150 sources do not fit on A4"):
        sheet(spec.model_copy(update={"attribution": most}))


def test_impossible_sheets_are_refused_with_every_reason(beskid: MapSpec) -> None:
    with pytest.raises(RefusedError, match=r"paper 'b5'.*format 'gif'.*7 dpi"):
        sheet(beskid, paper="b5", format="gif", dpi=7)
    with pytest.raises(RefusedError, match="A0 at 600 dpi"):
        sheet(beskid, paper="a0", format="png", dpi=600)
    with pytest.raises(RefusedError, match="key figures do not fit"):
        sheet(beskid, figures=[("label", "value")] * 500)


def test_a_missing_display_file_is_named(beskid: MapSpec, tmp_path: Path) -> None:
    layer = beskid.layers[0]
    gone = layer.geometry.model_copy(update={"path": tmp_path / "gone.geojson"})
    spec = beskid.model_copy(update={"layers": (layer.model_copy(update={"geometry": gone}),)})
    with pytest.raises(FileRefusedError, match=r"gone\.geojson: .*prepare it again"):
        sheet(spec)


def test_a_map_of_nothing_is_still_a_sheet(beskid: MapSpec) -> None:
    assert "Beskid" in words_of(sheet(beskid.model_copy(update={"layers": (), "legend": ()})))
