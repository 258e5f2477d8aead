"""Fetching from a source over a network that breaks off, servers that are busy, and wrong answers.

What comes is retried, resumed, checked and kept; half an answer is never handed on. Only hosts
that the registry names are asked, and nothing that identifies the user is sent but what the user
has set in the environment for this one source.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import requests
from pydantic import Field

from geoapp import __version__
from geoapp.core.phrases import mark
from geoapp.core.progress import Progress, silent
from geoapp.core.raw import refusal
from geoapp.core.value import Value
from geoapp.errors import FileRefusedError
from geoapp.sources.remote.answers import (
    length_of,
    next_address,
    refuse_foreign,
    unreachable,
    version_of,
)
from geoapp.sources.remote.kept import Document, Place, claimed, unwritable
from geoapp.sources.remote.pulled import AnswerRefusedError, Fetch, FetchRefusedError
from geoapp.sources.remote.receiving import (
    InterruptedFetchError,
    Wanted,
    conditions,
    take_answer,
)
from geoapp.sources.remote.registry import RemoteSource, host_of

USER_AGENT = f"geoapp/{__version__}"

_REDIRECTS = 5
# a download that got this much further before it broke off again is not hopeless
_PROGRESS_BYTES = 1_000_000
_SLICE_SECONDS = 0.25
_ASKED_PLAINLY = frozenset({301, 302, 303})
_BROKEN_OFF = (
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)


class Patience(Value):
    """How long a source is waited for; seconds."""

    attempts: int = Field(default=5, ge=1)
    first_wait_seconds: float = Field(default=1, ge=0)
    longest_wait_seconds: float = Field(default=120, ge=0)
    connect_seconds: float = Field(default=20, gt=0)
    read_seconds: float = Field(default=180, gt=0)


class Planned(Value):
    """What a pull would fetch.

    Attributes
    ----------
    label, address
        What it is, and where.
    size
        In bytes, where the server tells.
    kept
        Whether it lies on this machine already, as far as the server tells.
    paged
        Whether it is the answer to a question, which others may follow.
    """

    label: str
    address: str
    size: int | None = None
    kept: bool = False
    paged: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    """The way to one source; ``asked`` holds when it was asked last."""

    source: RemoteSource
    session: requests.Session
    cache: Path
    patience: Patience
    progress: Progress
    asked: list[float] = field(default_factory=list)


@contextmanager
def fetching(
    source: RemoteSource,
    cache: Path,
    *,
    since: dt.datetime | None = None,
    patience: Patience | None = None,
    progress: Progress = silent,
    note: Callable[[Document, Path], None] | None = None,
) -> Iterator[Fetch]:
    """Give a `Fetch` for one source, as long as the context lasts.

    Parameters
    ----------
    source
        Whose hosts may be asked, how often, and for how much.
    cache
        Folder in which answers are kept.
    since
        Answers that came at this time or later are used as they are: they belong to a pull that
        was interrupted. Older ones are asked for again, a file only for what changed.
    patience
        How long to wait for the source.
    progress
        Called with bytes done, bytes in all (as far as known) and what is being fetched. What it
        raises ends the fetching; what has come is kept and continued next time.
    note
        Called with each document that was handed on, and where it lies.
    """
    with _session() as session:
        line = _Line(source, session, cache, patience or Patience(), progress)

        def fetch(
            address: str,
            *,
            label: str,
            query: Mapping[str, str] | None = None,
            form: Mapping[str, str] | None = None,
            expected: Sequence[str] = (),
        ) -> Path:
            wanted = Wanted(address, label, query, form, expected)
            place = Place.of(cache, address, query, form)
            document = _fetched(line, wanted, place, since)
            if note:
                note(document, place.answer)
            return place.answer

        yield fetch


@contextmanager
def planning(
    source: RemoteSource,
    cache: Path,
    note: Callable[[Planned], None],
    *,
    patience: Patience | None = None,
) -> Iterator[Fetch]:
    """Give a `Fetch` that fetches nothing but tells what would be fetched.

    It returns the answer that is kept or, where there is none, a path where nothing lies.
    Only the size of files is asked for.
    """
    with _session() as session:
        line = _Line(source, session, cache, patience or Patience(), silent)

        def fetch(
            address: str,
            *,
            label: str,
            query: Mapping[str, str] | None = None,
            form: Mapping[str, str] | None = None,
            expected: Sequence[str] = (),
        ) -> Path:
            refuse_foreign(source, address)
            wanted = Wanted(address, label, query, form, expected)
            place = Place.of(cache, address, query, form)
            note(_planned(line, wanted, place.document()))
            return place.answer

        yield fetch


@contextmanager
def _session() -> Iterator[requests.Session]:
    """Open a session that sends nothing .netrc knows; proxies of the environment stay in use."""
    with requests.Session() as session:
        session.headers["User-Agent"] = USER_AGENT
        session.auth = _without_credentials
        yield session


def _without_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _fetched(line: _Line, wanted: Wanted, place: Place, since: dt.datetime | None) -> Document:
    try:
        refuse_foreign(line.source, wanted.address)
        with claimed(place, line.source.slug):
            kept = place.document()
            if kept and since and kept.retrieved >= since:
                return kept
            return _persistently(line, wanted, place)
    except AnswerRefusedError:
        raise
    except FileRefusedError as error:
        raise FetchRefusedError(error.problem) from error


def _persistently(line: _Line, wanted: Wanted, place: Place) -> Document:
    failures = 0
    while True:
        before = place.partial_size
        try:
            return _ask(line, wanted, place)
        except InterruptedFetchError as interrupted:
            grown = place.partial_size - before
            further = wanted.is_file and grown >= _PROGRESS_BYTES
            failures = 1 if further else failures + 1
            if failures >= line.patience.attempts:
                raise interrupted.told from interrupted
            _wait(line, wanted, _seconds(line, failures, interrupted))


def _seconds(line: _Line, failures: int, interrupted: InterruptedFetchError) -> float:
    """Return how long to wait: as the server asks, else longer each time and never in step."""
    longest = line.patience.longest_wait_seconds
    if interrupted.after is None:
        wait = line.patience.first_wait_seconds * 2.0 ** (failures - 1)
        return min(longest, wait * random.uniform(0.5, 1.5))  # noqa: S311 - spreads load
    if interrupted.after > longest:
        until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=interrupted.after)
        raise refusal(
            line.source.slug,
            "The server asks to wait until {until} (UTC). Try again then.",
            until=f"{until:%Y-%m-%d %H:%M}",
        ) from interrupted
    return interrupted.after


def _wait(line: _Line, wanted: Wanted, seconds: float) -> None:
    """Wait in short slices, so that whoever watches can end it."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        line.progress(0, 0, f"{wanted.label} …")
        time.sleep(min(left, _SLICE_SECONDS))


def _ask(line: _Line, wanted: Wanted, place: Place) -> Document:
    headers = conditions(wanted, place)
    try:
        with _opened(line, "POST" if wanted.form else "GET", wanted, headers) as answer:
            return take_answer(line.source, wanted, place, answer, line.progress)
    except requests.exceptions.SSLError as error:
        raise unreachable(line.source, error) from error
    except (requests.ConnectionError, requests.Timeout) as error:
        raise InterruptedFetchError(unreachable(line.source, error)) from error
    except _BROKEN_OFF as error:
        text = mark("The answer broke off after {size} bytes. Try again later.")
        told = refusal(line.source.slug, text, size=place.partial_size)
        raise InterruptedFetchError(told) from error
    except requests.RequestException as error:
        raise unreachable(line.source, error) from error
    except OSError as error:
        raise unwritable(line.cache, line.source.slug, error) from error


@contextmanager
def _opened(
    line: _Line, method: str, wanted: Wanted, headers: Mapping[str, str]
) -> Iterator[requests.Response]:
    """Ask, and follow where the answer leads, as far as the registry allows."""
    address, query, form = wanted.address, wanted.query, wanted.form
    for _ in range(_REDIRECTS):
        _keep_pause(line, wanted)
        sent = {**headers, **_own_headers(line.source, address)}
        asking = requests.Request(method, address, params=query, data=form, headers=sent)
        answer = _sent(line, line.session.prepare_request(asking))
        with answer:
            if not answer.is_redirect:
                yield answer
                return
            address, query = next_address(line.source, answer), None
            if method == "POST" and answer.status_code in _ASKED_PLAINLY:
                method, form = "GET", None
    raise refusal(
        line.source.slug,
        "The server leads from one address to the next without end, last to {address}. Look up the "
        "right address and put it into sources.toml.",
        address=address[:200],
    )


def _own_headers(source: RemoteSource, address: str) -> dict[str, str]:
    """Return the headers of the registry that are set here; no other host is shown them."""
    if host_of(address) not in source.own_hosts:
        return {}
    found = {name: os.environ.get(variable, "") for name, variable in source.headers.items()}
    return {name: value.strip() for name, value in found.items() if value.strip()}


def _sent(line: _Line, asking: requests.PreparedRequest) -> requests.Response:
    """Send a request past what a session does with the answer: follow it, read it, take cookies."""
    address = str(asking.url)
    settings = line.session.merge_environment_settings(address, {}, True, None, None)
    return line.session.get_adapter(address).send(
        asking,
        stream=True,
        timeout=(line.patience.connect_seconds, line.patience.read_seconds),
        verify=settings["verify"] or True,
        cert=settings["cert"],
        proxies=settings["proxies"],
    )


def _keep_pause(line: _Line, wanted: Wanted) -> None:
    if line.asked:
        _wait(line, wanted, line.asked[-1] + line.source.pause_seconds - time.monotonic())
    line.asked[:] = [time.monotonic()]


def _planned(line: _Line, wanted: Wanted, kept: Document | None) -> Planned:
    if not wanted.is_file:
        return Planned(label=wanted.label, address=wanted.address, paged=True)
    try:
        with _opened(line, "HEAD", wanted, {"Accept-Encoding": "identity"}) as answer:
            known = answer.status_code == HTTPStatus.OK
            size = length_of(answer) if known else 0
            same = known and kept is not None and kept.version == version_of(answer)
    except requests.RequestException as error:
        raise unreachable(line.source, error) from error
    return Planned(label=wanted.label, address=wanted.address, size=size or None, kept=same)
