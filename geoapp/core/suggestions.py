"""Which municipality a wrong code may have meant: by name, by an old code, by one digit."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import pandas as pd

from geoapp.core.codes import Country, country_of, unit_key
from geoapp.core.columns import plain_name

Reason = Literal["old-code", "type-digit", "same-name", "one-digit"]

_DIGITS = "0123456789"
# Poland has 2,479 gminas and Czechia 6,258 obce: with fewer known, a code that is one digit away
# from a known one may well be right.
_ALL_OF: Mapping[Country, int] = {"PL": 2400, "CZ": 6000}


@dataclass(frozen=True)
class Known:
    """Municipalities that are known.

    Attributes
    ----------
    table
        Indexed by unit key: ``code`` and ``name``.
    former
        Unit keys that are no longer in use, and what they became.
    """

    table: pd.DataFrame
    former: Mapping[str, str] = field(default_factory=dict)

    def label(self, unit: str) -> str:
        """Return code and name of a known municipality."""
        return " ".join(str(value) for value in self.table.loc[unit, ["code", "name"]])

    @cached_property
    def units(self) -> frozenset[str]:
        """Their unit keys."""
        return frozenset(map(str, self.table.index))

    @cached_property
    def named(self) -> Mapping[str, list[str]]:
        """Unit keys by folded name."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for unit, name in self.table["name"].items():
            found[plain_name(name)].append(str(unit))
        return dict(found)

    @cached_property
    def complete(self) -> frozenset[Country]:
        """Countries of which nearly all municipalities are known."""
        counts = Counter(country_of(unit) for unit in self.table.index)
        return frozenset(
            country for country, all_of in _ALL_OF.items() if counts[country] >= all_of
        )


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A known municipality that a code may have meant, and why."""

    unit: str
    reason: Reason


def suggest(code: str, name: str | None, known: Known) -> Suggestion | None:
    """Return the one known municipality that a wrong code may have meant, None where unclear.

    >>> table = pd.DataFrame({"code": ["2417112"], "name": ["Rajcza"]}, index=["241711"])
    >>> suggest("2417116", None, Known(table))
    Suggestion(unit='241711', reason='type-digit')
    >>> suggest("2417212", "RAJCZA", Known(table))
    Suggestion(unit='241711', reason='same-name')
    >>> suggest("2417212", "Ujsoły", Known(table)) is None
    True
    """
    unit = unit_key(code)
    if unit and unit in known.former:
        return Suggestion(known.former[unit], "old-code")
    digits = "".join(letter for letter in code if letter in _DIGITS)
    if unit is None and len(digits) in (6, 7) and digits[:6] in known.table.index:
        return Suggestion(digits[:6], "type-digit")
    if same := _same_name(digits, name, known):
        return Suggestion(same, "same-name")
    near = _one_away(digits, known)
    alike = _only(candidate for candidate in near if _alike(name, candidate, known))
    sure = unit is None or country_of(unit) in known.complete
    meant = alike or (_only(near) if sure else None)
    return Suggestion(meant, "one-digit") if meant else None


def differing_types(codes: pd.Series, known: Known) -> pd.Series:
    """Tell which TERYT codes of seven digits carry another type than the known municipality.

    Only codes whose first six digits are known, with a type, are compared.
    """
    own = codes.map(_type)
    theirs = codes.map(unit_key).map(known.table["code"].map(_type).to_dict())
    comparable = own.notna() & theirs.notna()
    # 4 and 5 are the town and the rural part of 3, 8 and 9 districts of a city: parts, not changes
    return comparable & (own != theirs) & own.isin(["1", "2", "3"])


def _same_name(digits: str, name: str | None, known: Known) -> str | None:
    units = known.named.get(plain_name(name), []) if name else []
    near = [unit for unit in units if unit[:4] == digits[:4]]
    return _only(near) or _only(units)


def _alike(name: str | None, unit: str, known: Known) -> bool:
    """Tell whether one of two names begins as the other."""
    own, theirs = plain_name(name or ""), plain_name(known.table.loc[unit, "name"])
    return bool(own) and (own.startswith(theirs) or theirs.startswith(own))


def _one_away(digits: str, known: Known) -> frozenset[str]:
    """Return the known municipalities whose six digits are one edit away."""
    if not 5 <= len(digits) <= 7:
        return frozenset()
    tried = {variant[:6] for variant in _edits(digits)} | set(_edits(digits[:6]))
    return known.units & tried


def _edits(digits: str) -> Iterable[str]:
    """Return every text one digit changed, taken out, put in or swapped away."""
    for place in range(len(digits) + 1):
        head, tail = digits[:place], digits[place:]
        yield from (f"{head}{digit}{tail}" for digit in _DIGITS)
        if tail:
            yield head + tail[1:]
            yield from (f"{head}{digit}{tail[1:]}" for digit in _DIGITS)
        if len(tail) > 1:
            yield f"{head}{tail[1]}{tail[0]}{tail[2:]}"


def _only(units: Iterable[str]) -> str | None:
    found = list(units)
    return found[0] if len(found) == 1 else None


def _type(code: object) -> str | None:
    digits = "".join(letter for letter in str(code) if letter in _DIGITS)
    return digits[6] if len(digits) == 7 else None
