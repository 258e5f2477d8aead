"""Which column of a file holds what, by its name and above all by its content."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import pandas as pd

from geoapp.core.codes import unit_keys
from geoapp.core.layer import Columns
from geoapp.core.raw import refusal

_CODE_NAMES = (
    "jpt_kod_je",
    "gisco_id",
    "teryt",
    "terc",
    "kod_teryt",
    "kod_gminy",
    "kod_gus",
    "iczuj",
    "zuj",
    "kod_obce",
    "obec_kod",
    "kod_obec",
    "icob",
    "lau_id",
    "lau_code",
    "kod",
    "code",
    "unit",
)
_MUNICIPALITY_NAMES = (
    "jpt_nazwa",
    "nazwa_gminy",
    "gmina",
    "nazev_obce",
    "naz_obec",
    "obec",
    "lau_name",
)
_PLAIN_NAMES = ("nazwa", "nazev", "name", "jmeno", "title", "label")
_PLACES_NAMES = (
    "places",
    "miejsca",
    "liczba_miejsc",
    "ilosc_miejsc",
    "miejsc",
    "kapacita",
    "pocet_mist",
    "capacity",
    "cap",
)
_FACILITIES_NAMES = (
    "facilities",
    "placowki",
    "liczba_placowek",
    "liczba_obiektow",
    "zarizeni",
    "pocet_zarizeni",
    "pocet_skol",
)
_VALUE_NAMES = ("value", "wartosc", "hodnota", "udzial", "podil", "share", "percent", "procent")
_LON_LAT_NAMES = (
    ("lon", "lat"),
    ("longitude", "latitude"),
    ("lng", "lat"),
    ("long", "lat"),
    ("dlugosc", "szerokosc"),
    ("dlugosc_geograficzna", "szerokosc_geograficzna"),
    ("zemepisna_delka", "zemepisna_sirka"),
    ("wgs84_lon", "wgs84_lat"),
    ("easting", "northing"),
    ("x", "y"),
    ("coord_x", "coord_y"),
    ("wsp_x", "wsp_y"),
)
_KEY_NAMES = (
    "key",
    "osm_id",
    "inspire_id",
    "red_izo",
    "izo",
    "rspo",
    "nr_rspo",
    "id",
    "gid",
    "gml_id",
)

_PARSED_IN_KNOWN = 0.5
_PARSED_IN_ANY = 0.9
_NUMERIC = 0.8
_KNOWN_NUMERIC = 0.5


def choose_columns(
    table: pd.DataFrame, explicit: Columns, *, file: str, boundaries: bool, geometry: bool
) -> Columns:
    """Return which column holds what; None for what the file does not have.

    Parameters
    ----------
    table
        Attributes of the file.
    explicit
        Columns that were named; they win.
    file
        Name for messages.
    boundaries
        Whether codes are needed and belong to one municipality each.
    geometry
        Whether the file has geometry. Then a column must be *called* a municipality code to be
        one in a theme, because numbers of roads or people look alike.

    Raises
    ------
    FileRefusedError
        When a named column is not there; all columns of the file are listed.
    """
    named = {
        role: _present(column, table, role, file)
        for role, column in explicit.model_dump().items()
        if column is not None
    }
    code = named.get("code") or code_column(table, by_content=boundaries or not geometry)
    taken = {code, *named.values()}
    lon, lat = named.get("lon"), named.get("lat")
    if not geometry and not (lon and lat):
        lon, lat = lon_lat_columns(table)
    taken |= {lon, lat}
    facilities = None if geometry else _numeric_column(table, _FACILITIES_NAMES)
    rest = table[[column for column in table.columns if column not in taken]]
    return Columns(
        code=code,
        name=named.get("name") or name_column(rest, boundaries=boundaries),
        facilities=named.get("facilities") or facilities,
        places=named.get("places") or _numeric_column(rest, _PLACES_NAMES),
        value=named.get("value") or _numeric_column(rest, _VALUE_NAMES),
        lon=lon,
        lat=lat,
    )


def code_column(table: pd.DataFrame, *, by_content: bool = True) -> str | None:
    """Return the column that reads best as municipality codes.

    A known name needs half of its values to be codes, any other column nine of ten.

    >>> table = pd.DataFrame({"pop": [8230, 4113], "kod": [500496, 505587], "n": ["a", "b"]})
    >>> code_column(table)
    'kod'
    """
    scored = []
    for position, column in enumerate(table.columns):
        values = table[column].dropna()
        known = _rank(column, _CODE_NAMES)
        parsed = _share_of_codes(values) if known is not None or by_content else 0.0
        if parsed >= (_PARSED_IN_ANY if known is None else _PARSED_IN_KNOWN):
            rank = len(_CODE_NAMES) if known is None else known
            scored.append((-round(parsed, 1), rank, -values.nunique(), position, column))
    return min(scored)[-1] if scored else None


def name_column(table: pd.DataFrame, *, boundaries: bool = True) -> str | None:
    """Return the column of names, of municipalities or else of the features of a theme.

    Where no column has a known name, boundaries take the text column with most different values.
    """
    own, other = _MUNICIPALITY_NAMES, _PLAIN_NAMES
    names = (*own, *other) if boundaries else (*other, *own)
    texts = [column for column in table.columns if _holds_texts(table[column])]
    if ranked := _ranked(texts, names):
        return ranked[0]
    worded = [column for column in texts if _share_of_words(table[column]) >= _NUMERIC]
    if not (boundaries and worded):
        return None
    return max(worded, key=lambda column: table[column].nunique())


def lon_lat_columns(table: pd.DataFrame) -> tuple[str | None, str | None]:
    """Return the columns of coordinates, east before north, or two times None."""
    by_name = {plain_name(column): column for column in table.columns}
    for first, second in _LON_LAT_NAMES:
        if first in by_name and second in by_name:
            pair = by_name[first], by_name[second]
            if all(_share_of_numbers(table[column]) >= _NUMERIC for column in pair):
                return pair
    return None, None


def keys_of(table: pd.DataFrame) -> pd.Series:
    """Return a unique text for each row: its own identifier if it has one, else its number."""
    for column in _ranked(table.columns, _KEY_NAMES):
        texts = code_texts(table[column])
        if texts.notna().all() and texts.is_unique:
            return texts
    return pd.Series([str(row + 1) for row in range(len(table))], index=table.index, dtype=object)


def code_texts(values: pd.Series) -> pd.Series:
    """Return codes as text; a whole number that a table kept as ``2417112.0`` loses its ``.0``.

    >>> code_texts(pd.Series([500496.0, None])).tolist()
    ['500496', None]
    """
    return values.map(_code_text).astype(object).where(values.notna(), None)


def numbers(values: pd.Series) -> pd.Series:
    """Return numbers as float, missing where a text is none; a comma may be the decimal mark.

    >>> numbers(pd.Series(["1 234,5", "12.5", "-", None])).tolist()
    [1234.5, 12.5, nan, nan]
    """
    if pd.api.types.is_numeric_dtype(values):
        return values.astype(float)
    texts = values.map(lambda value: re.sub(r"[\s\u00a0\u202f]", "", str(value)))
    comma = texts.str.count(",").eq(1) & ~texts.str.contains(".", regex=False)
    texts = texts.where(~comma, texts.str.replace(",", ".", regex=False))
    plain = texts.str.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
    return pd.to_numeric(texts.where(plain), errors="coerce").astype(float)


def plain_name(column: object) -> str:
    """Return a column name in lower-case ASCII with single underscores.

    >>> plain_name("Liczba miejsc"), plain_name("JPT_NAZWA_"), plain_name("Název")
    ('liczba_miejsc', 'jpt_nazwa', 'nazev')
    """
    text = str(column).replace("ł", "l").replace("Ł", "l")
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def listed(table: pd.DataFrame) -> str:
    """Return the names of all columns for a message."""
    return ", ".join(str(column) for column in table.columns) or "–"


def _present(column: str, table: pd.DataFrame, role: str, file: str) -> str:
    if column in table.columns:
        return column
    folded = [name for name in table.columns if str(name).casefold() == column.casefold()]
    if len(folded) == 1:
        return str(folded[0])
    raise refusal(
        file,
        "There is no column {column} (given as {role}). Name one of: {columns}.",
        field=f"columns.{role}",
        column=column,
        role=role,
        columns=listed(table),
    )


def _rank(column: object, names: Iterable[str]) -> int | None:
    plain = plain_name(column)
    return next((rank for rank, name in enumerate(names) if name == plain), None)


def _share_of_codes(values: pd.Series) -> float:
    if values.empty or pd.api.types.is_bool_dtype(values):
        return 0.0
    return float(unit_keys(values.iloc[:: max(1, len(values) // 5000)]).notna().mean())


def _holds_texts(values: pd.Series) -> bool:
    if pd.api.types.is_numeric_dtype(values) or values.isna().all():
        return False
    return _share_of_numbers(values) < 0.5


def _share_of_words(values: pd.Series) -> float:
    """Return the share of texts that read as words rather than codes or sentences."""
    texts = values.dropna().map(str)
    return float((texts.str.contains(r"[^\W\d_]{2}") & (texts.str.len() <= 80)).mean())


def _share_of_numbers(values: pd.Series) -> float:
    present = values.dropna()
    return 0.0 if present.empty else float(numbers(present).notna().mean())


def _numeric_column(table: pd.DataFrame, names: Iterable[str]) -> str | None:
    ranked = _ranked(table.columns, names)
    return next((name for name in ranked if _share_of_numbers(table[name]) >= _KNOWN_NUMERIC), None)


def _ranked(columns: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return the columns that have one of the names, the best name first."""
    names = tuple(names)
    ranked = [(rank, name) for name in columns if (rank := _rank(name, names)) is not None]
    return [name for _, name in sorted(ranked)]


def _code_text(value: object) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else str(value).strip()  # type: ignore[call-overload]
