"""What an answer of HTTP says, and the errors for one that is not what was asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

import requests

from geoapp.core.phrases import mark
from geoapp.core.raw import refusal
from geoapp.errors import FileRefusedError, Problem
from geoapp.sources.remote.kept import Version
from geoapp.sources.remote.pulled import AnswerRefusedError
from geoapp.sources.remote.registry import RemoteSource, host_of
from geoapp.sources.remote.words import first_words, is_web_page

SAID_BYTES = 65_536


def beginning(answer: requests.Response) -> bytes:
    """Read the first bytes of an answer that is not taken, as far as they come."""
    try:
        return next(answer.iter_content(SAID_BYTES), b"")
    except requests.RequestException:
        return b""


def version_of(answer: requests.Response) -> Version:
    """Return by what a later answer can be told to be the same."""
    headers = answer.headers
    return Version(etag=headers.get("ETag"), last_modified=headers.get("Last-Modified"))


def length_of(answer: requests.Response) -> int:
    """Return the bytes that are announced; 0 where none are, or where they come packed."""
    stated = answer.headers.get("Content-Length", "")
    packed = answer.headers.get("Content-Encoding", "identity") != "identity"
    return int(stated) if stated.isdigit() and not packed else 0


def range_of(answer: requests.Response) -> tuple[int | None, int | None]:
    """Return where a part begins and how long the whole is; None where it is not said.

    A server that has nothing beyond the part says only how long the whole is.
    """
    unit, _, rest = answer.headers.get("Content-Range", "").partition(" ")
    part, _, whole = rest.partition("/")
    start = part.partition("-")[0]
    if unit != "bytes":
        return None, None
    return int(start) if start.isdigit() else None, int(whole) if whole.isdigit() else None


def retry_after(answer: requests.Response) -> float | None:
    """Return the seconds a server asks to wait for, whether it states them or a date."""
    stated = answer.headers.get("Retry-After", "").strip()
    if stated.isdigit():
        return float(stated)
    try:
        until = parsedate_to_datetime(stated)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=dt.UTC)
    return max(0.0, (until - dt.datetime.now(dt.UTC)).total_seconds())


def next_address(source: RemoteSource, answer: requests.Response) -> str:
    """Return where a server leads on to.

    Raises
    ------
    FileRefusedError
        Where that is a host the registry does not name, or no longer encrypted.
    """
    target = answer.headers["Location"]
    try:
        target = urljoin(answer.url, target)
        host = host_of(target)
        same_name = urlsplit(target).hostname == urlsplit(answer.url).hostname
        known = host in source.known_hosts or (same_name and host.endswith(":443"))
    except ValueError:
        known = False
    if known and (target.startswith("https:") or not answer.url.startswith("https:")):
        return target
    raise refusal(
        source.slug,
        "The server leads on to {address}, which the registry does not name. If you trust it, put "
        "its host into hosts of [{source}] in sources.toml.",
        address=target[:200],
        source=source.slug,
    )


def refuse_foreign(source: RemoteSource, address: str) -> None:
    """Refuse an address on a host that the registry does not name for this source."""
    try:
        known = host_of(address) in source.known_hosts
    except ValueError:
        known = False
    if not known:
        raise refusal(
            source.slug,
            "{address} is not an address of this source. Put its host into hosts of [{source}] in "
            "sources.toml.",
            address=address[:200],
            source=source.slug,
        )


def refuse_size(source: RemoteSource, size: int) -> None:
    """Refuse an answer of more bytes than the registry allows."""
    if size > source.max_bytes:
        raise refusal(
            source.slug,
            "The answer has more than {limit} bytes. Ask for a smaller area, or raise max_bytes of "
            "[{source}] in sources.toml.",
            limit=source.max_bytes,
            source=source.slug,
        )


def refuse_type(source: RemoteSource, expected: Sequence[str], answer: requests.Response) -> None:
    """Refuse an answer that says to be something else than expected, or a web page."""
    found = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    page = not expected and "html" in found
    if page or (expected and not found.startswith(tuple(expected))):
        raise _wrong_type(source, expected, found, beginning(answer))


def refuse_web_page(source: RemoteSource, expected: Sequence[str], said: bytes) -> None:
    """Refuse what begins as a web page, whatever it says to be."""
    if is_web_page(said) and not any("html" in kind for kind in expected):
        raise _wrong_type(source, expected, "text/html", said)


def refused_by(source: RemoteSource, answer: requests.Response) -> AnswerRefusedError:
    """Return the error for an answer that refuses; not found is most often a moved address."""
    said = beginning(answer)
    text = mark("The server refused ({status} {reason}): “{said}”. Try again later.")
    if answer.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        text = mark(
            "Nothing is at {address} ({status} {reason}). Look up the new address and put it into "
            "sources.toml."
        )
    values = {
        "status": answer.status_code,
        "reason": first_words((answer.reason or "").encode(), 60),
        "said": first_words(said),
        "address": answer.url[:200],
    }
    problem = Problem(source.slug, text, values=values)
    return AnswerRefusedError(problem, status=answer.status_code, said=said)


def unreachable(source: RemoteSource, error: requests.RequestException) -> FileRefusedError:
    """Return the error for a server from which no answer came."""
    asked = error.request.url if error.request is not None else None
    text = mark("{host} cannot be reached. Check the network, or try again later.")
    if isinstance(error, requests.exceptions.SSLError):
        text = mark("{host} does not prove who it is: its certificate is not valid here.")
    elif isinstance(error, requests.Timeout) or "timed out" in str(error):
        text = mark("{host} does not answer in time. Try again later.")
    return refusal(source.slug, text, host=host_of(asked or source.address))


def _wrong_type(
    source: RemoteSource, expected: Sequence[str], found: str, said: bytes
) -> AnswerRefusedError:
    text = mark(
        "Expected {expected}, the server sent {found}: “{said}”. Look at the address in a browser; "
        "if it moved, put the new one into sources.toml."
    )
    values = {
        "expected": ", ".join(expected) or "data",
        "found": first_words(found.encode(), 60) or "-",
        "said": first_words(said),
    }
    problem = Problem(source.slug, text, values=values)
    return AnswerRefusedError(problem, status=int(HTTPStatus.OK), said=said)
