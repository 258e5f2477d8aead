"""Where Czech municipalities lie, and which one an address means.

Names of municipalities repeat, and addresses tell no codes: what is sought is looked for in the
administrative district (ORP), then in the district (okres), then in the region (kraj) that a
register states.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from geoapp.core.codes import unit_key
from geoapp.core.encoding import choose_encoding
from geoapp.core.raw import refusal

_Units = Mapping[str, frozenset[str]]

_CODE, _NAME = "obec_kod", "obec_text"
_ORP = ("orp_csu_cis65_kod", "orp_text")
_DISTRICT = ("okres_csu_cis101_lau_kod", "okres_csu_cis109_nuts_kod", "okres_text")
_REGION = "kraj_text"
_POSTAL = re.compile(r"\d{3} ?\d{2} +(\S.*)|\d{5}(\S.*)")
_NUMBER = re.compile(r"\s+(?:\d{1,2}|[IVX]+)$")


@dataclass(frozen=True, slots=True)
class Territory:
    """The structure of Czechia.

    Attributes
    ----------
    names
        Of each municipality, by unit key.
    named
        Unit keys by name in small letters.
    orps, districts, regions
        Unit keys by code or name of an administrative district, of a district, and by that of a
        district those of the whole region it lies in.
    """

    names: Mapping[str, str]
    named: _Units
    orps: _Units
    districts: _Units
    regions: _Units


def read_territory(path: Path, *, file: str) -> Territory:
    """Read the structure of territory that the Czech Statistical Office publishes (CSV).

    Raises
    ------
    FileRefusedError
        When it is no such table.
    """
    table = _table(path, file)
    units = table[_CODE].map(unit_key)
    table = table[units.notna()].assign(unit=units)
    of_region = _grouped(table, (_REGION,))
    regions = {
        text: of_region[_folded(str(row[_REGION]))]
        for row in table.to_dict("records")
        for text in _texts(row, _DISTRICT)
    }
    return Territory(
        names=dict(zip(table["unit"], table[_NAME].str.strip(), strict=True)),
        named=_grouped(table, (_NAME,)),
        orps=_grouped(table, _ORP),
        districts=_grouped(table, _DISTRICT),
        regions=regions,
    )


def municipality_of(
    lines: Iterable[str | None], territory: Territory, *, district: str | None, orp: str | None
) -> str | None:
    """Return the unit key of the municipality of an address; None where it is not certain.

    Parameters
    ----------
    lines
        Of the address; the one that begins with a postal code names the municipality.
    territory
        The municipalities there are.
    district, orp
        Code or name of where the address is, or near to where it is.
    """
    around = [
        units
        for known, asked in (
            (territory.orps, orp),
            (territory.districts, district),
            (territory.regions, district),
        )
        if asked and (units := known.get(_folded(asked)))
    ]
    for name in _candidates(lines):
        everywhere = territory.named.get(_folded(name), frozenset())
        for inside in around or [everywhere]:
            if found := everywhere & inside:
                return next(iter(found)) if len(found) == 1 else None
    return None


def _candidates(lines: Iterable[str | None]) -> Iterator[str]:
    """Yield the names that an address may mean, the fullest first.

    >>> list(_candidates(["Libušská 48/43", "142 00 Praha 4 - Písnice", None]))
    ['Praha 4 - Písnice', 'Praha 4', 'Praha']
    """
    towns = [found for line in lines if line and (found := _POSTAL.fullmatch(line.strip()))]
    if not towns:
        return
    name = (towns[-1].group(1) or towns[-1].group(2)).strip()
    before_part = re.split(r"\s+[-–]\s+|,", name)[0].strip()
    yield from dict.fromkeys((name, before_part, _NUMBER.sub("", before_part)))


def _table(path: Path, file: str) -> pd.DataFrame:
    data = path.read_bytes()
    separator = max(",;\t", key=lambda sign: data.partition(b"\n")[0].count(sign.encode()))
    try:
        table = pd.read_csv(
            path, sep=separator, dtype=str, encoding=choose_encoding(data), keep_default_na=False
        )
    except (ValueError, pd.errors.ParserError) as error:
        table = pd.DataFrame({str(error)[:100]: []})
    table = table.rename(columns=lambda name: str(name).strip().lower())
    missing = [name for name in (_CODE, _NAME, _REGION, *_DISTRICT[-1:]) if name not in table]
    if missing:
        raise refusal(
            file,
            "The list of municipalities lacks the columns {missing}; found {columns}. Put its "
            "right address into sources.toml, as addresses.territory.",
            missing=", ".join(missing),
            columns=", ".join(table.columns)[:200],
        )
    return table


def _grouped(table: pd.DataFrame, columns: Iterable[str]) -> dict[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in table.to_dict("records"):
        for text in _texts(row, columns):
            found[text].add(row["unit"])
    return {text: frozenset(units) for text, units in found.items()}


def _texts(row: Mapping[object, object], columns: Iterable[str]) -> list[str]:
    return [text for name in columns if (text := _folded(str(row.get(name) or "")))]


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
