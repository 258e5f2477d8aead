"""Open data of the Czech Statistical Office (ČSÚ): long tables, of which one figure is taken.

Each line of such a table is one figure of one territory, period and breakdown. The address of a
data set changes with each edition, so that the catalogue is asked for it.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd

from geoapp.core.codes import unit_keys
from geoapp.core.columns import numbers
from geoapp.core.encoding import choose_encoding
from geoapp.core.progress import Progress, silent
from geoapp.core.raw import refusal, some_of
from geoapp.sources.archive import check_zip, data_member, unpack
from geoapp.sources.remote.features import LIMITS
from geoapp.sources.remote.json_answers import not_understood, objects, read_json, text_of
from geoapp.sources.remote.municipal_tables import FIGURES, value_layer
from geoapp.sources.remote.pulled import Area, Fetch, PulledLayer
from geoapp.sources.remote.registry import RemoteSource

MUNICIPALITIES = "43"
"""Number of the code list of municipalities, beside districts, regions and the state."""

_ZIP = b"PK\x03\x04"
_CHUNK_ROWS = 100_000
_SAMPLE_BYTES = 4_000_000
_CODES = ("vuzemi_kod", "uzemi_kod", "obec_kod", "kod_obce", "koduzemi")
_CODE_LISTS = ("vuzemi_cis", "uzemi_cis")
_NAMES = ("vuzemi_txt", "uzemi_txt", "obec_text", "obec_txt")
_PERIODS = ("casref_do", "obdobi", "obdobido", "rok")
_MONTHS = ("mesic",)
_VALUE = "hodnota"
# kinds of figures and units of measurement: the same in every line of a breakdown
_NO_BREAKDOWN = frozenset({*_CODES, "stapro_kod", "mj_kod"})
_OWN = frozenset({"table", "unit", "period", "dataset"})


def pull_csu(
    source: RemoteSource, area: Area, fetch: Fetch, *, progress: Progress | None = None
) -> list[PulledLayer]:
    """Return the table of an area: one figure for each municipality, of one period.

    The registry names the ``dataset`` in the catalogue at its address; without one, the address
    is that of the table itself (CSV, or a zip archive of it). Every other parameter is the text
    that a column of the table must hold. A column of codes (``…_kod``) that is not named must be
    empty, which means the total of that breakdown.

    Raises
    ------
    FileRefusedError
        When the table cannot be fetched, is not such a table, or has several figures for one
        municipality and period.
    """
    tell = progress or silent
    path = _fetched(source, fetch)
    tell(0, 1, source.slug)
    figures = _read(path, source)
    tell(1, 1, source.slug)
    return [value_layer(figures, source, area)]


def _fetched(source: RemoteSource, fetch: Fetch) -> Path:
    dataset = source.parameters.get("dataset")
    if dataset is None:
        return fetch(source.address, label=source.slug)
    entry = fetch(source.address, label=f"{source.slug} …", query={"id": dataset})
    return fetch(_resource(entry, source), label=dataset)


def _resource(entry: Path, source: RemoteSource) -> str:
    """Return the address of the table that an entry of the catalogue leads to."""
    answer = read_json(entry, source)
    result = answer.get("result") if isinstance(answer, dict) else None
    listed = objects(result.get("resources") if isinstance(result, dict) else None)
    addresses = [
        (_suffix(resource, address), address)
        for resource in listed
        if (address := text_of(resource.get("url")))
    ]
    for wanted in ("csv", "zip"):
        for suffix, address in addresses:
            if suffix == wanted:
                return address
    raise not_understood(entry, source)


def _suffix(resource: Mapping[str, object], address: str) -> str:
    name = urlsplit(address).path.rpartition("/")[2].lower()
    stated = (text_of(resource.get("format")) or "").lower()
    if ".zip" in name or "zip" in stated:
        return "zip"
    return "csv" if ".csv" in name or "csv" in stated else ""


def _read(path: Path, source: RemoteSource) -> pd.DataFrame:
    with path.open("rb") as opened:
        zipped = opened.read(len(_ZIP)) == _ZIP
    if not zipped:
        return _figures(path, source)
    with tempfile.TemporaryDirectory(prefix="geoapp-pull-") as folder:
        table = Path(folder) / "table.csv"
        _unpack(path, table, source)
        return _figures(table, source)


def _unpack(path: Path, table: Path, source: RemoteSource) -> None:
    try:
        check_zip(path, "zip", file=source.slug, limits=LIMITS)
        unpack(path, data_member(path, file=source.slug), table, file=source.slug)
    except zipfile.BadZipFile as error:
        path.unlink()  # or a server that says it is unchanged would make us keep it for ever
        raise refusal(
            source.slug, "The archive is damaged ({reason}). Pull again.", reason=str(error)
        ) from error


def _figures(path: Path, source: RemoteSource) -> pd.DataFrame:
    wanted = {name: text for name, text in source.parameters.items() if name not in _OWN}
    seen: dict[str, set[str]] = {name: set() for name in wanted}
    parts = []
    try:
        for chunk in _chunks(path):
            columns = _columns(chunk, wanted, source)
            own = _of_municipalities(chunk, columns)
            for name, texts in seen.items():
                texts.update(own[columns[name]].unique())
            parts.append(_rows(_totals(own, wanted, columns), columns))
    except (ValueError, OverflowError, pd.errors.ParserError) as error:
        raise refusal(
            source.slug,
            "The table cannot be read ({reason}). Look at the address in a browser; if the data "
            "moved, put the new address into sources.toml.",
            reason=" ".join(str(error).split())[:200],
        ) from error
    figures = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=FIGURES)
    if figures.empty and wanted:
        raise _no_such_line(source, wanted, seen)
    _refuse_several(figures, source)
    return figures


def _chunks(path: Path) -> Iterator[pd.DataFrame]:
    """Yield parts of a table as text; names of columns are in small letters."""
    with path.open("rb") as opened:
        sample = opened.read(_SAMPLE_BYTES)
    beginning = sample if len(sample) < _SAMPLE_BYTES else sample[: sample.rfind(b"\n") + 1]
    header = beginning.partition(b"\n")[0]
    with pd.read_csv(
        path,
        sep=max(",;\t", key=lambda sign: header.count(sign.encode())),
        dtype=str,
        encoding=choose_encoding(beginning),
        keep_default_na=False,
        chunksize=_CHUNK_ROWS,
    ) as reader:
        for chunk in reader:
            yield chunk.rename(columns=lambda name: str(name).strip().lower())


def _columns(
    chunk: pd.DataFrame, wanted: Mapping[str, str], source: RemoteSource
) -> dict[str, str]:
    """Return which column holds what, by its role or the name that the registry gives it."""
    roles = {"code": _CODES, "period": _PERIODS, "value": (_VALUE,)}
    optional = {"list": _CODE_LISTS, "name": _NAMES, "month": _MONTHS}
    named = {name: (name.lower(),) for name in wanted}
    found = {
        role: column
        for role, names in {**roles, **optional, **named}.items()
        if (column := next((name for name in names if name in chunk.columns), None))
    }
    missing = [names[0] for role, names in {**roles, **named}.items() if role not in found]
    if missing:
        raise refusal(
            source.slug,
            "Expected the columns {missing}, found {columns}. If the source renamed them, put "
            "parameters of [{source}] into sources.toml.",
            missing=", ".join(missing),
            columns=some_of(chunk.columns),
            source=source.slug,
        )
    return found


def _of_municipalities(chunk: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    if "list" in columns:
        chunk = chunk[chunk[columns["list"]].str.strip() == MUNICIPALITIES]
    return chunk[unit_keys(chunk[columns["code"]]).notna()] if len(chunk) else chunk


def _totals(
    chunk: pd.DataFrame, wanted: Mapping[str, str], columns: Mapping[str, str]
) -> pd.DataFrame:
    """Return the lines that the registry names, and of other breakdowns their totals."""
    keep = pd.Series(True, index=chunk.index)
    for name, text in wanted.items():
        keep &= chunk[columns[name]].map(_plain) == _plain(text)
    named = {columns[name] for name in wanted}
    for column in chunk.columns:
        if column.endswith("_kod") and column not in _NO_BREAKDOWN | named:
            keep &= chunk[column].str.strip() == ""
    return chunk[keep]


def _rows(chunk: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    period = chunk[columns["period"]].str.strip()
    if "month" in columns and columns["period"] == "rok":
        period = period + "-" + chunk[columns["month"]].str.strip().str.zfill(2)
    names = chunk[columns["name"]].str.strip() if "name" in columns else None
    return pd.DataFrame(
        {
            "code": chunk[columns["code"]].str.strip(),
            "name": names,
            "period": period,
            "value": numbers(chunk[columns["value"]]),
        },
        columns=list(FIGURES),
    )


def _plain(text: str) -> str:
    """Return a text as editions of a table agree on it: in small letters, with single spaces.

    >>> _plain("Podíl  nezaměstnaných osob (%)")
    'podíl nezaměstnaných osob'
    """
    return re.sub(r"\s*\(%\)$", "", " ".join(text.split()).casefold())


def _no_such_line(
    source: RemoteSource, wanted: Mapping[str, str], seen: Mapping[str, set[str]]
) -> Exception:
    return refusal(
        source.slug,
        "No line of a municipality has {wanted}; there are {found}. Put the right text into "
        "parameters of [{source}] in sources.toml.",
        wanted=", ".join(f"{name} = {text}" for name, text in wanted.items()),
        found="; ".join(f"{name} = {some_of(sorted(texts))}" for name, texts in seen.items()),
        source=source.slug,
    )


def _refuse_several(figures: pd.DataFrame, source: RemoteSource) -> None:
    several = figures[figures.duplicated(["code", "period"], keep=False)]
    if len(several):
        raise refusal(
            source.slug,
            "The table has several figures for one municipality and period ({examples}). Put into "
            "parameters of [{source}] in sources.toml which text a column must hold.",
            examples=some_of(dict.fromkeys(several["code"] + " " + several["period"])),
            source=source.slug,
        )
