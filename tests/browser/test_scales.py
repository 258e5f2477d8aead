"""Finer borders where the reader looks closer, in the running app."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

# It lies in the middle between the members of the small workspace, and is none.
BESIDE = '[data-key="241713"]'
CHUNK = re.compile(r"/layers/municipalities-\d+-\d+-")
SIDE = 30
STEP = 0.1


def bent(degrees: Any) -> Any:
    """Bend borders by a function of place alone, so that neighbours keep sharing them."""
    x, y = degrees.T
    waves = [sum(np.sin(k * 60 * other + k) / k for k in (1, 2, 4, 8, 16, 32)) for other in (y, x)]
    return degrees + 0.004 * np.column_stack(waves)


def many_borders() -> str:
    """900 gminas with winding borders, 360,000 vertices; some of them are members."""
    features = []
    for row in range(SIDE):
        for column in range(SIDE):
            x, y = 18 + STEP * column, 48.8 + STEP * row
            square = shapely.box(x, y, x + STEP, y + STEP)
            shape = shapely.transform(
                shapely.set_precision(shapely.segmentize(square, STEP / 100), 1e-6), bent
            )
            features.append(
                {
                    "type": "Feature",
                    "properties": {
                        "code": f"24{row + 10}{column + 3:02d}2",
                        "name": f"G{row}-{column}",
                    },
                    "geometry": json.loads(shapely.to_geojson(shape)),
                }
            )
    return json.dumps({"type": "FeatureCollection", "features": features})


@pytest.fixture(scope="module")
def country(
    serve: Callable[[Path], Any],
    write_workspace: Callable[[Path], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    root = write_workspace(tmp_path_factory.mktemp("country") / "workspace")
    (root / "data/boundaries/pl.geojson").write_text(many_borders(), "utf-8")
    (root / "layers/borders-cz.toml").unlink()
    # nobody asks who touches whom on schematic borders, which would take a while
    layer = root / "layers/borders-pl.toml"
    layer.write_text(layer.read_text("utf-8") + "schematic = true\n", "utf-8")
    with serve(root) as url:
        yield url


def outline(page: Page, selector: str) -> str:
    return page.locator(f".geoapp-map path{selector}").first.get_attribute("d") or ""


def zoom(page: Page, step: str, *, scale: int) -> None:
    """Zoom one step, until the map says that it is drawn at a scale."""
    found = page.locator(".geoapp-map").first
    view = found.get_attribute("data-view") or ""
    page.locator(f".map-{step}").click()
    expect(found).not_to_have_attribute("data-view", view)
    expect(found).to_have_attribute("data-scale", str(scale))


def zoom_level(page: Page) -> float:
    return float((page.locator(".geoapp-map").first.get_attribute("data-view") or "").split("/")[0])


def zoom_to(page: Page, level: float) -> None:
    """Zoom in whole steps until a level is reached or passed."""
    step = "zoom-in" if zoom_level(page) < level else "zoom-out"
    while (zoom_level(page) < level) == (step == "zoom-in"):
        reached = zoom_level(page) + (1 if step == "zoom-in" else -1)
        zoom(page, step, scale=max(least for least in (0, 8, 10, 12) if least <= reached))


def test_borders_are_as_fine_as_the_zoom_asks_for(
    open_app: Callable[..., Any], country: str
) -> None:
    app = open_app(country)
    # at first no chunk can be fetched: the map stays as it came
    app.page.route(CHUNK, lambda route: route.abort())
    app.open()
    assert app.map.is_visible()
    zoom_to(app.page, 12)
    coarse = outline(app.page, BESIDE)
    area = app.page.locator(f".geoapp-map path{BESIDE}").first
    area.evaluate("element => { element.dataset.same = 'yes'; }")
    app.page.unroute(CHUNK)
    zoom(app.page, "zoom-in", scale=12)
    zoom(app.page, "zoom-out", scale=12)
    assert outline(app.page, BESIDE).count("L") > 2 * coarse.count("L")
    # it is the same element, so that style, name and focus stay
    expect(area).to_have_attribute("data-same", "yes")


def test_a_selected_municipality_keeps_its_outline_at_every_scale(
    open_app: Callable[..., Any], country: str
) -> None:
    app = open_app(country)
    app.open()
    assert app.map.is_visible()
    zoom_to(app.page, 12)
    app.page.locator(f".geoapp-map path{BESIDE}").first.dispatch_event("click")
    marked = ".mark-selected.mark-line"
    expect(app.page.locator(f".geoapp-map path{marked}")).to_have_count(1)
    for level in (12, 10, 8, 7, 9, 11):
        zoom_to(app.page, level)
        assert outline(app.page, marked).count("L") > 3
        assert outline(app.page, marked) == outline(app.page, BESIDE), level


def test_only_chunks_in_view_are_fetched_and_only_once(
    open_app: Callable[..., Any], country: str
) -> None:
    app = open_app(country)
    asked: list[str] = []
    app.page.on("request", lambda request: CHUNK.search(request.url) and asked.append(request.url))
    app.open()
    assert app.map.is_visible()
    zoom_to(app.page, 12)
    finest = [url for url in asked if "municipalities-12-" in url]
    assert 1 <= len(finest) <= 3
    zoom_to(app.page, 10)
    zoom_to(app.page, 12)
    assert len(asked) == len(set(asked))
