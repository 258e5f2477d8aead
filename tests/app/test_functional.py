"""The page of functional areas as the script draws it: flows and a method in, areas out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from geoapp.core.choice import Choice
from geoapp.core.functional_words import METHOD_NAMES, PARAMETER_NAMES
from geoapp.text import LANGUAGES, Text
from geoapp.ui import documents
from geoapp.workspace import delineating
from geoapp.workspace.creating import create_workspace

SCRIPT = Path(__file__).parents[2] / "streamlit_app.py"
RAJCZA, MILOWKA, UJSOLY, LODYGOWICE = "241711", "241709", "241714", "241707"
RUMBURK, SLUKNOV = "562777", "562858"
NOWHERE = "X-1"
# two areas, Rajcza's and Rumburk's, with a few who cross the border between them
FLOWS = f"""\
origin,destination,flow
2417112,2417112,3000
2417112,2417092,200
2417142,2417142,700
2417142,2417112,600
2417142,562777,3
2417092,2417092,500
2417092,2417112,900
562777,562777,4000
562777,562858,100
562858,562858,900
562858,562777,900
562858,2417112,5
{NOWHERE},{NOWHERE},50
{NOWHERE},2417112,40
{NOWHERE},562777,*
"""
DESCRIPTION = """\
slug = "commuting"
names = { en = "Commuting", pl = "Dojazdy", cs = "Dojížďka" }
file = "data/flows/commuting.csv"
source = "GUS, ČSÚ"
licence = "free"
date = "2021"
"""

Opener = Callable[..., AppTest]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch, store: Path) -> Opener:
    """A function that opens the page of a workspace, or another page, in some language."""
    monkeypatch.setenv("GEOAPP_STORE", str(store))

    def open_page(root: Path, *, language: str = "en", page: str = "functional") -> AppTest:
        monkeypatch.setenv("GEOAPP_WORKSPACE", str(root))
        app = AppTest.from_file(SCRIPT, default_timeout=120)
        app.context = {"locale": language}
        app.run()
        app.switch_page(f"geoapp/ui/pages/{page}.py").run()
        assert list(app.exception) == []
        return app

    return open_page


@pytest.fixture
def root(workspace_root: Path) -> Path:
    """The small workspace with a flow table."""
    return with_flows(workspace_root)


@pytest.fixture
def app(open_page: Opener, root: Path) -> AppTest:
    return open_page(root)


def with_flows(root: Path, table: str = FLOWS, description: str = DESCRIPTION) -> Path:
    (root / "data/flows").mkdir(exist_ok=True)
    (root / "data/flows/commuting.csv").write_text(table, "utf-8")
    (root / "data/flows/commuting.toml").write_text(description, "utf-8")
    return root


def computed(app: AppTest, method: str, **parameters: Any) -> AppTest:
    """Choose a method and its parameters and compute the areas."""
    app.selectbox(key="method").set_value(method).run()
    for name, value in parameters.items():
        kind = {"stop": "selectbox", "option": "selectbox", "cores": "multiselect"}
        widget = getattr(app, kind.get(name, "number_input"))
        widget(key=f"parameter-{method}-{name}").set_value(value)
    button(app, "Compute the areas").click().run()
    assert list(app.exception) == []
    return app


def button(app: AppTest, label: str) -> Any:
    (found,) = (each for each in app.button if each.label == label)
    return found


def words(app: AppTest) -> str:
    """Return every text of the page, without the marks that keep Markdown from reading it."""
    kinds = (app.subheader, app.markdown, app.caption, app.info, app.warning, app.error)
    return "\n".join(found.value for kind in kinds for found in kind).replace("\\", "")


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


def headed(app: AppTest, heading: str) -> pd.DataFrame:
    """Return the table that has a heading, by its first column, in plain text."""
    (found,) = (table.value for table in app.table if heading in table.value.columns)
    plain = found.map(lambda cell: str(cell).replace("\\", ""))
    return plain.set_index(plain.columns[0])


def test_without_flows_links_are_a_working_hypothesis(
    open_page: Opener, workspace_root: Path
) -> None:
    app = open_page(workspace_root)
    (told,) = app.info
    assert "no flow table" in told.value
    assert "geoapp add flows NAME FILE" in told.value.replace("\\", "")
    assert "working hypothesis" in told.value
    assert len(app.get("bidi_component")) == len(app.button) == 0
    app.selectbox(key="links-of").set_value(UJSOLY).run()
    told = words(app)
    assert "Only municipalities of this workspace can be named." in told
    assert "12" not in told  # jobs are not known, which leaves six variants
    assert "of 6 variants of the model agree on the first labour link" in told
    assert "(modelled)" in headed(app, "Stronger").loc["Rajcza", "Components and what they rest on"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_areas_and_links_are_told_in_every_language(
    language: str, open_page: Opener, root: Path
) -> None:
    text = Text(language)
    app = open_page(root, language=language)
    app.selectbox(key="method").set_value("labour-market-areas").run()
    button(app, text.gettext("Compute the areas")).click().run()
    app.selectbox(key="links-of").set_value(RAJCZA).run()
    assert list(app.exception) == list(app.error) == []
    told = words(app)
    for sentence in (
        "Areas and their self-containment",
        "A declared partnership against the areas",
    ):
        assert text.gettext(sentence) in told
    assert text.gettext("The labour link is observed, not modelled.") in told
    assert app.title[0].value == text.gettext("Functional areas")
    assert sent(app)["language"] == language


def test_the_map_fills_by_area_and_tells_what_is_sure(app: AppTest) -> None:
    computed(app, "labour-market-areas", min_size=500, target_size=2000)
    drawing = sent(app)
    members = drawing["layers"][-1]
    fills = {unit: members["styles"][style]["fill"] for unit, style in members["assign"].items()}
    assert fills[RAJCZA] == fills[UJSOLY] == fills[MILOWKA]
    assert fills[RUMBURK] == fills[SLUKNOV] != fills[RAJCZA]
    area, stable, *_ = members["tooltips"][UJSOLY]
    assert area == "Area of Rajcza"
    assert stable == "Stable in 100 % of runs"
    assert {item["label"] for item in drawing["legend"][0]["items"]} == {"Rajcza", "Rumburk"}
    assert drawing["title"] == METHOD_NAMES["labour-market-areas"]
    table = headed(app, "Employed residents")
    assert table.loc["Rajcza", ["Municipalities", "Employed residents"]].tolist() == ["4", "5,993"]
    assert table.loc["Rumburk", "Residents who work inside (%)"] == "99.9"
    assert "2 areas; 99.9 % of the employed residents work in their own area" in words(app)


def test_what_is_unsure_is_hatched_and_has_a_second_best_area(
    open_page: Opener, workspace_root: Path
) -> None:
    # Ujsoły sends as many to the one as to the other; only counting noise decides
    split = FLOWS.replace("2417142,562777,3", "2417142,562777,600")
    app = open_page(with_flows(workspace_root, split))
    computed(app, "dominant-flow")
    members = sent(app)["layers"][-1]
    assert members["styles"][members["assign"][UJSOLY]]["pattern"] == "diagonal"
    assert members["styles"][members["assign"][SLUKNOV]]["pattern"] == "none"
    area, stable, second = members["tooltips"][UJSOLY]
    assert {area.removeprefix("Area of "), second.removeprefix("Second-best area: ")} == {
        "Rajcza",
        "Rumburk",
    }
    assert stable.startswith("Stable in ")
    last = sent(app)["legend"][0]["items"][-1]
    assert last["label"] == "Not stable: less than 80 % of runs"
    # Rumburk too: where Ujsoły joins it, more residents of its area come from elsewhere
    assert last["note"] == "2 municipalities"


def test_a_declared_partnership_is_held_against_the_areas(app: AppTest) -> None:
    computed(app, "labour-market-areas", min_size=500, target_size=2000)
    app.selectbox(key="declared").set_value("pl-beskid").run()
    told = words(app)
    assert "live in the area of Rajcza." in told
    assert "99.9 % of the members' employed residents work inside the partnership" in told
    assert "Members without any flow in the table are left out: Łodygowice." in told
    members = headed(app, "Against the area")
    assert members.loc["Rajcza", "Against the area"] == "member, and in the functional area"
    assert members.loc[NOWHERE, "Against the area"] == "in the functional area, not a member"
    changes = headed(app, "Change")
    assert changes.loc[NOWHERE, "Change"] == "joins"
    assert changes.loc["Milówka", "Change"] == "leaves"
    assert "(-" in changes.loc["Milówka", "Residents who work inside (%)"]


def test_observed_links_need_no_model(app: AppTest) -> None:
    app.selectbox(key="links-of").set_value(SLUKNOV).run()
    links = headed(app, "Stronger")
    assert links.index[0] == "Rumburk"
    assert "labour 0.50 (observed)" in links.loc["Rumburk", "Components and what they rest on"]
    # a few commuters go to the other country
    assert "labour 0.00 (observed)" in links.loc["Rajcza", "Components and what they rest on"]
    told = words(app)
    assert "The labour link is observed, not modelled." in told
    assert "working hypothesis" not in told


def test_weights_change_the_rank_and_cannot_all_be_nothing(app: AppTest) -> None:
    app.selectbox(key="links-of").set_value(SLUKNOV).run()
    before = headed(app, "Stronger").loc["Rumburk", "Strength of the link (0 to 1)"]
    app.slider(key="weight-labour").set_value(0.0).run()
    assert headed(app, "Stronger").loc["Rumburk", "Strength of the link (0 to 1)"] != before
    for name in ("services", "infrastructure", "travel", "institutions"):
        app.slider(key=f"weight-{name}").set_value(0.0)
    app.run()
    assert [told.value for told in app.warning] == [
        "Every weight is 0\\; give at least one component a weight\\."
    ]
    assert list(app.exception) == list(app.error) == []


def test_a_flow_table_says_what_is_withheld_and_which_codes_are_strange(app: AppTest) -> None:
    told = words(app)
    assert "GUS, ČSÚ, 2021, free" in told
    assert "unknown and not zero, left out: 1." in told
    assert f"no municipality for, shown as codes: 1 ({NOWHERE})." in told


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("dominant-flow", {"min_share": 0.1}),
        ("flowbca", {"option": 2, "stop": "k", "level": 3.0}),
        ("flowbca", {"stop": "non-zero"}),
        ("self-contained-areas", {"low": 100, "high": 2000}),
        ("functional-urban-areas", {"cores": [RUMBURK]}),
        ("commuting-zones", {"cut": 0.9}),
        ("intramax", {"regions": 2}),
    ],
)
def test_every_method_can_be_run(method: str, parameters: dict[str, Any], app: AppTest) -> None:
    computed(app, method, **parameters)
    assert list(app.error) == list(app.warning) == []
    assert len(sent(app)["layers"][-1]["assign"]) >= 2
    assert not headed(app, "Employed residents").empty


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_every_parameter_has_a_name(method: str, app: AppTest) -> None:
    app.selectbox(key="method").set_value(method).run()
    assert list(app.exception) == []
    asked = [
        widget.label
        for widget in (*app.number_input, *app.selectbox, *app.multiselect)
        if str(widget.key).startswith(f"parameter-{method}-")
    ]
    assert asked
    assert set(asked) <= set(PARAMETER_NAMES.values())


def test_urban_areas_need_a_core(app: AppTest) -> None:
    computed(app, "functional-urban-areas")
    (told,) = app.warning
    assert "no functional urban area without a core" in told.value
    assert list(app.error) == []
    cores = app.multiselect(key="parameter-functional-urban-areas-cores").options
    assert "Rumburk · 562777" in cores
    assert NOWHERE in cores
    computed(app, "functional-urban-areas", cores=[RAJCZA, NOWHERE])
    assert list(app.warning) == []
    assert "units belong to no functional urban area" in words(app)


def test_a_parameter_that_makes_no_sense_is_told(app: AppTest) -> None:
    computed(app, "labour-market-areas", min_size=5000, target_size=100)
    (told,) = app.error
    assert "cannot be computed with these flows and parameters" in told.value
    assert "the minimum size must not be negative and lie below the target size" in told.value
    assert app.get("bidi_component") == []
    app.selectbox(key="links-of").set_value(RAJCZA).run()
    assert not headed(app, "Stronger").empty


def test_areas_are_computed_once(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    computed(app, "flowbca")
    shown = sent(app)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(delineating, "delineate", refuse)
    app.run()
    assert sent(app) == shown


def test_another_table_of_flows_is_another_result(app: AppTest, root: Path) -> None:
    computed(app, "dominant-flow")
    assert len(headed(app, "Employed residents")) == 2
    with_flows(root, FLOWS.replace("562858,562777,900", "562858,2417112,900"))
    app.run()
    assert sent(app)["layers"][-1]["tooltips"][SLUKNOV][0] == "Area of Rajcza"


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("from,to,count\na,b,1\n", "expected the columns origin, destination and flow"),
        ("origin,destination,flow\n2417112,2417142,-4\n", "a negative flow in row 2 ('-4')"),
        ("origin,destination,flow\n", "the table has no rows"),
        ("", "commuting.csv"),
        ("origin,destination,flow\n2417112,2417142,0\n", "no flow above zero"),
        ("origin,destination,flow\n2417112,=cmd(),7\n", "no usable code in the column destination"),
    ],
)
def test_a_broken_table_is_told_and_the_rest_works(
    table: str, told: str, open_page: Opener, workspace_root: Path
) -> None:
    app = open_page(with_flows(workspace_root, table))
    (error,) = app.error
    assert told in error.value.replace("\\", "")
    assert "commuting.csv" in error.value.replace("\\", "")
    app.selectbox(key="links-of").set_value(UJSOLY).run()
    assert list(app.exception) == []
    assert not headed(app, "Stronger").empty


@pytest.mark.parametrize("change", ["toml", "gone"])
def test_a_broken_description_is_told(change: str, open_page: Opener, root: Path) -> None:
    if change == "toml":
        (root / "data/flows/commuting.toml").write_text(DESCRIPTION + "colour = 1\n", "utf-8")
    else:
        (root / "data/flows/commuting.csv").unlink()
    app = open_page(root)
    (error,) = app.error
    assert "data/flows/commuting.toml" in error.value.replace("\\", "")
    assert len(app.info) == 1


def test_one_municipality_is_no_area(open_page: Opener, workspace_root: Path) -> None:
    app = open_page(with_flows(workspace_root, "origin,destination,flow\n2417112,2417112,3000\n"))
    computed(app, "labour-market-areas")
    (told,) = app.warning
    assert "a single municipality" in told.value
    assert list(app.error) == []


def test_flows_of_unknown_places_alone_are_shown_by_code(
    open_page: Opener, workspace_root: Path
) -> None:
    app = open_page(
        with_flows(workspace_root, "origin,destination,flow\nA,A,90\nA,B,5\nB,B,40\nB,A,30\n")
    )
    computed(app, "dominant-flow")
    assert headed(app, "Employed residents").index.tolist() == ["A"]
    assert "No partnership has two members that the flow table knows." in words(app)
    assert list(app.error) == []


def test_a_unit_without_flows_to_others_is_set_aside_with_the_reason(
    open_page: Opener, workspace_root: Path
) -> None:
    alone = "\n".join(line for line in FLOWS.splitlines() if "2417092" not in line)
    app = open_page(with_flows(workspace_root, f"{alone}\n2417092,2417092,500\n"))
    computed(app, "labour-market-areas", min_size=500, target_size=2000)
    assert "- Milówka: no flow to other units" in words(app)


def test_hostile_names_and_codes_stay_text(open_page: Opener, workspace_root: Path) -> None:
    hostile = "<img src=x onerror=alert(1)>![x](http://h.example/y)"
    table = FLOWS.replace(NOWHERE, "![x](//h.example)")
    description = DESCRIPTION.replace("GUS, ČSÚ", hostile).replace(
        'en = "Commuting"', "en = '**x**'"
    )
    municipalities = workspace_root / "data/municipalities.csv"
    told = municipalities.read_text("utf-8").replace("Ujsoły", hostile)
    municipalities.write_text(told, "utf-8")
    app = open_page(with_flows(workspace_root, table, description))
    computed(app, "labour-market-areas", min_size=500, target_size=2000)
    app.selectbox(key="links-of").set_value(RAJCZA).run()
    kinds = (app.subheader, app.markdown, app.caption)
    shown = [found.value for kind in kinds for found in kind]
    shown += [str(cell) for table in app.table for cell in table.value.to_numpy().ravel()]
    assert any("onerror" in text for text in shown)
    assert [text for text in shown if re.search(r"(?<!\\)(?:<img|\]\()", text)] == []


def test_the_card_quotes_the_stronger_partners(open_page: Opener, root: Path) -> None:
    app = open_page(root, page="map")
    app.session_state["choice"] = Choice(selected=SLUKNOV)
    app.run()
    told = words(app)
    assert "Links to stronger municipalities" in told
    assert "- Rumburk: 0." in told
    assert "labour 0.50 (observed)" in told
    app.session_state["choice"] = Choice(selected=LODYGOWICE)
    app.run()
    assert list(app.error) == list(app.exception) == []
    assert "Links to stronger municipalities" not in words(app)


def test_made_up_or_broken_flows_do_not_reach_the_card(open_page: Opener, root: Path) -> None:
    with_flows(root, description=DESCRIPTION + "illustrative = true\n")
    app = open_page(root, page="map")
    app.session_state["choice"] = Choice(selected=SLUKNOV)
    app.run()
    assert "(modelled)" in words(app)
    assert "(observed)" not in words(app)
    with_flows(root, "origin\n1\n")
    app.run()
    assert list(app.exception) == []
    assert "(modelled)" in words(app)


def test_a_selected_municipality_is_the_one_whose_links_are_shown(app: AppTest) -> None:
    app.session_state["choice"] = Choice(selected=UJSOLY)
    app.run()
    assert app.selectbox(key="links-of").value == UJSOLY
    app.selectbox(key="links-of").set_value(RAJCZA).run()
    assert app.query_params["municipality"] == RAJCZA


def test_an_empty_workspace_opens(open_page: Opener, tmp_path: Path) -> None:
    app = open_page(create_workspace(tmp_path / "mine", empty=True))
    assert list(app.error) == []
    assert len(app.info) == 1


def test_a_long_list_says_how_much_of_it_is_shown(open_page: Opener, workspace_root: Path) -> None:
    # pairs that only exchange with one another, and a last one that nobody goes to
    rows = [f"{a}{n:03},{b}{n:03},{9 + n}" for n in range(65) for a, b in ("AA", "AB", "BA")]
    table = "\n".join(["origin,destination,flow", *rows, "Z,Z,1"])
    app = open_page(with_flows(workspace_root, f"{table}\n"))
    computed(app, "dominant-flow")
    assert "Listed: 60 of " in words(app)
    assert len(headed(app, "Employed residents")) == 60
    assert "131 (A000, A001, A002, A003, A004, A005, A006, A007, …)." in words(app)
    assert "- Z: no flow to or from any other unit" in words(app)
