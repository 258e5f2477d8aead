"""Pages in one file, opened from a disk by a browser that has no network."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from geoapp.core.atlas import Atlas
from geoapp.core.building import build_map, group_choice
from geoapp.core.choice import Choice
from geoapp.core.scene import Decision, Scene, Story, scene_map
from geoapp.core.table import municipality_rows
from geoapp.maps.single_file import single_file, story_file
from geoapp.text import Text

pytestmark = pytest.mark.browser

RAJCZA, UJSOLY = "241711", "241714"
BESKID = Choice(partnerships=("pl-beskid",), group_by="role", layers=("reserve", "trails"))
LONG = "Bardzo długi akapit o żłobkach i drogach. " * 60
STORY = Story(
    slug="story",
    title="Zebranie",
    scenes=(
        Scene(
            slug="first",
            title="Kto należy do partnerstwa",
            text="Sześć gmin.\nŘeka Soła.",
            choice=BESKID,
            decisions=(Decision(date=dt.date(2026, 11, 20), text="Zgłosić odcinki"),),
        ),
        Scene(
            slug="second",
            title="Rajcza",
            choice=BESKID.model_copy(update={"selected": RAJCZA}),
            view=(19.0, 49.4, 19.1, 49.5),
        ),
        Scene(slug="third", title="Ż" * 500, text=LONG, choice=Choice()),
    ),
)
VIEW = (
    "const [zoom, lat] = document.querySelector('.presenter-map .geoapp-map')"
    ".dataset.view.split('/').map(Number);"
)
SIZES = [(1280, 720), (1920, 1080)]


class Opened:
    """A page without a network, and what it tried all the same."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.fetched: list[str] = []
        self.refused: list[str] = []
        self.errors: list[str] = []
        page.on("requestfinished", lambda request: self.fetched.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: (self.errors.append(dialog.message), dialog.dismiss()))
        page.on("console", lambda message: self.refused.append(message.text))

    @property
    def stage(self) -> Any:
        return self.page.locator(".presenter-stage")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def shows(self, place: int) -> None:
        expect(self.stage).to_have_attribute("data-place", str(place))
        ready = self.page.locator('.presenter-map .geoapp-map[data-ready="true"]')
        expect(ready).to_have_attribute("aria-busy", "false")


@pytest.fixture
def open_file(chromium: Browser, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Opens the bytes of a page from the disk; at the end nothing else may have been fetched."""
    pages: list[tuple[Opened, str]] = []

    def open_file(content: bytes, width: int = 1280, height: int = 720) -> Opened:
        path = tmp_path / "page.html"
        path.write_bytes(content)
        context = chromium.new_context(viewport={"width": width, "height": height}, offline=True)
        opened = Opened(context.new_page())
        opened.page.goto(path.as_uri())
        pages.append((opened, path.as_uri()))
        return opened

    yield open_file
    for opened, address in pages:
        opened.page.context.close()
        assert opened.fetched == [address]
        assert opened.errors == []


@pytest.fixture(scope="module")
def story(atlas: Atlas) -> bytes:
    text = Text("pl")
    maps = [scene_map(build_map(atlas, scene.choice, text), scene) for scene in STORY.scenes]
    return story_file(STORY, maps, text)


@pytest.fixture
def shown(open_file: Callable[..., Opened], story: bytes) -> Opened:
    """The story, at its first scene."""
    opened = open_file(story)
    opened.shows(1)
    return opened


def test_map_and_table_work_together_from_the_disk(
    open_file: Callable[..., Opened], atlas: Atlas
) -> None:
    text = Text("cs")
    table = municipality_rows(atlas, group_choice(atlas, BESKID), text)
    page = open_file(single_file(build_map(atlas, BESKID, text), table, text)).page
    drawn = page.locator('.geoapp-map[data-ready="true"]')
    expect(drawn).to_have_attribute("data-layers", "context municipalities reserve trails")
    expect(page.locator(".map-notices")).to_contain_text("Reserve")
    page.locator(f'.geoapp-map [data-key="{RAJCZA}"]').focus()
    page.keyboard.press("Enter")
    expect(drawn).to_have_attribute("data-selected", RAJCZA)
    expect(page.locator("tr.is-selected")).to_contain_text("Rajcza")
    page.locator(f'tr[data-row="{UJSOLY}"] button').press("Enter")
    expect(drawn).to_have_attribute("data-selected", UJSOLY)
    expect(page.locator(f'tr[data-row="{UJSOLY}"] button')).to_be_focused()


def test_a_story_is_presented_with_the_keyboard_alone(shown: Opened) -> None:
    expect(shown.stage).to_be_focused()
    expect(shown.stage.get_by_role("heading", level=2)).to_have_text("Kto należy do partnerstwa")
    for key, place in [
        *(("ArrowRight", 2), ("Space", 3), ("PageDown", 3), ("ArrowLeft", 2), ("PageUp", 1)),
        *(("ArrowLeft", 1), ("End", 3), ("Home", 1), ("PageDown", 2)),
    ]:
        shown.press(key)
        shown.shows(place)
    assert [text for text in shown.refused if "Security" in text] == []


def test_a_scene_shows_its_part_selection_notices_words_and_sources(shown: Opened) -> None:
    page = shown.page
    words = page.locator(".presenter-words")
    for text in ("Sześć gmin.", "Řeka Soła.", "2026-11-20", "Zgłosić odcinki"):
        expect(words).to_contain_text(text)
    expect(page.locator(".presenter-map .map-notices")).to_be_visible()
    expect(page.locator(".presenter-sources")).to_contain_text("OpenStreetMap contributors")
    shown.press("PageDown")
    shown.shows(2)
    drawn = page.locator(".presenter-map .geoapp-map")
    expect(drawn).to_have_attribute("data-selected", RAJCZA)
    page.wait_for_function(f"() => {{ {VIEW} return zoom > 11 && lat > 49.4 && lat < 49.5; }}")
    shown.press("PageUp")
    shown.shows(1)
    expect(drawn).to_have_attribute("data-selected", "")
    page.wait_for_function(f"() => {{ {VIEW} return zoom < 11; }}")


def test_blank_legend_and_keys_come_and_go(shown: Opened) -> None:
    page = shown.page
    blank, keys = page.locator(".presenter-blank"), page.locator(".presenter-keys")
    shown.press("b")
    expect(blank).to_be_visible()
    assert blank.bounding_box() == {"x": 0, "y": 0, "width": 1280, "height": 720}
    shown.press("b")
    expect(blank).to_be_hidden()
    shown.press(".", "PageDown")
    expect(blank).to_be_hidden()
    shown.shows(2)
    legend = page.locator(".presenter-map .map-legend")
    expect(legend).to_have_attribute("open", "")
    shown.press("l")
    expect(legend).not_to_have_attribute("open", "")
    shown.press("?")
    expect(keys.locator("dt")).to_have_count(10)
    shown.press("Escape")
    expect(keys).to_be_hidden()
    expect(page.locator("dialog")).to_have_attribute("open", "")


def test_inside_the_map_the_arrow_keys_belong_to_the_map(shown: Opened) -> None:
    page = shown.page
    page.locator(f'.presenter-map [data-key="{RAJCZA}"]').focus()
    shown.press("ArrowRight")
    expect(page.locator(f'.presenter-map [data-key="{UJSOLY}"]')).to_be_focused()
    shown.shows(1)
    shown.press("Enter")
    drawn = page.locator(".presenter-map .geoapp-map")
    expect(drawn).to_have_attribute("data-selected", UJSOLY)
    shown.press("Escape")
    expect(shown.stage).to_be_focused()
    shown.press("ArrowRight")
    shown.shows(2)


def test_escape_leaves_to_an_overview_and_comes_back_to_the_scene(shown: Opened) -> None:
    page = shown.page
    shown.press("PageDown")
    shown.shows(2)
    shown.press("Escape")
    expect(shown.stage).to_be_hidden()
    expect(page.get_by_role("heading", name="Rajcza")).to_be_in_viewport()
    page.locator(".presenter-start").press("Enter")
    shown.shows(2)


def test_f_fills_the_screen_and_gives_it_back(shown: Opened) -> None:
    filled = "document.fullscreenElement !== null"
    shown.press("f")
    shown.page.wait_for_function(filled)
    shown.press("f")
    shown.page.wait_for_function(f"!({filled})")
    expect(shown.stage).to_be_visible()


def test_a_scene_is_announced(shown: Opened) -> None:
    told = shown.page.locator(".presenter-told")
    expect(told).to_have_role("status")
    shown.press("PageDown")
    expect(told).to_contain_text("2")
    expect(told).to_contain_text("Rajcza")


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_words_are_large_and_fit_a_projector(
    open_file: Callable[..., Opened], story: bytes, width: int, height: int
) -> None:
    opened = open_file(story, width, height)
    opened.shows(1)
    words, text = opened.page.locator(".presenter-words"), opened.page.locator(".presenter-text p")
    size = text.first.evaluate("node => parseFloat(getComputedStyle(node).fontSize)")
    assert size >= height / 36
    legend = opened.page.locator(".presenter-map .map-legend li").first
    assert (legend.bounding_box() or {})["height"] >= height / 30
    opened.press("End")
    opened.shows(3)
    box = words.bounding_box() or {}
    assert box["x"] + box["width"] <= width
    assert words.evaluate("node => node.scrollWidth <= node.clientWidth")
    opened.press("ArrowDown")
    opened.page.wait_for_function(
        "() => { const n = document.querySelector('.presenter-words');"
        " return n.scrollHeight <= n.clientHeight + 1 || n.scrollTop > 0; }"
    )


def test_a_story_without_scenes_says_so(open_file: Callable[..., Opened]) -> None:
    page = open_file(story_file(Story(slug="s", title="S"), [], Text("en"))).page
    expect(page.locator("#geoapp-presenter")).to_contain_text("This story has no scenes yet.")
    expect(page.locator(".presenter-start")).to_be_disabled()


@pytest.mark.parametrize("presented", [True, False])
def test_a_story_has_no_barrier_that_can_be_found(
    chromium: Browser, story: bytes, tmp_path: Path, presented: bool
) -> None:
    path = tmp_path / "story.html"
    path.write_bytes(story)
    # the checker is a script of its own, which the policy of the file rightly refuses
    context = chromium.new_context(bypass_csp=True, offline=True)
    opened = Opened(context.new_page())
    opened.page.goto(path.as_uri())
    opened.shows(1)
    if not presented:
        opened.press("Escape")
        expect(opened.stage).to_be_hidden()
    found = Axe().run(opened.page)["violations"]
    assert [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found] == []
    context.close()
