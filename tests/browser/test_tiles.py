"""Layers too large to be sent whole: served, drawn, pointed at, restyled and removed as tiles."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from playwright.sync_api import Browser, Locator, Page, Response, Route, expect

from geoapp.core.mapspec import Bounds, GeometryRef, MapLayer, MapSpec, Style, View
from geoapp.maps.live import component_script, component_styles, leaflet_script, live_payload
from geoapp.server import content_policy
from geoapp.store.tiles import write_tiles
from geoapp.workspace.opening import open_workspace
from geoapp.workspace.preparing import prepare

pytestmark = pytest.mark.browser

HARNESS = Path(__file__).parent / "harness"
HOSTILE = "<img src=x onerror=alert(1)>{{ 7*7 }}"
# one square that holds all others, over several tiles of every level
LAKE = (19.0, 49.4, 19.2, 49.6)
# where two tiles of level 11 meet, and of all finer levels
EDGE = (360 * 1133 / 2**11 - 180, 49.53)
LAYER = """\
slug = "{slug}"
theme = "{theme}"
names = {{ en = "{slug}" }}
kind = "{kind}"
file = "data/themes/{slug}.geojson"
source = "geoapp"
licence = "CC0"
style = {{ colour = "#cc3311", width = 3 }}
"""
# reads the pixels of the canvas of a layer around a place of the map, as [red, green, blue, alpha]
PIXELS = """
(map, [layer, x, y, side]) => {
  const canvas = map.querySelector(`[data-layer="${layer}"] canvas`);
  const [ground, sheet] = [map, canvas].map((element) => element.getBoundingClientRect());
  const ratio = canvas.width / sheet.width;
  const corner = [ground.x + x - sheet.x, ground.y + y - sheet.y];
  const [left, top] = corner.map((value) => Math.round((value - side / 2) * ratio));
  const size = Math.max(1, Math.round(side * ratio));
  const { data } = canvas.getContext('2d').getImageData(left, top, size, size);
  const pixels = [];
  for (let at = 0; at < data.length; at += 4) pixels.push([...data.slice(at, at + 4)]);
  return pixels;
}
"""


def write_layer(root: Path, slug: str, theme: str, kind: str, shapes: list[Any]) -> None:
    """Write a layer of shapes, each with its name."""
    features = [
        {
            "type": "Feature",
            "properties": {"name": name},
            "geometry": shapely.geometry.mapping(shape),
        }
        for name, shape in shapes
    ]
    collection = {"type": "FeatureCollection", "features": features}
    (root / f"data/themes/{slug}.geojson").write_text(json.dumps(collection), "utf-8")
    text = LAYER.format(slug=slug, theme=theme, kind=kind)
    (root / f"layers/{slug}.toml").write_text(text, "utf-8")


def lane(number: int) -> shapely.LineString:
    """Return one of 61 parallel lines from west to east, 370 m apart, of many vertices."""
    return shapely.LineString([(19 + step * 0.2 / 700, lane_level(number)) for step in range(701)])


def lane_level(number: int) -> float:
    return 49.4 + number * 0.2 / 60


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, write_workspace: Callable[[Path], Path]) -> Path:
    """The small workspace with two layers that are above the budget."""
    root = write_workspace(tmp_path_factory.mktemp("tiles") / "workspace")
    lanes = [(HOSTILE if number == 30 else f"Lane {number}", lane(number)) for number in range(61)]
    write_layer(root, "lanes", "cycle-routes", "line", lanes)
    write_layer(root, "lake", "protected-nature", "polygon", [("Lake", lake())])
    return root


def lake() -> shapely.Polygon:
    """Return a square whose shore has many vertices and whose middle is an island."""
    square = shapely.segmentize(shapely.box(*LAKE), 0.8 / 42_000)
    return square - shapely.box(19.09, 49.49, 19.11, 49.51)


@pytest.fixture(scope="module")
def refs(
    root: Path, spots: GeometryRef, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, GeometryRef]:
    """What names the tiles; those of the workspace have the same names on the server."""
    themes = prepare(open_workspace(root), store=tmp_path_factory.mktemp("tiles-store")).themes
    found = {layer.spec.slug: layer.geometry for layer in themes}
    tiled = {slug: ref for slug, ref in found.items() if ref is not None and ref.is_tiled}
    assert set(tiled) == {"lanes", "lake"}
    return {**tiled, "spots": spots}


@pytest.fixture(scope="module")
def spots(tmp_path_factory: pytest.TempPathFactory) -> GeometryRef:
    """Tiles of points in rows; as many as the budget allows would take long to prepare."""
    places = [(column, row) for column in range(40) for row in range(40)]
    features = gpd.GeoDataFrame(
        {"key": [str(place) for place in places], "name": [f"Spot {x}-{y}" for x, y in places]},
        geometry=[shapely.Point(spot_at(*place)) for place in places],
        crs="EPSG:4326",
    )
    name = "spots-00000000000000aa.pmtiles"
    path = tmp_path_factory.mktemp("spots") / name
    zooms = write_tiles(features, path, properties=["key", "name"])
    return GeometryRef(
        name=name, path=path, kind="point", features=len(places), bounds=LAKE, **vars(zooms)
    )


def spot_at(column: int, row: int) -> tuple[float, float]:
    return 19.08 + column / 1050, 49.48 + row / 1050


@pytest.fixture(scope="module")
def url(root: Path, serve: Callable[[Path], Any], chromium: Browser) -> Iterator[str]:
    with serve(root) as url:
        # the server prepares its workspace when the first page is opened
        page = chromium.new_page()
        page.goto(f"{url}/?lang=en")
        expect(page.locator('.geoapp-map[data-ready="true"]')).to_be_attached(timeout=60_000)
        page.close()
        yield url


@pytest.fixture
def app(open_app: Callable[..., Any], url: str) -> Any:
    return open_app(url)


class Stage:
    """A page that calls the component as Streamlit does, on the address of the server."""

    def __init__(self, page: Page, url: str, refs: dict[str, GeometryRef]) -> None:
        self.page, self.refs = page, refs
        self.answers: list[Response] = []
        page.route(f"**/layers/{refs['spots'].name}", self._send_spots)
        page.route(re.compile(r"/stage(\.html|/harness\.js)$"), _send_stage)
        page.on("response", self._note)
        page.goto(f"{url}/stage.html")
        expect(page.locator("html")).to_have_attribute("data-harness", "ready")

    def _note(self, answer: Response) -> None:
        if "/layers/" in answer.url:
            self.answers.append(answer)

    def _send_spots(self, route: Route) -> None:
        first, last = route.request.headers["range"].removeprefix("bytes=").split("-")
        part = self.refs["spots"].path.read_bytes()[int(first) : int(last) + 1]
        route.fulfill(status=206, body=part)

    def layer(self, slug: str, style: Style, **more: Any) -> MapLayer:
        values = {"slug": slug, "name": slug, "geometry": self.refs[slug], "styles": (style,)}
        return MapLayer(**{**values, **more})

    def show(self, *layers: MapLayer, bounds: Bounds = LAKE) -> None:
        view = View(key=str(bounds), bounds=bounds)
        spec = MapSpec(title="Stage", language="en", view=view, layers=layers)
        updates = int(self.map.get_attribute("data-updates") or 0) if self.map.count() else 0
        payload = {**live_payload(spec), "height": 520}
        self.page.evaluate("data => { harness.show(data) }", payload)
        expect(self.map).to_have_attribute("data-updates", str(updates + 1))

    @property
    def map(self) -> Locator:
        return self.page.locator("#first .geoapp-map")

    def pane(self, slug: str) -> Locator:
        return self.map.locator(f'[data-layer="{slug}"]')

    def painted(self, slug: str) -> None:
        expect(self.pane(slug)).to_have_attribute("data-tiles", "drawn")

    def zoom(self, button: str) -> None:
        before = self.map.get_attribute("data-view") or ""
        self.page.get_by_role("button", name=button).click()
        expect(self.map).not_to_have_attribute("data-view", before)

    def pixels(self, slug: str, lon: float, lat: float, side: float = 1) -> list[list[int]]:
        x, y = pixel(self.map, lon, lat)
        found: list[list[int]] = self.map.evaluate(PIXELS, [slug, x, y, side])
        return found

    def point_at(self, lon: float, lat: float) -> tuple[float, float]:
        box, (x, y) = self.map.bounding_box(), pixel(self.map, lon, lat)
        assert box is not None
        # a pointer that does not move tells nothing
        self.page.mouse.move(box["x"] + x - 3, box["y"] + y - 40)
        self.page.mouse.move(box["x"] + x, box["y"] + y)
        return box["x"] + x, box["y"] + y


def _send_stage(route: Route) -> None:
    name = route.request.url.rpartition("/")[2]
    if name == "harness.js":
        # beside the page, as the component of the server is
        script = (HARNESS / name).read_text("utf-8").replace("'./_stcore", "'/_stcore")
        route.fulfill(body=script, content_type="text/javascript")
        return
    page = (HARNESS / "index.html").read_text("utf-8").replace("harness.js", "stage/harness.js")
    headers = {"Content-Security-Policy": content_policy(())}
    route.fulfill(body=page, content_type="text/html", headers=headers)


def pixel(shown: Locator, lon: float, lat: float) -> tuple[float, float]:
    """Return where a place is drawn, from the centre and zoom the map tells."""
    view, box = str(shown.get_attribute("data-view")), shown.bounding_box()
    assert box is not None
    zoom, centre_lat, centre_lon = (float(part) for part in view.split("/"))
    scale = 256 * 2**zoom
    x = (lon - centre_lon) / 360 * scale
    y = (_mercator(centre_lat) - _mercator(lat)) / (2 * math.pi) * scale
    return box["width"] / 2 + x, box["height"] / 2 + y


def _mercator(lat: float) -> float:
    return math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))


@pytest.fixture
def stage(app: Any, refs: dict[str, GeometryRef], url: str) -> Stage:
    return Stage(app.page, url, refs)


RED = Style(stroke="#cc0000", width=6)
BLUE = Style(stroke="#0000cc", width=6)
WATER = Style(fill="#0055aa", fill_opacity=0.5, stroke="#003366", width=4)
SPOT = Style(fill="#008800", fill_opacity=1, stroke="#ffffff", width=1, radius=6, shape="square")


def test_the_app_draws_a_large_theme_as_tiles(app: Any) -> None:
    answers: list[Response] = []
    app.page.on("response", lambda answer: answers.append(answer))
    app.open("?lang=en&partnerships=pl-beskid&layers=lanes")
    expect(app.map).to_have_attribute("data-layers", re.compile(r"\blanes$"))
    pane = app.map.locator('[data-layer="lanes"]')
    expect(pane).to_have_attribute("data-tiles", "drawn")
    middle = app.map.evaluate(PIXELS, ["lanes", *pixel(app.map, 19.05, 49.45), 20])
    assert max(alpha for *_, alpha in middle) > 200
    asked = [answer for answer in answers if "/layers/lanes-" in answer.url]
    assert asked
    assert {answer.status for answer in asked} == {206}
    assert all(".pmtiles" in answer.url for answer in asked)
    assert {answer.headers["content-encoding"] for answer in asked} == {"identity"}


def test_a_name_from_a_tile_is_only_ever_text(app: Any) -> None:
    app.open("?lang=en&partnerships=pl-beskid&layers=lanes")
    expect(app.map.locator('[data-layer="lanes"]')).to_have_attribute("data-tiles", "drawn")
    box = app.map.bounding_box()
    x, y = pixel(app.map, 19.05, lane_level(30))
    for off in (-30, 0):
        app.page.mouse.move(box["x"] + x, box["y"] + y + off)
    expect(app.map.locator(".map-tooltip strong")).to_have_text(HOSTILE)
    assert app.map.locator(".map-tooltip img").count() == 0


def test_tiles_are_asked_for_in_ranges_and_once(stage: Stage) -> None:
    stage.show(stage.layer("lanes", RED))
    stage.painted("lanes")
    asked = len(stage.answers)
    assert {answer.status for answer in stage.answers} == {206}
    stage.show(stage.layer("lanes", BLUE))
    (pixel_now,) = {tuple(found) for found in stage.pixels("lanes", 19.05, lane_level(15))}
    assert pixel_now[2] > 150
    assert pixel_now[0] < 60
    stage.show()
    expect(stage.pane("lanes")).to_have_count(0)
    stage.show(stage.layer("lanes", RED))
    stage.painted("lanes")
    assert len(stage.answers) == asked
    assert stage.pixels("lanes", 19.05, lane_level(15))[0][0] > 150


def test_each_feature_has_the_style_it_is_given(stage: Stage) -> None:
    lanes = stage.layer("lanes", RED)
    near = (19.05, 49.49, 19.06, 49.51)
    stage.show(lanes, bounds=near)
    stage.point_at(19.052, 49.5)
    expect(stage.map.locator(".map-tooltip strong")).to_have_text(HOSTILE)
    key = keys_of(stage, "lanes")[30]
    only = lanes.model_copy(update={"assign": {key: 1}, "styles": (RED, BLUE)})
    stage.show(only, bounds=near)
    assert stage.pixels("lanes", 19.052, 49.5)[0][2] > 150
    assert stage.pixels("lanes", 19.052, lane_level(31))[0][0] > 150
    alone = only.model_copy(update={"default": None, "tooltips": {key: ("since 2020",)}})
    stage.show(alone, bounds=near)
    assert stage.pixels("lanes", 19.052, 49.5)[0][2] > 150
    assert stage.pixels("lanes", 19.052, lane_level(31))[0][3] == 0
    stage.point_at(19.052, 49.5)
    expect(stage.map.locator(".map-tooltip span")).to_have_text("since 2020")
    stage.point_at(19.052, lane_level(31))
    expect(stage.map.locator(".map-tooltip")).to_be_hidden()


def keys_of(stage: Stage, slug: str) -> list[str]:
    """Return the keys of a layer in the order of its names' numbers."""
    features = gpd.read_parquet(stage.refs[slug].path.parent / "features.parquet")
    order = features.geometry.bounds["miny"].argsort()
    return [str(key) for key in features["key"].iloc[order]]


@pytest.mark.parametrize("ratio", [1, 1.5, 2])
def test_an_area_over_several_tiles_shows_no_seams(
    open_app: Callable[..., Any], url: str, refs: dict[str, GeometryRef], ratio: float
) -> None:
    stage = Stage(open_app(url, device_scale_factor=ratio).page, url, refs)
    stage.show(stage.layer("lake", WATER))
    for _ in range(3):
        stage.painted("lake")
        inside = stage.pixels("lake", *EDGE, side=60)
        assert {alpha for *_, alpha in inside} == {inside[0][3]}
        assert abs(inside[0][3] - 128) <= 2
        assert stage.pixels("lake", 19.1, 49.5)[0][3] == 0
        stage.zoom("Zoom in")
    canvas = stage.pane("lake").locator("canvas")
    assert canvas.evaluate("c => c.width / parseFloat(c.style.width)") == pytest.approx(
        ratio, abs=0.01
    )


def test_a_pattern_runs_on_from_tile_to_tile(stage: Stage) -> None:
    style = WATER.model_copy(update={"pattern": "horizontal", "pattern_colour": "#ffffff"})
    stage.show(stage.layer("lake", style))
    stage.painted("lake")
    stage.zoom("Zoom in")
    stage.painted("lake")
    pixels = stage.pixels("lake", *EDGE, side=70)
    rows = [pixels[start : start + 70] for start in range(0, 70 * 70, 70)]
    assert all(row == [row[0]] * 70 for row in rows)
    bright = [index for index, row in enumerate(rows) if row[0][0] > 200]
    assert bright
    assert all(rows[index - 7] == rows[index] for index in range(7, 70))


def test_an_area_answers_inside_but_not_on_its_island(stage: Stage) -> None:
    stage.show(stage.layer("lake", WATER))
    stage.painted("lake")
    stage.point_at(19.05, 49.45)
    expect(stage.map.locator(".map-tooltip strong")).to_have_text("Lake")
    stage.point_at(19.1, 49.5)
    expect(stage.map.locator(".map-tooltip")).to_be_hidden()


def test_symbols_are_whole_wherever_their_tile_ends(stage: Stage) -> None:
    stage.show(stage.layer("spots", SPOT), bounds=(19.09, 49.49, 19.11, 49.51))
    stage.painted("spots")
    for column in range(16, 25):
        for row in range(16, 25):
            block = stage.pixels("spots", *spot_at(column, row), side=6)
            assert {alpha for *_, alpha in block} == {255}, (column, row)
    stage.point_at(*spot_at(22, 23))
    expect(stage.map.locator(".map-tooltip strong")).to_have_text("Spot 22-23")


def test_the_same_view_shows_after_far_and_near(stage: Stage) -> None:
    stage.show(stage.layer("lake", WATER))
    stage.painted("lake")
    before = stage.pixels("lake", 19.05, 49.5, side=50)
    for button in ("Zoom out",) * 4 + ("Zoom in",) * 4:
        stage.zoom(button)
        stage.painted("lake")
        assert stage.pixels("lake", 19.05, 49.5)[0][3] == before[0][3]
    assert stage.pixels("lake", 19.05, 49.5, side=50) == before


def test_what_can_be_selected_is_selected_and_marked(stage: Stage) -> None:
    stage.show(stage.layer("lake", WATER, selectable=True))
    stage.painted("lake")
    stage.page.mouse.click(*stage.point_at(19.05, 49.45))
    (key,) = keys_of(stage, "lake")
    assert stage.page.evaluate("harness.events()") == [["select", key]]
    marks = stage.map.locator(".mark-selected.mark-line")
    assert marks.count() > 0
    stage.zoom("Zoom out")
    stage.painted("lake")
    expect(marks.first).to_be_attached()
    stage.page.mouse.click(*stage.point_at(19.1, 49.5))
    assert stage.page.evaluate("harness.events()")[1:] == [["select", ""]]
    expect(marks).to_have_count(0)


def test_tiles_that_cannot_be_had_are_told_and_the_rest_works(stage: Stage) -> None:
    there = stage.layer("lanes", RED)
    name = "gone-00000000000000aa.pmtiles"
    geometry = there.geometry.model_copy(update={"name": name})
    gone = there.model_copy(update={"slug": "gone", "name": "Lost layer", "geometry": geometry})
    stage.show(gone, there)
    expect(stage.map.locator(".map-message")).to_contain_text("“Lost layer” could not be")
    assert stage.map.get_attribute("data-layers") == "lanes"
    expect(stage.pane("gone")).to_have_count(0)
    stage.show(there)
    expect(stage.map.locator(".map-message")).to_have_text("")


def test_tiles_lost_while_the_map_is_open_are_told(stage: Stage) -> None:
    stage.show(stage.layer("lanes", RED))
    stage.painted("lanes")
    stage.page.route("**/layers/lanes-*", lambda route: route.abort())
    for _ in range(3):
        stage.zoom("Zoom in")
    expect(stage.map.locator(".map-message")).to_contain_text("“lanes” could not be")
    expect(stage.pane("lanes")).to_have_attribute("data-tiles", "failed")
    stage.page.unroute("**/layers/lanes-*")
    stage.zoom("Zoom in")
    stage.painted("lanes")
    expect(stage.map.locator(".map-message")).to_have_text("")


def test_unmounting_while_tiles_are_on_their_way_leaves_nothing(stage: Stage) -> None:
    lanes = stage.layer("lanes", RED)
    view = View(key="all", bounds=LAKE)
    spec = MapSpec(title="Stage", language="en", view=view, layers=(lanes,))
    stage.page.evaluate(
        """(data) => {
            harness.show(data);
            return new Promise((done) => { setTimeout(() => { harness.unmount(); done(); }, 30); });
        }""",
        {**live_payload(spec), "height": 520},
    )
    expect(stage.map).to_have_count(0)
    stage.show(lanes)
    stage.painted("lanes")


def test_a_page_that_is_one_file_says_what_it_leaves_out(
    chromium: Browser, spots: GeometryRef, tmp_path: Path
) -> None:
    layer = MapLayer(slug="spots", name=HOSTILE, geometry=spots, styles=(SPOT,))
    view = View(key="all", bounds=LAKE)
    spec = MapSpec(title="File", language="en", view=view, layers=(layer,))
    page_file = tmp_path / "map.html"
    data = json.dumps(live_payload(spec)).replace("<", "\\u003c")
    page_file.write_text(
        "<!doctype html><meta charset='utf-8'><title>Map</title>"
        f"<style>{component_styles()}</style><div id='first' style='height: 500px'></div>"
        f"<script type='application/json' id='data'>{data}</script>"
        f"<script>{leaflet_script()}</script><script type='module'>{component_script()}"
        """
        mountMap({
            data: JSON.parse(document.getElementById('data').textContent),
            parentElement: document.getElementById('first'), stylesheets: [],
            loadGeometry: () => Promise.resolve({ features: [] }), setTriggerValue: () => {},
        });
        </script>""",
        encoding="utf-8",
    )
    page = chromium.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(page_file.as_uri())
    expect(page.locator(".geoapp-map")).to_have_attribute("data-ready", "true")
    expect(page.locator(".map-message")).to_have_text(
        f"{HOSTILE}: too large for a page of its own; open it in geoapp."
    )
    assert requests == [page_file.as_uri()]
    page.close()
