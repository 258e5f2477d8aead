"""Files that are handed out: written whole or not at all, and never over others unasked."""

from __future__ import annotations

import os
from pathlib import Path

from geoapp.errors import RefusedError


def write_file(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    RefusedError
        Its folder is not there or cannot be written to, or the file is there and shall stay.
    """
    require_writable(path, replace=replace)
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        try:
            draft.write_bytes(content)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise RefusedError(
            f"{path}: cannot be written ({error.strerror}); choose another folder"
        ) from error


def require_writable(path: Path, *, replace: bool) -> None:
    """Refuse a file that cannot or may not be written, before anything is made for it.

    Raises
    ------
    RefusedError
        As `write_file`.
    """
    if not path.parent.is_dir():
        raise RefusedError(f"{path.parent}: there is no such folder; make it first")
    if path.is_dir():
        raise RefusedError(f"{path}: expected the name of a file, found a folder")
    if path.exists() and not replace:
        raise RefusedError(f"{path.name}: is there already; pass --replace to write it anew")
