"""A workspace in which files are missing or broken: it says so, and shows the rest."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

TITLES = {
    "": "Beskid",
    "partnership": "Partnership of the Beskid",
    "functional": "Functional areas",
    "data": "Data",
    "about": "About",
}
RAJCZA, RUMBURK = "241711", "562777"


@dataclass(frozen=True)
class Running:
    """A workspace that may be changed while it is served."""

    root: Path
    url: str

    def write(self, file: str, content: str) -> None:
        (self.root / file).write_text(content, "utf-8")

    def replace(self, file: str, old: str, new: str) -> None:
        text = (self.root / file).read_text("utf-8")
        assert old in text
        self.write(file, text.replace(old, new))


@pytest.fixture(scope="module")
def url(serve: Callable[[Path], Any], place: Path) -> Iterator[str]:
    with serve(place) as url:
        yield url


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory, write_workspace: Callable[[Path], Path]
) -> Path:
    return write_workspace(tmp_path_factory.mktemp("broken") / "workspace")


@pytest.fixture
def running(url: str, place: Path, write_workspace: Callable[[Path], Path]) -> Running:
    """The small workspace as it is at first."""
    for folder in ("layers", "data"):
        shutil.rmtree(place / folder)
    return Running(write_workspace(place), url)


@pytest.fixture
def app(open_app: Callable[..., Any], running: Running) -> Any:
    return open_app(running.url)


def test_what_is_broken_is_told_and_the_rest_is_shown(app: Any, running: Running) -> None:
    (running.root / "data/themes/trails.geojson").unlink()
    running.write("layers/care.toml", "slug = 'care'\nnames = {")
    running.write("data/boundaries/pl.geojson", "This is no GIS file.")
    running.replace("data/partnerships/cz-sever.toml", 'kind = "union', 'kind = "onion')
    problems = {
        "layers/trails.toml": "data/themes/trails.geojson does not exist",
        "layers/care.toml": "expected TOML",
        "data/boundaries/pl.geojson": "geojson",
        "data/partnerships/cz-sever.toml": "onion-of-municipalities",
    }
    for path, title in TITLES.items():
        app.open(f"{path}?lang=en&partnerships=pl-beskid&layers=trails,nurseries,reserve")
        expect(app.page.locator("h1").first).to_have_text(title)
        expect(app.page.get_by_test_id("stException")).to_have_count(0)
        for file, told in problems.items() if path in ("", "data") else ():
            line = app.page.get_by_role("listitem").filter(has_text=file).filter(has_text=told)
            expect(line.first).to_be_visible()
    app.open("?lang=en&layers=trails,nurseries,reserve")
    expect(app.map).to_have_attribute("data-layers", "context municipalities reserve nurseries")
    expect(app.area(RUMBURK)).to_be_visible()
    expect(app.area(RAJCZA)).to_have_count(0)
    expect(app.page.get_by_role("button", name="Trails")).to_have_count(0)
    # what has no borders still has its row
    expect(app.page.locator(".geoapp-table").first.locator("table")).to_contain_text("Rajcza")


def test_without_any_borders_there_are_tables(app: Any, running: Running) -> None:
    for file in running.root.glob("layers/borders-*.toml"):
        file.unlink()
    app.open("?lang=en&layers=trails&municipality=241711")
    expect(app.map).to_have_attribute("data-layers", "trails")
    expect(app.page.locator(".geoapp-table").first.locator("table")).to_contain_text("Rajcza")
    expect(app.page.locator(".st-key-card")).to_contain_text("8,000")
    app.open("partnership?lang=en&partnerships=pl-beskid")
    expect(app.page.locator("h1").first).to_have_text("Partnership of the Beskid")
    expect(app.map).to_have_attribute("data-layers", "")


def test_an_empty_registry_leaves_borders_and_themes(app: Any, running: Running) -> None:
    for file in running.root.glob("data/partnerships/*.toml"):
        file.unlink()
    running.write("data/municipalities.csv", "country,code,name\n")
    app.open("?lang=en&layers=trails")
    expect(app.map).to_have_attribute("data-layers", "context trails")
    app.area(RAJCZA).click()
    expect(app.page.locator(".st-key-card")).to_contain_text("Rajcza")


def test_a_change_shows_when_the_page_is_loaded_again(app: Any, running: Running) -> None:
    app.open("?lang=en&layers=trails")
    view = app.state("view")
    expect(app.map).to_contain_text("Trails")
    running.replace("layers/trails.toml", 'en = "Trails"', 'en = "Footpaths"')
    running.replace("data/themes/trails.geojson", "19.15", "19.19")
    running.write("layers/reserve.toml", "=")
    app.page.reload()
    expect(app.map).to_contain_text("Footpaths")
    alert = app.page.get_by_test_id("stAlert")
    expect(alert).to_contain_text("layers/reserve.toml")
    # the legend's words may be wider now, which shifts the fitted area by half a pixel or two
    assert numbers(app.state("view")) == pytest.approx(numbers(view), abs=0.05)
    shutil.rmtree(running.root / "layers")
    app.page.reload()
    expect(alert).to_contain_text("expected a workspace")
    (running.root / "layers").mkdir()
    app.page.reload()
    expect(app.map).to_have_attribute("data-layers", "")
    expect(alert).to_have_count(0)


def numbers(view: str) -> list[float]:
    """Return zoom, latitude and longitude of a map's view."""
    return [float(number) for number in view.split("/")]
