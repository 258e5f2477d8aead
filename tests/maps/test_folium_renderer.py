"""The folium map: offline, and deaf to whatever the data says."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import folium
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, expect

from geoapp.core.mapspec import (
    BaseMap,
    GeometryKind,
    GeometryRef,
    LegendGroup,
    LegendItem,
    MapLayer,
    MapSpec,
    Style,
    View,
)
from geoapp.errors import FileRefusedError
from geoapp.maps import folium_map
from geoapp.maps.folium_page import inert

BOUNDS = (19.0, 49.0, 19.4, 49.2)
HOSTILE = (
    "{{ 7*7 }}",
    "{{",
    "{% for x in y %}",
    "{# note",
    "${7*7}",
    "`${alert(1)}`",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=//foreign.example/x.png>",
    "\"'><svg onload=alert(1)>",
    "\\'); alert(1); //",
    "&lt;b&gt; &#123;&#123; 7*7 &#125;&#125;",
)
STYLES = (
    Style(fill="#8ecae6"),
    Style(fill="#f4a259", pattern="diagonal"),
    Style(fill=None, pattern="dots"),
)


def _square(index: int) -> dict[str, object]:
    west, south = 19.0 + 0.1 * index, 49.0
    ring = [[west, south], [west + 0.1, south], [west + 0.1, 49.2], [west, 49.2], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _layer(
    folder: Path,
    names: tuple[str, ...],
    kind: GeometryKind = "polygon",
    **changes: object,
) -> MapLayer:
    shapes: dict[str, list[dict[str, object]]] = {
        "polygon": [_square(index) for index in range(len(names))],
        "line": [
            {"type": "LineString", "coordinates": [[19.0, 49.05 + 0.02 * i], [19.4, 49.1]]}
            for i in range(len(names))
        ],
        "point": [
            {"type": "Point", "coordinates": [19.05 + 0.1 * i, 49.15]} for i in range(len(names))
        ],
    }
    features = [
        {
            "type": "Feature",
            "properties": {"key": f"k{i}", "name": name, "px": 19.05 + 0.1 * i, "py": 49.1},
            "geometry": shapes[kind][i],
        }
        for i, name in enumerate(names)
    ]
    path = folder / f"{kind}-0123456789abcdef.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    reference = GeometryRef(
        name=path.name, path=path, kind=kind, features=len(names), bounds=BOUNDS
    )
    values: dict[str, object] = {
        "slug": kind, "name": f"All {kind}s", "geometry": reference, "styles": STYLES,
        "selectable": kind == "polygon", "labels": kind == "polygon",
    }  # fmt: skip
    return MapLayer(**{**values, **changes})  # type: ignore[arg-type]


def _spec(*layers: MapLayer, **changes: object) -> MapSpec:
    values: dict[str, object] = {
        "title": "Partnership", "language": "pl", "view": View(key="all", bounds=BOUNDS),
        "layers": layers,
        "legend": (
            LegendGroup(title="Group", items=(LegendItem(label="Diagonal", style=STYLES[1]),)),
        ),
        "attribution": ("Borders: geoapp",), "notices": ("Schematic borders",),
        "text_alternative": "Three areas.",
    }  # fmt: skip
    return MapSpec(**{**values, **changes})  # type: ignore[arg-type]


def _written(spec: MapSpec) -> str:
    return str(folium_map(spec).get_root().render())


@dataclass
class Opened:
    page: Page
    requests: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Opened]:
    found = Opened(chromium.new_page(viewport={"width": 1000, "height": 600}))
    page = found.page
    page.on("request", lambda request: found.requests.append(request.url))
    page.on("dialog", lambda dialog: (found.wrong.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: found.wrong.append(str(error)))
    yield found
    page.close()
    assert found.wrong == []
    assert [url for url in found.requests if not url.startswith(("file:", "data:"))] == []


def _open(opened: Opened, spec: MapSpec, folder: Path) -> Page:
    folium_map(spec).save(folder / "map.html")
    opened.page.goto((folder / "map.html").as_uri())
    expect(opened.page.locator(".leaflet-overlay-pane path").first).to_be_attached()
    return opened.page


@given(st.text())
def test_an_inert_text_is_read_as_itself_and_holds_no_sign_of_code(text: str) -> None:
    written = inert(text)
    assert not set(written) & set("<>\"'`$\\{}")
    if "\r" not in text and "\0" not in text:
        assert html.unescape(written) == text


def test_the_page_names_no_foreign_host(tmp_path: Path) -> None:
    page = _written(_spec(_layer(tmp_path, ("A", "B", "C"))))
    for mark in ("http://", "https://", "cdn.", 'src="//'):
        assert mark not in page


def test_a_map_shown_in_a_notebook_names_no_foreign_host_either(tmp_path: Path) -> None:
    shown = folium_map(_spec(_layer(tmp_path, ("A",))))._repr_html_()
    assert "<iframe srcdoc=" in shown
    assert "https://" not in html.unescape(shown)


def test_folium_templates_are_not_evaluated_a_second_time(tmp_path: Path) -> None:
    drawn = folium_map(_spec(_layer(tmp_path, ("A",))))
    folium.GeoJson(
        {"type": "Feature", "properties": {"n": "{{ 123456*1001 }}"}, "geometry": _square(0)}
    ).add_to(drawn)
    page = drawn.get_root().render()
    assert "123579456" not in page
    assert "{{ 123456*1001 }}" in page


def test_a_feature_without_a_style_is_left_out(tmp_path: Path) -> None:
    layer = _layer(tmp_path, ("Shown", "Hidden"), assign={"k0": 1}, default=None)
    page = _written(_spec(layer))
    assert "Shown" in page
    assert "Hidden" not in page


def test_the_language_and_the_words_are_in_the_page(tmp_path: Path) -> None:
    page = _written(_spec(_layer(tmp_path, ("A",)), phrases={"legend": "Legenda"}))
    assert '<html lang="pl">' in page
    assert "Three areas." in page
    assert "<summary>Legenda</summary>" in page


def test_a_layer_without_features_is_passed_over(tmp_path: Path) -> None:
    assert "All polygons" not in _written(_spec(_layer(tmp_path, ())))


@pytest.mark.parametrize("content", [None, "{", "[]", '{"features": 3}'])
def test_a_display_file_that_cannot_be_read_is_refused(tmp_path: Path, content: str | None) -> None:
    layer = _layer(tmp_path, ("A",))
    if content is None:
        layer.geometry.path.unlink()
    else:
        layer.geometry.path.write_text(content)
    with pytest.raises(FileRefusedError, match=r"polygon-\w+\.geojson: expected a GeoJSON"):
        folium_map(_spec(layer))


def test_a_tile_address_keeps_its_placeholders_and_no_other_brace(tmp_path: Path) -> None:
    base = BaseMap(
        slug="tiles", name="Tiles", attribution="©",
        url="https://{s}.tiles.example/{z}/{x}/{-y}{r}.png?q={{7*7}}{key}",
    )  # fmt: skip
    page = _written(_spec(_layer(tmp_path, ("A",)), base_map=base))
    assert "https://{s}.tiles.example/{z}/{x}/{-y}{r}.png?q=%7B%7B7*7%7D%7D%7Bkey%7D" in page


def test_a_wms_is_asked_for_its_layers(tmp_path: Path) -> None:
    base = BaseMap(
        slug="wms", name="Base", attribution="©", url="https://wms.example/", kind="wms",
        wms_layers="topo,names",
    )  # fmt: skip
    page = _written(_spec(_layer(tmp_path, ("A",)), base_map=base))
    assert 'L.tileLayer.wms(\n                "https://wms.example/"' in page
    assert '"layers": "topo,names"' in page


@pytest.mark.browser
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_and_never_run(opened: Opened, tmp_path: Path, text: str) -> None:
    layers = (
        _layer(
            tmp_path, (text, "Plain"), name=text,
            tooltips={"k0": (text,)}, assign={text: 0},
        ),
        _layer(tmp_path, (text, text), "line", name=text),
        _layer(tmp_path, (text, text), "point", name=text),
    )  # fmt: skip
    legend = LegendGroup(
        title=text, note=text, items=(LegendItem(label=text, note=text, style=STYLES[1]),)
    )
    base = BaseMap(slug="b", name=text, url="https://tiles.example/{z}/{x}/{y}", attribution=text)
    opened.page.route("https://tiles.example/**", lambda route: route.fulfill(status=204))
    page = _open(
        opened,
        _spec(
            *layers, title=text, notices=(text,), attribution=(text,), text_alternative=text,
            legend=(legend,), phrases={"legend": text}, base_map=base, selected=text,
        ),
        tmp_path,
    )  # fmt: skip
    page.locator(".leaflet-overlay-pane path.leaflet-interactive").first.hover()
    expect(page.locator(".leaflet-tooltip")).to_be_visible()
    shown = page.locator("body").inner_text()
    for place in (".geoapp-head h1", ".geoapp-head p", ".geoapp-words", ".geoapp-legend h2"):
        assert page.locator(place).text_content() == text
    for place in (".leaflet-tooltip", ".geoapp-sources", ".geoapp-name", ".geoapp-legend summary"):
        assert text in str(page.locator(place).first.text_content())
    names = page.locator(".leaflet-control-layers-overlays label")
    assert [name.inner_text().strip() for name in names.all()] == [
        text, f"{text} (2)", f"{text} (3)",
    ]  # fmt: skip
    assert page.title() == text.strip()
    assert "49" not in shown
    assert page.locator("body img:not(.leaflet-tile)").count() == 0
    opened.requests[:] = [
        url for url in opened.requests if not url.startswith("https://tiles.example/")
    ]


@pytest.mark.browser
def test_the_saved_map_draws_every_kind_with_its_patterns(opened: Opened, tmp_path: Path) -> None:
    layers = (
        _layer(tmp_path, ("Alfa", "Beta", "Gama"), assign={"k0": 0, "k1": 1, "k2": 2}),
        _layer(tmp_path, ("Path",), "line"),
        _layer(
            tmp_path, ("Stop", "Halt"), "point",
            styles=(Style(fill="#c1121f", shape="diamond"), Style(fill="#000000", shape="square")),
            assign={"k1": 1},
        ),
    )  # fmt: skip
    page = _open(opened, _spec(*layers, selected="k1"), tmp_path)
    paths = page.locator(".leaflet-overlay-pane path")
    assert paths.count() == 4
    for path in page.locator(".leaflet-overlay-pane path[fill^='url(']").all():
        assert page.locator(str(path.get_attribute("fill"))[4:-1]).count() == 1
    assert page.locator(".leaflet-overlay-pane path[stroke-width='4']").count() == 1
    assert page.locator(".leaflet-marker-pane polygon").count() == 2
    expect(page.locator(".geoapp-name span", has_text="Alfa")).to_be_visible()
    page.locator(".leaflet-marker-pane .leaflet-marker-icon:has(polygon)").first.hover()
    expect(page.locator(".leaflet-tooltip")).to_contain_text("Stop")


@pytest.mark.browser
def test_names_that_would_meet_are_left_out(opened: Opened, tmp_path: Path) -> None:
    names = ("A very long name of a place", "Another very long name of one", "C")
    page = _open(opened, _spec(_layer(tmp_path, names)), tmp_path)
    page.set_viewport_size({"width": 420, "height": 400})
    page.reload()
    expect(page.locator(".geoapp-name span", has_text="A very")).to_be_visible()
    expect(page.locator(".geoapp-name span", has_text="Another")).to_be_hidden()


def test_a_layer_of_tiles_is_left_out_and_told(chromium: Browser, tmp_path: Path) -> None:
    areas = _layer(tmp_path, ("a", "b"))
    tiles = areas.geometry.model_copy(
        update={"name": "roads-0123456789abcdef.pmtiles", "min_zoom": 4, "max_zoom": 12}
    )
    name = HOSTILE[0] + HOSTILE[7]
    roads = MapLayer(slug="roads", name=name, geometry=tiles, styles=STYLES)
    phrases = {"too-large": "{layer}: za duża na osobną stronę"}
    file = tmp_path / "map.html"
    folium_map(_spec(areas, roads, phrases=phrases)).save(str(file))
    page = chromium.new_page()
    page.goto(file.as_uri())
    told = page.locator(".geoapp-head p")
    expect(told).to_have_text(["Schematic borders", f"{name}: za duża na osobną stronę"])
    expect(page.locator(".leaflet-control-layers-overlays label")).to_have_text(["All polygons"])
    assert page.locator("img").count() == 0
    page.close()
