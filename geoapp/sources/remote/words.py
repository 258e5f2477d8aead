"""What a server said, made fit to be quoted in a message."""

from __future__ import annotations

import html
import re

from geoapp.errors import printable

_HIDDEN = re.compile(r"<(script|style)\b.*?(</\1\s*>|$)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>?")
_QUOTED = 160


def first_words(said: bytes, limit: int = _QUOTED) -> str:
    """Return the first words of an answer without markup, control or direction characters.

    >>> first_words(b"<html><title>502 Bad Gateway</title><p>try&nbsp;later")
    '502 Bad Gateway try later'
    """
    text = _HIDDEN.sub(" ", said.decode("utf-8", "replace"))
    return plain_words(html.unescape(_TAG.sub(" ", text)), limit)


def plain_words(text: str, limit: int = _QUOTED) -> str:
    r"""Return a text in one line, without control or direction characters, cut where too long.

    >>> plain_words("too\tmany\x1b[31m features", 13)
    'too many [31…'
    """
    words = " ".join(printable(text).split())
    return words if len(words) <= limit else f"{words[: limit - 1].rstrip()}…"


def is_web_page(beginning: bytes) -> bool:
    """Tell whether an answer is a web page, whatever its type is said to be."""
    start = beginning.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html"))
