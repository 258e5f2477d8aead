"""The page Scenes without a browser: stories begun, changed, put in order; who may do so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from geoapp.core.choice import Choice
from geoapp.core.scene import Scene, with_scene
from geoapp.ui import documents
from geoapp.ui.stories import is_own_machine
from geoapp.workspace.scenes import change_story, new_story, read_stories, read_story

SCRIPT = Path(__file__).parents[2] / "streamlit_app.py"
Opener = Callable[..., AppTest]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def open_scenes(monkeypatch: pytest.MonkeyPatch, store: Path, workspace_root: Path) -> Opener:
    """A function that opens the page Scenes of the small workspace."""

    def open_scenes(*, allowed: str = "1", locale: str = "en", **address: str) -> AppTest:
        monkeypatch.setenv("GEOAPP_STORE", str(store))
        monkeypatch.setenv("GEOAPP_WORKSPACE", str(workspace_root))
        monkeypatch.setenv("GEOAPP_ALLOW_UPLOAD", allowed)
        app = AppTest.from_file(SCRIPT, default_timeout=120)
        app.context = {"locale": locale}
        app.query_params = dict(address)
        app.run().switch_page("geoapp/ui/pages/scenes.py").run()
        assert list(app.exception) == []
        return app

    return open_scenes


@pytest.fixture
def told(workspace_root: Path) -> str:
    """A story of two scenes; return its slug."""
    slug = new_story(workspace_root, "Meeting").story.slug
    for title in ("First", "Second"):
        scene = Scene(slug=title.lower(), title=title, choice=Choice(partnerships=("pl-beskid",)))
        change_story(workspace_root, slug, lambda story, scene=scene: with_scene(story, scene))
    return slug


def press(app: AppTest, label: str, place: int = 0) -> AppTest:
    return [button for button in app.button if button.label == label][place].click().run()


def field(app: AppTest, key: str) -> Any:
    fields = [*app.text_input, *app.text_area]
    return next(found for found in fields if (found.key or "").startswith(key))


def presented(app: AppTest) -> dict[str, Any]:
    """Return the story that the presenter fetches."""
    names = [
        json.loads(component.proto.json)["specification"].removeprefix("documents/")
        for component in app.get("bidi_component")
    ]
    name = next(name for name in names if name.startswith("story-"))
    found: dict[str, Any] = json.loads(documents.find(name) or b"")
    return found


def words(app: AppTest) -> str:
    kinds = (app.markdown, app.error, app.warning, app.info)
    return "\n".join(found.value for kind in kinds for found in kind).replace("\\", "")


def test_a_story_is_begun_and_what_the_map_shows_is_saved(
    open_scenes: Opener, workspace_root: Path
) -> None:
    app = open_scenes(partnerships="pl-beskid", group="role", layers="trails", base="osm")
    field(app, "new-story-title").set_value("Zebranie w Żywcu")
    press(app, "Begin the story")
    field(app, "new-scene-title").set_value("Trasy")
    field(app, "new-scene-text").set_value("Dokąd?\nKiedy?")
    press(app, "Save as a scene")
    (scene,) = read_story(workspace_root, "zebranie-w-zywcu").story.scenes
    assert (scene.title, scene.text) == ("Trasy", "Dokąd?\nKiedy?")
    assert scene.choice == Choice(partnerships=("pl-beskid",), group_by="role", layers=("trails",))
    assert field(app, "new-scene-title").value == ""
    assert [shown["title"] for shown in presented(app)["scenes"]] == ["Trasy"]


def test_scenes_are_renamed_moved_and_deleted(
    open_scenes: Opener, workspace_root: Path, told: str
) -> None:
    app = open_scenes()
    field(app, "title-first").set_value("Renamed")
    press(app, "Save title and text")
    press(app, "Move down")
    story = read_story(workspace_root, told).story
    assert [scene.title for scene in story.scenes] == ["Second", "Renamed"]
    assert [scene["title"] for scene in presented(app)["scenes"]] == ["Second", "Renamed"]
    press(app, "Yes, delete the scene", 1)
    assert [scene.slug for scene in read_story(workspace_root, told).story.scenes] == ["second"]


def test_a_decision_is_noted_with_its_date(
    open_scenes: Opener, workspace_root: Path, told: str
) -> None:
    app = open_scenes()
    field(app, "decision-second").set_value("Gminy zgłoszą *odcinki*.")
    app.date_input(key="decision-date-second").set_value("2026-11-20")
    press(app, "Note the decision", 1)
    (decision,) = read_story(workspace_root, told).story.scene("second").decisions
    assert (decision.date.isoformat(), decision.text) == ("2026-11-20", "Gminy zgłoszą *odcinki*.")
    assert "2026-11-20: Gminy zgłoszą *odcinki*." in words(app)
    assert field(app, "decision-second").value == ""


def test_the_whole_story_is_renamed_and_deleted(
    open_scenes: Opener, workspace_root: Path, told: str
) -> None:
    app = open_scenes()
    field(app, "story-title").set_value("Better")
    press(app, "Save the title")
    assert read_story(workspace_root, told).story.title == "Better"
    press(app, "Yes, delete the story")
    assert read_stories(workspace_root) == ((), [])


def test_a_change_over_somebody_elses_is_refused_and_what_was_typed_stays(
    open_scenes: Opener, workspace_root: Path, told: str
) -> None:
    app = open_scenes()
    theirs = Scene(slug="theirs", title="Theirs")
    change_story(workspace_root, told, lambda story: with_scene(story, theirs))
    press(app, "Move down")
    assert "somebody else has changed this story" in words(app)
    story = read_story(workspace_root, told).story
    assert [scene.slug for scene in story.scenes] == ["first", "second", "theirs"]
    press(app, "Move down")
    story = read_story(workspace_root, told).story
    assert [scene.slug for scene in story.scenes] == ["second", "first", "theirs"]


@pytest.mark.parametrize("title", ["", " "])
def test_a_scene_without_a_title_is_refused(
    open_scenes: Opener, workspace_root: Path, told: str, title: str
) -> None:
    app = open_scenes()
    field(app, "new-scene-text").set_value("Long thoughts")
    field(app, "new-scene-title").set_value(title)
    press(app, "Save as a scene")
    assert "this cannot be saved" in words(app)
    assert field(app, "new-scene-text").value == "Long thoughts"
    assert len(read_story(workspace_root, told).story.scenes) == 2


def test_who_may_not_change_stories_can_present_them(open_scenes: Opener, told: str) -> None:
    app = open_scenes(allowed="0")
    assert len(presented(app)["scenes"]) == 2
    assert app.button.len == 0
    assert "Stories are changed on the machine that serves this workspace" in words(app)


@pytest.mark.parametrize(
    ("host", "forwarded", "own"),
    [
        ("localhost:8501", None, True),
        ("127.0.0.1", None, True),
        ("[::1]:8501", None, True),
        ("maps.example", None, False),
        ("localhost:8501", "maps.example", False),
        ("localhost.maps.example", None, False),
        (None, None, False),
    ],
)
def test_only_the_own_machine_is_trusted(
    host: str | None, forwarded: str | None, own: bool
) -> None:
    assert is_own_machine(host, forwarded) is own


def test_problems_of_a_story_are_told_and_the_rest_works(
    open_scenes: Opener, workspace_root: Path, told: str
) -> None:
    (workspace_root / "stories" / "bad.toml").write_text("slug = 1", "utf-8")
    gone = Scene(slug="gone", title="Gone", choice=Choice(partnerships=("nobody",)))
    change_story(workspace_root, told, lambda story: with_scene(story, gone))
    app = open_scenes()
    assert "stories/bad.toml" in words(app)
    assert "scene Gone names 'nobody'" in words(app)
    assert len(presented(app)["scenes"]) == 3


def test_hostile_texts_are_shown_as_texts(
    open_scenes: Opener, workspace_root: Path, told: str
) -> None:
    hostile = Scene(slug="hostile", title="![x](http://host/y.png) <b> $x$", text="[a](b)")
    change_story(workspace_root, told, lambda story: with_scene(story, hostile))
    app = open_scenes()
    (label,) = [found.label for found in app.expander if "host" in found.label]
    assert "![" not in label
    assert "](" not in label
