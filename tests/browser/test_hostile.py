"""A workspace whose every text tries to be more than text: wherever it shows, it is only read."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import openpyxl
import pytest
import shapely
import tomli_w
from playwright.sync_api import Browser, Locator, Page, expect

from geoapp.core.building import build_map
from geoapp.core.choice import Choice
from geoapp.maps import folium_map
from geoapp.text import Text
from geoapp.workspace.opening import open_workspace
from geoapp.workspace.preparing import prepare

pytestmark = pytest.mark.browser

PAYLOADS = (
    "{{ 7*7 }}",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "${7*7}",
    "![x](http://foreign.example/x.png)",
    "[x](javascript:alert(1))",
    ":material/delete:",
    "$$\\frac{1}{2}$$",
    '=HYPERLINK("http://foreign.example")',
    ":red[x]",
    "*b*",
    "# h",
)
EVERY = " ".join(PAYLOADS)
COUNT = len(PAYLOADS)
CODES = [f"2417{number:02d}2" for number in range(1, COUNT + 1)]
UNITS = [code[:6] for code in CODES]
# nobody's members, known from their borders alone
OTHERS = [f"2418{number:02d}" for number in range(1, COUNT + 1)]
KINDS = ("line", "point", "polygon", "table")
EVERYTHING = {
    "lang": "en",
    "partnerships": ",".join(f"p-{place}" for place in range(COUNT)),
    "layers": ",".join(f"t-{place}" for place in range(COUNT)),
}
# what must never come of a text
INTRUDERS = (
    ".katex, img[src='x'], img[src*='foreign'], a[href^='javascript'], [onerror], main script, "
    ".stMarkdownColoredText"
)
COLLECT = """
(intruders) => {
  const texts = [document.title, document.body.innerText];
  const found = [...document.querySelectorAll(intruders)];
  const visit = (root) => root.querySelectorAll('*').forEach((element) => {
    const inner = element.shadowRoot;
    if (!inner) return;
    texts.push(...[...inner.children].filter((child) => child.localName !== 'style')
      .map((child) => child.textContent));
    found.push(...inner.querySelectorAll(intruders));
    visit(inner);
  });
  visit(document);
  const icons = [...document.querySelectorAll('[data-testid="stIconMaterial"]')];
  found.push(...icons.filter((icon) => icon.textContent === 'delete'));
  // an address in a text may be followed, but never under another name
  const links = [...document.querySelectorAll('a[href*="foreign"]')];
  found.push(...links.filter((link) => link.textContent !== link.getAttribute('href')
    || link.rel !== 'noopener noreferrer'));
  return [texts.join('\\n'), found.map((element) => element.outerHTML)];
}
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hostile workspace: twelve of everything, each with another text."""
    root = tmp_path_factory.mktemp("hostile") / "workspace"
    write_registry(root)
    write_layers(root)
    write_problems(root)
    return root


@pytest.fixture(scope="module")
def url(root: Path, serve: Callable[[Path], Any]) -> Iterator[str]:
    with serve(root) as url:
        yield url


@pytest.fixture
def app(open_app: Callable[..., Any], url: str) -> Any:
    return open_app(url)


def write(root: Path, file: str, content: str) -> None:
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(content, "utf-8")


def write_table(root: Path, file: str, rows: list[dict[str, object]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    write(root, file, text.getvalue())


def write_registry(root: Path) -> None:
    municipalities, statuses = [], []
    for place, (code, payload) in enumerate(zip(CODES, PAYLOADS, strict=True)):
        lon, lat = corner(place)
        municipalities.append(
            {
                "country": "PL", "code": code, "name": payload, "lon": lon + 0.1, "lat": lat + 0.1,
                "population": 2000 + 100 * place, "population_source": payload,
                "area_ha": 3000 + 100 * place, "area_source": payload, "orp": payload,
            }
        )  # fmt: skip
        statuses.append(
            {
                "list": "ksrr", "year": 2020, "unit_kind": "municipality", "unit": code,
                "name": payload, "status": "at-risk", "source": payload, "note": payload,
            }
        )  # fmt: skip
        write(root, f"data/partnerships/p-{place}.toml", tomli_w.dumps(partnership(place)))
    write_table(root, "data/municipalities.csv", municipalities)
    write_table(root, "data/status/hostile.csv", statuses)
    base_maps = [
        {
            "slug": f"b-{place}", "name": payload, "attribution": payload,
            "url": "https://tile.example/{z}/{x}/{y}.png",
        }
        for place, payload in enumerate(PAYLOADS)
    ]  # fmt: skip
    write(root, "data/base_maps.toml", tomli_w.dumps({"base_map": base_maps}))


def partnership(place: int) -> dict[str, object]:
    payload = PAYLOADS[place]
    said = {"source": payload, "note": payload}
    return {
        "id": f"p-{place}", "kind": "cwd", "countries": ["PL"], "source": payload, "as_of": "2020",
        "names": {"en": payload}, "short_names": {"en": payload}, "description": {"en": payload},
        "declared": {"members": {"value": 20, **said}, "area_ha": {"value": 5000, **said}},
        "groups": [
            {"slug": "g", "names": {"en": payload}, "country": "PL", "note": {"en": payload}}
        ],
        "members": [
            {"code": CODES[place], "name": payload, "group": "g", **said},
            {"code": payload, "name": payload, "kind": "other", "role": "leader", **said},
        ],
    }  # fmt: skip


def corner(place: int) -> tuple[float, float]:
    """Return the south-west corner of a municipality, degrees."""
    return 18 + place % 4 / 5, 50.2 + place // 4 / 5


def write_layers(root: Path) -> None:
    borders, others = [], []
    for place, payload in enumerate(PAYLOADS):
        lon, lat = corner(place)
        borders.append(
            ({"code": CODES[place], "name": payload}, shapely.box(lon, lat, lon + 0.2, lat + 0.2))
        )
        outside = shapely.box(lon, lat + 0.6, lon + 0.2, lat + 0.8)
        others.append(({"code": f"{OTHERS[place]}2", "name": payload}, outside))
        write_theme(root, place)
    write(root, "data/boundaries/borders.geojson", collection([*borders, *others]))
    described = layer("borders", "polygon", EVERY) | {"theme": "boundaries"}
    described |= {"file": "data/boundaries/borders.geojson", "schematic": True}
    write(root, "layers/borders.toml", tomli_w.dumps(described))
    flows = [
        {"origin": CODES[one], "destination": CODES[other], "flow": 500 if one == other else 10}
        for one in range(COUNT)
        for other in (one, (one + 1) % COUNT)
    ]
    write_table(root, "data/flows/flows.csv", flows)
    told = {key: value for key, value in described.items() if key in ("source", "licence", "names")}
    flow_spec = {"slug": "flows", "file": "data/flows/flows.csv", **told}
    write(root, "data/flows/flows.toml", tomli_w.dumps(flow_spec))


def write_theme(root: Path, place: int) -> None:
    kind, payload = KINDS[place % len(KINDS)], PAYLOADS[place]
    described = layer(f"t-{place}", kind, payload) | {"illustrative": place % 2 == 0}
    if kind == "table":
        described |= {"unit": payload, "measure": "value", "columns": {"value": payload}}
        rows = [{"code": code, "name": payload, payload: place + 0.5} for code in CODES]
        write_table(root, str(described["file"]), rows)
    else:
        lon, lat = corner(place)
        line = shapely.LineString([(lon + 0.02, lat + 0.02), (lon + 0.18, lat + 0.18)])
        shape = {"line": line, "point": line.centroid, "polygon": line.buffer(0.02)}[kind]
        write(root, str(described["file"]), collection([({"name": payload}, shape)]))
    write(root, f"layers/t-{place}.toml", tomli_w.dumps(described))


def layer(slug: str, kind: str, payload: str) -> dict[str, object]:
    extension = "csv" if kind == "table" else "geojson"
    return {
        "slug": slug, "theme": slug, "kind": kind, "file": f"data/themes/{slug}.{extension}",
        "names": {"en": payload}, "source": payload, "licence": payload, "attribution": payload,
        "note": {"en": payload},
    }  # fmt: skip


def collection(features: list[tuple[Mapping[str, object], shapely.Geometry]]) -> str:
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": dict(properties),
                    "geometry": json.loads(shapely.to_geojson(shape)),
                }
                for properties, shape in features
            ],
        }
    )


def write_problems(root: Path) -> None:
    """Add what is wrong, so that messages hold the texts, and files are called by them."""
    for place, payload in enumerate(PAYLOADS):
        described = layer(f"bad-{place}", payload, payload)
        write(root, f"layers/bad-{place}.toml", tomli_w.dumps(described))
        if "/" not in payload:
            write(root, f"layers/{payload}.toml", tomli_w.dumps({payload: 1}))


def unharmed(page: Page) -> str:
    """Return all text of a page, after looking for what must not have come of it."""
    text, intruders = page.evaluate(COLLECT, INTRUDERS)
    assert intruders == []
    assert not re.search(r"\b49\b", text)
    # an escape that is seen is one too many
    assert "\\" not in text.replace("\\\\frac", "").replace("\\frac", "")
    return str(text)


def squeezed(text: str) -> str:
    return " ".join(text.split())


def expect_all_in(text: str, *, but: tuple[str, ...] = ()) -> None:
    shown = squeezed(text)
    assert [payload for payload in PAYLOADS if payload not in shown] == list(but)


def test_the_map_page_shows_texts_as_texts_in_every_grouping(app: Any) -> None:
    app.open("?" + urlencode({**EVERYTHING, "municipality": UNITS[0]}))
    page = app.page
    assert len(app.state("layers").split()) == COUNT + 2
    for grouping in ("Marginalisation status", "Role in the partnership", "Country", "Partnership"):
        choose(app, "Group and colour by", grouping)
        expect(app.map.locator("h3").first).to_have_text(grouping)
        unharmed(page)
    expect_all_in(page.locator("h1").first.inner_text())
    expect_all_in(app.map.inner_text())
    expect_all_in(
        page.get_by_test_id("stSidebar").get_by_test_id("stButtonGroup").last.inner_text()
    )
    expect_all_in(page.get_by_test_id("stMultiSelect").inner_text())
    for table in page.locator(".geoapp-table").locator("table").all():
        expect_all_in(table.text_content() or "")
    problems = unfold(page.get_by_test_id("stExpander").filter(has_text="Problems"))
    expect_all_in(problems.inner_text().replace("\\\\", "\\"))
    unharmed(page)


def test_what_is_selected_is_told_in_text(app: Any) -> None:
    app.open("?lang=en")
    card = app.page.locator(".st-key-card")
    tooltip, names = app.map.locator(".map-tooltip"), app.map.locator(".map-labels .is-selected")
    for unit, payload in zip(UNITS, PAYLOADS, strict=True):
        app.area(unit).click()
        expect(card.locator("h3").first).to_have_text(payload)
        expect(tooltip).to_contain_text(payload)
        # a long name stands in two lines
        assert "".join((names.text_content() or "").split()) == "".join(payload.split())
        app.settle()
        unfold(card.get_by_test_id("stExpander"))
        # name, partnership, its sources, those of status, residents and area
        assert squeezed(card.inner_text()).count(payload) >= 6
        unharmed(app.page)


def test_names_that_only_the_borders_know_are_texts(app: Any) -> None:
    app.open("?lang=en")
    tooltip = app.map.locator(".map-tooltip")
    for unit, payload in zip(OTHERS, PAYLOADS, strict=True):
        app.area(unit).focus()
        expect(tooltip).to_contain_text(payload)
    unharmed(app.page)


def unfold(expander: Locator) -> Locator:
    """Open an expander, unless it is open, and return it."""
    if expander.locator("details").get_attribute("open") is None:
        expander.locator("summary").click()
    expect(expander.locator("li").last).to_be_visible()
    return expander


def choose(app: Any, label: str, option: str) -> None:
    """Choose an option of a box by typing it."""
    box = app.page.get_by_role("combobox", name=re.compile(f"(^|[ .]){label}$"))
    # the list of options closes when the page is scrolled to the box
    box.click()
    box.fill(option)
    app.page.get_by_role("option", name=option, exact=True).click()


def test_found_municipalities_are_texts(app: Any) -> None:
    app.open("?lang=en")
    box = app.page.get_by_role("combobox", name=re.compile("Find a municipality$"))
    for payload in PAYLOADS:
        box.click()
        box.fill(payload)
        option = app.page.get_by_role("option")
        expect(option.filter(has_text=payload).first).to_be_visible()
        unharmed(app.page)
        box.press("Escape")


def test_options_of_partnerships_are_texts(app: Any) -> None:
    app.open("?lang=en")
    box = app.page.get_by_test_id("stMultiSelect").get_by_role("combobox")
    for payload in PAYLOADS:
        box.fill(payload)
        expect(app.page.get_by_role("option", name=payload, exact=True)).to_be_visible()
        unharmed(app.page)


def test_a_chosen_background_is_credited_in_text(app: Any) -> None:
    app.page.route("https://tile.example/**", lambda route: route.abort())
    app.open("?lang=en")
    for payload in PAYLOADS:
        choose(app, "Background map", payload)
        expect(app.map.locator(".map-sources")).to_contain_text(payload)
        unharmed(app.page)
    # a page that is left asks for no further tile
    app.page.goto("about:blank")
    assert {address.split("/")[2] for address in app.foreign} == {"tile.example"}
    app.foreign.clear()


def test_profiles_are_texts(app: Any) -> None:
    app.open("partnership?lang=en")
    for payload in PAYLOADS:
        choose(app, "Partnership", payload)
        expect(app.page.locator("h1").first).to_have_text(payload)
        expect(app.map).to_have_attribute("data-layers", "context municipalities")
        app.settle()
        text = unharmed(app.page)
        # title, description, group and its note, source, other member, declared figures, box, map
        assert squeezed(text).count(payload) >= 10


def test_the_data_page_is_text(app: Any) -> None:
    app.open("data?lang=en")
    page = app.page
    layers = page.get_by_test_id("stExpander")
    expect(layers).to_have_count(COUNT + 1)
    layers.locator("summary").evaluate_all("all => all.forEach((summary) => summary.click())")
    expect(layers.locator("details[open]")).to_have_count(COUNT + 1)
    for told in layers.all_inner_texts():
        payload = next(payload for payload in PAYLOADS if payload in squeezed(told))
        # name, source, licence, remark
        assert squeezed(told).count(payload) >= 4
    expect_all_in(unharmed(page))
    expect_all_in(page.get_by_test_id("stTable").inner_text())


def test_the_functional_page_is_text(app: Any) -> None:
    app.open("functional?" + urlencode({"lang": "en", "municipality": UNITS[0]}))
    page = app.page
    expect_all_in(page.get_by_test_id("stCaptionContainer").first.inner_text())
    page.get_by_role("button", name="Compute the areas").click()
    expect(app.map).to_be_visible()
    tables = page.get_by_test_id("stTable")
    expect(tables).to_have_count(2)
    for table in tables.all():
        names = table.locator("tbody tr td:first-child").all_inner_texts()
        assert len(names) > 2
        assert set(map(squeezed, names)) <= set(PAYLOADS)
    unharmed(page)


def test_the_about_page_is_text(app: Any) -> None:
    app.open("about?lang=en")
    unharmed(app.page)


def test_downloads_are_texts(app: Any) -> None:
    app.open("?" + urlencode(EVERYTHING))
    with app.page.expect_download() as download:
        app.page.get_by_role("button", name="Download CSV").click()
    content = Path(download.value.path()).read_text("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(content)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t"))]
    expect_all_in(content.replace('""', '"'))
    with app.page.expect_download() as download:
        app.page.get_by_role("button", name="Download XLSX").click()
    book = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes()))
    written = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value]
    assert {cell.data_type for cell in written} == {"s", "n"}
    assert not [cell for cell in written if cell.hyperlink]
    expect_all_in(" ".join(str(cell.value) for cell in written))


def test_a_folium_page_of_it_is_text(
    chromium: Browser, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    atlas = prepare(open_workspace(root), store=tmp_path / "store")
    choice = Choice(
        partnerships=tuple(EVERYTHING["partnerships"].split(",")),
        layers=tuple(EVERYTHING["layers"].split(",")),
    )
    path = tmp_path / "map.html"
    path.write_text(folium_map(build_map(atlas, choice, Text("en"))).get_root().render(), "utf-8")
    page = chromium.new_context().new_page()
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
    page.goto(path.as_uri())
    expect(page.locator(".geoapp-legend")).to_be_visible()
    expect(page.locator("path.leaflet-interactive")).not_to_have_count(0)
    expect_all_in(unharmed(page))
    expect_all_in(" ".join(page.locator(".geoapp-name").all_text_contents()))
    page.context.close()
    assert wrong == []
    assert [address for address in asked if not address.startswith(("file:", "data:"))] == []
