"""The page of functional areas in a real browser: long runs, the map, links, small screens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

RAJCZA, UJSOLY, SLUKNOV = "241711", "241714", "562858"
UNITS = 1500
# Ujsoły sends as many to Rajcza as to Rumburk, so that counting noise decides
FLOWS = """\
origin,destination,flow
2417112,2417112,3000
2417112,2417092,200
2417142,2417142,700
2417142,2417112,600
2417142,562777,600
2417092,2417112,900
562777,562777,4000
562777,562858,100
562858,562777,900
<b onclick=alert(1)>X</b>,2417112,40
"""
HOSTILE = "<b onclick=alert(1)>X</b>"
DESCRIPTION = """\
slug = "{slug}"
names = {{ en = "{name}" }}
file = "data/flows/{slug}.csv"
source = "<img src=x onerror=alert(1)>"
licence = "free"
date = "2021"
"""


def many_flows() -> pd.DataFrame:
    """Return flows between units on a line, each with its neighbours; seconds of work."""
    random = np.random.default_rng(20_260_101)
    origin = np.repeat(np.arange(UNITS), 25)
    steps = random.integers(-20, 21, len(origin))
    destination = np.clip(origin + steps, 0, UNITS - 1)
    flow = random.integers(1, 60, len(origin)) + np.where(destination % 50 == 0, 200, 0)
    names = np.array([f"U{unit:04}" for unit in range(UNITS)])
    table = {"origin": names[origin], "destination": names[destination], "flow": flow}
    return pd.DataFrame(table)


@pytest.fixture(scope="module")
def address(
    serve: Callable[[Path], Any],
    write_workspace: Callable[[Path], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The small workspace with two flow tables, served."""
    root = write_workspace(tmp_path_factory.mktemp("functional") / "workspace")
    folder = root / "data/flows"
    folder.mkdir()
    for slug, name in {"commuting": "Commuting", "many": "Many units"}.items():
        described = DESCRIPTION.format(slug=slug, name=name)
        (folder / f"{slug}.toml").write_text(described, "utf-8")
    (folder / "commuting.csv").write_text(FLOWS, "utf-8")
    many_flows().to_csv(folder / "many.csv", index=False)
    with serve(root) as url:
        yield url


@pytest.fixture
def app(open_app: Callable[..., Any], address: str) -> Any:
    """A page on that workspace."""
    return open_app(address)


@pytest.fixture
def kept(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], tuple[set[Path], set[Path]]]:
    """A function that returns the folders of prepared data, and the drafts among them."""

    def kept() -> tuple[set[Path], set[Path]]:
        found = set(tmp_path_factory.getbasetemp().glob("store[0-9]*/prepared/*"))
        drafts = {path for path in found if path.name.startswith(".")}
        return found - drafts, drafts

    return kept


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker's script."""
    import axe_core_python

    return (Path(axe_core_python.__file__).parent / "axe.min.js").read_text("utf-8")


def choose(app: Any, label: str, option: str) -> None:
    """Choose an option of a select box."""
    box = app.page.get_by_role("combobox", name=re.compile(f"(^|[ .]){re.escape(label)}$"))
    box.click()
    app.page.get_by_role("option", name=option, exact=True).click()
    app.settle()


def compute(app: Any, method: str) -> None:
    choose(app, "Method", method)
    app.page.get_by_role("button", name="Compute the areas").click()


def expect_areas(app: Any) -> None:
    """Wait until the areas are drawn and the script has run to its end."""
    expect(app.map).to_be_visible()
    app.settle()


def test_a_long_run_shows_progress_and_can_be_stopped(
    app: Any, kept: Callable[[], tuple[set[Path], set[Path]]]
) -> None:
    app.open("functional?lang=en")
    choose(app, "Flows", "Many units")
    before, drafts = kept()
    assert drafts == set()
    compute(app, "Labour market areas (Coombes-Bond, Istat)")
    bar = app.page.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", re.compile(r"^[1-9]"))
    during, drafts = kept()
    assert during == before
    assert len(drafts) == 1
    app.page.get_by_role("button", name="Stop", exact=True).click()
    expect(app.page.get_by_test_id("stProgress")).to_have_count(0)
    app.settle()
    for _ in range(100):
        if not kept()[1]:  # the run that was stopped takes its draft away when it ends
            break
        app.page.wait_for_timeout(100)
    assert kept() == (before, set())
    expect(app.page.locator('[data-ready="true"]')).to_have_count(0)
    expect(app.page.get_by_role("button", name="Compute the areas")).to_be_enabled()
    # the page works on
    choose(app, "Flows", "Commuting")
    compute(app, "Dominant flow (Nystuen-Dacey)")
    expect(app.map).to_contain_text("Functional areas, by their centre")
    after, drafts = kept()
    assert len(after - before) >= 1
    assert drafts == set()


def test_the_map_shows_areas_hatches_and_second_best(app: Any) -> None:
    app.open("functional?lang=en")
    choose(app, "Flows", "Commuting")
    compute(app, "Dominant flow (Nystuen-Dacey)")
    expect_areas(app)
    expect(app.map).to_contain_text("Not stable: less than 80 % of runs")
    app.area(UJSOLY).hover()
    expect(app.map).to_contain_text("Second-best area: Rumburk")
    expect(app.map).to_contain_text(re.compile(r"Stable in \d\d % of runs"))
    fills = {key: app.area(key).get_attribute("fill") for key in (RAJCZA, UJSOLY, SLUKNOV)}
    assert "pattern" in str(fills[UJSOLY]) or "url(" in str(fills[UJSOLY])
    assert fills[RAJCZA] != fills[SLUKNOV]
    # what is clicked on the map is what the links are shown of
    app.area(UJSOLY).click()
    links = app.page.get_by_role("combobox", name=re.compile("Municipality$")).last
    expect(links).to_have_value(re.compile("Ujsoły"))
    expect(app.page.get_by_text("The labour link is observed, not modelled.")).to_be_visible()


def test_hostile_codes_and_sources_are_text(app: Any) -> None:
    app.open("functional?lang=en")
    choose(app, "Flows", "Commuting")
    expect(app.page.get_by_text("<img src=x onerror=alert(1)>, 2021, free")).to_be_visible()
    compute(app, "Dominant flow (Nystuen-Dacey)")
    expect_areas(app)
    expect(app.page.get_by_role("cell", name=HOSTILE).first).to_be_visible()
    assert app.page.locator("[onclick], [onerror]").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_accessibility_violation(
    open_app: Callable[..., Any], address: str, axe: str, scheme: str
) -> None:
    app = open_app(address, color_scheme=scheme, bypass_csp=True)
    app.open(f"functional?lang=en&municipality={UJSOLY}")
    choose(app, "Flows", "Commuting")
    compute(app, "Dominant flow (Nystuen-Dacey)")
    expect_areas(app)
    expect(app.map).to_be_visible()
    app.page.get_by_text("Weights of the components").click()
    expect(app.page.get_by_role("slider").first).to_be_visible()
    app.page.add_script_tag(content=axe)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
    found = app.page.evaluate("tags => axe.run(document, {runOnly: tags})", tags)
    told = [
        (violation["id"], node["target"], node["html"][:200])
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
    assert told == []


@pytest.mark.parametrize("language", ["pl", "cs"])
def test_a_phone_shows_it_without_scrolling_sideways(
    open_app: Callable[..., Any], address: str, language: str
) -> None:
    app = open_app(address, viewport={"width": 390, "height": 844})
    app.open(f"functional?lang={language}&municipality={UJSOLY}")
    name = {"pl": "Wyznacz obszary", "cs": "Vymezit území"}[language]
    app.page.get_by_role("button", name=name).click()
    expect_areas(app)
    expect(app.map).to_be_visible()
    assert app.page.evaluate("document.documentElement.scrollWidth") <= 390
    main = app.page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth - element.clientWidth") <= 0
