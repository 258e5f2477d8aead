"""The app as a planner uses it, in a real browser against the real server."""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import openpyxl
import pandas as pd
import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

REPOSITORY = Path(__file__).parents[2]
PARTNERSHIPS = sorted(path.stem for path in (REPOSITORY / "data/partnerships").glob("*.toml"))
RAJCZA, UJSOLY = "241711", "241714"
BESKID = "?partnerships=pl-beskidzka-cwd&lang=en"


def expect_address(app: Any, **expected: str) -> None:
    """Wait until the address holds exactly these parameters."""

    def holds(url: str) -> bool:
        found = parse_qs(urlsplit(url).query)
        return {name: values[0] for name, values in found.items()} == expected

    app.page.wait_for_url(holds, wait_until="commit")


def choose(app: Any, label: str, option: str) -> None:
    """Choose an option of a select box."""
    box = app.page.get_by_role("combobox", name=re.compile(f"(^|[ .]){re.escape(label)}$"))
    pick(app, box, app.page.get_by_role("option", name=option, exact=True))


def pick(app: Any, box: Any, wanted: Any, typed: str = "") -> None:
    """Open a list, type into it, and click what is wanted."""
    app.settle()
    box.scroll_into_view_if_needed()
    for _ in range(4):
        box.click()
        if typed:
            box.fill(typed)
        try:
            wanted.click(timeout=4_000)
        except PlaywrightTimeoutError:
            # the framework closes an open list when the page under it still moves
            app.page.keyboard.press("Escape")
        else:
            return
    raise AssertionError("the list did not stay open")


def test_every_partnership_can_be_chosen(app: Any) -> None:
    app.open("?lang=en")
    map_id = app.state("map-id")
    for slug in PARTNERSHIPS:
        text = (REPOSITORY / f"data/partnerships/{slug}.toml").read_text("utf-8")
        name = tomllib.loads(text)["short_names"]["en"]
        box = app.page.get_by_test_id("stMultiSelect").get_by_role("combobox")
        box.fill(name)
        app.page.get_by_role("option", name=name, exact=True).click()
        expect(app.page.locator("h1").first).to_have_text(name)
        expect_address(app, lang="en", partnerships=slug)
        expect(app.map).to_contain_text(name)
        box.press("Backspace")
        expect(app.page.locator("h1").first).to_have_text("All partnerships")
    assert app.state("map-id") == map_id


def test_regrouping_and_themes_keep_map_and_view(app: Any) -> None:
    app.open(BESKID)
    before, start = app.state("map-id"), app.state("view")
    app.page.get_by_role("button", name="Zoom in").click()
    expect(app.map).not_to_have_attribute("data-view", start)
    view = app.state("view")
    choose(app, "Group and colour by", "Marginalisation status")
    expect(app.map).to_contain_text("At risk of permanent marginalisation")
    app.page.get_by_role("button", name="Cycle routes (illustrative)").click()
    expect(app.map).to_have_attribute("data-layers", re.compile("cycle-routes"))
    app.page.get_by_role("button", name="Local roads (illustrative)").click()
    expect(app.map).to_have_attribute("data-layers", re.compile("local-roads"))
    app.page.get_by_role("button", name="Cycle routes (illustrative)").click()
    expect(app.map).to_have_attribute("data-layers", "municipalities local-roads")
    assert app.state("map-id") == before
    assert app.state("view") == view
    expect_address(
        app, lang="en", partnerships="pl-beskidzka-cwd", group="status", layers="local-roads"
    )


def test_a_click_selects_on_map_in_card_and_in_address(app: Any) -> None:
    app.open(BESKID)
    view = app.state("view")
    app.area(RAJCZA).click()
    card = app.page.locator(".st-key-card")
    expect(card).to_contain_text("Rajcza")
    expect(card).to_contain_text("At risk of permanent marginalisation")
    expect(card).to_contain_text("8,230")
    expect(app.map).to_have_attribute("data-selected", RAJCZA)
    expect_address(app, lang="en", partnerships="pl-beskidzka-cwd", municipality=RAJCZA)
    assert app.state("view") == view
    app.page.get_by_role("button", name="Clear selection", exact=True).click()
    expect(card).to_contain_text("Select a municipality")
    expect(app.map).to_have_attribute("data-selected", "")


def test_a_row_of_the_table_selects_on_the_map_and_back(app: Any) -> None:
    app.open(BESKID)
    expect(app.map).to_have_attribute("data-selected", "")
    table = app.page.locator(".geoapp-table")
    table.get_by_role("button", name="Rajcza").click()
    expect(app.map).to_have_attribute("data-selected", RAJCZA)
    expect(app.page.locator(".st-key-card")).to_contain_text("Rajcza")
    app.area(UJSOLY).click()
    expect(table.locator("tr.is-selected")).to_contain_text("Ujsoły")
    expect(table.get_by_role("button", name="Ujsoły")).to_have_attribute("aria-pressed", "true")


def test_the_keyboard_reaches_and_selects_an_area(app: Any) -> None:
    app.open(BESKID)
    expect(app.map).to_have_attribute("data-selected", "")
    focused = app.page.locator("[data-key]:focus")
    for _ in range(60):
        app.page.keyboard.press("Tab")
        if focused.count():
            break
    first = focused.get_attribute("data-key")
    for arrow in ("ArrowDown", "ArrowUp", "ArrowRight", "ArrowLeft"):
        app.page.keyboard.press(arrow)
        if focused.get_attribute("data-key") != first:
            break
    second = focused.get_attribute("data-key")
    assert second != first
    expect(focused).to_have_attribute("role", "button")
    app.page.keyboard.press("Enter")
    expect(app.map).to_have_attribute("data-selected", str(second))
    expect_address(app, lang="en", partnerships="pl-beskidzka-cwd", municipality=str(second))
    app.page.keyboard.press("Escape")
    expect(app.map).to_have_attribute("data-selected", "")


def test_a_permalink_opens_in_the_readers_language(app: Any) -> None:
    address = (
        "?partnerships=cz-sever,cz-sternbersko&group=role&layers=cycle-routes"
        "&municipality=505188&lang=cs"
    )
    app.open(address)
    expect(app.page.locator("html")).to_have_attribute("lang", "cs")
    expect(app.page.locator(".st-key-card")).to_contain_text("Šternberk")
    expect(app.map).to_have_attribute("data-layers", "municipalities cycle-routes")
    expect(app.page.get_by_text("Seskupit a obarvit podle")).to_be_visible()
    expect_address(
        app,
        lang="cs",
        partnerships="cz-sever,cz-sternbersko",
        group="role",
        layers="cycle-routes",
        municipality="505188",
    )


def test_a_nonsensical_address_opens_all_the_same(app: Any) -> None:
    app.open(
        "?partnerships=nowhere&group=x&layers=../../etc&municipality=%7B%7B7*7%7D%7D&base=evil"
    )
    expect(app.page.locator("h1").first).to_have_text("All partnerships")
    expect(app.map).to_have_attribute("data-layers", "municipalities")


def test_switching_the_language_keeps_choice_map_and_view(app: Any) -> None:
    app.open(f"{BESKID}&group=role&municipality={RAJCZA}")
    before, view = app.state("map-id"), app.state("view")
    app.page.get_by_role("radio", name="Polski").click()
    expect(app.page.get_by_text("Grupuj i koloruj według")).to_be_visible()
    expect(app.map).to_contain_text("2 gminy")
    expect(app.map).to_contain_text("4 gminy")
    expect(app.page.locator("html")).to_have_attribute("lang", "pl")
    expect_address(
        app, lang="pl", partnerships="pl-beskidzka-cwd", group="role", municipality=RAJCZA
    )
    assert (app.state("map-id"), app.state("view")) == (before, view)


def test_after_switching_the_language_the_next_choice_counts(app: Any) -> None:
    app.open(f"{BESKID}&group=status")
    app.page.get_by_role("radio", name="Čeština").click()
    expect(app.page.get_by_text("Seskupit a obarvit podle")).to_be_visible()
    app.settle()
    app.page.get_by_role("button", name=re.compile(r"^Místní komunikace \(uk")).click()
    expect(app.map).to_have_attribute("data-layers", re.compile("local-roads"))
    expect(app.page).to_have_url(re.compile("layers=local-roads"))
    assert "group=status" in app.page.url
    expect(app.page.get_by_test_id("stAlert")).to_have_count(0)


def test_search_finds_a_municipality_by_name_and_shows_it(app: Any) -> None:
    app.open("?partnerships=cz-sever&lang=en")
    search = app.page.get_by_role("combobox", name=re.compile("Find a municipality"))
    assert app.map
    pick(app, search, app.page.get_by_role("option", name=re.compile("^Rajcza")), "Rajcza")
    expect(app.page.locator(".st-key-card")).to_contain_text("Rajcza")
    expect(app.map).to_have_attribute("data-selected", RAJCZA)
    expect(app.area(RAJCZA)).to_be_in_viewport()


def test_the_pages_are_reached_with_choice_and_language(app: Any) -> None:
    app.open("?partnerships=cz-sever&lang=en")
    app.page.get_by_role("link", name="Partnership").click()
    expect(app.page.locator("h1").first).to_have_text("Sever union of municipalities")
    for figure in ("21,143", "21,549", "29,835"):
        expect(app.page.get_by_role("cell", name=figure, exact=True)).to_be_visible()
    expect(app.page.get_by_text("2 declared members are not known by name.")).to_be_visible()
    app.page.get_by_role("link", name="Data").click()
    expect(app.page.locator("h1").first).to_have_text("Data")
    expect(app.page.get_by_text("No problems in registries and layers.")).to_be_visible()
    app.page.get_by_role("link", name="About").click()
    expect(app.page.get_by_text("Accessibility statement")).to_be_visible()
    app.page.get_by_role("link", name="Map").click()
    expect(app.page.locator("h1").first).to_have_text("Sever")
    expect_address(app, lang="en", partnerships="cz-sever")


def test_downloads_carry_figures_and_sources(app: Any) -> None:
    app.open(BESKID)
    with app.page.expect_download() as download:
        app.page.get_by_role("button", name="Download CSV").click()
    table = pd.read_csv(download.value.path(), encoding="utf-8-sig", dtype=str)
    assert len(table) == 6
    rajcza = table.set_index("Municipality").loc["Rajcza"]
    assert rajcza["Code"] == "2417112"
    assert rajcza["Residents"] in ("8230", "8230.0")
    assert "GUS" in rajcza["Source of residents"]
    assert "schematic" in rajcza["Borders"]
    assert "Cycle routes" in rajcza["Illustrative figures (made up)"]
    with app.page.expect_download() as download:
        app.page.get_by_role("button", name="Download XLSX").click()
    book = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert book.sheetnames == ["Municipalities", "Partnerships", "Sources"]
    assert [row[1].value for row in book["Partnerships"].iter_rows()] == ["Known members", 6]
    notes = " ".join(str(row[0].value) for row in book["Sources"].iter_rows())
    assert "Schematic borders" in notes
    assert "CC0-1.0" in notes


def test_a_base_map_is_asked_for_only_when_chosen(app: Any) -> None:
    asked: list[str] = []

    def tile(route: Any) -> None:
        asked.append(route.request.url)
        route.abort()

    app.page.route("https://tile.openstreetmap.org/**", tile)
    app.open(BESKID)
    assert asked == []
    with app.page.expect_request("https://tile.openstreetmap.org/**"):
        choose(app, "Background map", "OpenStreetMap")
    expect(app.map).to_contain_text("OpenStreetMap contributors")
    expect_address(app, lang="en", partnerships="pl-beskidzka-cwd", base="osm")
    assert all(url.startswith("https://tile.openstreetmap.org/") for url in app.foreign)
    app.foreign.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "partnership", "data", "about"])
def test_no_accessibility_violation(
    open_app: Callable[..., Any], served: str, axe: str, path: str, scheme: str
) -> None:
    app = open_app(served, color_scheme=scheme, bypass_csp=True)
    app.open(f"{path}{BESKID}&municipality={RAJCZA}&layers=cycle-routes,childcare,broadband")
    if path in ("", "partnership"):
        expect(app.map).to_be_visible()
    app.page.add_script_tag(content=axe)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
    found = app.page.evaluate("tags => axe.run(document, {runOnly: tags})", tags)
    told = [
        (violation["id"], node["target"], node["html"][:200])
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
    assert told == []


@pytest.mark.parametrize("path", ["", "partnership", "data", "about"])
def test_a_phone_shows_every_page_without_scrolling_sideways(
    open_app: Callable[..., Any], served: str, path: str
) -> None:
    app = open_app(served, viewport={"width": 390, "height": 844})
    app.open(f"{path}?partnerships=pl-beskidzka-cwd&lang=pl")
    width = app.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker's script."""
    import axe_core_python

    return (Path(axe_core_python.__file__).parent / "axe.min.js").read_text("utf-8")


def test_the_content_policy_refuses_what_is_foreign(app: Any) -> None:
    app.open()
    app.page.evaluate("fetch('https://foreign.example/x').catch(() => null)")
    assert any("foreign.example" in text for text in app.refused)
    app.refused.clear()
    app.foreign.clear()


def test_the_table_of_partnerships_takes_the_place_of_that_of_municipalities(app: Any) -> None:
    app.open("?partnerships=cz-sever,cz-sternbersko&lang=en")
    table = app.page.locator(".geoapp-table")
    expect(table.locator("table")).to_contain_text("Babice")
    app.page.get_by_role("radio", name="Partnerships").click()
    expect(table.locator("table")).to_contain_text("Known members")
    expect(table.locator("table")).not_to_contain_text("Babice")
