"""Where prepared data lies, and how it gets there whole or not at all.

Everything is named by what it was made from and never changed in place, so any number of
processes may prepare at once and a browser may keep a display file for ever.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from platformdirs import user_cache_path

from geoapp.errors import RefusedError

_DISPLAY_NAME = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)-([0-9a-f]{16})\.geojson")


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


def obtain(root: Path, key: str, build: Callable[[Path], None]) -> Path:
    """Return the folder of prepared data named ``key``, built first if it is not there.

    ``build`` fills an empty folder; the result appears under its name in one step. When two
    processes build the same, the first one's stays.

    Raises
    ------
    RefusedError
        The folder of prepared data cannot be written to.
    """
    target = root / "prepared" / key
    if target.is_dir():
        return target
    draft = _empty_draft(target.parent)
    try:
        build(draft)
        _move_folder(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def display_name(slug: str, key: str) -> str:
    """Return the name under which a browser asks for the display file of a prepared folder."""
    return f"{slug}-{key}.geojson"


def display_file(root: Path, name: str) -> Path | None:
    """Return the display file of that name, or None when there is none or the name is no name."""
    match = _DISPLAY_NAME.fullmatch(name)
    if match is None:
        return None
    path = root / "prepared" / match.group(2) / f"{match.group(1)}.geojson"
    return path if path.is_file() else None


def _empty_draft(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=".draft-", dir=folder))
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
