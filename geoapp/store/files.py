"""Where prepared data lies, and how it gets there whole or not at all.

Everything is named by what it was made from and never changed in place, so any number of
processes may prepare at once and a browser may keep a display file for ever. The time of a
folder tells when it was last used; `geoapp.store.upkeep` removes what nobody uses any more.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from platformdirs import user_cache_path

from geoapp.errors import RefusedError

DRAFT_PREFIX = ".draft-"
_DISPLAY_NAME = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)-([0-9a-f]{16})(\.geojson|\.pmtiles)")
# content of this size is hashed as fast as a note about it is read
_REMEMBERED_FROM_BYTES = 4_000_000
# a file changed so shortly before it was hashed may change again without its time showing it
_SETTLED_NS = 2_000_000_000
# noting every use would write to the disk with every click
_NOTED_EVERY_S = 600

_in_use: set[Path] = set()


def store_root() -> Path:
    """Return the folder of prepared data: ``GEOAPP_STORE``, else the user's cache folder."""
    configured = os.environ.get("GEOAPP_STORE")
    return Path(configured) if configured else user_cache_path("geoapp")


def digest(parts: Iterable[bytes | str]) -> str:
    """Return 16 hexadecimal digits that name some content."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        # the length keeps ("ab", "c") and ("a", "bc") apart
        total.update(f"{len(data)}:".encode())
        total.update(data)
    return total.hexdigest()[:16]


def file_digest(path: Path) -> str:
    """Return 16 hexadecimal digits that name a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def remembered_digest(root: Path, path: Path) -> str:
    """Return `file_digest` of a file; that of a large one is remembered while it stays as it is.

    ``root`` is the folder of prepared data. A file counts as the same while its size and its
    times do; one that cannot be remembered is read each time.
    """
    state = path.stat()
    if state.st_size < _REMEMBERED_FROM_BYTES:
        return file_digest(path)
    note = root / "digests" / digest([str(path.resolve())])
    seen = f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns} {state.st_ino}"
    known, _, found = _read_note(note).rpartition(" ")
    if known == seen:
        return found
    found = file_digest(path)
    if time.time_ns() - max(state.st_mtime_ns, state.st_ctime_ns) > _SETTLED_NS:
        _write_note(note, f"{seen} {found}")
    return found


def obtain(root: Path, key: str, build: Callable[[Path], None]) -> Path:
    """Return the folder of prepared data named ``key``, built first if it is not there.

    ``build`` fills an empty folder; the result appears under its name in one step. When two
    processes build the same, the first one's stays.

    Raises
    ------
    RefusedError
        The folder of prepared data cannot be written to.
    """
    target = prepared_folder(root) / key
    if not note_use(target):
        draft = _empty_draft(target.parent)
        try:
            build(draft)
            _move_folder(draft, target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    _in_use.add(target)
    return target


def prepared_folder(root: Path) -> Path:
    """Return the folder that holds the prepared folders of a store."""
    return root / "prepared"


def folders_in_use() -> frozenset[Path]:
    """Return the prepared folders that this process has obtained and may read at any time."""
    return frozenset(_in_use)


def note_use(folder: Path) -> bool:
    """Set the time of a prepared folder to now, unless that was done shortly before.

    False where there is no such folder.
    """
    try:
        if time.time() - folder.stat().st_mtime > _NOTED_EVERY_S:
            os.utime(folder)
    except FileNotFoundError:
        return False
    except OSError:
        # a store that may only be read is used all the same
        return folder.is_dir()
    return True


def display_name(slug: str, key: str, suffix: str = ".geojson") -> str:
    """Return the name under which a browser asks for the display file of a prepared folder.

    >>> display_name("obce", "0123456789abcdef")
    'obce-0123456789abcdef.geojson'
    """
    return f"{slug}-{key}{suffix}"


def display_file(root: Path, name: str) -> Path | None:
    """Return the display file of that name, or None when there is none or the name is no name."""
    match = _DISPLAY_NAME.fullmatch(name)
    if match is None:
        return None
    slug, key, suffix = match.groups()
    folder = prepared_folder(root) / key
    path = folder / f"{slug}{suffix}"
    return path if note_use(folder) and path.is_file() else None


def _read_note(note: Path) -> str:
    try:
        return note.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _write_note(note: Path, text: str) -> None:
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=note.parent, delete=False) as draft:
            draft.write(text)
        Path(draft.name).replace(note)
    except OSError:
        # remembering only saves time; where the store cannot be written to, obtaining will say so
        return


def _empty_draft(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=DRAFT_PREFIX, dir=folder))
    except OSError as error:
        raise RefusedError(
            f"{folder}: prepared data cannot be written there ({error.strerror}); name a folder "
            "that can be written to in the environment variable GEOAPP_STORE"
        ) from error


def _move_folder(draft: Path, target: Path) -> None:
    try:
        draft.rename(target)
    except OSError:
        if not target.is_dir():
            raise
