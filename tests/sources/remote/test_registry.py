from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import ValidationError

from geoapp.core.layer import LayerSpec
from geoapp.core.partnership import Language
from geoapp.core.vocabulary import THEME_NAMES
from geoapp.sources.remote.protocols import PROTOCOLS
from geoapp.sources.remote.registry import RemoteSource, host_of, read_sources

PACKAGED, PROBLEMS = read_sources()
LANGUAGES: set[Language] = {"pl", "cs", "en"}

WHOLE = """\
[own]
names = { pl = "Własne" }
protocol = "file"
address = "http://192.168.1.7:8080/gminy.gpkg"
theme = "boundaries"
countries = ["PL"]
source = "us"
licence = "CC0"
"""


@pytest.fixture
def write(tmp_path: Path) -> Path:
    return tmp_path / "sources.toml"


def test_the_registry_has_no_problems() -> None:
    assert PROBLEMS == []
    assert {"prg-gminy", "ruian-obce", "ruian-orp", "gisco-lau", "osm"} <= {
        source.slug for source in PACKAGED
    }


@pytest.mark.parametrize("source", PACKAGED, ids=lambda source: source.slug)
def test_every_source_can_be_pulled_and_says_whose_it_is(source: RemoteSource) -> None:
    assert source.protocol in PROTOCOLS
    assert set(source.names) == LANGUAGES
    assert all(
        address.startswith("https://") for address in (source.address, *source.addresses.values())
    )
    assert source.attribution
    assert source.theme is None or source.theme in {*THEME_NAMES, "counties", "districts"}


@pytest.mark.parametrize(
    "source", [source for source in PACKAGED if source.theme], ids=lambda source: source.slug
)
def test_what_a_source_says_makes_a_layer(source: RemoteSource) -> None:
    spec = LayerSpec.model_validate(
        {
            "slug": source.slug_of_layer,
            "theme": source.theme,
            "names": source.names,
            "kind": source.kind,
            "measure": source.measure,
            "file": "data/x.fgb",
            "source": source.source,
            "licence": source.licence,
        }
    )
    assert spec.slug == source.slug_of_layer


def test_layers_of_different_sources_do_not_take_each_others_place() -> None:
    slugs = [source.slug_of_layer for source in PACKAGED]
    assert len(slugs) == len(set(slugs))


def test_a_moved_address_is_one_line(write: Path) -> None:
    write.write_text('[prg-gminy]\naddress = "https://new.example.org/wfs"\n', "utf-8")
    found, problems = read_sources(write.parent)
    assert problems == []
    changed = [new for new, old in zip(found, PACKAGED, strict=True) if new != old]
    (source,) = changed
    assert (source.slug, source.address) == ("prg-gminy", "https://new.example.org/wfs")
    assert source.known_hosts == {"new.example.org:443"}
    assert source.types == ("ms:A03_Granice_gmin",)


def test_an_entry_of_a_section_is_changed_alone(write: Path) -> None:
    write.write_text('[osm.addresses]\nPL-24 = "https://mirror.example.org/s.osm.pbf"\n', "utf-8")
    found, problems = read_sources(write.parent)
    assert problems == []
    before = next(source for source in PACKAGED if source.slug == "osm").addresses
    after = next(source for source in found if source.slug == "osm").addresses
    assert after == before | {"PL-24": "https://mirror.example.org/s.osm.pbf"}


def test_a_source_of_ones_own_comes_last_and_may_lie_in_ones_own_network(write: Path) -> None:
    write.write_text(WHOLE, "utf-8")
    found, problems = read_sources(write.parent)
    assert problems == []
    assert found[:-1] == PACKAGED
    assert found[-1].known_hosts == {"192.168.1.7:8080"}


@pytest.mark.parametrize(
    ("text", "where", "told"),
    [
        ("[prg-gminy]\nadress = 'https://x.example'\n", "prg-gminy.adress", "Extra inputs"),
        ("[prg-gminy]\naddress = 'ftp://x.example/a'\n", "prg-gminy.address", "begins with https"),
        ("[prg-gminy]\naddress = 'file:///etc/passwd'\n", "prg-gminy.address", "begins with https"),
        ("[prg-gminy]\naddress = 'https:///x'\n", "prg-gminy.address", "begins with https"),
        ("[prg-gminy]\naddress = 'https://me:pw@x.example/'\n", "prg-gminy.address", "user name"),
        ("[prg-gminy]\naddress = 'https://x.example:0/'\n", "prg-gminy.address", "port"),
        ("[prg-gminy]\naddress = 'https://x.example/a b'\n", "prg-gminy.address", "spaces"),
        ("[prg-gminy]\nhosts = ['https://x.example']\n", "prg-gminy.hosts.0", "expected a host"),
        ("[prg-gminy]\nprotocol = 'ftp'\n", "prg-gminy.protocol", "'wfs'"),
        ("[prg-gminy]\ntypes = []\n", "prg-gminy", "needs types"),
        ("[ruian-obce.addresses]\nunit = 'https://x.example/1'\n", "ruian-obce", "{code}"),
        ("[own]\naddress = 'https://x.example/'\n", "own.protocol", "Field required"),
        ("prg-gminy = 3\n", "prg-gminy", "expected a section such as [prg-gminy]"),
        ("[prg-gminy\n", "", "expected TOML"),
    ],
)
def test_every_problem_is_told_with_its_place(
    text: str, where: str, told: str, write: Path
) -> None:
    write.write_text(text, "utf-8")
    found, problems = read_sources(write.parent)
    assert len(found) >= len(PACKAGED) - 1
    assert any(
        (problem.file, problem.field) == ("sources.toml", where) and told in problem.sentence()
        for problem in problems
    ), [str(problem) for problem in problems]


def test_a_file_too_big_or_of_no_text_is_told(write: Path) -> None:
    for content in (b"\xff\xfe\x00", b"#" * 1_000_001):
        write.write_bytes(content)
        found, problems = read_sources(write.parent)
        assert found == PACKAGED
        assert "something unreadable" in problems[0].sentence()


def test_the_packaged_file_is_plain_toml() -> None:
    text = (resources.files("geoapp.sources.remote") / "sources.toml").read_text("utf-8")
    assert list(tomllib.loads(text)) == [source.slug for source in PACKAGED]


def test_a_host_is_told_with_its_port() -> None:
    assert host_of("http://[::1]:80/") == "::1:80"
    with pytest.raises(ValueError, match="begins with https"):
        host_of("javascript:alert(1)")


def test_a_source_is_a_value() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        PACKAGED[0].slug = "other"


PAGE = Path(__file__).parents[3] / "docs/sources.md"


def cells(heading: str) -> list[list[str]]:
    """Return the rows of the table whose first column has a heading."""
    text = PAGE.read_text("utf-8")
    table = text[text.index(f"| {heading} |") :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in table[2:]]


def test_the_page_tells_of_every_source() -> None:
    assert [row[0] for row in cells("source")] == [f"`{source.slug}`" for source in PACKAGED]


def test_the_page_tells_of_every_field() -> None:
    rows = {row[0].strip("`"): row for row in cells("field")}
    fields = {name: field for name, field in RemoteSource.model_fields.items() if name != "slug"}
    assert list(rows) == list(fields)
    for name, field in fields.items():
        _, required, default, meaning = rows[name]
        assert (required == "yes") == field.is_required(), name
        told = field.get_default(call_default_factory=True)
        if told and not field.is_required():
            assert default == f"`{str(told).lower()}`", name
        words = {word for word in allowed(field.annotation) if word not in LANGUAGES}
        assert words <= set(re.findall(r"`(.+?)`", meaning)), name


def allowed(annotation: Any) -> set[str]:
    """Return the words, and the numbers as text, that a field may hold."""
    if get_origin(annotation) is Literal:
        return {str(word) for word in get_args(annotation)}
    return {word for part in get_args(annotation) for word in allowed(part)}


def test_the_example_of_the_page_is_a_source(write: Path) -> None:
    examples = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    write.write_text("\n".join(examples), "utf-8")
    found, problems = read_sources(write.parent)
    assert problems == []
    assert (len(found), found[-1].slug) == (len(PACKAGED) + 1, "our-trails")
