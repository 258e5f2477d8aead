import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from geoapp.core.choice import Choice
from geoapp.core.grouping import GROUPINGS
from geoapp.ui.permalink import read_choice, write_choice

SLUGS = st.lists(
    st.from_regex(r"[a-z0-9]{1,4}(-[a-z0-9]{1,4}){0,2}", fullmatch=True), max_size=5, unique=True
).map(tuple)
CHOICES = st.builds(
    Choice,
    partnerships=SLUGS,
    group_by=st.sampled_from(GROUPINGS),
    layers=SLUGS,
    selected=st.one_of(st.none(), st.from_regex(r"[0-9]{6}", fullmatch=True)),
    base_map=st.one_of(st.none(), st.just("osm")),
)


@settings(max_examples=40)
@given(CHOICES)
def test_an_address_holds_every_choice(choice: Choice) -> None:
    assert read_choice(write_choice(choice)) == choice


@settings(max_examples=40)
@given(CHOICES)
def test_an_address_holds_slugs_only(choice: Choice) -> None:
    written = write_choice(choice)
    assert set(written) <= {"partnerships", "group", "layers", "municipality", "base"}
    assert all(value.isascii() and " " not in value for value in written.values())


def test_the_first_choice_needs_no_address() -> None:
    assert write_choice(Choice()) == {}
    assert read_choice({}) == Choice()


@given(st.dictionaries(st.sampled_from(["partnerships", "group", "layers", "base"]), st.text()))
def test_any_address_is_some_choice(parameters: dict[str, str]) -> None:
    choice = read_choice(parameters)
    assert choice.group_by in GROUPINGS
    assert read_choice(write_choice(choice)) == choice


@pytest.mark.parametrize(
    ("parameters", "choice"),
    [
        ({"group": "colour"}, Choice()),
        ({"group": "status", "unknown": "x"}, Choice(group_by="status")),
        ({"layers": ",trails,,trails,care"}, Choice(layers=("trails", "care"))),
        ({"municipality": "", "base": ""}, Choice()),
    ],
)
def test_what_makes_no_sense_is_passed_over(parameters: dict[str, str], choice: Choice) -> None:
    assert read_choice(parameters) == choice


def test_an_endless_address_is_cut() -> None:
    assert len(read_choice({"layers": ",".join(map(str, range(10_000)))}).layers) == 200


def page() -> None:
    """A page that shows its choice, and lets a reader make another one."""
    import streamlit

    from geoapp.ui import permalink, state

    permalink.adopt()
    if streamlit.button("by status"):
        state.choose(group_by="status")
    permalink.publish()
    streamlit.text(state.choice().model_dump_json(exclude_defaults=True))
    streamlit.text(state.text().language)


def test_a_page_opens_as_its_address_says() -> None:
    app = AppTest.from_function(page)
    app.query_params.update({"lang": "cs", "partnerships": "cz-sever", "layers": "trails"})
    app.run()
    assert not app.exception
    shown, language = (text.value for text in app.text)
    assert Choice.model_validate_json(shown) == Choice(
        partnerships=("cz-sever",), layers=("trails",)
    )
    assert language == "cs"


def test_a_choice_is_written_into_the_address() -> None:
    app = AppTest.from_function(page).run()
    assert app.query_params == {"lang": "en"}
    app.button[0].click().run()
    assert not app.exception
    assert app.query_params == {"lang": "en", "group": "status"}
    # the app's own address is no new wish of the reader
    app.run()
    assert app.text[0].value == '{"group_by":"status"}'


def test_an_address_that_a_reader_changes_wins_over_the_choice() -> None:
    app = AppTest.from_function(page).run()
    app.button[0].click().run()
    app.query_params["group"] = "role"
    app.run()
    assert app.text[0].value == '{"group_by":"role"}'


def test_a_page_without_its_address_keeps_the_choice() -> None:
    app = AppTest.from_function(page).run()
    app.button[0].click().run()
    app.query_params.clear()
    app.run()
    assert app.query_params == {"lang": "en", "group": "status"}
