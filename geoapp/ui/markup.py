"""Text from data, made safe for widgets that read Markdown."""

from __future__ import annotations

import re

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def plain(text: str) -> str:
    r"""Return the text so that Markdown shows it as it is: no link, image, formula or icon.

    >>> plain("![x](http://host/y.png)")
    '\\!\\[x\\]\\(http\\:\\/\\/host\\/y\\.png\\)'
    """
    return _PUNCTUATION.sub(r"\\\1", " ".join(text.split()))
