"""The table beside the map: sorted, selected and read with and without a mouse."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

pytestmark = pytest.mark.browser

BESKID = "?partnerships=pl-beskidzka-cwd&lang=pl"
RAJCZA, UJSOLY = "241711", "241714"
BYTES_OF_A_CLICK = 10_000


@pytest.fixture
def table(app: Any) -> Locator:
    app.open(BESKID)
    found: Locator = app.page.locator('.geoapp-table[data-ready="true"]')
    expect(found).to_be_visible()
    return found


def names(table: Locator) -> list[str]:
    return table.locator("tbody th").all_inner_texts()


def column(table: Locator, heading: str) -> list[str]:
    headings = [text.strip() for text in table.locator("thead th").all_inner_texts()]
    place = next(i for i, text in enumerate(headings) if text.startswith(heading))
    return table.locator(f"tbody tr > :nth-child({place + 1})").all_inner_texts()


def heading(table: Locator, name: str) -> Locator:
    return table.get_by_role("columnheader").filter(has_text=name)


def test_it_is_a_table_with_a_caption_and_headed_rows(table: Locator) -> None:
    expect(table).to_have_role("region")
    expect(table.locator("caption")).to_contain_text("kreska oznacza brak danych")
    expect(table.get_by_role("rowheader")).to_have_count(6)
    assert names(table) == sorted(names(table), key=str.casefold)
    assert "8 230" in [text.replace("\u00a0", " ") for text in column(table, "Liczba mieszkańców")]


def test_a_heading_sorts_up_down_and_not_at_all(table: Locator) -> None:
    population = heading(table, "Liczba mieszkańców")
    before = names(table)
    expect(population).to_have_attribute("aria-sort", "none")
    population.get_by_role("button").click()
    expect(population).to_have_attribute("aria-sort", "descending")
    shown = [int("".join(filter(str.isdigit, t))) for t in column(table, "Liczba mieszkańców")]
    assert shown == sorted(shown, reverse=True)
    population.get_by_role("button").click()
    expect(population).to_have_attribute("aria-sort", "ascending")
    population.get_by_role("button").click()
    expect(population).to_have_attribute("aria-sort", "none")
    assert names(table) == before


def test_names_are_sorted_as_the_language_sorts_them(app: Any) -> None:
    app.open("?lang=cs")
    table = app.page.locator('.geoapp-table[data-ready="true"]')
    name = heading(table, "Obec")
    name.get_by_role("button").click()
    expect(name).to_have_attribute("aria-sort", "ascending")
    order = names(table)
    # Č comes after C and before Ch, Ř after R, Š after S
    known = (
        "Cedynia",
        "Červenka",
        "Dolany",
        "Cholina",
        "Rajcza",
        "Řídeč",
        "Samotišky",
        "Šternberk",
    )
    places = [order.index(found) for found in known]
    assert places == sorted(places)


def test_the_keyboard_goes_from_row_to_row_and_selects(app: Any, table: Locator) -> None:
    first, second = table.locator("tbody button").nth(0), table.locator("tbody button").nth(1)
    expect(table.locator('tbody button[tabindex="0"]')).to_have_count(1)
    first.focus()
    app.page.keyboard.press("ArrowDown")
    expect(second).to_be_focused()
    app.page.keyboard.press("End")
    expect(table.locator("tbody button").last).to_be_focused()
    app.page.keyboard.press("Home")
    app.page.keyboard.press("ArrowDown")
    app.page.keyboard.press("Enter")
    expect(second).to_have_attribute("aria-pressed", "true")
    expect(app.page.locator(".st-key-card")).to_contain_text(second.inner_text())
    app.page.keyboard.press("Escape")
    expect(app.map).to_have_attribute("data-selected", "")
    expect(second).to_have_attribute("aria-pressed", "false")


def test_a_selection_on_the_map_comes_into_sight_in_the_table(app: Any) -> None:
    app.open("?lang=pl")
    table = app.page.locator('.geoapp-table[data-ready="true"]')
    scrolled = app.page.evaluate("scrollY")
    app.area(RAJCZA).click(force=True)
    expect(table.locator("tr.is-selected")).to_contain_text("Rajcza")
    row, shown = table.locator("tr.is-selected").bounding_box(), table.bounding_box()
    assert shown["y"] < row["y"] < row["y"] + row["height"] < shown["y"] + shown["height"]
    assert app.page.evaluate("scrollY") == scrolled


def test_a_click_sends_neither_the_map_nor_the_rows_again(app: Any) -> None:
    received: list[int] = []
    app.page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))),
    )
    app.open("?lang=pl")
    app.area(RAJCZA).click(force=True)
    expect(app.page.locator(".st-key-card")).to_contain_text("Rajcza")
    app.settle()
    received.clear()
    app.area(UJSOLY).click(force=True)
    expect(app.page.locator(".st-key-card")).to_contain_text("Ujsoły")
    app.settle()
    assert 0 < sum(received) < BYTES_OF_A_CLICK


@pytest.mark.parametrize("kind", ["map", "table"])
def test_a_document_that_is_gone_is_told(app: Any, kind: str) -> None:
    app.page.route(f"**/documents/{kind}-*", lambda route: route.fulfill(status=404))
    app.page.goto(f"{app.url}/{BESKID}")
    told = app.page.locator(f".geoapp-{kind}")
    expect(told).to_contain_text("Wczytaj stronę ponownie")
    app.errors.clear()
