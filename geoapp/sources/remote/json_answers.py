"""Answers in JSON, of which nothing is taken for granted."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from geoapp.core.phrases import mark
from geoapp.core.raw import refusal
from geoapp.errors import FileRefusedError
from geoapp.sources.remote.registry import RemoteSource
from geoapp.sources.remote.words import first_words

_QUOTED_BYTES = 2000


def read_json(path: Path, source: RemoteSource) -> object:
    """Return what an answer holds; numbers that are infinite or none count as missing.

    Raises
    ------
    FileRefusedError
        When it is no JSON. The answer is removed, so that it is not taken for good later.
    OSError
        When there is no answer.
    """
    try:
        return json.loads(path.read_bytes(), parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise not_understood(path, source) from error


def not_understood(path: Path, source: RemoteSource) -> FileRefusedError:
    """Remove an answer that is not of the form its source is known for; return the error."""
    with path.open("rb") as opened:
        said = first_words(opened.read(_QUOTED_BYTES))
    path.unlink()
    text = mark(
        "Expected data (JSON) in the form that this source is known for, found “{said}”. Try again "
        "later; if the service moved, put its new address into sources.toml."
    )
    return refusal(source.slug, text, said=said)


def cut_short(source: RemoteSource, sent: int, announced: int) -> FileRefusedError:
    """Return the error for a source that announces more than it gives, however often asked."""
    text = mark(
        "The source announces {announced} entries but gives only {sent}. Try again later, or ask "
        "for a smaller area."
    )
    return refusal(source.slug, text, announced=announced, sent=sent)


def objects(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a list; of something else, nothing."""
    if isinstance(value, list):
        yield from (entry for entry in value if isinstance(entry, dict))


def number_of(value: object) -> float | None:
    """Return a number, be it a number or a text with a comma or a dot; None for anything else.

    >>> number_of(19.1), number_of(" 19,1 "), number_of("1e999"), number_of(True), number_of("-")
    (19.1, 19.1, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value.strip().replace(",", ".") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def text_of(value: object) -> str | None:
    """Return a text without the space around it, or a whole number as text; None for the rest.

    >>> text_of(" Rajcza "), text_of(2417112), text_of(""), text_of(None)
    ('Rajcza', '2417112', None, None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    return str(value).strip() or None
