from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from geoapp.core.atlas import Atlas
from geoapp.core.building import build_map
from geoapp.core.choice import Choice
from geoapp.core.scene import (
    Decision,
    Scene,
    Story,
    scene_map,
    slug_of,
    story_problems,
    with_decision,
    with_scene,
    with_scene_moved,
    without_scene,
)
from geoapp.text import Text

DAY = dt.date(2026, 11, 20)


def _story(slugs: str = "abc") -> Story:
    return Story(slug="s", title="S", scenes=tuple(Scene(slug=a, title=a) for a in slugs))


def _order(story: Story) -> str:
    return "".join(scene.slug for scene in story.scenes)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"slug": "../x"}, "slug"),
        ({"title": " \n "}, "title"),
        ({"title": "x" * 501}, "at most 500"),
        ({"view": (19, 49, 18, 50)}, "west and south first"),
        ({"view": (18, 49, 19, 89)}, "west and south first"),
        ({"choice": {"base_map": "osm"}}, "without a network"),
        ({"colour": "red"}, "Extra inputs"),
        ({"decisions": [{"date": "soon", "text": "x"}]}, "date"),
        ({"decisions": [{"date": DAY, "text": ""}]}, "at least 1"),
    ],
)
def test_what_is_no_scene_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Scene.model_validate({"slug": "a", "title": "A"} | fields)


def test_characters_that_act_instead_of_being_seen_are_not_kept() -> None:
    scene = Scene(slug="a", title="A\u202eB\x07\nC", text="one\r\n\u2066two\x1b[31m  \r three\n")
    assert scene.title == "A B C"
    assert scene.text == "one\n two [31m\n three"


def test_two_scenes_of_a_story_have_different_slugs() -> None:
    with pytest.raises(ValidationError, match="repeated: a"):
        _story("aba")


@given(st.text(max_size=200), st.integers(0, 5))
def test_a_slug_is_one_and_taken_by_nobody(title: str, times: int) -> None:
    taken: list[str] = []
    for _ in range(times + 1):
        taken.append(slug_of(title, taken))
    assert len(set(taken)) == len(taken)
    for slug in taken:
        assert Scene(slug=slug, title="x").slug == slug


@given(st.integers(0, 4), st.integers(-3, 9))
def test_moving_keeps_every_scene_and_the_order_of_the_others(which: int, to: int) -> None:
    story = _story("abcde")
    moved = with_scene_moved(story, "abcde"[which], to)
    assert sorted(_order(moved)) == list("abcde")
    assert _order(moved).replace("abcde"[which], "") == _order(story).replace("abcde"[which], "")
    assert _order(moved).index("abcde"[which]) == min(max(to, 0), 4)


def test_a_scene_is_added_at_the_end_and_changed_in_its_place() -> None:
    story = with_scene(_story("ab"), Scene(slug="c", title="C"))
    story = with_scene(story, Scene(slug="a", title="Better"))
    assert _order(story) == "abc"
    assert story.scene("a").title == "Better"
    assert _order(without_scene(story, "b")) == "ac"


def test_decisions_are_kept_in_the_order_in_which_they_were_taken() -> None:
    story = with_decision(_story(), "b", Decision(date=DAY, text="First"))
    story = with_decision(story, "b", Decision(date=DAY, text="Second"))
    assert [decision.text for decision in story.scene("b").decisions] == ["First", "Second"]
    with pytest.raises(KeyError, match="nowhere"):
        with_decision(story, "nowhere", Decision(date=DAY, text="x"))


def test_a_story_cannot_grow_without_end() -> None:
    scenes = tuple(Scene(slug=f"s{n}", title="x") for n in range(100))
    with pytest.raises(ValidationError, match="at most 100"):
        with_scene(Story(slug="s", title="S", scenes=scenes), Scene(slug="more", title="x"))


def test_the_map_of_a_scene_shows_its_part_and_selection(atlas: Atlas, english: Text) -> None:
    choice = Choice(partnerships=("pl-beskid",), selected="241711")
    spec = build_map(atlas, choice, english)
    whole = scene_map(spec, Scene(slug="a", title="A", choice=choice))
    part = scene_map(spec, Scene(slug="b", title="B", choice=choice, view=(19, 49.4, 19.1, 49.5)))
    assert whole.view.bounds == spec.view.bounds
    assert part.view.bounds == (19, 49.4, 19.1, 49.5)
    assert whole.view.key != part.view.key
    assert part.selected == "241711"


def test_what_a_workspace_no_longer_has_is_told(atlas: Atlas) -> None:
    gone = Choice(partnerships=("pl-beskid", "gone"), layers=("trails", "lost"), selected="999999")
    story = Story(slug="s", title="S", scenes=(Scene(slug="a", title="A", choice=gone),))
    problems = story_problems(story, atlas, "stories/s.toml")
    assert [problem.values["found"] for problem in problems] == ["gone", "lost", "999999"]
    assert problems[0].field == "scenes[0].choice.partnerships"
    assert {problem.severity for problem in problems} == {"warning"}
    assert story_problems(_story(), atlas, "stories/s.toml") == []
