"""Which letters were meant: choosing an encoding, and mending texts that were read wrongly.

Polish and Czech letters differ between UTF-8, cp1250 and ISO-8859-2, and each wrong reading
leaves its own traces: ``Å¼ywiec``, ``¯ywiec``. Everything here decides by these letters.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from functools import cache

import pandas as pd

from geoapp.errors import printable

_POLISH = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ")
_CZECH = frozenset("áčďéěíňóřšťúůýžÁČĎÉĚÍŇÓŘŠŤÚŮÝŽ")
_NEIGHBOURS = frozenset("äöüßÄÖÜôÔ")
_LETTERS = _POLISH | _CZECH | _NEIGHBOURS
_TYPOGRAPHY = frozenset("„”“’‘‚«»–—…°§×·•€\u00a0\u00ad\ufeff")
_UNITS = re.compile(r"(?<![^\W\d_])[cdkm]?m[²³]")
# Words are tried from their start only and without going back, so that a long run of plain bytes
# costs no more than its length.
_NON_ASCII_WORD = re.compile(
    rb"(?<![^\s,;|\"\x00])[^\s,;|\"\x00\x80-\xff]*+[\x80-\xff][^\s,;|\"\x00]*+"
)
_WORDS = 20_000

_UTF8_READ_AS = ("cp1250", "cp1252", "latin-1", "iso-8859-2")
_MISREADINGS = (
    ("latin-1", "cp1250"),
    ("cp1252", "cp1250"),
    ("latin-1", "iso-8859-2"),
    ("cp1252", "iso-8859-2"),
    ("iso-8859-2", "cp1250"),
    ("cp1250", "iso-8859-2"),
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def choose_encoding(data: bytes, *, declared: str | None = None) -> str:
    """Return the Python name of the encoding that makes best sense of some bytes.

    A declared encoding is believed unless the bytes are impossible in it.

    >>> choose_encoding("Żywiec, Łękawica".encode("cp1250"))
    'cp1250'
    >>> choose_encoding("Źdźbło, Siąszyce".encode("iso-8859-2"), declared="utf-8")
    'iso-8859-2'
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return encoding
    words = list(dict.fromkeys(_NON_ASCII_WORD.findall(data)))[:_WORDS]
    if declared and _is_possible(words, declared):
        return declared
    if _is_possible(words, "utf-8"):
        return "utf-8"
    return max(("cp1250", "iso-8859-2"), key=lambda name: _decoded_score(words, name))


def is_encoding(name: str) -> bool:
    """Tell whether texts can be read in an encoding of this name.

    >>> is_encoding("cp1250"), is_encoding("cp999"), is_encoding("hex")
    (True, False, False)
    """
    try:
        b"a".decode(name)
    except (LookupError, ValueError):
        return False
    return True


def repair_texts(texts: pd.Series) -> tuple[pd.Series, str | None]:
    """Mend a column whose texts were read in a wrong encoding.

    Returns the column and what was mended, such as ``"cp1250 read as latin-1"``; None and the
    column itself where nothing was. UTF-8 gives itself away in each text; the others need
    traces of at least two kinds, or three words, and must leave none behind.
    """
    strange = {text for text in texts.dropna().unique() if isinstance(text, str)}
    strange = {text for text in strange if not text.isascii()}
    if not strange:
        return texts, None
    mended = {text: found for text in strange if (found := _from_utf8(text)) is not None}
    misreading = "UTF-8 read as a single-byte encoding" if mended else None
    if not mended and (pair := _column_misreading(strange)):
        read_as, meant = pair
        mended = {text: _reread(text, read_as, meant) or text for text in strange}
        misreading = f"{meant} read as {read_as}"
    if misreading is None:
        return texts, None
    return texts.map(
        lambda text: mended.get(text, text) if isinstance(text, str) else text
    ), misreading


def without_controls(texts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return texts with a space for each control character, and which of them had any.

    Line breaks and tabs within a text stay.

    >>> cleaned, had = without_controls(pd.Series(["Raj\u202ecza", "Ujsoły", None, 7]))
    >>> cleaned.tolist(), had.tolist()
    (['Raj cza', 'Ujsoły', None, 7], [True, False, False, False])
    """
    cleaned = texts.map(_without_controls)
    had = pd.Series(
        [isinstance(old, str) and old != new for old, new in zip(texts, cleaned, strict=True)],
        index=texts.index,
        dtype=bool,
    )
    return cleaned.where(had, texts), had


def _without_controls(value: object) -> object:
    return printable(value, kept="\n\r\t").strip() if isinstance(value, str) else value


def plausibility(words: Iterable[str]) -> int:
    """Return how much words look Polish or Czech: letters of one language speak for it.

    >>> plausibility(["Żywiec"]) > plausibility(["¯ywiec"])
    True
    """
    return sum(_word_score(word) for word in words)


def _is_possible(words: list[bytes], encoding: str) -> bool:
    """Tell whether the words can be in an encoding; a DBF field may cut off its last letter."""
    if not is_encoding(encoding):
        return False
    read = [word.decode(encoding, "replace") for word in words]
    broken = sum(word.count("\ufffd") for word in read)
    letters = sum(not letter.isascii() for word in read for letter in word) - broken
    # Bytes that are well-formed UTF-8 prove it whatever the language; single bytes prove nothing.
    strange = 0 if _is_utf8(encoding) else sum(map(_traces, read))
    return broken * 20 <= letters and strange * 5 <= letters


def _is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name == "utf-8"


def _decoded_score(words: list[bytes], encoding: str) -> int:
    return plausibility(word.decode(encoding, "replace") for word in words)


def _from_utf8(text: str) -> str | None:
    for read_as in _UTF8_READ_AS:
        found = _reread(text, read_as, "utf-8")
        if found and any(letter in _LETTERS for letter in found) and _is_known(found):
            return found
    return None


def _is_known(text: str) -> bool:
    return all(letter.isascii() or letter in _LETTERS | _TYPOGRAPHY for letter in text)


def _column_misreading(texts: set[str]) -> tuple[str, str] | None:
    words = [word for text in texts for word in text.split() if not word.isascii()]
    traced = [word for word in words if _traces(word)]
    kinds = {letter for word in traced for letter in word if _is_trace(letter, word)}
    if len(kinds) < 2 and len(set(traced)) < 3:
        return None
    before = plausibility(words)
    for read_as, meant in _MISREADINGS:
        found = [_reread(word, read_as, meant) for word in words]
        known = [word for word in found if word is not None]
        clean = len(known) == len(words) and not any(map(_traces, known))
        if clean and plausibility(known) > before:
            return read_as, meant
    return None


def _reread(text: str, read_as: str, meant: str) -> str | None:
    table = _bytes_of(read_as)
    try:
        return bytes(table[letter] for letter in text).decode(meant)
    except (KeyError, UnicodeDecodeError):
        return None


@cache
def _bytes_of(encoding: str) -> dict[str, int]:
    """Return the byte of each letter; readers pass undefined bytes through as control letters."""
    table = {chr(byte): byte for byte in range(256)} if encoding == "latin-1" else {}
    for byte in range(256):
        letter = bytes([byte]).decode(encoding, "ignore") or chr(byte)
        table.setdefault(letter, byte)
    return table


def _word_score(word: str) -> int:
    traces = _traces(word)
    letters = [letter for letter in word if letter in _POLISH or letter in _CZECH]
    own = max(sum(letter in alphabet for letter in letters) for alphabet in (_POLISH, _CZECH))
    return 2 * own - len(letters) - 3 * traces


def _traces(word: str) -> int:
    """Count the letters of a word that no Polish, Czech or German word has."""
    if word.isascii():
        return 0
    word = _UNITS.sub("", word)
    return sum(_is_trace(letter, word) for letter in word)


def _is_trace(letter: str, word: str) -> bool:
    if letter.isascii() or letter in _LETTERS:
        return False
    if "\x80" <= letter <= "\x9f" or letter == "\ufffd":
        return True
    return letter not in _TYPOGRAPHY and any(other.isalpha() and other != letter for other in word)
