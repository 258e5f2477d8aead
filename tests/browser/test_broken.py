"""A workspace in which files are missing or broken: it says so, and shows the rest."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from geoapp.workspace.creating import create_workspace

pytestmark = pytest.mark.browser

PAGES = ("", "partnership", "functional", "data", "about")
TITLES = {"data": "Data", "about": "About", "functional": "Functional areas"}
RAJCZA = "241711"


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


def visit(app: Any) -> None:
    """Open every page; each has its title and none has an error of its own."""
    for name in PAGES[1:]:
        app.open(f"{name}?lang=en")
        expect(app.page.get_by_test_id("stException")).to_have_count(0)
        if name in TITLES:
            expect(app.page.locator("h1").first).to_have_text(TITLES[name])
    app.open("?lang=en")
    expect(app.page.locator("h1").first).to_have_text("All partnerships")


def expect_problem(app: Any, file: str, told: str) -> None:
    """Both the map and the data page tell what is wrong with a file."""
    app.open("data?lang=en")
    problem = app.page.get_by_role("listitem").filter(has_text=file).filter(has_text=told)
    expect(problem.first).to_be_visible()
    app.open("?lang=en")
    expect(app.page.get_by_test_id("stAlert").filter(has_text=told)).to_contain_text(file)


def test_a_missing_file_leaves_its_layer_out(app: Any, running: Running) -> None:
    (running.root / "data/themes/trails.geojson").unlink()
    visit(app)
    expect_problem(app, "layers/trails.toml", "data/themes/trails.geojson does not exist")
    app.open("?lang=en&layers=trails,nurseries")
    expect(app.map).to_have_attribute("data-layers", "context municipalities nurseries")
    expect(app.page.get_by_role("button", name="Trails")).to_have_count(0)


def test_a_broken_description_leaves_its_layer_out(app: Any, running: Running) -> None:
    running.write("layers/trails.toml", "slug = 'trails'\nnames = {")
    running.replace("data/partnerships/cz-sever.toml", 'kind = "union', 'kind = "onion')
    visit(app)
    expect_problem(app, "layers/trails.toml", "expected TOML")
    expect_problem(app, "data/partnerships/cz-sever.toml", "onion-of-municipalities")
    app.open("?lang=en&layers=trails,reserve&partnerships=pl-beskid")
    expect(app.map).to_have_attribute("data-layers", "context municipalities reserve")
    expect(app.page.locator("h1").first).to_have_text("Beskid")


def test_borders_that_are_no_gis_file_leave_the_others(app: Any, running: Running) -> None:
    running.write("data/boundaries/pl.geojson", "This is no GIS file.")
    visit(app)
    expect_problem(app, "data/boundaries/pl.geojson", "")
    app.open("?lang=en&layers=trails")
    expect(app.map).to_have_attribute("data-layers", "municipalities trails")
    expect(app.area("562777")).to_be_visible()
    expect(app.area(RAJCZA)).to_have_count(0)
    # what has no borders still has its row
    expect(app.page.get_by_test_id("stDataFrame").first.locator("table")).to_contain_text("Rajcza")


def test_without_any_borders_there_are_tables(app: Any, running: Running) -> None:
    for file in running.root.glob("layers/borders-*.toml"):
        file.unlink()
    visit(app)
    app.open("?lang=en&layers=trails&municipality=241711")
    expect(app.map).to_have_attribute("data-layers", "trails")
    expect(app.page.get_by_test_id("stDataFrame").first.locator("table")).to_contain_text("Rajcza")
    expect(app.page.locator(".st-key-card")).to_contain_text("8,000")
    app.open("partnership?lang=en&partnerships=pl-beskid")
    expect(app.page.locator("h1").first).to_have_text("Partnership of the Beskid")


def test_an_empty_registry_leaves_borders_and_themes(app: Any, running: Running) -> None:
    for file in running.root.glob("data/partnerships/*.toml"):
        file.unlink()
    running.write("data/municipalities.csv", "country,code,name\n")
    running.write("data/status/lists.csv", "")
    visit(app)
    expect_problem(app, "data/status/lists.csv", "expected the column list")
    app.open("?lang=en&layers=trails")
    expect(app.map).to_have_attribute("data-layers", "context trails")
    app.area(RAJCZA).click()
    expect(app.page.locator(".st-key-card")).to_contain_text("Rajcza")


def test_a_change_shows_when_the_page_is_loaded_again(app: Any, running: Running) -> None:
    app.open("?lang=en&layers=trails")
    before = app.map.get_attribute("data-view")
    expect(app.map).to_contain_text("Trails")
    running.replace("layers/trails.toml", 'en = "Trails"', 'en = "Footpaths"')
    running.replace("data/themes/trails.geojson", "19.15", "19.19")
    running.write("layers/reserve.toml", "=")
    app.page.reload()
    expect(app.map).to_contain_text("Footpaths")
    expect(app.page.get_by_test_id("stAlert")).to_contain_text("layers/reserve.toml")
    assert app.map.get_attribute("data-view") == before
    shutil.rmtree(running.root / "layers")
    app.page.reload()
    expect(app.page.get_by_test_id("stAlert")).to_contain_text("expected a workspace")
    (running.root / "layers").mkdir()
    app.page.reload()
    expect(app.page.get_by_test_id("stAlert")).to_have_count(0)
    expect(app.map).to_have_attribute("data-layers", "")
