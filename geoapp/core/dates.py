"""Dates as far as they are known, written for readers."""

from __future__ import annotations

from geoapp.core.phrases import Phrases


def date_text(date: str | None, phrases: Phrases) -> str:
    """Return an EDTF date (``2015``, ``2004~/2010~``) in words.

    A date stays in the order year, month, day, which every language of the app reads alike.
    """
    if not date:
        return phrases.gettext("date not known")
    start, _, end = date.partition("/")
    span = "–".join(part.removesuffix("~") for part in (start, end) if part)
    return phrases.gettext("about {date}").format(date=span) if "~" in date else span
