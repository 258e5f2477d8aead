import datetime as dt
import io
import tempfile
import unicodedata
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pptx import Presentation
from pptx.opc.package import Part
from pptx.opc.packuri import PackURI
from pptx.util import Emu

from geoapp.core.atlas import Atlas
from geoapp.core.building import build_map, group_choice
from geoapp.core.choice import Choice
from geoapp.core.mapspec import GeometryRef, LegendGroup, MapLayer, MapSpec, Style, View
from geoapp.core.table import Column, Table, municipality_rows
from geoapp.errors import FileRefusedError
from geoapp.maps.sheet_text import inert, text_width
from geoapp.maps.slides import MapPage, render_deck, render_slides
from geoapp.maps.slides_map import NAMED
from geoapp.maps.slides_shapes import EMU_PER_MM, Box
from geoapp.maps.slides_template import open_stage
from geoapp.maps.slides_words import SIZES, fitting_words
from geoapp.text import LANGUAGES, Text

DATE = dt.date(2026, 11, 22)
HOSTILE = '=1+1 <b>&"\x07\u202e\ufffe]]>' + "ż" * 500
VBA = "http://schemas.microsoft.com/office/2006/relationships/vbaProject"
IMAGE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"


@pytest.fixture
def spec(atlas: Atlas, english: Text) -> MapSpec:
    layers = tuple(layer.spec.slug for layer in atlas.themes)
    choice = Choice(partnerships=("pl-beskid",), layers=layers, selected="241711")
    return build_map(atlas, choice, english)


def opened(content: bytes) -> Any:
    return Presentation(io.BytesIO(content))


def deck(spec: MapSpec, **more: Any) -> Any:
    return opened(render_slides(spec, phrases=Text(spec.language), date=DATE, **more))


def map_slide(spec: MapSpec, **more: Any) -> Any:
    return deck(spec, **more).slides[1]


def freeforms(slide: Any) -> list[tuple[str, shapely.Geometry]]:
    """Names and places, EMU of the slide, of all areas that are drawn vertex by vertex."""
    found = []
    for element in slide.shapes._spTree.iter("{*}sp"):
        path = element.find(".//{*}custGeom//{*}path")
        if path is None or path.get("fill") == "none":
            continue
        offset = element.find(".//{*}xfrm/{*}off")
        left, top = int(offset.get("x")), int(offset.get("y"))
        rings: list[list[tuple[int, int]]] = []
        for step in path:
            if step.tag.endswith("moveTo"):
                rings.append([])
            for point in step:
                rings[-1].append((left + int(point.get("x")), top + int(point.get("y"))))
        name = element.find(".//{*}cNvPr").get("name")
        found.append((name, shapely.union_all([shapely.Polygon(ring) for ring in rings])))
    return found


def texts(slide: Any) -> list[str]:
    return [found.text for found in slide.shapes._spTree.iter("{*}t")]


def saved(tmp_path: Path, presentation: Any, name: str = "office.pptx") -> Path:
    path = tmp_path / name
    presentation.save(path)
    return path


def one_layer(tmp_path: Path, kind: Any, *, selectable: bool = False, style: Style) -> MapSpec:
    reference = GeometryRef(
        name="a-0123456789abcdef.pmtiles",
        path=tmp_path / "absent",
        kind=kind,
        features=9,
        bounds=(19, 49, 19.2, 49.1),
        min_zoom=4,
        max_zoom=12,
    )
    layer = MapLayer(
        slug="a", name="Layer", geometry=reference, styles=(style,), selectable=selectable
    )
    view = View(key="a", bounds=(19, 49, 19.2, 49.1))
    return MapSpec(title="Title", language="en", view=view, layers=(layer,))


def test_every_municipality_is_one_freeform_of_its_name(spec: MapSpec) -> None:
    names = [name for name, _ in freeforms(map_slide(spec))]
    for name in ("Rajcza", "Ujsoły", "Milówka"):
        assert names.count(name) == 1
    assert "Rumburk" not in names


def test_shared_borders_stay_shared(tmp_path: Path) -> None:
    steps = np.random.default_rng(0).normal(0, 0.00005, 2000)
    middle = list(zip(19.1 + steps, np.linspace(49, 49.1, 2000), strict=True))
    west = shapely.Polygon([(19, 49), *middle, (19, 49.1)])
    east = shapely.Polygon([(19.2, 49), *middle, (19.2, 49.1)])
    given = gpd.GeoDataFrame(
        {"key": ["w", "e"], "name": ["West", "East"]}, geometry=[west, east], crs="EPSG:4326"
    )
    plain = one_layer(tmp_path, "polygon", selectable=True, style=Style(fill="#88ccee"))
    shapes = dict(freeforms(map_slide(plain, features={"a": given})))
    assert 20 < shapely.get_num_coordinates(shapes["West"]) < 1500
    whole = shapely.union_all([shapes["West"], shapes["East"]])
    assert whole.area == pytest.approx(shapes["West"].area + shapes["East"].area, rel=1e-6)
    assert not shapely.get_parts(whole)[0].interiors


def test_the_legend_has_the_fill_of_the_map(atlas: Atlas, english: Text) -> None:
    spec = build_map(atlas, Choice(partnerships=("pl-beskid",), group_by="role"), english)
    slide = map_slide(spec)
    fills: dict[str, set[str]] = {}
    for element in slide.shapes._spTree.iter("{*}sp"):
        pattern = element.find(".//{*}spPr/{*}pattFill")
        if pattern is not None:
            colours = [found.get("val") for found in pattern.iter("{*}srgbClr")]
            name = element.find(".//{*}cNvPr").get("name")
            fills.setdefault(name, set()).add(f"{pattern.get('prst')} {' '.join(colours)}")
    shown = {item.label for group in spec.legend for item in group.items}
    assert fills["Rajcza"]
    assert any(fills["Rajcza"] & fills.get(label, set()) for label in shown)


def test_a_pattern_over_the_map_lets_it_show_through(tmp_path: Path) -> None:
    given = gpd.GeoDataFrame(
        {"key": ["a"], "name": ["Reserve"]},
        geometry=[shapely.box(19.05, 49.02, 19.15, 49.08)],
        crs="EPSG:4326",
    )
    for pattern in ("diagonal", "back-diagonal", "cross", "horizontal", "dots"):
        style = Style.model_validate({"fill": "#225522", "fill_opacity": 0.25, "pattern": pattern})
        spec = one_layer(tmp_path, "polygon", style=style)
        named = [
            element
            for element in map_slide(spec, features={"a": given}).shapes._spTree.iter("{*}sp")
            if element.find(".//{*}cNvPr").get("name") == "Reserve"
        ]
        assert len(named) == 2
        assert named[0].find(".//{*}spPr/{*}solidFill//{*}alpha").get("val") == "25000"
        assert len(list(named[1].iter("{*}moveTo"))) > 10


def test_titles_alternatives_and_notes_are_there(spec: MapSpec) -> None:
    shown = deck(spec, figures=[("Members", "6")], notes=["Say hello."], bullets=["A point"])
    assert all(slide.shapes.title.text_frame.text for slide in shown.slides)
    drawn = shown.slides[1]
    drawn_map = next(shape for shape in drawn.shapes if shape.name.startswith("Map: "))
    assert drawn_map._element.nvGrpSpPr.cNvPr.get("descr") == spec.text_alternative
    told = drawn.notes_slide.notes_text_frame.text
    for expected in (
        "Say hello.",
        "A point",
        "Members: 6",
        *spec.notices,
        "Source: Trails: © OpenStreetMap contributors, date not known, ODbL",
    ):
        assert expected in told
    assert shown.core_properties.modified.date() == DATE


def test_notices_stand_on_the_map_and_sources_at_the_end(spec: MapSpec) -> None:
    shown = deck(spec)
    assert set(spec.notices) <= set(texts(shown.slides[1]))
    last = texts(shown.slides[len(shown.slides) - 1])
    assert all(any(line in text for text in last) for line in spec.attribution)
    assert set(spec.notices) <= set(last)


def test_names_are_editable_text_boxes_that_do_not_meet(spec: MapSpec) -> None:
    boxes = [
        element
        for element in map_slide(spec).shapes._spTree.iter("{*}sp")
        if element.find(".//{*}cNvSpPr").get("txBox") == "1"
        and element.find(".//{*}cNvPr").get("name") in ("Rajcza", "Ujsoły", "Milówka", "Łękawica")
    ]
    assert {box.find(".//{*}t").text for box in boxes} >= {"Rajcza", "Ujsoły", "Milówka"}
    places = []
    for box in boxes:
        offset, extent = box.find(".//{*}off"), box.find(".//{*}ext")
        x, y = int(offset.get("x")), int(offset.get("y"))
        places.append(shapely.box(x, y, x + int(extent.get("cx")), y + int(extent.get("cy"))))
    assert shapely.union_all(places).area == pytest.approx(sum(place.area for place in places))


def test_shapes_have_ids_of_their_own_and_no_style_of_the_theme(spec: MapSpec) -> None:
    for slide in deck(spec, figures=[("a", "b")]).slides:
        tree = slide.shapes._spTree
        ids = [found.get("id") for found in tree.iter("{*}cNvPr")]
        assert len(set(ids)) == len(ids)
        assert not list(tree.iter("{*}style"))


def test_tables_are_native_and_cut_into_readable_parts(spec: MapSpec, english: Text) -> None:
    rows = pd.DataFrame({"n": [f"M{place}" for place in range(26)], "x": [None, *range(25)]})
    for number in range(8):
        rows[f"c{number}"] = 1.25
    columns = (
        Column("n", "Name"),
        Column("x", "Number", "number"),
        *(Column(f"c{number}", f"C{number}", "number", 1) for number in range(8)),
    )
    shown = deck(spec, tables={"Facts": Table(rows, columns)})
    tables = [
        shape.table
        for slide in shown.slides
        for shape in slide.shapes
        if shape.has_table and slide.shapes.title.text_frame.text.startswith("Facts (")
    ]
    assert [(len(table.rows), len(table.columns)) for table in tables] == [
        *((13, 7), (13, 7), (3, 7)),
        *((13, 4), (13, 4), (3, 4)),
    ]
    assert tables[0].first_row
    assert [tables[0].cell(row, 1).text for row in (1, 2)] == ["–", "0"]
    assert tables[0].cell(1, 2).text == "1.3"
    assert [tables[0].cell(1, 0).text, tables[5].cell(2, 0).text] == ["M0", "M25"]
    assert sum(column.width for column in tables[0].columns) == tables[0]._graphic_frame.width


def test_the_table_of_the_map_fits_the_slide(atlas: Atlas, spec: MapSpec, english: Text) -> None:
    rows = municipality_rows(atlas, group_choice(atlas, Choice()), english)
    shown = deck(spec, tables={"Municipalities": rows})
    for slide in shown.slides:
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.left + shape.width <= shown.slide_width
            assert shape.top + shape.height <= shown.slide_height


def test_the_same_map_gives_the_same_bytes(spec: MapSpec, english: Text) -> None:
    first, second = (render_slides(spec, phrases=english, date=DATE) for _ in range(2))
    assert first == second
    assert first != render_slides(spec, phrases=english, date=dt.date(2026, 11, 23))


@pytest.mark.parametrize("language", LANGUAGES)
def test_letters_are_right_in_each_language(atlas: Atlas, language: Any) -> None:
    spec = build_map(atlas, Choice(), Text(language))
    shown = deck(spec)
    names = {found.get("name") for found in shown.slides[1].shapes._spTree.iter("{*}cNvPr")}
    assert {"Ujsoły", "Šluknov"} <= names
    assert {item.label for group in spec.legend for item in group.items} <= set(
        texts(shown.slides[1])
    )
    tags = {found.get("lang") for found in shown.slides[1].shapes._spTree.iter("{*}rPr")}
    assert tags == {{"pl": "pl-PL", "cs": "cs-CZ", "en": "en-GB"}[language]}


def test_hostile_names_are_inert(spec: MapSpec, english: Text) -> None:
    layers = tuple(layer.model_copy(update={"name": HOSTILE}) for layer in spec.layers)
    items = tuple(
        item.model_copy(update={"label": HOSTILE}) for group in spec.legend for item in group.items
    )
    hostile = spec.model_copy(
        update={
            "title": HOSTILE,
            "layers": layers,
            "legend": (LegendGroup(title=HOSTILE, items=items, note=HOSTILE),),
            "notices": (HOSTILE,),
            "attribution": (HOSTILE,),
            "text_alternative": HOSTILE,
        }
    )
    table = Table(pd.DataFrame({"a": [HOSTILE]}), (Column("a", HOSTILE),))
    content = render_slides(
        hostile, phrases=english, date=DATE, bullets=[HOSTILE], tables={HOSTILE: table}
    )
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        written = b"".join(package.read(name) for name in package.namelist() if "slide" in name)
    assert "ż".encode() * 30 in written
    for acting in ("\u202e", "\x07", "\ufffe", "<b>"):
        assert acting.encode() not in written
    assert len(opened(content).slides) >= 4


def test_many_features_become_one_shape_and_the_notes_say_so(tmp_path: Path) -> None:
    count = NAMED["line"] + 1
    lines = [
        shapely.LineString([(19 + place / 2000, 49.02), (19 + place / 2000, 49.08)])
        for place in range(count)
    ]
    given = gpd.GeoDataFrame(
        {"key": [str(place) for place in range(count)], "name": "Road"},
        geometry=lines,
        crs="EPSG:4326",
    )
    spec = one_layer(tmp_path, "line", style=Style(stroke="#117733"))
    slide = map_slide(spec, features={"a": given})
    drawn = [
        element
        for element in slide.shapes._spTree.iter("{*}sp")
        if element.find(".//{*}cNvPr").get("name") == "Layer"
    ]
    assert len(drawn) == 1
    assert len(list(drawn[0].iter("{*}moveTo"))) == count
    assert "has 301 features here" in slide.notes_slide.notes_text_frame.text
    few = map_slide(spec, features={"a": given.iloc[:3]})
    names = [found.get("name") for found in few.shapes._spTree.iter("{*}cNvPr")]
    assert names.count("Road") == 3


def test_tiles_that_nobody_gave_are_left_out_aloud(tmp_path: Path) -> None:
    slide = map_slide(one_layer(tmp_path, "line", style=Style()))
    assert "“Layer” is too big for this file and is left out." in texts(slide)


def test_a_long_legend_goes_on_on_its_own_slide(spec: MapSpec) -> None:
    group = next(group for group in spec.legend if group.items)
    many = tuple(
        LegendGroup(
            title=f"Group {place}",
            items=(group.items[0].model_copy(update={"label": f"Item {place}"}),),
        )
        for place in range(30)
    )
    shown = deck(spec.model_copy(update={"legend": many}))
    found = [text for slide in shown.slides for text in texts(slide) if text.startswith("Item ")]
    assert found == [f"Item {place}" for place in range(30)]


def test_a_deck_holds_several_maps(spec: MapSpec, english: Text) -> None:
    pages = [MapPage(spec, title="First"), MapPage(spec, title="Second", bullets=("A", "B"))]
    shown = opened(
        render_deck(pages, phrases=english, date=DATE, title="Meeting", subtitle="Rajcza")
    )
    assert [slide.shapes.title.text_frame.text for slide in shown.slides] == [
        "Meeting",
        "First",
        "Second",
        "Second",
        "Sources",
    ]
    assert {"A", "B"} <= set(texts(shown.slides[3]))
    assert {"Rajcza", "2026-11-22"} <= set(texts(shown.slides[0]))


def test_points_beside_key_figures_go_on_on_slides_of_their_own(spec: MapSpec) -> None:
    points = [f"Point {place}: " + "word " * 30 for place in range(12)]
    shown = list(deck(spec, bullets=points, figures=[("Members", "6")]).slides)[2:-1]
    assert [slide.shapes.title.text_frame.text for slide in shown] == [
        "Beskid: key figures",
        *["Beskid"] * (len(shown) - 1),
    ]
    assert len(shown) > 1
    told = [text for slide in shown for text in texts(slide) if text.startswith("Point ")]
    assert [text.split(":")[0] for text in told] == [f"Point {place}" for place in range(12)]


@given(st.lists(st.text(max_size=900), max_size=12), st.integers(30, 300), st.integers(15, 200))
def test_no_word_is_lost_between_slides(lines: list[str], width: int, height: int) -> None:
    room, left, seen = Box(0, 0, width * EMU_PER_MM, height * EMU_PER_MM), lines, ""
    while left:
        fitting, left, size = fitting_words(left, room)
        assert fitting
        assert size in SIZES
        seen += "".join(fitting)
    assert _letters(seen) == _letters("".join(lines))


def _letters(text: str) -> Counter[str]:
    # marks that meet anew where a space went are put into another order
    return Counter(unicodedata.normalize("NFD", "".join(inert(text).split())))


def test_a_column_holds_its_longest_word(spec: MapSpec, english: Text) -> None:
    headings = ("Municipality", "Marginalisation status", "Residents", "Childcare (illustrative)")
    rows = pd.DataFrame([["Radziechowy-Wieprz", "not on the list of areas at risk", "9", "8"]] * 3)
    rows.columns = ["a", "b", "c", "d"]
    columns = tuple(Column(*pair) for pair in zip("abcd", headings, strict=True))
    shown = deck(spec, tables={"Facts": Table(rows, columns)})
    table = next(shape for slide in shown.slides for shape in slide.shapes if shape.has_table).table
    for place, heading in enumerate(headings):
        words = [(word, True) for word in heading.split()]
        words += [(word, False) for word in str(rows.iloc[0, place]).split()]
        longest = max(text_width(word, 12 - bold, bold=bold) for word, bold in words)
        assert table.columns[place].width >= longest * EMU_PER_MM
    assert sum(column.width for column in table.columns) == table._graphic_frame.width


def test_a_template_gives_its_size_and_layouts_and_nothing_else(
    tmp_path: Path, spec: MapSpec
) -> None:
    office = Presentation()
    office.slide_width, office.slide_height = Emu(9_000_000), Emu(12_000_000)
    slide = office.slides.add_slide(office.slide_layouts[1])
    slide.shapes.title.text_frame.text = "SECRET"
    part = Part(
        PackURI("/ppt/vbaProject.bin"),
        "application/vnd.ms-office.vbaProject",
        office.part.package,
        b"MACRO",
    )
    office.part.relate_to(part, VBA)
    outside = office.slide_layouts[5].part.relate_to(
        "http://elsewhere.example/x.png", IMAGE, is_external=True
    )
    title = office.slide_layouts[5].placeholders[0]._element
    link = title.find(".//{*}cNvPr").makeelement(
        "{http://schemas.openxmlformats.org/drawingml/2006/main}hlinkClick", {}
    )
    link.set("{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id", outside)
    title.find(".//{*}cNvPr").append(link)
    content = render_slides(
        spec, phrases=Text("en"), date=DATE, template=saved(tmp_path, office, "office.pptm")
    )
    shown = opened(content)
    assert (shown.slide_width, shown.slide_height) == (9_000_000, 12_000_000)
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        every = b"".join(package.read(name) for name in package.namelist())
        assert not [name for name in package.namelist() if "vba" in name]
    for word in (b"SECRET", b"MACRO", b"elsewhere", b"hlinkClick"):
        assert word not in every
    assert all(slide.shapes.title.text_frame.text for slide in shown.slides)


def rezipped(path: Path, change: Any) -> Path:
    """The same package with `change(name, content)` in place of each part; None leaves it out."""
    with zipfile.ZipFile(path) as source:
        parts = {name: change(name, source.read(name)) for name in source.namelist()}
    with zipfile.ZipFile(path, "w") as written:
        for name, content in parts.items():
            if content is not None:
                written.writestr(name, content)
    return path


def entity(name: str, content: bytes) -> bytes:
    if name != "ppt/presentation.xml":
        return content
    return content.replace(b"<p:presentation", b'<!DOCTYPE x [<!ENTITY a "b">]><p:presentation', 1)


def cut(name: str, content: bytes) -> bytes:
    return content[: len(content) // 2] if name == "ppt/presentation.xml" else content


def without_masters(name: str, content: bytes) -> bytes | None:
    return None if "slideMaster" in name else content


def without_presentation(name: str, content: bytes) -> bytes | None:
    return None if name == "ppt/presentation.xml" else content


@pytest.mark.parametrize("change", [entity, cut, without_masters, without_presentation])
def test_a_broken_or_hostile_template_is_refused(
    tmp_path: Path, spec: MapSpec, change: Any
) -> None:
    template = rezipped(saved(tmp_path, Presentation()), change)
    with pytest.raises(FileRefusedError, match=r"office\.pptx: The template is no presentation"):
        deck(spec, template=template)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"%PDF-1.7", b"x" * 100])
def test_what_is_no_presentation_is_refused(tmp_path: Path, spec: MapSpec, content: bytes) -> None:
    template = tmp_path / "a.pptx"
    template.write_bytes(content)
    with pytest.raises(FileRefusedError, match="is no presentation that can be used"):
        deck(spec, template=template)


def test_a_missing_template_is_refused(tmp_path: Path, spec: MapSpec) -> None:
    with pytest.raises(FileRefusedError, match="cannot be read"):
        deck(spec, template=tmp_path / "absent.pptx")


def test_a_template_without_titles_is_refused(tmp_path: Path, spec: MapSpec) -> None:
    office = Presentation()
    for layout in list(office.slide_layouts):
        if layout.name != "Blank":
            office.slide_layouts.remove(layout)
    with pytest.raises(FileRefusedError, match="layouts that have a title"):
        deck(spec, template=saved(tmp_path, office))


def test_an_office_template_of_another_kind_is_used(tmp_path: Path, spec: MapSpec) -> None:
    def as_template(name: str, content: bytes) -> bytes:
        return content.replace(b"presentation.main+xml", b"template.main+xml")

    template = rezipped(saved(tmp_path, Presentation(), "office.potx"), as_template)
    assert len(deck(spec, template=template).slides) >= 3


@settings(max_examples=12)
@given(st.data())
def test_a_damaged_template_is_used_or_refused(data: st.DataObject) -> None:
    content = io.BytesIO()
    Presentation().save(content)
    with zipfile.ZipFile(content) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    name = data.draw(st.sampled_from(sorted(name for name in parts if name.endswith("ml"))))
    place = data.draw(st.integers(0, len(parts[name])))
    noise = data.draw(st.binary(max_size=8) | st.sampled_from([b"<", b"\0", b"rId1", b"../.."]))
    parts[name] = parts[name][:place] + noise + parts[name][place + len(noise) :]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "office.pptx"
        with zipfile.ZipFile(path, "w") as written:
            for part, held in parts.items():
                written.writestr(part, held)
        try:
            stage = open_stage(path)
        except FileRefusedError as refused:
            assert refused.problem.file == "office.pptx"
        else:
            assert stage.area.width > 0
            assert not len(stage.deck.slides)
