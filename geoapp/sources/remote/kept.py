"""Answers of sources on this machine: each whole, with what is known of it, or not there.

An answer has a folder of its own, named by what was asked. In it lie the answer, ``about.json``
and, while it is being fetched, the part that has come so far.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError

from geoapp.core.raw import refusal
from geoapp.core.value import Value
from geoapp.errors import FileRefusedError

KEPT_DAYS = 30

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_ABOUT = "about.json"
_PARTIAL = "answer.part"
_PARTIAL_ABOUT = "part.json"


class Version(Value):
    """What a server said by which a later answer can be told to be the same."""

    etag: str | None = None
    last_modified: str | None = None

    @property
    def strong(self) -> str | None:
        """What may prove that a part belongs to the rest; a weak ETag may not."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified


class Document(Value):
    """An answer that is kept.

    Attributes
    ----------
    address
        Where it came from, with the query.
    retrieved
        When it came, or was last confirmed to be unchanged.
    sha256, size
        Of the answer; the size in bytes.
    content_type
        As the server said.
    version
        By which the server can say that nothing changed.
    """

    address: str
    retrieved: dt.datetime
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0)
    content_type: str = ""
    version: Version = Version()


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer lies; ``folder`` is its own."""

    folder: Path
    name: str

    @classmethod
    def of(
        cls,
        cache: Path,
        address: str,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Self:
        """Return the place of the answer to a question; the file keeps the name it has there."""
        asked = json.dumps([address, sorted((query or {}).items()), sorted((form or {}).items())])
        name = _UNSAFE.sub("-", urlsplit(address).path.rpartition("/")[2]).strip("-.")[-80:]
        key = hashlib.sha256(asked.encode()).hexdigest()[:32]
        return cls(cache / key, f"document-{name}" if name else "document")

    @property
    def answer(self) -> Path:
        """The file of the whole answer."""
        return self.folder / self.name

    @property
    def partial(self) -> Path:
        """The file of what has come so far."""
        return self.folder / _PARTIAL

    @property
    def partial_size(self) -> int:
        """Bytes that have come so far."""
        return self.partial.stat().st_size if self.partial.is_file() else 0

    def document(self) -> Document | None:
        """Return what is known of the answer that is kept; None where there is no whole one."""
        try:
            found = Document.model_validate_json((self.folder / _ABOUT).read_bytes())
            whole = self.answer.stat().st_size == found.size
        except (OSError, ValidationError):
            return None
        return found if whole else None

    def partial_version(self) -> Version | None:
        """Return the version of what has come so far; None where it cannot be continued."""
        try:
            version = Version.model_validate_json((self.folder / _PARTIAL_ABOUT).read_bytes())
        except (OSError, ValidationError):
            return None
        return version if version.strong and self.partial_size else None

    def begin(self, version: Version) -> None:
        """Note the version of an answer whose first part is about to be written."""
        self.partial.unlink(missing_ok=True)
        _write_whole(self.folder / _PARTIAL_ABOUT, version.model_dump_json())

    def keep(self, document: Document) -> None:
        """Make what has come so far the answer; an interruption leaves the one or none."""
        (self.folder / _ABOUT).unlink(missing_ok=True)
        self.partial.replace(self.answer)
        (self.folder / _PARTIAL_ABOUT).unlink(missing_ok=True)
        self.confirm(document)

    def confirm(self, document: Document) -> None:
        """Note what is known of the answer that is kept."""
        _write_whole(self.folder / _ABOUT, document.model_dump_json(indent=1))


def forget(answer: Path) -> None:
    """Remove an answer that is kept, and everything about it."""
    shutil.rmtree(answer.parent, ignore_errors=True)


def forget_unused(cache: Path, *, days: float = KEPT_DAYS) -> None:
    """Remove answers, and parts of some, that nobody asked for in so many days."""
    oldest = time.time() - days * 86_400
    for folder in cache.iterdir() if cache.is_dir() else ():
        times = [path.stat().st_mtime for path in folder.iterdir()] if folder.is_dir() else []
        if times and max(times) < oldest:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def claimed(place: Place, source: str) -> Iterator[None]:
    """Keep other processes from fetching the same answer at the same time.

    Raises
    ------
    FileRefusedError
        When the folder cannot be written to, or another process is at it.
    """
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
        opened = (place.folder / "lock").open("ab")
    except OSError as error:
        raise unwritable(place.folder.parent, source, error) from error
    with opened:
        _lock(opened, source)
        yield


def unwritable(folder: Path, source: str, error: OSError) -> FileRefusedError:
    """Return the error for a folder that takes nothing, or has no room left."""
    return refusal(
        source,
        "{folder}: what is fetched cannot be written there ({reason}); make room, or name another "
        "folder in the environment variable GEOAPP_STORE",
        folder=str(folder),
        reason=error.strerror or str(error),
    )


def _lock(opened: BinaryIO, source: str) -> None:
    try:
        import fcntl
    except ImportError:  # on Windows a file that is open cannot be replaced by another process
        return
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise refusal(
            source,
            "The same is being fetched by another process. Wait until it has ended, and try again.",
        ) from error


def _write_whole(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text, "utf-8")
    draft.replace(path)
