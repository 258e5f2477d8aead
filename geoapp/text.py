"""Texts and numbers in Polish, Czech and English.

English is the language of the source; the catalogues of the others lie in `geoapp/locale`. They
are read as they are written (PO), so that no compiled copy can be out of date.
"""

from __future__ import annotations

import gettext
import io
import math
from dataclasses import dataclass
from functools import cache
from importlib import resources

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from geoapp.core.partnership import Language
from geoapp.errors import Problem

LANGUAGES: tuple[Language, ...] = ("pl", "cs", "en")
LANGUAGE_NAMES: dict[Language, str] = {"pl": "Polski", "cs": "Čeština", "en": "English"}
DEFAULT_LANGUAGE: Language = "en"
UNKNOWN = "–"


@dataclass(frozen=True)
class Text:
    """One language; satisfies `geoapp.core.phrases.Phrases`."""

    language: Language

    def gettext(self, message: str) -> str:
        """Translate a text; English where the catalogue has none."""
        return _catalogue(self.language).gettext(message)

    def ngettext(self, one: str, many: str, count: int) -> str:
        """Translate a text that depends on a number, which fills its ``{n}``."""
        chosen = _catalogue(self.language).ngettext(one, many, count)
        return chosen.replace("{n}", self.number(count))

    def number(self, value: float | None, decimals: int = 0) -> str:
        """Write a number as the language does; a dash for None or NaN.

        >>> Text("pl").number(0.25, 1), Text("en").number(21143), Text("cs").number(None)
        ('0,3', '21,143', '–')
        """
        if value is None or math.isnan(value):
            return UNKNOWN
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        # a value exactly between two is rounded away from zero, as readers of tables expect
        size = math.floor(abs(value) * 10**decimals + 0.5) / 10**decimals
        rounded = math.copysign(size, value) if size else 0.0
        return format_decimal(rounded, format=pattern, locale=self.language)

    def problem(self, problem: Problem) -> str:
        """Tell a problem in this language."""
        return problem.sentence(self.gettext(problem.text))


def as_language(slug: str | None) -> Language | None:
    """Return a language we speak, from a tag such as ``pl`` or ``cs-CZ``; else None."""
    tag = (slug or "").lower().split("-")[0]
    return tag if tag in LANGUAGES else None


@cache
def _catalogue(language: Language) -> gettext.NullTranslations:
    source = resources.files("geoapp") / "locale" / f"{language}.po"
    if not source.is_file():
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
