"""The search for a municipality: found by name and by code, with and without a mouse."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Route, expect

pytestmark = pytest.mark.browser

RAJCZA, UJSOLY = "241711", "241714"
HOSTILE = '<img src=x onerror="alert(1)">{{ 7*7 }}'
MANY = 60
MOST_SHOWN = 50
NAMED = {
    "2417011": "Żywiec",
    "2417152": "Węgierska Górka",
    "2469011": "Górka",
    "2469022": "Nowogórka",
    "2469032": HOSTILE,
    "505188": "Šternberk",
}


@pytest.fixture(scope="module")
def url(
    serve: Callable[[Path], Any],
    write_workspace: Callable[[Path], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The small workspace with more names than a list shows, served."""
    root = write_workspace(tmp_path_factory.mktemp("search") / "workspace")
    named = NAMED | {f"24{70 + n // 30}{n % 30 + 1:02}2": f"Wola {n:02}" for n in range(MANY)}
    with (root / "data/municipalities.csv").open("a", encoding="utf-8") as table:
        for code, name in named.items():
            quoted = name.replace('"', '""')
            country = "CZ" if code.startswith("5") else "PL"
            table.write(f'{country},{code},"{quoted}"{"," * 13}\n')
    with serve(root) as url:
        yield url


@pytest.fixture
def app(open_app: Callable[..., Any], url: str) -> Any:
    """A page on that workspace."""
    return open_app(url)


@pytest.fixture
def field(app: Any) -> Locator:
    app.open("?lang=en")
    return field_of(app)


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker's script."""
    import axe_core_python

    return (Path(axe_core_python.__file__).parent / "axe.min.js").read_text("utf-8")


def field_of(app: Any) -> Locator:
    found: Locator = app.page.locator(".geoapp-search input")
    expect(found).to_be_visible()
    return found


def options(app: Any) -> Locator:
    found: Locator = app.page.locator(".geoapp-search").get_by_role("option")
    return found


def shown(app: Any) -> list[str]:
    """Return the names in the list."""
    found: list[str] = app.page.locator(".search-name").all_inner_texts()
    return found


def active(app: Any, field: Locator) -> str:
    """Return the name that assistive technology is told to be on; empty where it is in the text."""
    place = field.get_attribute("aria-activedescendant")
    if place is None:
        return ""
    option = app.page.locator(f"#{place}")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(app.page.locator('.search-popup [aria-selected="true"]')).to_have_count(1)
    found: str = option.locator(".search-name").inner_text()
    return found


def asked_for(app: Any) -> list[str]:
    """Note every request for names."""
    asked: list[str] = []
    app.page.on("request", lambda request: "/names-" in request.url and asked.append(request.url))
    return asked


def expect_selected(app: Any, unit: str, name: str) -> None:
    expect(app.page.locator(".st-key-card")).to_contain_text(name)
    expect(app.map).to_have_attribute("data-selected", unit)


def test_it_is_a_labelled_combobox_that_is_closed_at_first(app: Any, field: Locator) -> None:
    expect(app.page.get_by_role("combobox", name="Find a municipality")).to_have_count(1)
    expect(field).to_have_attribute("aria-expanded", "false")
    field.focus()
    expect(app.page.locator(".search-popup")).to_be_hidden()
    field.click()
    expect(field).to_have_attribute("aria-expanded", "true")
    listed = app.page.get_by_role("listbox", name="Find a municipality")
    expect(listed).to_have_id(field.get_attribute("aria-controls") or "")
    expect(options(app)).to_have_count(MOST_SHOWN)


def test_the_keyboard_alone_finds_one_after_the_other(app: Any, field: Locator) -> None:
    field.focus()
    app.page.keyboard.type("raj")
    expect(options(app)).to_have_count(1)
    assert active(app, field) == ""
    app.page.keyboard.press("Enter")
    expect_selected(app, RAJCZA, "Rajcza")
    expect(field).to_be_focused()
    expect(field).to_have_value("")
    expect(field).to_have_attribute("aria-expanded", "false")
    app.page.keyboard.type("2417")
    expect(options(app)).to_have_count(7)
    app.page.keyboard.press("ArrowDown")
    app.page.keyboard.press("ArrowDown")
    assert active(app, field) == "Łodygowice"
    app.page.keyboard.press("ArrowUp")
    app.page.keyboard.press("ArrowUp")
    app.page.keyboard.press("ArrowUp")
    assert active(app, field) == "Węgierska Górka"
    app.page.keyboard.press("ArrowUp")
    assert active(app, field) == "Ujsoły"
    app.page.keyboard.press("Enter")
    expect_selected(app, UJSOLY, "Ujsoły")
    expect(field).to_have_value("")
    assert app.page.url.endswith(f"municipality={UJSOLY}")


def test_keys_move_through_text_and_list_as_readers_expect(app: Any, field: Locator) -> None:
    field.focus()
    app.page.keyboard.press("Enter")
    expect(field).to_have_attribute("aria-expanded", "false")
    app.page.keyboard.press("ArrowDown")
    expect(options(app)).to_have_count(MOST_SHOWN)
    assert active(app, field) == shown(app)[0]
    app.page.keyboard.press("Escape")
    app.page.keyboard.press("ArrowUp")
    expect(options(app)).to_have_count(MOST_SHOWN)
    assert active(app, field) == shown(app)[-1]
    expect(options(app).last).to_be_in_viewport()
    field.fill("wola")
    app.page.keyboard.press("ArrowDown")
    app.page.keyboard.press("Home")
    assert active(app, field) == ""
    app.page.keyboard.type("x")
    expect(field).to_have_value("xwola")
    app.page.keyboard.press("Escape")
    expect(app.page.locator(".search-popup")).to_be_hidden()
    expect(field).to_have_value("xwola")
    app.page.keyboard.press("Escape")
    expect(field).to_have_value("")
    app.page.keyboard.type("wo")
    expect(app.page.locator(".search-popup")).to_be_visible()
    app.page.keyboard.press("Tab")
    expect(app.page.locator(".search-popup")).to_be_hidden()
    expect(field).not_to_be_focused()
    expect(field).to_have_value("wo")


@pytest.mark.parametrize("touch", [False, True])
def test_a_press_selects(open_app: Callable[..., Any], url: str, touch: bool) -> None:
    app = open_app(url, has_touch=touch)
    app.open("?lang=en")
    field = field_of(app)
    field.scroll_into_view_if_needed()
    field.tap() if touch else field.click()
    field.press_sequentially("uj")
    found = app.page.get_by_role("option", name=re.compile("^Ujsoły Poland · 2417142$"))
    found.tap() if touch else found.click()
    expect_selected(app, UJSOLY, "Ujsoły")
    expect(field).to_have_value("")
    expect(app.page.locator(".search-popup")).to_be_hidden()


def test_what_is_typed_need_not_be_spelt_in_full(app: Any, field: Locator) -> None:
    for typed, *found in (
        ("zywiec", "Żywiec"),
        ("  ŻYWIEC ", "Żywiec"),
        ("ujsoly", "Ujsoły"),
        ("lodygowice", "Łodygowice"),
        ("sternberk", "Šternberk"),
        ("gorka weg", "Węgierska Górka"),
        ("2417142", "Ujsoły"),
        ("24 17 14 2", "Ujsoły"),
        ("505", "Šternberk"),
        ("rajcza 2417", "Rajcza"),
        # the name begins with it, then a word of the name, then any part of it
        ("gorka", "Górka", "Węgierska Górka", "Nowogórka"),
        # a part of a code is no beginning
        ("17142",),
        ("?",),
    ):
        field.fill(typed)
        expect(app.page.locator(".search-name")).to_have_text(found)


def test_what_is_not_found_is_told(app: Any, field: Locator) -> None:
    field.fill("xyzzy")
    told = "No municipality was found."
    expect(app.page.locator(".search-popup")).to_have_text(told)
    expect(app.page.locator(".geoapp-search").get_by_role("status")).to_have_text(told)
    expect(field).to_have_attribute("aria-expanded", "false")
    field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value("xyzzy")
    field.fill("")
    expect(app.page.locator(".search-popup")).to_be_hidden()


def test_a_long_list_tells_how_many_it_leaves_out(app: Any, field: Locator) -> None:
    field.fill("wola")
    expect(options(app)).to_have_count(MOST_SHOWN)
    rest = f"… and {MANY - MOST_SHOWN} more: keep typing"
    expect(app.page.locator(".search-note")).to_have_text(rest)
    status = app.page.locator(".geoapp-search").get_by_role("status")
    expect(status).to_have_text(f"{MOST_SHOWN} municipalities {rest}")
    app.page.locator(".search-note").click()
    expect(options(app)).to_have_count(MOST_SHOWN)
    field.fill("wola 07")
    expect(app.page.locator(".search-note")).to_be_hidden()
    expect(status).to_have_text("1 municipality")
    field.press("Enter")
    expect(status).to_have_text("Selected: Wola 07")


def test_a_hostile_name_is_only_read(app: Any, field: Locator) -> None:
    field.fill("img src")
    expect(app.page.locator(".search-name")).to_have_text([HOSTILE])
    field.press("Enter")
    expect(app.page.locator(".geoapp-search").get_by_role("status")).to_contain_text(HOSTILE)
    expect(app.page.locator(".geoapp-search img")).to_have_count(0)
    expect_selected(app, "246903", HOSTILE)


def test_names_are_fetched_once_and_not_before_they_are_needed(app: Any) -> None:
    asked = asked_for(app)
    frames: list[bytes | str] = []
    app.page.on(
        "websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(frame))
    )
    app.open("?lang=en")
    field = field_of(app)
    assert app.map
    assert asked == []
    for typed, unit, name in (("raj", RAJCZA, "Rajcza"), ("ujs", UJSOLY, "Ujsoły")):
        field.fill(typed)
        expect(options(app)).to_have_count(1)
        field.press("Enter")
        expect_selected(app, unit, name)
        app.settle()
    assert len(asked) == 1
    assert frames
    assert not [frame for frame in frames if b"Wola" in bytes(frame)]


def test_a_new_run_keeps_what_is_typed(app: Any, field: Locator) -> None:
    asked = asked_for(app)
    field.fill("ujs")
    expect(options(app)).to_contain_text(["Poland"])
    app.page.get_by_role("radio", name="Polski").click()
    expect(app.page.get_by_role("combobox", name="Znajdź gminę")).to_have_value("ujs")
    field.click()
    expect(options(app)).to_contain_text(["Polska"])
    assert len(asked) == 2


@pytest.mark.parametrize("size", [(1280, 900), (1280, 420), (390, 844)])
def test_the_list_is_seen_wherever_its_field_is(
    open_app: Callable[..., Any], url: str, size: tuple[int, int]
) -> None:
    width, height = size
    app = open_app(url, viewport={"width": width, "height": height})
    app.open("?lang=en")
    if width < 600:
        app.page.get_by_test_id("stExpandSidebarButton").click()
    field = field_of(app)
    field.scroll_into_view_if_needed()
    field.fill("wola")
    popup = app.page.locator(".search-popup")
    expect(popup).to_be_visible()
    box, typed = popup.bounding_box(), field.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= height
    assert box["y"] >= typed["y"] + typed["height"] or box["y"] + box["height"] <= typed["y"]
    assert all(option.bounding_box()["height"] >= 24 for option in options(app).all()[:5])
    # it would wait for ever where something else lay over it
    options(app).last.click()
    expect(app.page.locator(".st-key-card")).to_contain_text("Wola 49")


def test_names_the_server_has_dropped_are_published_again(app: Any) -> None:
    answers: list[int] = []
    sent: list[bytes | str] = []

    def fail_at_first(route: Route) -> None:
        answers.append(404 if not answers else 200)
        if answers == [404]:
            route.fulfill(status=404)
        else:
            route.continue_()

    app.page.route("**/documents/names-*", fail_at_first)
    app.page.on(
        "websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame))
    )
    app.open("?lang=en")
    assert app.map
    sent.clear()
    field = field_of(app)
    field.fill("raj")
    expect(options(app)).to_have_count(1)
    assert answers == [404, 200]
    # each run publishes the names
    assert any(b"missing" in bytes(frame) for frame in sent)
    field.press("Enter")
    expect_selected(app, RAJCZA, "Rajcza")


def test_names_that_are_gone_are_told(app: Any, field: Locator) -> None:
    app.page.route("**/documents/names-*", lambda route: route.fulfill(status=404))
    field.fill("raj")
    told = app.page.locator(".geoapp-search").get_by_role("status")
    expect(told).to_have_text("The names could not be loaded. Reload the page to try again.")
    expect(told).to_be_in_viewport()
    app.page.unroute("**/documents/names-*")
    field.fill("rajc")
    expect(options(app)).to_have_count(1)
    expect(told).to_have_text("1 municipality")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_accessibility_violation(
    open_app: Callable[..., Any], url: str, axe: str, scheme: str
) -> None:
    app = open_app(url, color_scheme=scheme, bypass_csp=True)
    app.open("?lang=en")
    app.page.add_script_tag(content=axe)
    field = field_of(app)
    for typed in ("", "wola", "xyzzy"):
        field.fill(typed)
        if typed == "wola":
            expect(options(app)).to_have_count(MOST_SHOWN)
            field.press("ArrowDown")
        # the list stands in the tree of the component, which the checker enters by itself
        found = app.page.evaluate(
            "tags => axe.run('.st-key-search', {runOnly: tags})",
            ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
        )
        told = [
            (one["id"], node["html"][:200]) for one in found["violations"] for node in one["nodes"]
        ]
        assert told == []
        assert found["passes"]
