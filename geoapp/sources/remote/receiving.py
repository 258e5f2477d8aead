"""Receiving an answer: asked for no more than what is missing, written beside what is kept, whole.

A file is continued where its last part ended if the server says that it is still the same; an
answer takes the place of the last one only when every byte of it has come.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import requests

from geoapp.core.phrases import mark
from geoapp.core.progress import Progress
from geoapp.core.raw import refusal
from geoapp.errors import FileRefusedError
from geoapp.sources.remote.answers import (
    SAID_BYTES,
    length_of,
    range_of,
    refuse_size,
    refuse_type,
    refuse_web_page,
    refused_by,
    retry_after,
    version_of,
)
from geoapp.sources.remote.kept import Document, Place, Version
from geoapp.sources.remote.registry import RemoteSource

# what of the last piece came before the line broke is lost
_PIECE = 65_536
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Wanted:
    """One question; the fields are those of `geoapp.sources.remote.pulled.Fetch`."""

    address: str
    label: str
    query: Mapping[str, str] | None = None
    form: Mapping[str, str] | None = None
    expected: Sequence[str] = ()

    @property
    def is_file(self) -> bool:
        """Whether a file is asked for, which can be resumed, and not the answer to a query."""
        return not self.query and not self.form


class InterruptedFetchError(Exception):
    """Something that may be over in a while; ``told`` is raised when it is not."""

    def __init__(self, told: FileRefusedError, *, after: float | None = None) -> None:
        super().__init__(str(told))
        self.told = told
        self.after = after


def conditions(wanted: Wanted, place: Place) -> dict[str, str]:
    """Return what asks for no more than what is not here yet."""
    if not wanted.is_file:
        return {"Accept-Encoding": "gzip"}
    headers = {"Accept-Encoding": "identity"}
    partial, kept = place.partial_version(), place.document()
    if partial and partial.strong:
        return headers | {"Range": f"bytes={place.partial_size}-", "If-Range": partial.strong}
    if kept and kept.version.etag:
        headers["If-None-Match"] = kept.version.etag
    if kept and kept.version.last_modified:
        headers["If-Modified-Since"] = kept.version.last_modified
    return headers


def take_answer(
    source: RemoteSource,
    wanted: Wanted,
    place: Place,
    answer: requests.Response,
    progress: Progress,
) -> Document:
    """Keep an answer, or confirm the one that is kept.

    Raises
    ------
    InterruptedFetchError
        When asking again may help.
    FileRefusedError
        When the server refuses, or sends something else or more than was asked for.
    """
    kept, status = place.document(), answer.status_code
    if status == HTTPStatus.NOT_MODIFIED and kept:
        confirmed = kept.model_copy(update={"retrieved": dt.datetime.now(dt.UTC)})
        place.confirm(confirmed)
        return confirmed
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return _nothing_missing(source, wanted, place, answer)
    if status in _BUSY:
        raise InterruptedFetchError(refused_by(source, answer), after=retry_after(answer))
    if status not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        raise refused_by(source, answer)
    refuse_type(source, wanted.expected, answer)
    start, total = _extent(source, place, answer)
    refuse_size(source, total)
    version = version_of(answer)
    if not start:
        place.begin(version if wanted.is_file else Version())
    digest = _write(source, wanted, place, answer, progress, start=start, total=total)
    return _accepted(source, wanted, place, answer, digest, version)


def _nothing_missing(
    source: RemoteSource, wanted: Wanted, place: Place, answer: requests.Response
) -> Document:
    """Take what is here as the whole, if the server has no byte more of this version."""
    version, size = place.partial_version(), place.partial_size
    if version is None or range_of(answer)[1] != size:
        raise _begun_anew(source, place, answer)
    with place.partial.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return _accepted(source, wanted, place, answer, digest, version)


def _begun_anew(
    source: RemoteSource, place: Place, answer: requests.Response
) -> InterruptedFetchError:
    """Return what asks again, for the whole, after a part came that does not fit."""
    place.partial.unlink(missing_ok=True)
    return InterruptedFetchError(refused_by(source, answer), after=0)


def _extent(source: RemoteSource, place: Place, answer: requests.Response) -> tuple[int, int]:
    """Return where the answer begins, and how long the whole is; 0 where that is not known."""
    if answer.status_code == HTTPStatus.OK:
        return 0, length_of(answer)
    begins, total = range_of(answer)
    size = place.partial_size
    if begins != size or not size:
        raise _begun_anew(source, place, answer)
    return size, total or 0


def _write(
    source: RemoteSource,
    wanted: Wanted,
    place: Place,
    answer: requests.Response,
    progress: Progress,
    *,
    start: int,
    total: int,
) -> str:
    """Append the answer to what has come so far; return the SHA-256 of the whole."""
    with place.partial.open("r+b" if start else "w+b") as file:
        digest, done = hashlib.file_digest(file, "sha256"), start
        for piece in answer.iter_content(_PIECE):
            done += len(piece)
            refuse_size(source, done)
            file.write(piece)
            digest.update(piece)
            progress(done, max(total, done), wanted.label)
    if total and done != total:
        place.partial.unlink()
        text = mark("The answer has {size} bytes where {expected} were announced. Try again later.")
        raise InterruptedFetchError(refusal(source.slug, text, size=done, expected=total))
    return digest.hexdigest()


def _accepted(
    source: RemoteSource,
    wanted: Wanted,
    place: Place,
    answer: requests.Response,
    digest: str,
    version: Version,
) -> Document:
    with place.partial.open("rb") as file:
        said = file.read(SAID_BYTES)
    try:
        refuse_web_page(source, wanted.expected, said)
    except FileRefusedError:
        place.partial.unlink()
        raise
    document = Document(
        address=answer.url,
        retrieved=dt.datetime.now(dt.UTC),
        sha256=digest,
        size=place.partial_size,
        content_type=answer.headers.get("Content-Type", "")[:100],
        version=version,
    )
    place.keep(document)
    return document
