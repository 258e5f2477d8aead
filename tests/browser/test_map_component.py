"""The live map in a real browser, mounted by a page that calls it as Streamlit does."""

from __future__ import annotations

import json
import math
import random
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import shapely
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Route,
    expect,
)
from shapely.geometry.base import BaseGeometry

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
from geoapp.maps.live import (
    component_script,
    component_styles,
    leaflet_script,
    live_payload,
)

pytestmark = pytest.mark.browser

COMPONENT = Path(__file__).parents[2] / "geoapp" / "ui" / "map_component"
HARNESS = Path(__file__).parent / "harness"
APP = "/office/maps"  # a reverse proxy's sub-path, so that nothing relies on the root
CSP = (
    "default-src 'self'; script-src 'self' blob: 'wasm-unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob: https://tiles.example; "
    "connect-src 'self'; object-src 'none'; base-uri 'self'"
)
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
BOUNDS = (19.0, 49.5, 19.9, 49.95)
NAMES = (
    "Górki Małe", "Jeleśnia", "Koszarawa", "Lipowa", "Łękawica", "Milówka", "Rajcza", "Świnna",
    "Ślemień", "Ujsoły", "Węgierska Górka", "Żywiec", "Czernichów", "Gilowice", "Łodygowice",
    "Radziechowy-Wieprz", "Bílá", "Čeladná", "Ostravice", "Staré Hamry", "Frýdlant nad Ostravicí",
    "Dolní Lomná", "Horní Lomná", "Mosty u Jablunkova", "Bukovec", "Písečná", "Hrčava", "Jablunkov",
    "Bystřice", "Nýdek", "Vendryně", "Třinec",
)  # fmt: skip
HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\">",
    "<script>document.title='owned'</script>",
    "{{ 7*7 }}",
    "${7*7}",
    "\"'`><svg onload=document.title='owned'>",
    "javascript:document.title='owned'",
)
MUNICIPALITIES = "municipalities-00000000000000aa.geojson"
REDRAWN = "municipalities-00000000000000bb.geojson"
STATIONS = "stations-00000000000000aa.geojson"
PATHS = "paths-00000000000000aa.geojson"
PARKS = "parks-00000000000000aa.geojson"
CROWD = "crowd-00000000000000aa.geojson"
HOSTILES = "hostile-00000000000000aa.geojson"


def coverage(columns: int, rows: int, names: tuple[str, ...], prefix: str = "24") -> dict[str, Any]:
    """Return an invented coverage of areas, EPSG:4326, filling BOUNDS."""
    chance = random.Random(7)  # noqa: S311 - a drawing, not a secret
    west, south, east, north = BOUNDS
    seeds = [
        (
            west + (east - west) * (column + chance.uniform(0.15, 0.85)) / columns,
            south + (north - south) * (row + chance.uniform(0.15, 0.85)) / rows,
        )
        for row in range(rows)
        for column in range(columns)
    ]
    cells = shapely.voronoi_polygons(shapely.MultiPoint(seeds), extend_to=shapely.box(*BOUNDS))
    features = []
    for index, cell in enumerate(shapely.intersection(cells.geoms, shapely.box(*BOUNDS))):
        bent = _wavy(cell)
        inside = shapely.point_on_surface(bent)
        properties = {
            "key": f"{prefix}{index:04d}", "name": names[index % len(names)],
            "px": inside.x, "py": inside.y, "rank": index,
        }  # fmt: skip
        features.append(feature(bent, properties))
    return {"type": "FeatureCollection", "features": features}


def feature(geometry: BaseGeometry, properties: dict[str, Any]) -> dict[str, Any]:
    shape = json.loads(shapely.to_geojson(geometry))
    return {"type": "Feature", "properties": properties, "geometry": shape}


def _wavy(cell: BaseGeometry) -> BaseGeometry:
    """Bend borders by a function of place alone, so that neighbours keep sharing them."""
    dense = shapely.segmentize(cell, 0.004)
    return shapely.transform(
        dense,
        lambda xy: (
            xy
            + 0.006
            * shapely.get_coordinates(
                shapely.points([(math.sin(y * 90), math.cos(x * 70)) for x, y in xy])
            )
        ),
    )


def _lines_and_points() -> tuple[dict[str, Any], dict[str, Any]]:
    chance = random.Random(3)  # noqa: S311 - a drawing, not a secret
    west, south, east, north = BOUNDS
    points = [
        feature(
            shapely.Point(chance.uniform(west, east), chance.uniform(south, north)),
            {"key": f"s{index}", "name": f"Station {index}"},
        )
        for index in range(30)
    ]
    lines = [
        feature(
            shapely.LineString(
                [
                    (west + (east - west) * step / 40, level + 0.03 * math.sin(step / 3 + level))
                    for step in range(41)
                ]
            ),
            {"key": f"p{index}", "name": f"Path {index}"},
        )
        for index, level in enumerate((49.62, 49.8))
    ]
    wrap = {"type": "FeatureCollection"}
    return {**wrap, "features": points}, {**wrap, "features": lines}


def _files() -> dict[str, dict[str, Any]]:
    stations, paths = _lines_and_points()
    hostile = coverage(3, 2, HOSTILE, prefix="66")
    park = feature(
        shapely.Point(19.35, 49.7).buffer(0.14), {"key": "park", "name": "Landscape park"}
    )
    return {
        MUNICIPALITIES: coverage(8, 4, NAMES),
        REDRAWN: coverage(8, 4, NAMES),
        STATIONS: stations,
        PATHS: paths,
        PARKS: {"type": "FeatureCollection", "features": [park]},
        CROWD: coverage(50, 40, NAMES, prefix="77"),
        HOSTILES: hostile,
    }


FILES = _files()

STYLES = (
    Style(fill="#8ecae6", stroke="#33475b"),
    Style(fill="#f4a259", stroke="#33475b", pattern="diagonal", pattern_colour="#7a3e00"),
    Style(fill="#a7c957", stroke="#33475b", pattern="dots", pattern_colour="#29470b"),
    Style(fill="#d8b4e2", stroke="#33475b", pattern="cross", pattern_colour="#4b1f63"),
    Style(fill=None, stroke="#33475b", pattern="back-diagonal", pattern_colour="#6b7280"),
)
STATION = Style(fill="#c1121f", stroke="#ffffff", shape="triangle", radius=6, fill_opacity=1)
PATH = Style(stroke="#5b2a86", width=3, dash=(8, 5))
PARK = Style(fill="#2a9d4b", fill_opacity=0.2, stroke="#1b6b33", width=2, pattern="horizontal",
             pattern_colour="#1b6b33")  # fmt: skip


def ref(name: str, kind: GeometryKind = "polygon") -> GeometryRef:
    count = len(FILES[name]["features"]) if name in FILES else 1
    return GeometryRef(name=name, path=Path(name), kind=kind, features=count, bounds=BOUNDS)


def municipalities(file: str = MUNICIPALITIES, /, **changes: object) -> MapLayer:
    features = FILES[file]["features"]
    keys = [item["properties"]["key"] for item in features]
    values: dict[str, Any] = {
        "slug": "municipalities",
        "name": "Municipalities",
        "geometry": ref(file),
        "styles": STYLES,
        "assign": {key: index * 5 // len(keys) for index, key in enumerate(keys)},
        "tooltips": {
            key: (f"Population {1200 + 37 * n}", "Member since 2019") for n, key in enumerate(keys)
        },
        "selectable": True,
        "labels": True,
    }
    return MapLayer(**{**values, **changes})


def overlays() -> tuple[MapLayer, ...]:
    return (
        MapLayer(slug="parks", name="Parks", geometry=ref(PARKS), styles=(PARK,)),
        MapLayer(slug="paths", name="Paths", geometry=ref(PATHS, "line"), styles=(PATH,)),
        MapLayer(
            slug="stations", name="Stations", geometry=ref(STATIONS, "point"), styles=(STATION,)
        ),
    )


def spec(*layers: MapLayer, **changes: object) -> MapSpec:
    names = ("Beskydy partnership", "Pass partnership", "Valley", "In both", "Membership unknown")
    values: dict[str, Any] = {
        "title": "Partnerships of the mountains",
        "language": "cs",
        "view": View(key="all", bounds=BOUNDS),
        "layers": layers or (municipalities(),),
        "legend": (
            LegendGroup(
                title="Partnership",
                items=tuple(
                    LegendItem(label=label, style=style)
                    for label, style in zip(names, STYLES, strict=True)
                ),
                note="24 of 26 members known, January 2024",
            ),
            LegendGroup(
                title="Themes",
                items=(
                    LegendItem(label="Landscape park", style=PARK),
                    LegendItem(label="Cycle path", style=PATH, kind="line"),
                    LegendItem(label="Station", style=STATION, kind="point", note="illustrative"),
                ),
            ),
        ),
        "attribution": ("Boundaries: geoapp, schematic", "Stations: illustrative"),
        "notices": ("Schematic borders: true areas, invented shapes.",),
        "text_alternative": "32 municipalities in two partnerships.",
    }
    return MapSpec(**{**values, **changes})


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        body, kind = self._found(path.removeprefix(APP)) if path.startswith(APP) else (None, "")
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", CSP)
        self.end_headers()
        self.wfile.write(body or b"")

    def _found(self, path: str) -> tuple[bytes | None, str]:
        assets = "/_stcore/bidi-components/geoapp.map/"
        if path.startswith("/layers/"):
            found = FILES.get(path.removeprefix("/layers/"))
            return json.dumps(found).encode() if found else None, "application/json"
        inside = path.startswith(assets)
        folder, name = (COMPONENT, path.removeprefix(assets)) if inside else (HARNESS, path[1:])
        file = folder / (name or "index.html")
        return file.read_bytes() if file.is_file() else None, TYPES.get(file.suffix, "text/plain")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Keep the test output quiet."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}{APP}/"
        server.shutdown()
        thread.join()


@dataclass
class Harness:
    """The page with its map, and what must not happen on it."""

    page: Page
    site: str
    allowed: set[str] = field(default_factory=set)
    foreign: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def show(self, wanted: MapSpec, host: str = "first", updates: int | None = None) -> None:
        payload = {**live_payload(wanted), "height": 520}
        before = self.updates(host)
        self.page.evaluate("([data, id]) => { harness.show(data, id) }", [payload, host])
        expect(self.map(host)).to_have_attribute("data-updates", str(updates or before + 1))

    def map(self, host: str = "first") -> Locator:
        return self.page.locator(f"#{host} .geoapp-map")

    def updates(self, host: str = "first") -> int:
        if not self.map(host).count():
            return 0
        return int(self.map(host).get_attribute("data-updates") or 0)

    def area(self, key: str) -> Locator:
        return self.page.locator(f"#first path[data-key='{key}']")

    def events(self, host: str = "first") -> list[list[str]]:
        found: list[list[str]] = self.page.evaluate("id => harness.events(id)", host)
        return found

    def value(self, name: str) -> str:
        return str(self.map().get_attribute(f"data-{name}"))

    def click_at(self, lon: float, lat: float) -> None:
        box = self.map().bounding_box()
        x, y = self.pixel(lon, lat)
        self.page.mouse.click(box["x"] + x, box["y"] + y)

    def pixel(self, lon: float, lat: float) -> tuple[float, float]:
        """Return where a place is drawn, from the centre and zoom the map tells."""
        zoom, centre_lat, centre_lon = (float(part) for part in self.value("view").split("/"))
        scale = 256 * 2**zoom
        box = self.map().bounding_box()
        x = (lon - centre_lon) / 360 * scale
        y = (_mercator(centre_lat) - _mercator(lat)) / (2 * math.pi) * scale
        return box["width"] / 2 + x, box["height"] / 2 + y


def _mercator(lat: float) -> float:
    return math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))


def open_harness(chromium: Browser, site: str, address: str = "", **options: object) -> Harness:
    settings = {"viewport": {"width": 1100, "height": 640}, "reduced_motion": "reduce", **options}
    page = chromium.new_page(**settings)
    harness = Harness(page, site)
    page.on("request", lambda request: _note_request(harness, request.url))
    page.on("dialog", lambda dialog: (harness.dialogs.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: harness.errors.append(str(error)))
    page.on("console", lambda message: _note_console(harness, message))
    page.goto(site + address)
    expect(page.locator("html")).to_have_attribute("data-harness", "ready")
    return harness


def _note_request(harness: Harness, url: str) -> None:
    if "/layers/" in url:
        harness.fetched.append(url.rsplit("/", 1)[1])
    own = url.startswith((harness.site, "blob:", "data:"))
    if not own and not any(url.startswith(host) for host in harness.allowed):
        harness.foreign.append(url)


def _note_console(harness: Harness, message: ConsoleMessage) -> None:
    if "Content Security Policy" in message.text or "Content-Security-Policy" in message.text:
        harness.errors.append(message.text)


@pytest.fixture
def harness(chromium: Browser, site: str) -> Iterator[Harness]:
    opened = open_harness(chromium, site)
    yield opened
    opened.page.close()
    assert opened.foreign == []
    assert opened.dialogs == []
    assert opened.errors == []


def keys(name: str = MUNICIPALITIES) -> list[str]:
    return [item["properties"]["key"] for item in FILES[name]["features"]]


def middle(key: str, name: str = MUNICIPALITIES) -> tuple[float, float]:
    properties = FILES[name]["features"][keys(name).index(key)]["properties"]
    return properties["px"], properties["py"]


OUTSIDE = (18.93, 49.6)
FIRST, SECOND, THIRD = keys()[10], keys()[13], keys()[20]


def test_everything_a_map_says_is_shown(harness: Harness) -> None:
    harness.show(spec(municipalities(), *overlays()))
    assert harness.value("ready") == "true"
    assert harness.value("layers") == "municipalities parks paths stations"
    assert harness.page.evaluate("document.documentElement.lang") == "cs"
    assert harness.page.locator("#first path[role=button]").count() == len(keys())
    expect(harness.map()).to_contain_text("Schematic borders: true areas, invented shapes.")
    expect(harness.map()).to_contain_text("24 of 26 members known, January 2024")
    expect(harness.map()).to_contain_text("Boundaries: geoapp, schematic · Stations: illustrative")
    ground = harness.page.get_by_label("Partnerships of the mountains", exact=True)
    expect(ground).to_have_accessible_description(re.compile("^32 municipalities"))
    expect(harness.page.get_by_role("button", name="Zoom in")).to_be_visible()
    expect(harness.area(FIRST)).to_have_attribute(
        "aria-label", f"{NAMES[10]}; Population 1570; Member since 2019"
    )


def test_phrases_replace_the_english_ones(harness: Harness) -> None:
    harness.show(spec(phrases={"zoom-in": "Přiblížit", "legend": "Legenda"}))
    expect(harness.page.get_by_role("button", name="Přiblížit")).to_be_visible()
    expect(harness.map().locator("summary").first).to_have_text("Legenda")
    expect(harness.page.get_by_role("button", name="Zoom out")).to_be_visible()


def test_an_update_keeps_the_map_and_restyles_only_what_changed(harness: Harness) -> None:
    harness.show(spec())
    before = harness.value("map-id")
    untouched = harness.area(SECOND).element_handle()
    restyled = harness.area(FIRST).element_handle()
    harness.show(spec(municipalities(assign={**municipalities().assign, FIRST: 3})))
    assert harness.value("map-id") == before
    assert harness.value("restyled") == "1"
    assert untouched.evaluate("element => element.isConnected")
    assert restyled.evaluate("element => element.isConnected")
    assert "cross" in str(restyled.get_attribute("fill"))
    harness.show(spec(municipalities(assign={**municipalities().assign, FIRST: 3})))
    assert harness.value("restyled") == "0"
    assert harness.fetched == [MUNICIPALITIES]


def test_new_geometry_is_put_in_before_the_old_one_goes(harness: Harness) -> None:
    harness.show(spec())
    harness.page.evaluate(
        """() => {
            const panes = document.querySelector('#first').shadowRoot
                .querySelector('.leaflet-map-pane');
            const count = () => panes.querySelectorAll('[data-layer=municipalities]').length;
            globalThis.fewest = count();
            new MutationObserver(() => { globalThis.fewest = Math.min(fewest, count()); })
                .observe(panes, { childList: true, subtree: true });
        }"""
    )
    harness.show(spec(municipalities(REDRAWN)))
    harness.show(spec(municipalities()))
    assert harness.page.evaluate("globalThis.fewest") == 1
    assert harness.map().locator("[data-layer=municipalities]").count() == 1
    assert harness.fetched == [MUNICIPALITIES, REDRAWN]


def test_layers_come_and_go_in_their_order(harness: Harness) -> None:
    parks, _, stations = overlays()
    harness.show(spec(municipalities(), stations))
    harness.show(spec(municipalities(), parks, stations))
    assert harness.value("layers") == "municipalities parks stations"
    harness.show(spec(parks))
    assert harness.value("layers") == "parks"
    assert harness.page.locator("#first path[role=button]").count() == 0


def test_a_feature_without_a_style_is_left_out_until_it_has_one(harness: Harness) -> None:
    some = {FIRST: 0, SECOND: 1}
    harness.show(spec(municipalities(assign=some, default=None)))
    assert harness.page.locator("#first path[role=button]").count() == 2
    harness.show(spec(municipalities(assign={**some, THIRD: 2}, default=None)))
    assert harness.value("restyled") == "1"
    expect(harness.area(THIRD)).to_have_attribute("role", "button")


def test_a_click_selects_at_once_and_tells_the_host(harness: Harness) -> None:
    harness.show(spec())
    harness.click_at(*middle(FIRST))
    expect(harness.map()).to_have_attribute("data-selected", FIRST)
    expect(harness.area(FIRST)).to_have_attribute("aria-pressed", "true")
    expect(harness.map().locator(".mark-selected")).to_have_count(2)
    assert harness.updates() == 1
    harness.click_at(*middle(FIRST))
    harness.click_at(*middle(SECOND))
    expect(harness.area(FIRST)).to_have_attribute("aria-pressed", "false")
    harness.click_at(*OUTSIDE)
    expect(harness.map()).to_have_attribute("data-selected", "")
    expect(harness.map().locator(".mark-selected")).to_have_count(0)
    assert harness.events() == [["select", FIRST], ["select", SECOND], ["select", ""]]


def test_a_late_answer_does_not_undo_a_newer_choice(harness: Harness) -> None:
    harness.show(spec())
    harness.click_at(*middle(FIRST))
    harness.click_at(*middle(SECOND))
    harness.show(spec(title="made before either click arrived"))
    assert harness.value("selected") == SECOND
    harness.show(spec(selected=FIRST))
    assert harness.value("selected") == SECOND
    harness.show(spec(selected=SECOND))
    harness.show(spec(selected=THIRD))
    assert harness.value("selected") == THIRD
    assert len(harness.events()) == 2


def test_a_click_reaches_the_municipality_through_overlays(harness: Harness) -> None:
    harness.show(spec(municipalities(), *overlays()))
    park = shapely.from_geojson(json.dumps(FILES[PARKS]["features"][0]["geometry"]))
    covered = next(key for key in keys() if park.contains(shapely.Point(middle(key))))
    harness.click_at(*middle(covered))
    expect(harness.map()).to_have_attribute("data-selected", covered)


def test_the_keyboard_reaches_and_selects(harness: Harness) -> None:
    harness.show(spec(municipalities(), *overlays()))
    assert harness.page.locator("#first path[tabindex='0']").count() == 1
    harness.page.locator("#before").focus()
    for key in ("Tab", "Tab"):
        harness.page.keyboard.press(key)
    first = harness.page.locator("#first path:focus")
    expect(first).to_have_attribute("data-key", keys()[0])
    expect(harness.map().locator(".mark-focus")).to_have_count(2)
    expect(harness.map().locator(".map-tooltip")).to_contain_text(NAMES[0])
    harness.page.keyboard.press("ArrowRight")
    reached = str(harness.page.locator("#first path:focus").get_attribute("data-key"))
    assert middle(reached)[0] > middle(keys()[0])[0]
    harness.page.keyboard.press("ArrowLeft")
    harness.page.keyboard.press("Enter")
    expect(first).to_have_attribute("aria-pressed", "true")
    harness.page.keyboard.press("ArrowUp")
    harness.page.keyboard.press(" ")
    harness.page.keyboard.press("Escape")
    chosen = [value for _, value in harness.events()]
    assert chosen[0] == str(keys()[0])
    assert chosen[1] not in ("", chosen[0])
    assert chosen[2] == ""
    assert harness.page.locator("#first path[tabindex='0']").count() == 1


def test_the_keyboard_reaches_what_is_drawn_on_canvas(harness: Harness) -> None:
    harness.show(spec(municipalities(), *overlays()))
    harness.area(keys()[0]).focus()
    harness.page.keyboard.press("PageUp")
    stand_in = harness.map().locator(".map-stand-in")
    expect(stand_in).to_be_focused()
    expect(stand_in).to_have_attribute("role", "img")
    expect(stand_in).to_have_attribute("aria-label", re.compile("^Path"))
    harness.page.keyboard.press("PageUp")
    expect(stand_in).to_have_attribute("aria-label", re.compile("^Station"))
    station = str(stand_in.get_attribute("aria-label"))
    harness.page.keyboard.press("ArrowRight")
    expect(stand_in).not_to_have_attribute("aria-label", station)
    harness.page.keyboard.press("Enter")
    assert harness.events() == []


def test_focus_survives_an_update_of_the_geometry(harness: Harness) -> None:
    harness.show(spec())
    harness.area(THIRD).focus()
    harness.show(spec(municipalities(REDRAWN)))
    expect(harness.area(THIRD)).to_be_focused()


def test_the_tooltip_names_what_lies_under_the_pointer(harness: Harness) -> None:
    harness.show(spec(municipalities(), *overlays()))
    tooltip = harness.map().locator(".map-tooltip")
    lon, lat = FILES[STATIONS]["features"][4]["geometry"]["coordinates"]
    box = harness.map().bounding_box()
    x, y = harness.pixel(lon, lat)
    harness.page.mouse.move(box["x"] + x, box["y"] + y)
    expect(tooltip).to_have_text("Station 4")
    x, y = harness.pixel(*middle(FIRST))
    harness.page.mouse.move(box["x"] + x, box["y"] + y)
    expect(tooltip).to_have_text(f"{NAMES[10]}Population 1570Member since 2019")
    x, y = harness.pixel(*OUTSIDE)
    harness.page.mouse.move(box["x"] + x, box["y"] + y)
    expect(tooltip).to_be_hidden()


def test_many_features_are_drawn_on_canvas_and_selected_there(harness: Harness) -> None:
    crowd = MapLayer(
        slug="crowd", name="All", geometry=ref(CROWD), styles=(STYLES[1],), selectable=True
    )
    harness.show(spec(crowd))
    assert harness.page.locator("#first path[role=button]").count() == 0
    wanted = keys(CROWD)[700]
    harness.click_at(*middle(wanted, CROWD))
    expect(harness.map()).to_have_attribute("data-selected", wanted)
    expect(harness.map().locator(".mark-selected")).to_have_count(2)
    assert harness.events() == [["select", wanted]]


def test_the_view_is_kept_until_its_key_changes(harness: Harness) -> None:
    harness.show(spec())
    whole = harness.value("view")
    harness.page.get_by_role("button", name="Zoom in").click()
    expect(harness.map()).not_to_have_attribute("data-view", whole)
    closer = harness.value("view")
    harness.show(spec(municipalities(REDRAWN), *overlays(), title="Other"))
    assert harness.value("view") == closer
    part = View(key="part", bounds=(19.3, 49.6, 19.5, 49.7))
    harness.show(spec(view=part))
    expect(harness.map()).to_have_attribute("data-view", re.compile(r"/19\.\d+$"))
    assert harness.value("view") not in (whole, closer)
    harness.show(spec())
    expect(harness.map()).to_have_attribute("data-view", re.compile(rf"^{whole[:10]}"))


def test_the_address_keeps_the_view_and_leaves_the_rest_alone(
    chromium: Browser, site: str, harness: Harness
) -> None:
    harness.page.goto(f"{site}?group=role&lang=cs")
    expect(harness.page.locator("html")).to_have_attribute("data-harness", "ready")
    harness.show(spec())
    assert "#map" not in harness.page.url
    harness.page.get_by_role("button", name="Zoom in").click()
    expect(harness.page).to_have_url(re.compile(r"\?group=role&lang=cs#map=[\d.]+/[\d.]+/[\d.]+$"))
    shared = harness.page.url.removeprefix(site)
    kept = harness.value("view")
    again = open_harness(chromium, site, shared)
    again.show(spec())
    assert again.value("view") == kept
    again.page.get_by_role("button", name="Show the whole area").click()
    expect(again.page).to_have_url(re.compile(r"lang=cs$"))
    again.page.close()


def test_a_broken_address_is_ignored(chromium: Browser, site: str) -> None:
    opened = open_harness(chromium, site, "#map=99/999/abc")
    opened.show(spec())
    assert opened.value("view").split("/")[1].startswith("49.")
    assert opened.errors == []
    opened.page.close()


def test_the_map_follows_the_size_of_its_place(harness: Harness) -> None:
    harness.show(spec())
    wide = harness.value("view")
    harness.page.evaluate("document.getElementById('first').style.width = '420px'")
    expect(harness.map()).not_to_have_attribute("data-view", wide)
    harness.page.get_by_role("button", name="Zoom in").click()
    moved = harness.value("view")
    zoom = moved.split("/")[0]
    harness.page.evaluate("document.getElementById('first').style.width = '900px'")
    harness.show(spec(title="after the change"))
    assert harness.value("view").split("/")[0] == zoom


def test_a_map_mounted_out_of_sight_appears_whole(harness: Harness) -> None:
    harness.page.evaluate("document.getElementById('first').style.display = 'none'")
    harness.show(spec())
    harness.page.evaluate("document.getElementById('first').style.display = ''")
    expect(harness.map()).to_have_attribute("data-view", re.compile(r"^(9|10)\.\d+/49\.7"))
    expect(harness.map().locator(".map-legend")).to_have_attribute("open", "")


def test_text_from_data_is_only_ever_text(harness: Harness) -> None:
    texts = tuple(HOSTILE)
    every = " | ".join(texts)
    layer = municipalities(
        HOSTILES,
        name=every,
        assign={},
        tooltips=dict.fromkeys(keys(HOSTILES), texts),
    )
    missing = MapLayer(
        slug="missing",
        name=every,
        geometry=ref("missing-00000000000000aa.geojson"),
        styles=(PARK,),
    )
    harness.show(
        spec(
            layer,
            missing,
            title=every,
            notices=texts,
            attribution=texts,
            text_alternative=every,
            phrases=dict.fromkeys(("zoom-in", "legend", "sources", "keyboard-help"), every),
            legend=(
                LegendGroup(
                    title=every,
                    note=every,
                    items=(LegendItem(label=every, note=every, style=STYLES[0]),),
                ),
            ),
        )
    )
    harness.click_at(*middle(keys(HOSTILES)[0], HOSTILES))
    harness.area(keys(HOSTILES)[1]).focus()
    harness.page.keyboard.press("ArrowRight")
    expect(harness.map().locator(".map-tooltip")).to_be_visible()
    shown = harness.map().inner_text()
    for text in texts:
        assert text in shown
    assert "49" not in harness.map().locator(".map-notices").inner_text()
    assert harness.map().locator("img, script").count() == 0
    assert harness.page.title() == "Map component"


def test_a_layer_that_cannot_be_loaded_is_told_and_the_rest_works(harness: Harness) -> None:
    gone = MapLayer(
        slug="gone", name="Lost layer", geometry=ref("gone-00000000000000aa.geojson"),
        styles=(PARK,),
    )  # fmt: skip
    harness.show(spec(municipalities(), gone))
    expect(harness.map().locator(".map-message")).to_contain_text("“Lost layer” could not be")
    assert harness.value("layers") == "municipalities"
    harness.click_at(*middle(FIRST))
    expect(harness.map()).to_have_attribute("data-selected", FIRST)
    harness.show(spec())
    expect(harness.map().locator(".map-message")).to_have_text("")


def test_patterns_of_two_maps_do_not_meet(harness: Harness) -> None:
    harness.show(spec())
    harness.show(spec(), host="second")
    names = [
        {
            str(shape.get_attribute("fill"))
            for shape in harness.page.locator(f"#{host} [fill^='url(']").element_handles()
        }
        for host in ("first", "second")
    ]
    assert len(names[0]) == len(names[1]) == 5
    assert not names[0] & names[1]
    for name in names[0]:
        assert harness.page.locator(f"#first pattern{name[4:-1]}").count() == 1
    harness.page.locator("#second path[role=button]").first.click()
    assert harness.events() == []
    assert len(harness.events("second")) == 1


def test_names_on_the_map_do_not_overlap(harness: Harness) -> None:
    harness.show(spec())
    labels = harness.map().locator(".map-label")
    boxes = [label.bounding_box() for label in labels.all()]
    assert len(boxes) >= 8
    for index, one in enumerate(boxes):
        for other in boxes[index + 1 :]:
            apart_x = (
                one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
            )
            apart_y = (
                one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
            )
            assert apart_x or apart_y, (one, other)
    before = int(harness.value("labels"))
    harness.page.get_by_role("button", name="Zoom in").click()
    expect(harness.map()).not_to_have_attribute("data-labels", str(before))


def test_only_the_chosen_base_map_is_asked_for(harness: Harness) -> None:
    harness.allowed.add("https://tiles.example/")
    asked: list[str] = []

    def _answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=204)

    harness.page.route("https://tiles.example/**", _answer)
    base = BaseMap(
        slug="tiles", name="Tiles", url="https://tiles.example/{z}/{x}/{y}.png",
        attribution="© <b>Tile</b> makers",
    )  # fmt: skip
    harness.show(spec(base_map=base))
    expect(harness.map().locator(".leaflet-tile").first).to_be_attached()
    expect(harness.map()).to_contain_text("© <b>Tile</b> makers")
    wms = base.model_copy(
        update={"slug": "wms", "kind": "wms", "url": "https://tiles.example/wms",
                "wms_layers": "topo"}
    )  # fmt: skip
    with harness.page.expect_request("**/wms?*layers=topo*"):
        harness.show(spec(base_map=wms))
    harness.show(spec())
    assert harness.map().locator(".leaflet-tile").count() == 0
    assert asked


def test_unmounting_leaves_nothing_behind(harness: Harness) -> None:
    harness.show(spec())
    harness.page.get_by_role("button", name="Zoom in").click()
    expect(harness.page).to_have_url(re.compile("#map="))
    harness.page.evaluate("harness.unmount()")
    expect(harness.map()).to_have_count(0)
    left = "document.querySelector('#first').shadowRoot.childElementCount"
    assert harness.page.evaluate(left) == 0
    expect(harness.page).not_to_have_url(re.compile("#map="))
    harness.page.mouse.move(300, 300)
    harness.page.keyboard.press("Escape")
    harness.show(spec())
    assert harness.value("ready") == "true"


def test_the_clean_up_of_an_overtaken_call_does_no_harm(harness: Harness) -> None:
    harness.show(spec())
    before = harness.value("map-id")
    harness.page.evaluate(
        """([one, two]) => {
            const overtaken = harness.show(one);
            overtaken();
            harness.show(two);
        }""",
        [live_payload(spec(title="one")), live_payload(spec(title="two"))],
    )
    # the overtaken call draws nothing
    expect(harness.map().locator(".map-title")).to_have_text("two")
    expect(harness.map()).to_have_attribute("data-updates", "2")
    assert harness.value("map-id") == before


def test_a_phone_starts_with_the_legend_folded(chromium: Browser, site: str) -> None:
    opened = open_harness(chromium, site, viewport={"width": 390, "height": 760})
    opened.show(spec())
    assert opened.map().locator(".map-legend").get_attribute("open") is None
    expect(opened.map().locator(".map-notices")).to_be_visible()
    opened.map().locator(".map-legend summary").click()
    expect(opened.map().locator(".legend-body")).to_be_visible()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390
    opened.page.close()


def test_the_theme_of_the_page_is_followed(harness: Harness) -> None:
    harness.show(spec())
    assert harness.value("theme") == "light"
    harness.page.evaluate("document.body.classList.add('dark')")
    harness.show(spec())
    assert harness.value("theme") == "dark"


def test_full_screen_shows_the_title_and_ends(harness: Harness) -> None:
    harness.show(spec())
    harness.page.get_by_role("button", name="Full screen").click()
    expect(harness.page.get_by_role("button", name="Leave full screen")).to_be_visible()
    expect(harness.map().locator(".map-title")).to_be_visible()
    harness.page.get_by_role("button", name="Leave full screen").click()
    expect(harness.page.get_by_role("button", name="Full screen")).to_be_visible()


def test_an_animated_zoom_ends_where_it_should(chromium: Browser, site: str) -> None:
    opened = open_harness(chromium, site, reduced_motion="no-preference")
    opened.show(spec(municipalities(), *overlays()))
    zoom = float(opened.value("view").split("/")[0])
    opened.page.get_by_role("button", name="Zoom in").click()
    expect(opened.map()).to_have_attribute("data-view", re.compile(rf"^{zoom + 1:.2f}/"))
    assert opened.errors == []
    opened.page.close()


def test_the_component_works_as_one_file(chromium: Browser, tmp_path: Path) -> None:
    data = json.dumps([live_payload(spec()), FILES[MUNICIPALITIES]])
    page_file = tmp_path / "map.html"
    page_file.write_text(
        "<!doctype html><meta charset='utf-8'><title>Map</title>"
        f"<style>{component_styles()}</style><div id='first' style='height: 500px'></div>"
        f"<script type='application/json' id='data'>{data}</script>"
        f"<script>{leaflet_script()}</script><script type='module'>{component_script()}"
        """
        const [data, file] = JSON.parse(document.getElementById('data').textContent);
        globalThis.chosen = [];
        mountMap({
            data, parentElement: document.getElementById('first'), stylesheets: [],
            loadGeometry: () => Promise.resolve(file),
            setTriggerValue: (...event) => chosen.push(event),
        });
        </script>""",
        encoding="utf-8",
    )
    page = chromium.new_page(reduced_motion="reduce")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(page_file.as_uri())
    expect(page.locator(".geoapp-map")).to_have_attribute("data-ready", "true")
    page.locator(f"path[data-key='{FIRST}']").click()
    assert page.evaluate("chosen") == [["select", FIRST]]
    assert requests == [page_file.as_uri()]
    page.close()


def test_geometry_may_come_from_the_page_itself(harness: Harness) -> None:
    """As in an export that is one file."""
    harness.page.evaluate(
        """([data, file]) => harness.show(
            data, 'first', { loadGeometry: () => Promise.resolve(file) })""",
        [live_payload(spec()), FILES[MUNICIPALITIES]],
    )
    expect(harness.map()).to_have_attribute("data-ready", "true")
    assert harness.page.locator("#first path[role=button]").count() == len(keys())
    assert harness.fetched == []
