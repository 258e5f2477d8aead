"""The pages as the script draws them, without a browser: choices in, map and tables out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from geoapp.core.choice import Choice
from geoapp.text import LANGUAGES
from geoapp.ui import documents
from geoapp.workspace.creating import create_workspace

SCRIPT = Path(__file__).parents[2] / "streamlit_app.py"
PAGES = ("map", "partnership", "functional", "scenes", "data", "about")
TITLES = {
    "pl": {"map": "Wszystkie partnerstwa", "data": "Dane", "about": "O aplikacji"},
    "cs": {"map": "Všechna partnerství", "data": "Data", "about": "O aplikaci"},
    "en": {"map": "All partnerships", "data": "Data", "about": "About"},
}
RAJCZA, UJSOLY = "241711", "241714"

Opener = Callable[..., AppTest]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def open_app(monkeypatch: pytest.MonkeyPatch, store: Path) -> Opener:
    """A function that opens a workspace at an address, in a browser of some language."""
    monkeypatch.setenv("GEOAPP_STORE", str(store))

    def open_app(root: Path, *, page: str = "map", locale: str = "en", **address: str) -> AppTest:
        monkeypatch.setenv("GEOAPP_WORKSPACE", str(root))
        app = AppTest.from_file(SCRIPT, default_timeout=60)
        app.context = {"locale": locale}
        app.query_params = dict(address)
        app.run()
        if page != "map":
            turn_to(app, page)
        assert list(app.exception) == []
        return app

    return open_app


@pytest.fixture
def app(open_app: Opener, workspace_root: Path) -> AppTest:
    """The map of the small workspace."""
    return open_app(workspace_root)


def turn_to(app: AppTest, page: str) -> AppTest:
    return app.switch_page(f"geoapp/ui/pages/{page}.py").run()


def sent(app: AppTest) -> dict[str, Any]:
    """Return what the map component is given, with the document it fetches by its address."""
    (found,) = given(app, "map")
    return found


def given(app: AppTest, kind: str) -> list[dict[str, Any]]:
    data = [json.loads(component.proto.json) for component in app.get("bidi_component")]
    names = [found["specification"].removeprefix("documents/") for found in data]
    return [
        {**json.loads(documents.find(name) or b""), **found}
        for name, found in zip(names, data, strict=True)
        if name.startswith(f"{kind}-")
    ]


def table_rows(app: AppTest) -> list[list[Any]]:
    (table,) = given(app, "table")
    return [row["cells"] for row in table["rows"]]


def drawn(app: AppTest) -> list[str]:
    return [layer["slug"] for layer in sent(app)["layers"]]


def labels(app: AppTest) -> list[str]:
    return [item["label"] for group in sent(app)["legend"] for item in group["items"]]


def words(app: AppTest) -> str:
    """Return every text of the page, without the marks that keep Markdown from reading it."""
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.info, app.error)
    return "\n".join(found.value for kind in kinds for found in kind).replace("\\", "")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_every_page_speaks_every_language(
    name: str, language: str, open_app: Opener, repository: Path
) -> None:
    app = open_app(repository, page=name, locale=f"{language}-XX")
    assert list(app.error) == []
    assert app.query_params["lang"] == language
    if name in ("map", "partnership"):
        assert sent(app)["language"] == language
    if name in TITLES[language]:
        assert app.title[0].value == TITLES[language][name]


def test_a_language_nobody_translated_reads_english(open_app: Opener, workspace_root: Path) -> None:
    assert sent(open_app(workspace_root, locale="de-DE"))["language"] == "en"


def test_regrouping_changes_styles_and_legend_alone(app: AppTest) -> None:
    before = sent(app)
    app.selectbox(key="group-by").set_value("status").run()
    after = sent(app)
    assert [group["title"] for group in before["legend"]] == ["Partnership"]
    assert [group["title"] for group in after["legend"]] == ["Marginalisation status"]
    assert "At risk of permanent marginalisation" in labels(app)
    assert after["view"] == before["view"]
    assert [layer["geometry"] for layer in after["layers"]] == [
        layer["geometry"] for layer in before["layers"]
    ]
    assert after["layers"][-1]["assign"] != before["layers"][-1]["assign"]
    assert app.query_params == {"lang": "en", "group": "status"}


def test_choosing_partnerships_changes_title_view_and_rows(app: AppTest) -> None:
    everything = sent(app)
    app.multiselect(key="partnerships").set_value(["pl-beskid"]).run()
    assert app.title[0].value == sent(app)["title"] == "Beskid"
    assert sent(app)["view"] != everything["view"]
    assert set(sent(app)["layers"][-1]["assign"]) == {RAJCZA, UJSOLY, "241709", "241707"}
    assert len(table_rows(app)) == 4
    assert app.query_params == {"lang": "en", "partnerships": "pl-beskid"}
    app.multiselect(key="partnerships").set_value([]).run()
    assert sent(app) == everything


def test_themes_are_layers_above_the_municipalities(app: AppTest) -> None:
    assert drawn(app) == ["context", "municipalities"]
    app.pills(key="layers").set_value(["nurseries", "trails", "reserve", "broadband"]).run()
    assert drawn(app)[:4] == ["context", "municipalities", "reserve", "trails"]
    assert set(drawn(app)[4:]) == {"nurseries", "broadband"}
    assert "Reserve (illustrative)" in labels(app)
    assert "Illustrative data, made up: Reserve." in sent(app)["notices"]
    assert any("OpenStreetMap contributors" in line for line in sent(app)["attribution"])
    app.pills(key="layers").set_value(["trails"]).run()
    assert drawn(app) == ["context", "municipalities", "trails"]
    assert app.query_params == {"lang": "en", "layers": "trails"}


def test_a_click_sends_no_geometry_and_no_path(open_app: Opener, repository: Path) -> None:
    app = open_app(repository, layers="cycle-routes,childcare,protected-nature,broadband")
    text = json.dumps(sent(app))
    assert "coordinates" not in text
    assert str(repository) not in text
    assert len(text) < 100_000


ADDRESS = {
    "lang": "cs",
    "partnerships": "cz-sever,pl-beskid",
    "group": "role",
    "layers": "trails,broadband",
    "municipality": RAJCZA,
    "base": "osm",
}


@pytest.mark.parametrize("name", PAGES)
def test_an_address_comes_back_as_it_was(name: str, open_app: Opener, workspace_root: Path) -> None:
    assert open_app(workspace_root, page=name, **ADDRESS).query_params == ADDRESS


def test_an_address_shows_what_choosing_showed(
    app: AppTest, open_app: Opener, workspace_root: Path
) -> None:
    app.multiselect(key="partnerships").set_value(["pl-beskid", "cz-sever"])
    app.selectbox(key="group-by").set_value("country")
    app.pills(key="layers").set_value(["trails"])
    app.session_state["choice"] = Choice(selected=UJSOLY)
    app.selectbox(key="base-map").set_value("osm").run()
    again = open_app(workspace_root, **app.query_params)
    assert sent(again) == sent(app)
    assert sent(app)["selected"] == UJSOLY
    assert sent(app)["baseMap"]["slug"] == "osm"
    assert words(again) == words(app)


@pytest.mark.parametrize("name", PAGES[:3])
@pytest.mark.parametrize(
    "address",
    [
        {"partnerships": "nowhere,../../etc", "layers": "<script>", "base": "evil"},
        {"group": "x", "municipality": "{{ 7*7 }}", "lang": "xx"},
        {"partnerships": "," * 5000, "layers": ",".join(map(str, range(5000)))},
        {"unheard-of": "1"},
    ],
)
def test_unknown_slugs_of_an_address_are_passed_over(
    name: str, address: dict[str, str], open_app: Opener, workspace_root: Path
) -> None:
    app = open_app(workspace_root, page=name, **address)
    assert list(app.error) == []
    if name == "map":
        assert app.title[0].value == "All partnerships"
        assert drawn(app) == ["context", "municipalities"]
        assert (sent(app)["selected"], sent(app)["baseMap"]) == (None, None)


def test_a_selection_shows_in_card_table_and_map(app: AppTest) -> None:
    assert "Select a municipality" in words(app)
    app.session_state["choice"] = Choice(selected=RAJCZA)
    app.run()
    assert sent(app)["selected"] == app.query_params["municipality"] == RAJCZA
    told = words(app)
    for text in ("Rajcza", "At risk of permanent marginalisation", "8,000", "Cycle routes"):
        assert text in told
    assert given(app, "table")[0]["selected"] == RAJCZA
    app.button[0].click().run()
    assert sent(app)["selected"] is None
    assert "municipality" not in app.query_params


def test_names_to_search_go_by_address_in_the_order_of_the_language(
    open_app: Opener, workspace_root: Path
) -> None:
    with (workspace_root / "data/municipalities.csv").open("a", encoding="utf-8") as table:
        for code, name in {"598003": "Cholina", "598011": "Hlásnice"}.items():
            table.write(f"CZ,{code},{name}{',' * 13}\n")
    polish, czech = (
        given(open_app(workspace_root, lang=lang), "names")[0] for lang in ("pl", "cs")
    )
    names = [row[1] for row in czech["rows"]]
    assert names[:2] == ["Hlásnice", "Cholina"]
    assert names[-2:] == ["Šluknov", "Ujsoły"]
    assert [row[1] for row in polish["rows"]][:2] == ["Cholina", "Hlásnice"]
    assert [UJSOLY, "Ujsoły", "PL", "2417142"] in polish["rows"]
    assert (polish["countries"]["CZ"], polish["label"]) == ("Czechy", "Znajdź gminę")
    assert polish["counted"][:3] == ["0 gmin", "1 gmina", "2 gminy"]


def test_choices_live_on_through_pages_and_languages(app: AppTest) -> None:
    app.multiselect(key="partnerships").set_value(["cz-sever"])
    app.pills(key="layers").set_value(["trails"]).run()
    chosen = dict(app.query_params)
    for page in PAGES[1:]:
        turn_to(app, page)
        assert list(app.exception) == []
    app.segmented_control(key="language").set_value("pl").run()
    assert app.title[0].value == "O aplikacji"
    turn_to(app, "map")
    assert app.query_params == {**chosen, "lang": "pl"}
    assert app.multiselect(key="partnerships").value == ["cz-sever"]
    assert sent(app)["language"] == "pl"


def test_a_profile_holds_declared_against_computed_figures(
    open_app: Opener, repository: Path
) -> None:
    app = open_app(repository, page="partnership", partnerships="cz-sever")
    table = app.table[0].value
    cells = table.set_index(table.columns[0])
    declared, official, measured = cells.columns
    assert cells.loc["Member municipalities", [declared, official]].tolist() == ["12", "10"]
    area = cells.loc["Area \\(ha\\)"].str.replace("\\", "")
    assert area[declared] == "21,143"
    assert area[official] == "21,549"
    assert area[measured] == "–"
    assert "2 declared members are not known by name." in words(app)


def test_another_profile_is_another_choice(open_app: Opener, workspace_root: Path) -> None:
    app = open_app(workspace_root, page="partnership", partnerships="pl-beskid")
    assert app.title[0].value == "Partnership of the Beskid"
    assert "Also a member, without municipal territory: Powiat żywiecki (Leader)" in words(app)
    app.selectbox(key="profile").set_value("cz-sever").run()
    assert app.title[0].value == "Svazek obcí Sever"
    assert set(sent(app)["layers"][-1]["assign"]) == {"562777", "562858"}
    assert app.query_params["partnerships"] == "cz-sever"


def test_the_data_page_tells_every_layer(open_app: Opener, workspace_root: Path) -> None:
    app = open_app(workspace_root, page="data")
    assert len(app.table[0].value) == len(app.expander) == 7
    told = words(app)
    assert "No problems in registries and layers." in told
    for text in ("data/themes/trails.geojson", "ODbL", "EPSG:4326, stated by the file", "© OSM"):
        assert text in told


@pytest.mark.parametrize("name", PAGES)
def test_an_empty_workspace_opens(name: str, open_app: Opener, tmp_path: Path) -> None:
    app = open_app(create_workspace(tmp_path / "mine", empty=True), page=name)
    assert list(app.error) == []
    if name == "map":
        assert sent(app)["layers"] == []
        assert table_rows(app) == []
    if name == "partnership":
        assert "This workspace has no partnerships." in words(app)


@pytest.mark.parametrize("name", PAGES[:5])
def test_a_workspace_that_is_gone_is_told(name: str, open_app: Opener, tmp_path: Path) -> None:
    app = open_app(tmp_path / "nowhere", page=name)
    (error,) = app.error
    told = error.value.replace("\\", "")
    assert told.startswith(f"{tmp_path}/nowhere: expected a workspace")


def test_a_changed_file_shows_in_the_next_run(app: AppTest, workspace_root: Path) -> None:
    trails = workspace_root / "layers/trails.toml"
    app.pills(key="layers").set_value(["trails"]).run()
    assert "Trails" in labels(app)
    described = trails.read_text("utf-8")
    trails.write_text(described.replace('en = "Trails"', 'en = "Footpaths"'), "utf-8")
    app.run()
    assert "Footpaths" in labels(app)
    trails.write_text(described.replace("ODbL", ""), "utf-8")
    app.run()
    assert list(app.exception) == []
    assert drawn(app) == ["context", "municipalities"]
    assert "layers/trails.toml, licence" in words(app).replace("*", "")
    trails.unlink()
    app.run()
    assert list(app.error) == []
    assert "trails" not in app.pills(key="layers").options
