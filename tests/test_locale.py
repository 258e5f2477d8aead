"""The Polish and Czech catalogues hold every text of the app, and hold it rightly."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from geoapp.core import vocabulary
from geoapp.core.partnership import Language
from geoapp.errors import Problem, printable
from geoapp.text import Text

PACKAGE = Path(__file__).parents[1] / "geoapp"
# what people read on a command line, and the methods behind it, speak English
UNTRANSLATED = ("cli", "functional", "__pycache__")
KEYWORDS = parse_keywords(["mark", "Problem:2", "refusal:2", "warning:2"])
TRANSLATED: tuple[Language, ...] = ("pl", "cs")
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
_EVERYWHERE = {"{message}", "{name} ({unit})", "{name} (km)"}
SAME = {"pl": _EVERYWHERE, "cs": _EVERYWHERE | {"Data", "Licence"}}
NAMES = {
    label: names
    for label, names in vars(vocabulary).items()
    if label.endswith("_NAMES") and not label.startswith("_")
}


@cache
def catalogue(language: Language) -> Catalog:
    with (PACKAGE / "locale" / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


@cache
def extracted() -> frozenset[str | tuple[str, ...]]:
    """Return every text of the package, as the command that updates the catalogues finds it."""
    found = extract_from_dir(
        PACKAGE,
        method_map=[("**.py", "python")],
        keywords=DEFAULT_KEYWORDS | KEYWORDS,
        directory_filter=lambda folder: Path(folder).name not in UNTRANSLATED,
    )
    return frozenset(message for _, _, message, _, _ in found)


def messages(language: Language) -> list[Message]:
    return [message for message in catalogue(language) if message.id]


def forms(text: str | Sequence[str] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ())


def fields(text: str) -> set[tuple[str, str | None]]:
    """Return the placeholders of a text with their conversions, and nothing that looks like one."""
    parsed = Formatter().parse(text)
    return {(name, conversion) for _, name, _, conversion in parsed if name is not None}


def texts_told(tree: ast.Module) -> Iterator[str]:
    """Yield the literal texts that code hands to a reader, whether they are marked or not."""
    assigned = [
        (target.id, str(node.value.value))
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    ]
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        place = {"gettext": 0, "ngettext": 0, "Problem": 1, "refusal": 1, "warning": 1}.get(name)
        named = [keyword.value for keyword in call.keywords if keyword.arg == "text"]
        for argument in [*call.args[place : place + 1], *named] if place is not None else []:
            if isinstance(argument, ast.Constant):
                yield str(argument.value)
            elif isinstance(argument, ast.Name):
                yield from (text for variable, text in assigned if variable == argument.id and text)


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_every_text_of_the_app_and_no_other(language: Language) -> None:
    assert {message.id for message in messages(language)} == extracted()
    assert not catalogue(language).obsolete


def test_no_text_escapes_extraction() -> None:
    known = {form for text in extracted() for form in forms(text)}
    sources = [path for path in PACKAGE.rglob("*.py") if not {*UNTRANSLATED} & {*path.parts}]
    told = {text for path in sources for text in texts_told(ast.parse(path.read_text("utf-8")))}
    assert len(told) > 100
    assert told - known == set()


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_in_every_form(language: Language) -> None:
    for message in messages(language):
        translated = forms(message.string)
        assert all(text.strip() for text in translated), message.id
        assert len(translated) == (3 if message.pluralizable else 1), message.id
        assert not message.fuzzy, message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_placeholders_of_its_text(language: Language) -> None:
    for message in messages(language):
        expected = fields(forms(message.id)[-1])
        assert all(name.isidentifier() for name, _ in expected), message.id
        assert all(fields(text) == expected for text in forms(message.string)), message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_few_texts_are_the_same_as_in_english(language: Language) -> None:
    same = {message.id for message in messages(language) if message.id == message.string}
    assert same == SAME[language]


@pytest.mark.parametrize(("language", "quoted"), [("pl", "„[^„”“]+”"), ("cs", "„[^„”“]+“")])
def test_quotation_marks_are_those_of_the_language(language: Language, quoted: str) -> None:
    texts = [text for message in messages(language) for text in forms(message.string)]
    assert [
        text for text in texts if '"' in text or set("„”“") & set(re.sub(quoted, "", text))
    ] == []
    assert any(re.search(quoted, text) for text in texts)


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_header_names_rules_and_nobody(language: Language) -> None:
    header = dict(catalogue(language).mime_headers)
    assert header["Language"] == language
    assert header["Plural-Forms"].startswith("nplurals=3;")
    assert "@" not in "".join(header.values())


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_terms_have_names_of_their_own(language: Language, names: dict[str, str]) -> None:
    text = Text(language)
    known = {message.id for message in messages(language)}
    assert set(names.values()) <= known
    assert len({text.gettext(name) for name in names.values()}) == len(set(names.values()))


@pytest.mark.parametrize(
    ("language", "count", "written"),
    [
        ("pl", 0, "0 gmin"),
        ("pl", 1, "1 gmina"),
        ("pl", 2, "2 gminy"),
        ("pl", 5, "5 gmin"),
        ("pl", 12, "12 gmin"),
        ("pl", 21, "21 gmin"),
        ("pl", 22, "22 gminy"),
        ("pl", 112, "112 gmin"),
        ("pl", 2477, f"2{NO_BREAK_SPACE}477 gmin"),
        ("cs", 0, "0 obcí"),
        ("cs", 1, "1 obec"),
        ("cs", 2, "2 obce"),
        ("cs", 4, "4 obce"),
        ("cs", 5, "5 obcí"),
        ("cs", 22, "22 obcí"),
        ("cs", 6258, f"6{NO_BREAK_SPACE}258 obcí"),
    ],
)
def test_municipalities_are_counted_as_the_language_does(
    language: Language, count: int, written: str
) -> None:
    assert Text(language).ngettext("{n} municipality", "{n} municipalities", count) == written


@pytest.mark.parametrize(
    ("language", "count", "written"),
    [
        ("pl", 1, "1 zadeklarowany członek nie jest znany z nazwy."),
        ("pl", 2, "2 zadeklarowani członkowie nie są znani z nazwy."),
        ("pl", 13, "13 zadeklarowanych członków nie jest znanych z nazwy."),
        ("cs", 1, "1 deklarovaný člen není znám jménem."),
        ("cs", 3, "3 deklarovaní členové nejsou známi jménem."),
        ("cs", 23, "23 deklarovaných členů není známo jménem."),
    ],
)
def test_a_sentence_agrees_with_its_number(language: Language, count: int, written: str) -> None:
    one = "{n} declared member is not known by name."
    many = "{n} declared members are not known by name."
    assert Text(language).ngettext(one, many, count) == written


@pytest.mark.parametrize(
    ("language", "quantity", "heading"),
    [
        ("pl", "places_per_100_children", "Opieka nad dziećmi (miejsca na 100 dzieci)"),
        ("cs", "places_per_100_children", "Péče o děti (míst na 100 dětí)"),
        ("pl", "share_percent", "Opieka nad dziećmi (% powierzchni)"),
        ("cs", "places_per_1000", f"Péče o děti (míst na 1{NO_BREAK_SPACE}000 obyvatel)"),
    ],
)
def test_a_heading_is_in_one_language(language: Language, quantity: str, heading: str) -> None:
    text = Text(language)
    theme = text.gettext("Childcare")
    assert vocabulary.quantity_name(quantity, theme, None, text) == heading


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("hostile", ["{0.__class__}", "{{7*7}}", "{name.__init__}", "{n}", "%(n)s"])
def test_a_hostile_value_stays_text(language: Language, hostile: str) -> None:
    text = Text(language)
    problem = Problem(
        "a.toml",
        "the file {found} does not exist; put it there or correct the path",
        "",
        {"found": hostile},
    )
    assert hostile in text.problem(problem)
    heading = vocabulary.quantity_name("value", hostile, hostile, text)
    assert heading == f"{hostile} ({hostile})"


@given(st.sampled_from(TRANSLATED), st.text(max_size=40))
def test_any_value_comes_through_a_translation_unchanged(language: Language, value: str) -> None:
    problem = Problem("a.csv", "GDAL noted: {note}", values={"note": value})
    # control characters, which could rewrite a line of a terminal, are shown as a sign
    assert Text(language).problem(problem).endswith(f": {printable(value)}")
