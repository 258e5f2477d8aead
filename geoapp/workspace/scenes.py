"""Stories of a workspace: readable files in ``stories/``, saved whole, and over nobody's changes.

A story is changed by whoever has it open, perhaps by two people at once. Each save therefore says
which content it was made from, and is refused where the file holds another one by now.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import tomli_w
from pydantic import ValidationError

from geoapp.core.partnership import SLUG
from geoapp.core.phrases import mark
from geoapp.core.scene import Story, slug_of
from geoapp.errors import FileRefusedError, Problem
from geoapp.store.files import digest

FOLDER = "stories"
MOST_STORIES = 200

_MOST_BYTES = 5_000_000
_LONGEST_SLUG = 100
_LOCK_SECONDS = 5.0
# a lock is held for milliseconds; one as old as this was left behind by a process that died
_ABANDONED_SECONDS = 30.0
_TRIES = 20


@dataclass(frozen=True, slots=True)
class StoryFile:
    """A story as it was read; ``seen`` names the content it was read from."""

    story: Story
    seen: str


def read_stories(root: Path) -> tuple[tuple[StoryFile, ...], list[Problem]]:
    """Read ``stories/*.toml`` of a workspace; the file name must be the slug.

    Returns what is valid, by title, and every problem met; one bad file hides no other.
    """
    found: list[StoryFile] = []
    problems: list[Problem] = []
    for path in sorted((root / FOLDER).glob("*.toml"))[:MOST_STORIES]:
        try:
            found.append(_read(path))
        except FileRefusedError as error:
            problems.append(error.problem)
        except ValidationError as error:
            problems += _field_problems(_named(path.stem), error)
    return tuple(sorted(found, key=lambda file: file.story.title.casefold())), problems


def read_story(root: Path, slug: str) -> StoryFile:
    """Read one story.

    Raises
    ------
    FileRefusedError
        There is no such story, or its file is none; the first problem is told.
    """
    try:
        return _read(_path(root, slug))
    except ValidationError as error:
        raise FileRefusedError(next(_field_problems(_named(slug), error))) from error


def new_story(root: Path, title: str) -> StoryFile:
    """Begin a story with a title, and a slug of its own made from it.

    Raises
    ------
    FileRefusedError
        The title is none, there are too many stories, or the file cannot be written.
    """
    taken = {path.stem for path in (root / FOLDER).glob("*.toml")}
    if len(taken) >= MOST_STORIES:
        text = mark("this workspace has {count} stories and can hold no more; delete one first")
        raise FileRefusedError(Problem(FOLDER, text, "", {"count": len(taken)}))
    try:
        story = Story(slug=slug_of(title, taken, fallback="story"), title=title)
    except ValidationError as error:
        text = mark("a story needs a title of at most 500 characters")
        raise FileRefusedError(Problem(FOLDER, text, "title")) from error
    return save_story(root, story, None)


def save_story(root: Path, story: Story, seen: str | None) -> StoryFile:
    """Write a story in place of the content it was made from; return it as it is now.

    Parameters
    ----------
    root
        Of the workspace.
    story
        What to write.
    seen
        `StoryFile.seen` of what was changed; None for a new story.

    Raises
    ------
    FileRefusedError
        The file holds something else by now, or the workspace cannot be written to; nothing was
        changed.
    """
    path = _path(root, story.slug)
    content = _written(story)
    with _alone_with(path):
        if _seen_now(path) != seen:
            raise FileRefusedError(Problem(_named(story.slug), _OVERTAKEN))
        _replace(path, content)
    return StoryFile(story, digest([content]))


def change_story(root: Path, slug: str, change: Callable[[Story], Story]) -> StoryFile:
    """Change a story as it is now, whoever saves beside; for changes that fit any content.

    Raises
    ------
    FileRefusedError
        There is no such story, its file is none, the workspace cannot be written to, or others
        save without a pause.
    """
    for _ in range(_TRIES):
        current = read_story(root, slug)
        changed = change(current.story)
        try:
            return save_story(root, changed, current.seen)
        except FileRefusedError:
            time.sleep(0.02)
    raise FileRefusedError(Problem(_named(slug), _OVERTAKEN))


def delete_story(root: Path, slug: str, seen: str) -> None:
    """Delete a story whose content is the one that was seen.

    Raises
    ------
    FileRefusedError
        The file holds something else by now, or the workspace cannot be written to; it was left
        as it is.
    """
    path = _path(root, slug)
    with _alone_with(path):
        if _seen_now(path) != seen:
            raise FileRefusedError(Problem(_named(slug), _OVERTAKEN))
        path.unlink()


_OVERTAKEN = mark(
    "somebody else has changed this story meanwhile, and nothing was saved; load the page again, "
    "look at the change, and make yours once more"
)


def _named(slug: str) -> str:
    return f"{FOLDER}/{slug}.toml"


def _path(root: Path, slug: str) -> Path:
    # only what a story can be called leads to a file
    if len(slug) > _LONGEST_SLUG or not re.fullmatch(SLUG, slug):
        raise FileRefusedError(
            Problem(FOLDER, mark("there is no story {found!r}"), "", {"found": slug[:80]})
        )
    return root / FOLDER / f"{slug}.toml"


def _read(path: Path) -> StoryFile:
    file = _named(path.stem)
    content = _content(path)
    try:
        fields = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise FileRefusedError(_unreadable(file, error)) from error
    story = Story.model_validate(fields)
    if story.slug != path.stem:
        text = mark(
            "expected the file to be called {slug}.toml after what it describes; rename one of them"
        )
        raise FileRefusedError(Problem(file, text, "slug", {"slug": story.slug}))
    return StoryFile(story, digest([content]))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise FileRefusedError(_unreadable(_named(path.stem), error)) from error
    if len(content) > _MOST_BYTES:
        text = mark("a story may have {limit} bytes, and this file has more; shorten it")
        raise FileRefusedError(Problem(_named(path.stem), text, "", {"limit": _MOST_BYTES}))
    return content


def _unreadable(file: str, error: Exception) -> Problem:
    if isinstance(error, FileNotFoundError):
        text = mark("expected a {kind} file here, found none; restore it or create it")
        return Problem(file, text, "", {"kind": "TOML"})
    return Problem(
        file,
        "expected {kind}, found something unreadable: {reason}; correct the file",
        "",
        {"kind": "TOML", "reason": " ".join(str(error).split())[:200]},
    )


def _field_problems(file: str, error: ValidationError) -> Iterator[Problem]:
    for detail in error.errors(include_url=False):
        name = "".join(
            f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"]
        )
        message = detail["msg"].removeprefix("Value error, ")
        found = detail.get("input")
        text = mark("{message}; found {found!r}")
        if isinstance(found, dict):
            text = mark("{message}")
        values = {"message": message, "found": str(found)[:80]}
        yield Problem(file, text, name.lstrip("."), values)


def _written(story: Story) -> bytes:
    fields = story.model_dump(exclude_defaults=True, exclude_none=True)
    return tomli_w.dumps(fields, multiline_strings=True).encode()


def _seen_now(path: Path) -> str | None:
    return digest([path.read_bytes()]) if path.is_file() else None


def _replace(path: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".saving-", delete=False) as draft:
        made = Path(draft.name)
        try:
            draft.write(content)
            draft.flush()
            os.fsync(draft.fileno())
            made.chmod(0o644)
            made.replace(path)
        finally:
            made.unlink(missing_ok=True)


@contextmanager
def _alone_with(path: Path) -> Iterator[None]:
    """Keep every other process and session that saves the same story waiting."""
    lock = path.with_name(f".{path.stem}.lock")
    try:
        path.parent.mkdir(exist_ok=True)
        _take(lock)
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)
    except OSError as error:
        text = mark(
            "the story cannot be written ({reason}), and nothing was saved; make the folder of "
            "the workspace writable"
        )
        problem = Problem(_named(path.stem), text, "", {"reason": error.strerror})
        raise FileRefusedError(problem) from error


def _take(lock: Path) -> None:
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            _drop_abandoned(lock)
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _drop_abandoned(lock: Path) -> None:
    try:
        if time.time() - lock.stat().st_mtime > _ABANDONED_SECONDS:
            lock.unlink()
    except FileNotFoundError:
        return
