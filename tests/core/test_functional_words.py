from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from geoapp.core import functional_words
from geoapp.core.functional.gravity import reliability
from geoapp.core.functional.links import (
    OBSERVED,
    WEIGHTS,
    Links,
    Measured,
    functional_links,
)
from geoapp.core.functional.methods import METHODS, method_parameters
from geoapp.core.functional.progress import Note
from geoapp.core.functional_words import (
    COMPONENT_NAMES,
    METHOD_NAMES,
    METHOD_USES,
    NOTES,
    PARAMETER_NAMES,
    REASONS,
    STATUS_NAMES,
    VERDICT_NAMES,
    confidence_words,
    link_lines,
    missing_words,
    note_words,
)
from geoapp.core.partnership import Language
from geoapp.text import Text

PACKAGE = Path(inspect.getfile(functional_words)).parents[1]
PLACES = pd.DataFrame(
    {
        "lon": [19.05, 19.15, 19.05, 14.55],
        "lat": [49.45, 49.45, 49.55, 50.95],
        "population": [8000.0, 4000.0, 9000.0, 11_000.0],
    },
    index=["241711", "241714", "241709", "562777"],
)
NAMES = {"241711": "Rajcza", "241714": "Ujsoły", "241709": "Milówka"}


@pytest.fixture(scope="module")
def links() -> Links:
    return functional_links(PLACES, "241714", memberships={"p": ["241711", "241714"]})


def notes_told() -> Iterator[str]:
    """Yield the texts of the notes that methods and workspace hand to a reader."""
    for path in (*(PACKAGE / "core/functional").glob("*.py"), PACKAGE / "workspace/flows.py"):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            texts: list[str] = []
            for node in ast.walk(function):
                if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                    texts += [node.value.value] if isinstance(node.value.value, str) else []
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Note":
                    if isinstance(node.args[0], ast.Constant):
                        yield str(node.args[0].value)
                    else:
                        yield from texts


def test_every_note_of_a_method_is_marked_for_translation() -> None:
    told = set(notes_told())
    assert len(told) > 15
    assert told - set(NOTES) == set()
    sources = " ".join(
        path.read_text("utf-8")
        for folder in ("core/functional", "workspace")
        for path in (PACKAGE / folder).glob("*.py")
    )
    # none is left over from a note that is no longer told
    assert [text for text in (*NOTES, *REASONS) if text[:40] not in sources] == []


def test_every_reason_to_set_a_unit_aside_is_marked() -> None:
    reserved = {
        str(node.value)
        for path in (PACKAGE / "core/functional").glob("*.py")
        for function in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(function, ast.FunctionDef)
        and function.name in ("_set_aside", "_reserve", "lonely_units")
        for node in ast.walk(function)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
        if node.value != ast.get_docstring(function, clean=False)
    }
    assert len(reserved) == 6
    assert reserved - set(REASONS) == set()


def test_every_method_parameter_component_and_verdict_has_a_name() -> None:
    assert set(METHOD_NAMES) == set(METHOD_USES) == set(METHODS)
    asked = {name for method in METHODS for name in method_parameters(method)}
    assert asked - {"ties", "borders"} == set(PARAMETER_NAMES)
    assert set(COMPONENT_NAMES) == set(WEIGHTS)
    assert set(VERDICT_NAMES) == {"both", "functional-only", "declared-only"}


def test_a_modelled_link_says_how_far_to_trust_it(links: Links) -> None:
    assert links.confidence is not None
    told = confidence_words(links, Text("en"))
    assert f"{links.confidence.agreeing} of 6 variants of the model agree" in told
    sure = reliability(links.confidence.agreeing, 6)
    assert f"right in {round(100 * sure.first_right)} % of measured cases" in told
    assert f"true top three in {round(100 * sure.in_top_three)} %" in told


@pytest.mark.parametrize(
    ("language", "observed", "missing"),
    [
        ("en", "observed, not modelled", "Not known and left out"),
        ("pl", "z danych rzeczywistych", "Brak danych; pominięto, nie licząc jako zero: usługi"),
        ("cs", "ze skutečných dat", "Není známo; vynecháno, nepočítá se jako nula: služby"),
    ],
)
def test_an_adviser_can_quote_it_in_three_languages(
    language: Language, observed: str, missing: str, links: Links
) -> None:
    text = Text(language)
    seen = Links(**{name: getattr(links, name) for name in links.__slots__} | {"confidence": None})
    assert observed in confidence_words(seen, text)
    assert missing in missing_words(links, text)


def test_nothing_missing_needs_no_words(links: Links) -> None:
    known = pd.Series(0.5, index=PLACES.index)
    measured = {name: Measured(known, known) for name in ("services", "infrastructure")}
    whole = functional_links(PLACES, "241714", memberships={}, measured=measured)
    assert missing_words(whole, Text("en")) == ""
    assert missing_words(links, Text("en")).endswith("services, infrastructure.")


def test_links_come_strongest_first_with_every_component(links: Links) -> None:
    lines = link_lines(links, NAMES, Text("en"), stronger=False, most=2)
    assert [line.name for line in lines] == ["Rajcza", "Milówka"]
    assert lines[0].score > lines[1].score
    assert lines[0].components == (
        f"labour {links.table.loc['241711', 'labour']:.2f} (modelled), "
        f"travel {links.table.loc['241711', 'travel']:.2f} (straight line), "
        "institutions 1.00 (from the registry)"
    )


def test_only_stronger_partners_where_they_are_asked_for(links: Links) -> None:
    own = functional_links(PLACES, "241709")
    assert link_lines(own, NAMES, Text("en"), stronger=True, most=5) == []
    assert all(
        line.stronger for line in link_lines(links, NAMES, Text("en"), stronger=True, most=5)
    )


def test_a_link_of_next_to_nothing_is_no_link(links: Links) -> None:
    assert "562777" in links.table.index
    lines = link_lines(links, NAMES, Text("en"), stronger=False, most=9)
    assert "562777" not in {line.unit for line in lines}


def test_a_municipality_without_a_name_is_shown_by_its_code(links: Links) -> None:
    lines = link_lines(links, {}, Text("en"), stronger=False, most=1)
    assert [line.name for line in lines] == ["241711"]


def test_a_component_that_is_not_known_is_a_dash() -> None:
    part = pd.Series({"241711": 0.25})
    measured = {"services": Measured(part, part, "of my own")}
    found = functional_links(PLACES, "241714", measured=measured)
    told = {
        line.unit: line.components
        for line in link_lines(found, NAMES, Text("en"), stronger=False, most=9)
    }
    assert "services 0.25 (of my own)" in told["241711"]
    assert "services – (of my own)" in told["241709"]


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "Units set aside because they cannot take part: 1,200, with 34,567.5 residents."),
        ("pl", "Jednostki wyłączone, ponieważ nie mogą wziąć udziału: 1\u00a0200; mieszkający w"),
    ],
)
def test_a_note_has_its_numbers_as_the_language_does(language: Language, told: str) -> None:
    text = "Units set aside because they cannot take part: {count}, with {persons} residents."
    note = Note(text, {"count": 1200, "persons": 34_567.5})
    assert note_words(note, Text(language)).startswith(told)


def test_a_hostile_value_of_a_note_stays_text() -> None:
    note = Note("Members without any flow in the table are left out: {codes}.", {"codes": "{0!r}"})
    assert note_words(note, Text("en")).endswith(": {0!r}.")


def test_what_a_component_rests_on_has_a_name(links: Links) -> None:
    minutes = pd.Series(10.0, index=PLACES.index)
    by_road = functional_links(PLACES, "241714", minutes=minutes)
    assert by_road.status["travel"] == "road"
    told = {*links.status.values(), *by_road.status.values(), OBSERVED}
    assert told == set(STATUS_NAMES)
