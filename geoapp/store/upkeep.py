"""Upkeep of the prepared data: its size, its limit, and what is left of processes that died.

Nothing that may be in use is removed: every use sets the time of a folder, a process that serves
a map keeps setting it, and a folder used within the last day stays. Where the limit is exceeded
twice, only the last hour counts.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from geoapp.errors import RefusedError
from geoapp.store.files import DRAFT_PREFIX, folders_in_use, note_use, prepared_folder

LIMIT_VARIABLE = "GEOAPP_STORE_LIMIT"
DEFAULT_LIMIT_BYTES = 5 * 1024**3
KEPT_FOR_S = 24 * 3600
KEPT_UNDER_PRESSURE_S = 3600
REFRESHED_EVERY_S = 900

_REMOVED_PREFIX = ".removed-"
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_LIMIT = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:I?B)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StoreSize:
    """How large a store is and may become, in bytes."""

    root: Path
    used_bytes: int
    limit_bytes: int


def store_size(root: Path) -> StoreSize:
    """Return the size of the prepared data in a store, and its limit.

    What is still being written does not count.
    """
    finished = _finished(prepared_folder(root))
    return StoreSize(root, sum(_bytes_of(folder) for folder in finished), store_limit())


def store_limit() -> int:
    """Return the limit in bytes: ``GEOAPP_STORE_LIMIT``, such as ``800M`` or ``2G``, else 5 GB.

    Raises
    ------
    RefusedError
        The variable is no size.
    """
    text = os.environ.get(LIMIT_VARIABLE, "").strip()
    if not text:
        return DEFAULT_LIMIT_BYTES
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise RefusedError(
            f"{LIMIT_VARIABLE}: expected a size in bytes or such as 800M or 2G, found {text!r}"
        )
    return int(float(match[1]) * _UNITS[match[2].upper()])


def tidy(root: Path, limit: int) -> None:
    """Remove what dead processes left and, above the limit, what was used least recently.

    ``limit`` is in bytes, as from `store_limit`.
    """
    folder = prepared_folder(root)
    _remove_leftovers(folder)
    sizes = {entry: _bytes_of(entry) for entry in _finished(folder)}
    total = sum(sizes.values())
    kept_for_s = KEPT_UNDER_PRESSURE_S if total > 2 * limit else KEPT_FOR_S
    for entry in sorted(sizes, key=_last_use):
        if total <= limit:
            break
        if entry not in folders_in_use() and _unused_for(entry, kept_for_s):
            _remove(entry)
            total -= sizes[entry]


def keep_in_use(stop: threading.Event | None = None) -> threading.Thread:
    """Keep every folder that this process has obtained from being removed by another one.

    Returns the thread that does so until the process ends or ``stop`` is set.
    """
    ended = stop or threading.Event()

    def refresh() -> None:
        while not ended.wait(REFRESHED_EVERY_S):
            for folder in folders_in_use():
                note_use(folder)

    thread = threading.Thread(target=refresh, name="geoapp-store", daemon=True)
    thread.start()
    return thread


def _folders(parent: Path) -> list[Path]:
    try:
        return [entry for entry in parent.iterdir() if entry.is_dir()]
    except OSError:
        return []


def _finished(parent: Path) -> list[Path]:
    return [folder for folder in _folders(parent) if not folder.name.startswith(".")]


def _bytes_of(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except OSError:
            # another process has just removed it
            continue
    return total


def _last_use(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0


def _unused_for(folder: Path, seconds: float) -> bool:
    return time.time() - _last_use(folder) > seconds


def _remove_leftovers(folder: Path) -> None:
    for entry in _folders(folder):
        abandoned = entry.name.startswith(DRAFT_PREFIX) and _abandoned(entry)
        if abandoned or entry.name.startswith(_REMOVED_PREFIX):
            shutil.rmtree(entry, ignore_errors=True)


def _abandoned(draft: Path) -> bool:
    """Whether nobody has written to a draft for a day, longer than any preparation takes."""
    try:
        return _unused_for(draft, KEPT_FOR_S) and all(
            _unused_for(path, KEPT_FOR_S) for path in draft.rglob("*")
        )
    except OSError:
        # it is just being finished, or removed by another process
        return False


def _remove(folder: Path) -> None:
    """Take a folder out of sight in one step, so that nobody ever finds half of it."""
    try:
        hidden = Path(tempfile.mkdtemp(prefix=_REMOVED_PREFIX, dir=folder.parent))
        folder.rename(hidden / folder.name)
    except OSError:
        # in use by a program that does not let go of it, or already gone
        return
    shutil.rmtree(hidden, ignore_errors=True)
