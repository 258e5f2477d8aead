from __future__ import annotations

import datetime as dt
import os
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from geoapp.core.choice import Choice
from geoapp.core.scene import Decision, Scene, Story, with_decision, with_scene
from geoapp.errors import FileRefusedError
from geoapp.workspace.scenes import (
    change_story,
    delete_story,
    new_story,
    read_stories,
    read_story,
    save_story,
)

SCENE = Scene(
    slug="zlobki",
    title="Żłobki i školky",
    text="Pierwszy akapit\n\"cudzysłów\", '''apostrofy''' i \\ukośnik",
    choice=Choice(partnerships=("pl-beskid",), group_by="role", layers=("nurseries",)),
    view=(19.0, 49.4, 19.2, 49.6),
    decisions=(Decision(date=dt.date(2026, 11, 20), text="Gminy zgłoszą potrzeby."),),
)


def _with(title: str) -> Scene:
    return SCENE.model_copy(update={"slug": title, "title": title})


def test_a_story_reads_back_as_it_was_written(tmp_path: Path) -> None:
    begun = new_story(tmp_path, "Zebranie w Żywcu")
    story = with_scene(begun.story, SCENE)
    saved = save_story(tmp_path, story, begun.seen)
    assert saved == read_story(tmp_path, "zebranie-w-zywcu")
    assert saved.story == story
    assert read_stories(tmp_path) == ((saved,), [])


def test_the_file_can_be_read_by_people(tmp_path: Path) -> None:
    file = change_story(
        tmp_path, new_story(tmp_path, "A").story.slug, lambda story: with_scene(story, SCENE)
    )
    text = (tmp_path / "stories" / f"{file.story.slug}.toml").read_text("utf-8")
    assert 'title = "Żłobki i školky"' in text
    assert "Pierwszy akapit\n" in text
    assert "date = 2026-11-20" in text
    assert tomllib.loads(text)["scenes"][0]["view"] == [19.0, 49.4, 19.2, 49.6]
    assert [path.name for path in (tmp_path / "stories").iterdir()] == ["a.toml"]


def test_two_stories_of_one_title_have_files_of_their_own(tmp_path: Path) -> None:
    assert [new_story(tmp_path, "Ach").story.slug for _ in range(2)] == ["ach", "ach-2"]


@pytest.mark.parametrize("title", ["", "  \n", "x" * 501])
def test_a_story_needs_a_title(tmp_path: Path, title: str) -> None:
    with pytest.raises(FileRefusedError, match="a story needs a title"):
        new_story(tmp_path, title)


def test_a_change_of_what_another_has_changed_is_refused(tmp_path: Path) -> None:
    begun = new_story(tmp_path, "A")
    theirs = save_story(tmp_path, with_scene(begun.story, _with("theirs")), begun.seen)
    with pytest.raises(FileRefusedError, match="somebody else has changed this story"):
        save_story(tmp_path, with_scene(begun.story, _with("mine")), begun.seen)
    with pytest.raises(FileRefusedError, match="somebody else has changed this story"):
        delete_story(tmp_path, "a", begun.seen)
    assert read_story(tmp_path, "a") == theirs


def test_people_who_add_at_once_lose_nothing(tmp_path: Path) -> None:
    slug = change_story(
        tmp_path, new_story(tmp_path, "A").story.slug, lambda story: with_scene(story, SCENE)
    ).story.slug

    def note(number: int) -> None:
        decision = Decision(date=dt.date(2026, 11, 21), text=f"number {number}")
        change_story(tmp_path, slug, lambda story: with_decision(story, "zlobki", decision))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(note, range(24)))
    noted = read_story(tmp_path, slug).story.scene("zlobki").decisions[1:]
    assert {decision.text for decision in noted} == {f"number {n}" for n in range(24)}


def test_a_deleted_story_is_gone(tmp_path: Path) -> None:
    begun = new_story(tmp_path, "A")
    delete_story(tmp_path, "a", begun.seen)
    assert read_stories(tmp_path) == ((), [])
    with pytest.raises(FileRefusedError, match="expected a TOML file here, found none"):
        read_story(tmp_path, "a")


@pytest.mark.parametrize("slug", ["../data/x", "a/b", "", "A", "x" * 200])
def test_what_is_no_slug_leads_to_no_file(tmp_path: Path, slug: str) -> None:
    with pytest.raises(FileRefusedError, match="there is no story"):
        read_story(tmp_path, slug)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"title = ", "found something unreadable"),
        (b"\xff\xfe", "found something unreadable"),
        (b'slug = "bad"', "title: Field required"),
        (b'slug = "other"\ntitle = "x"', "to be called other.toml"),
        (b'slug = "bad"\ntitle = "x"\ncolour = "red"', "colour: Extra inputs"),
        (
            b'slug = "bad"\ntitle = "x"\n[[scenes]]\nslug = "a"\ntitle = "A"\nview = [1, 2, 3]',
            r"scenes\[0\].view\[3\]: Field required",
        ),
        (b"#" * 5_000_001, "may have 5000000 bytes"),
    ],
)
def test_a_bad_file_is_told_and_hides_no_other(
    tmp_path: Path, content: bytes, message: str
) -> None:
    good = new_story(tmp_path, "Good")
    (tmp_path / "stories" / "bad.toml").write_bytes(content)
    found, problems = read_stories(tmp_path)
    assert found == (good,)
    assert {problem.file for problem in problems} == {"stories/bad.toml"}
    with pytest.raises(FileRefusedError, match=message):
        read_story(tmp_path, "bad")


def test_every_problem_of_a_file_is_listed(tmp_path: Path) -> None:
    (tmp_path / "stories").mkdir()
    (tmp_path / "stories" / "bad.toml").write_text('slug = "B"\ncolour = 1\n', "utf-8")
    _, problems = read_stories(tmp_path)
    assert [problem.field for problem in problems] == ["slug", "title", "colour"]


def test_a_lock_that_was_left_behind_does_not_block_for_ever(tmp_path: Path) -> None:
    begun = new_story(tmp_path, "A")
    lock = tmp_path / "stories" / ".a.lock"
    lock.touch()
    os.utime(lock, (0, 0))
    save_story(tmp_path, with_scene(begun.story, SCENE), begun.seen)
    assert not lock.exists()


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "stories").write_text("a file where the folder should be")
    with pytest.raises(FileRefusedError, match="the story cannot be written"):
        save_story(tmp_path, Story(slug="a", title="A"), None)


def test_the_example_of_the_documentation_is_a_story(repository: Path, tmp_path: Path) -> None:
    page = (repository / "docs/meetings.md").read_text("utf-8")
    example = page[page.index("```toml\n") + 8 : page.rindex("```")]
    (tmp_path / "stories").mkdir()
    (tmp_path / "stories" / "zebranie-w-zywcu.toml").write_text(example, "utf-8")
    (scene,) = read_story(tmp_path, "zebranie-w-zywcu").story.scenes
    assert scene.choice.selected == "241711"
    assert set(scene.model_dump(exclude_defaults=True)) == set(Scene.model_fields)
    assert set(scene.choice.model_dump()) - {"base_map"} == set(
        scene.choice.model_dump(exclude_defaults=True)
    )
