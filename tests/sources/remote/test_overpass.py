"""Answers of Overpass, as its documentation describes them, and its ways of giving up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoapp.errors import FileRefusedError
from geoapp.sources.remote.osm_layers import THEMES
from geoapp.sources.remote.overpass import elements_of, pull_overpass, question
from geoapp.sources.remote.pulled import Area, PulledLayer
from geoapp.sources.remote.registry import RemoteSource

BOX = (19.0, 49.4, 19.3, 49.6)
BASE = {"osm3s": {"timestamp_osm_base": "2026-11-20T05:06:07Z"}, "version": 0.6}
SOURCE = RemoteSource(
    slug="overpass",
    names={"en": "Overpass"},
    protocol="overpass",
    address="https://overpass.example/api/interpreter",
    countries=("PL",),
    source="OpenStreetMap",
    licence="ODbL",
)


def node(id_: int, lon: object = 19.1, lat: object = 49.5, **tags: str) -> dict[str, Any]:
    return {"type": "node", "id": id_, "lon": lon, "lat": lat} | ({"tags": tags} if tags else {})


def pull(
    folder: Path, content: str, bounds: tuple[float, float, float, float] = BOX
) -> tuple[list[PulledLayer], dict[str, Any]]:
    """Pull from an Overpass that answers in one way; return the layers and what it was asked."""
    asked: dict[str, Any] = {}

    def fetch(address: str, **options: Any) -> Path:
        asked.update(options, address=address)
        (folder / "answer.json").write_text(content, "utf-8")
        return folder / "answer.json"

    area = Area(frozenset({"241711"}), bounds, ("PL",))
    return pull_overpass(SOURCE, area, fetch), asked


def told(*elements: object, **more: object) -> str:
    return json.dumps(BASE | {"elements": list(elements)} | more)


def test_an_answer_becomes_the_layers_of_openstreetmap(tmp_path: Path) -> None:
    ways = [
        {"type": "way", "id": 5, "nodes": [2, 1], "tags": {"highway": "residential"}},
        {"type": "way", "id": 6, "nodes": [2, 3]},
    ]
    members = [{"type": "way", "ref": ref, "role": ""} for ref in (5, 6, 5)]
    route = {"type": "relation", "id": 7, "members": members}
    route["tags"] = {"type": "route", "route": "bicycle", "network": "lcn", "ref": "12"}
    places = [node(1), node(2, 19.2), node(3, 19.25), node(1, amenity="nursery", capacity="20")]
    layers, asked = pull(tmp_path, told(route, *ways, *reversed(places), node(1)))
    tables = {layer.slug: layer.table.set_index("key") for layer in layers}
    assert list(tables) == list(THEMES)
    assert tables["cycle-routes"].loc["r7"].geometry.length == pytest.approx(0.15)
    assert tables["cycle-routes"].loc["r7", ["name", "network"]].tolist() == ["12", "lcn"]
    assert list(tables["local-roads"].index) == ["w5"]
    assert tables["childcare"].loc["n1", "places"] == 20
    assert {layer.date for layer in layers} == {"2026-11-20"}
    assert not any(layer.complete or layer.problems for layer in layers)
    assert asked["address"] == SOURCE.address
    assert asked["form"] == {"data": question(BOX)}


def test_the_question_is_about_the_box_and_says_so_to_each_part() -> None:
    asked = question((19.0, 49.4, 19.3, 49.6))
    box = "(49.4000000,19.0000000,49.6000000,19.3000000)"
    assert asked.startswith("[out:json][timeout:")
    assert asked.endswith("out body;\n(.ridden;.found;);\n>;\nout skel qt;")
    assert '"^(kindergarten|childcare|nursery|nursing_home)$"' in asked
    assert "way(r.routes)" + box in asked
    for line in asked.split(";"):
        # parents of what was found, and what was found itself, need no box of their own
        assert box in line or not line.startswith(("way", "nwr", "wr", "\nway", "(way"))


@pytest.mark.parametrize(
    "remark",
    [
        'runtime error: Query timed out in "query" at line 3 after 181 seconds.',
        'runtime error: Query run out of memory in "recurse" at line 9 using about 512 MB of RAM.',
    ],
)
def test_an_answer_that_was_not_finished_is_refused(tmp_path: Path, remark: str) -> None:
    with pytest.raises(FileRefusedError, match="gave up before its answer was complete") as error:
        pull(tmp_path, told(node(1, amenity="nursery"), remark=remark))
    assert remark in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_any_other_remark_is_passed_on(tmp_path: Path) -> None:
    layers, _ = pull(tmp_path, told(node(1, amenity="nursery"), remark="runtime remark: \n slow"))
    assert [str(problem) for problem in layers[0].problems] == [
        "overpass: Overpass remarked on its answer: runtime remark: slow"
    ]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<html>",
        "[]",
        "null",
        "{}",
        '{"elements": {}}',
        '{"elements": [',
        "[" * 100_000,
        '{"elements": ' + "[" * 100_000,
    ],
)
def test_what_is_no_answer_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(FileRefusedError, match="Expected an answer of Overpass"):
        pull(tmp_path, content)


@pytest.mark.parametrize(
    "broken",
    [
        17,
        None,
        {"type": "node", "id": "1", "lon": 19, "lat": 49},
        {"type": "node", "id": True, "lon": 19, "lat": 49},
        node(1, "19.1"),
        node(1, float("nan")),
        node(1, 1e400),
        node(1, 190),
        node(1, lat=None),
        node(1) | {"tags": ["amenity"]},
        node(1) | {"tags": {"amenity": 5}},
        {"type": "way", "id": 1},
        {"type": "way", "id": 1, "nodes": [1, "2"]},
        {"type": "relation", "id": 1, "members": [{"type": "area", "ref": 1, "role": ""}]},
        {"type": "relation", "id": 1, "members": [{"type": "way", "ref": 1}]},
        {"type": "relation", "id": 1, "members": ["way"]},
    ],
)
def test_an_element_that_is_none_is_told_and_harms_no_other(tmp_path: Path, broken: object) -> None:
    layers, _ = pull(tmp_path, told(broken, node(2, amenity="nursery")))
    assert sum(len(layer.table) for layer in layers) == 1
    assert "1 elements of the answer could not be understood" in str(layers[0].problems[0])


def test_what_was_not_asked_for_is_passed_over() -> None:
    others = [{"type": "count", "id": 0}, {"type": "area", "id": 3600000001, "tags": {}}]
    elements, problems = elements_of({"elements": [*others, node(1)]}, file="overpass")
    assert (len(elements.nodes), problems) == (1, ())


@pytest.mark.parametrize("about", [{}, {"osm3s": None}, {"osm3s": {"timestamp_osm_base": "x"}}])
def test_a_date_that_is_not_told_is_unknown(about: dict[str, Any]) -> None:
    assert elements_of(about | {"elements": []}, file="overpass")[0].date is None


def test_a_large_area_is_referred_to_an_extract(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match=r"at most 5000 km².*Use the source osm"):
        pull(tmp_path, told(), (14.0, 49.0, 24.0, 54.0))
    assert list(tmp_path.iterdir()) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
FIELDS = ("type", "id", "lon", "lat", "tags", "nodes", "members")


@given(
    st.lists(
        st.fixed_dictionaries(
            {"type": st.sampled_from(["node", "way", "relation"])},
            optional=dict.fromkeys(FIELDS[1:], JSON | st.integers(0, 3)),
        ),
        max_size=4,
    )
)
def test_no_answer_is_taken_for_more_than_it_is(listed: list[dict[str, object]]) -> None:
    elements, problems = elements_of({"elements": listed}, file="overpass")
    broken = sum(int(str(problem.values["count"])) for problem in problems)
    kinds = {"node": elements.nodes, "way": elements.ways, "relation": elements.relations}
    taken = [(kind, id_) for kind, found in kinds.items() for id_ in found]
    assert len(taken) <= len(listed) - broken
    assert all(
        [found for found in listed if (found["type"], found.get("id")) == one] for one in taken
    )
