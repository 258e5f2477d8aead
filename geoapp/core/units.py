"""Rows of a file that are municipalities: their unit keys, their parts, one row for each."""

from __future__ import annotations

import re
from collections.abc import Sequence

import geopandas as gpd
import pandas as pd

from geoapp.core.codes import country_of, unit_keys
from geoapp.core.columns import code_texts, listed
from geoapp.core.corrections import CorrectionKind, noted
from geoapp.core.measure import area_ha
from geoapp.core.phrases import mark
from geoapp.core.projection import WGS84
from geoapp.core.raw import refusal, some_of, warning
from geoapp.core.repair import joined
from geoapp.errors import Problem

_WHICH_PART = re.compile(r"\s*[-–(]\s*(?:miasto|obszar wiejski)\s*\)?\s*$", re.IGNORECASE)


def readable_units(
    table: pd.DataFrame, column: str | None, file: str
) -> tuple[pd.Series, tuple[Problem, ...]]:
    """Return the unit keys of the rows that have one, and what to tell about the others.

    Raises
    ------
    FileRefusedError
        When there is no column of codes, or nothing in it is a code.
    """
    if column is None:
        raise refusal(
            file,
            "No column reads as municipality codes (TERYT or Czech municipality numbers). "
            "Name it with columns.code. The file has: {columns}.",
            field="columns.code",
            columns=listed(table),
        )
    units = unit_keys(table[column])
    unread = code_texts(table[column])[units.isna()]
    if len(unread) == len(units):
        raise refusal(
            file,
            "No value of column {column} is a municipality code; found {examples}. Expected "
            "seven or six digits of TERYT or the six digits of a Czech municipality.",
            field="columns.code",
            column=column,
            examples=some_of(unread.unique()),
        )
    text = mark("{count} rows have no readable municipality code and were left out: {examples}.")
    return units.dropna(), code_finding(file, text, unread)


def superseded(codes: pd.Series, units: pd.Series) -> pd.Series:
    """Tell which rows are only parts of a municipality that has a row of its own.

    Town and rural part (types 4 and 5) beside the urban-rural gmina (type 3); districts of a
    city (types 8 and 9) beside the city (type 1), which shares their county.

    >>> codes = pd.Series(["2417113", "2417114", "2417124"])
    >>> superseded(codes, unit_keys(codes)).tolist()
    [False, True, False]
    """
    types = _types(codes)
    whole = set(units[types == "3"])
    cities = {unit[:4] for unit in units[types == "1"]}
    part = types.isin(["4", "5"]) & units.isin(whole)
    return part | (types.isin(["8", "9"]) & units.str[:4].isin(cities))


def parts_finding(file: str, codes: pd.Series, names: pd.Series) -> tuple[Problem, ...]:
    """Return what to tell about rows that `superseded` told to leave out."""
    text = mark(
        "{count} rows are parts of a municipality that has a row of its own (types 4, 5, 8 and 9 "
        "of TERYT) and were left out: {examples}."
    )
    return code_finding(file, text, codes + " " + names.loc[codes.index].fillna(""))


def one_each(
    units: pd.Series, codes: pd.Series, names: pd.Series, shapes: pd.Series, *, file: str
) -> tuple[pd.DataFrame, int, tuple[Problem, ...]]:
    """Join the features of one municipality, in EPSG:4326, and measure each in hectares.

    Returns the GeoDataFrame of boundaries on the first row of each municipality, how many
    municipalities had several features, and what to tell about them. What is told of each single
    row comes from `joined_notes`.
    """
    again = units.duplicated(keep=False)
    first = units[~units.duplicated()]
    geometry = shapes.loc[first.index].copy()
    found: tuple[Problem, ...] = ()
    if again.any():
        whole = joined(shapes[again].to_numpy(), units[again])
        geometry[first.index[first.isin(whole.index)]] = whole.to_numpy()
        halves = again & _types(codes).isin(["4", "5"])
        names = names.where(~halves, names.str.replace(_WHICH_PART, "", regex=True))
        found = _joined_findings(file, units[again], names[again])
    frame = gpd.GeoDataFrame(
        {
            "unit": first,
            "code": codes[first.index],
            "name": names[first.index],
            "country": first.map(country_of),
            "area_ha": area_ha(gpd.GeoSeries(geometry.to_numpy(), crs=WGS84)),
        },
        geometry=geometry.to_numpy(),
        crs=WGS84,
    )
    return frame, int(units[again].nunique()), found


def joined_notes(units: pd.Series, names: pd.Series) -> tuple[pd.DataFrame, ...]:
    """Return the corrections of rows that share a municipality: ``after`` is the first of them."""
    again = units[units.duplicated(keep=False)]
    if again.empty:
        return ()
    first = again.map(dict(zip(again[::-1], again.index[::-1] + 1, strict=True)))
    folded = names[again.index].fillna("").str.casefold()
    apart = folded.groupby(again).transform("nunique") > 1
    kinds: tuple[tuple[CorrectionKind, pd.Series], ...] = (
        ("joined", ~apart),
        ("joined-names", apart),
    )
    return tuple(noted(kind, again.index[rows], after=first[rows].tolist()) for kind, rows in kinds)


def code_finding(file: str, text: str, examples: Sequence[str] | pd.Series) -> tuple[Problem, ...]:
    """Return a finding about codes with their count and examples; nothing where there are none."""
    if not len(examples):
        return ()
    named = some_of(dict.fromkeys(examples))
    return (warning(file, text, field="code", count=len(examples), examples=named),)


def _types(codes: pd.Series) -> pd.Series:
    """Return the seventh digit of each TERYT code, empty where there is none."""
    digits = codes.str.replace(r"\D", "", regex=True)
    # a Czech code has six digits too, but has not lost a zero
    digits = digits.mask(digits.str.fullmatch(r"5\d{5}"), "")
    if (digits.str.len() == 7).any():
        digits = digits.str.zfill(7)
    return digits.where(digits.str.len() == 7, "").str[6:]


def _joined_findings(file: str, units: pd.Series, names: pd.Series) -> tuple[Problem, ...]:
    by_unit = [(unit, group.dropna()) for unit, group in names.groupby(units, sort=False)]
    joined_units = [f"{unit} {' / '.join(group.unique())}" for unit, group in by_unit]
    differing = [
        told
        for told, (_, group) in zip(joined_units, by_unit, strict=True)
        if len(set(group.str.casefold())) > 1
    ]
    several = mark("{count} municipalities had several features, which were joined: {examples}.")
    apart = mark(
        "{count} codes are carried by features of different names, which were joined all the "
        "same; check these codes: {examples}."
    )
    return (*code_finding(file, several, joined_units), *code_finding(file, apart, differing))
