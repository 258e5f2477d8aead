"""Scenes in the running app: found on the map, saved, presented with the keyboard, left again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from geoapp.workspace.scenes import read_stories

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, write_workspace: Callable[[Path], Path]) -> Path:
    return write_workspace(tmp_path_factory.mktemp("scenes") / "workspace")


@pytest.fixture(scope="module")
def url(serve: Callable[[Path], Any], root: Path) -> Iterator[str]:
    with serve(root) as url:
        yield url


def add_scene(page: Page, title: str) -> None:
    form = page.get_by_test_id("stForm").filter(has=page.get_by_role("button", name="Save as a"))
    form.get_by_label("Title of the scene").fill(title)
    form.get_by_label("Text of the scene").fill(f"Text of {title}")
    form.get_by_role("button", name="Save as a scene").click()
    # while a run draws the page anew, what it replaces may stand beside what it draws
    numbered = re.compile(rf"\d\. {title}")
    expect(page.get_by_test_id("stExpander").filter(has_text=numbered)).to_have_count(1)


def test_scenes_are_saved_presented_and_followed_by_a_decision(
    open_app: Callable[..., Any], url: str, root: Path
) -> None:
    app = open_app(url)
    app.open("scenes?partnerships=pl-beskid&group=role&lang=en")
    page = app.page
    page.get_by_role("button", name="New story").click()
    page.get_by_label("Title of the story").fill("Meeting")
    page.get_by_role("button", name="Begin the story").click()
    expect(app.map).to_be_visible()
    add_scene(page, "Whole")
    app.map.get_by_role("button", name="Zoom in").click()
    expect(app.map).to_have_attribute("data-told", re.compile(r"^\[.+\]$"))
    app.settle()
    add_scene(page, "Part")
    (file,), _ = read_stories(root)
    assert [scene.view is None for scene in file.story.scenes] == [True, False]

    stage = page.locator(".presenter-stage")
    page.locator(".presenter-start").focus()
    page.keyboard.press("Enter")
    expect(stage).to_have_attribute("data-scene", "whole")
    page.keyboard.press("PageDown")
    expect(stage).to_have_attribute("data-scene", "part")
    drawn = page.locator('.presenter-map .geoapp-map[data-ready="true"]')
    expect(drawn).to_have_attribute("aria-busy", "false")
    expect(stage).to_contain_text("Text of Part")
    page.keyboard.press("b")
    expect(page.locator(".presenter-blank")).to_be_visible()
    page.keyboard.press("Space")
    page.keyboard.press("f")
    page.keyboard.press("Escape")
    expect(stage).to_be_hidden()

    scene = page.get_by_test_id("stExpander").filter(has_text="2. Part")
    scene.get_by_label("What was decided").fill("Extend the route")
    scene.get_by_role("button", name="Note the decision").click()
    expect(scene).to_contain_text("Extend the route")
    (file,), _ = read_stories(root)
    assert [decision.text for decision in file.story.scene("part").decisions] == [
        "Extend the route"
    ]


def test_a_story_is_taken_along_as_one_file(
    open_app: Callable[..., Any], url: str, chromium: Browser, tmp_path: Path
) -> None:
    app = open_app(url)
    app.open("scenes?lang=en")
    expect(app.map).to_be_visible()
    with app.page.expect_download() as waiting:
        app.page.get_by_role("button", name="Download as one file").click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.name == "meeting.html"
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.goto(path.as_uri())
    expect(page.locator(".presenter-stage")).to_have_attribute("data-scene", "whole")
    page.keyboard.press("End")
    expect(page.locator(".presenter-stage")).to_have_attribute("data-scene", "part")
    context.close()


def test_code_that_cannot_be_fetched_is_told(open_app: Callable[..., Any], url: str) -> None:
    app = open_app(url)
    app.page.route("**/presenter.js", lambda route: route.fulfill(status=404))
    app.page.goto(f"{url}/scenes?lang=en")
    expect(app.page.get_by_text("The story could not be loaded.")).to_be_visible()
