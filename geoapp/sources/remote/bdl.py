"""The Local Data Bank (BDL) of Statistics Poland: figures of gminas by number of a variable.

The bank has identifiers of its own for units, and answers a figure that it does not tell with 0
and an attribute: both are translated here. Figures of several variables, such as single years of
age, are summed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from geoapp.core.progress import Progress, silent
from geoapp.core.raw import refusal
from geoapp.sources.remote.json_answers import (
    cut_short,
    not_understood,
    number_of,
    objects,
    read_json,
    text_of,
)
from geoapp.sources.remote.municipal_tables import FIGURES, value_layer
from geoapp.sources.remote.pulled import Area, Fetch, PulledLayer
from geoapp.sources.remote.registry import RemoteSource

GMINA_LEVEL = 6

_LANGUAGE = {"format": "json", "lang": "pl"}
_GMINA = re.compile(r"\d{2}(\d{2})\d{3}(\d{2})(?!00)(\d{2})([123])")
_YEAR = re.compile(r"\d{4}")
# of each voivodeship, the number of the macroregion with which identifiers begin
_MACROREGIONS = {
    **dict.fromkeys(("12", "24"), "01"),
    **dict.fromkeys(("08", "30", "32"), "02"),
    **dict.fromkeys(("02", "16"), "03"),
    **dict.fromkeys(("04", "22", "28"), "04"),
    **dict.fromkeys(("10", "26"), "05"),
    **dict.fromkeys(("06", "18", "20"), "06"),
    "14": "07",
}
# not yet published; secret or pointless to fill in; the same with a change of method
_UNTOLD = frozenset({"n", "x", "X", "-", "."})

_Ask = tuple[str, str]


def pull_bdl(
    source: RemoteSource, area: Area, fetch: Fetch, *, progress: Progress | None = None
) -> list[PulledLayer]:
    """Return the table of an area: one figure for each gmina, of one year.

    The registry names ``variables`` by their numbers, or a ``subject`` and in it the texts ``n1``
    (and ``n2``) of the variables, with commas between several. Their figures are summed; a sum of
    which a part is unknown is unknown.

    Raises
    ------
    FileRefusedError
        When the bank cannot be reached, answers with something else, or has no such variables for
        gminas.
    """
    tell = progress or silent
    attributes = fetch(f"{source.address}/attributes", label="attributes", query=_LANGUAGE)
    asks = [(number, parent) for number in _variables(source, fetch) for parent in _parents(area)]
    first = {ask: _asked(source, ask, fetch) for ask in asks}
    untold, known = _attributes(attributes, source)
    rows: list[tuple[Any, ...]] = []
    for done, ask in enumerate(asks):
        tell(done, len(asks), source.slug)
        for unit in _units(source, ask, fetch, first[ask]):
            rows += _figures(unit, ask[0], untold, known)
    tell(len(asks), len(asks), source.slug)
    return [value_layer(_summed(rows, {number for number, _ in asks}), source, area)]


def teryt_of(identifier: str) -> str | None:
    """Return the TERYT code (7 digits) of an identifier of the bank that means a whole gmina.

    Of its 12 digits, 3-4 are the voivodeship, 8-9 the powiat, 10-11 the gmina and 12 its type;
    the others are statistical regions. Other units, and the town (type 4) and the countryside
    (type 5) of a gmina, have none.

    >>> teryt_of("011212161011"), teryt_of("011212006143"), teryt_of("011212006144")
    ('1261011', '1206143', None)
    >>> teryt_of("011212161000") is None
    True
    """
    found = _GMINA.fullmatch(identifier)
    return "".join(found.groups()) if found else None


def _parents(area: Area) -> tuple[str, ...]:
    """Return the identifiers of the voivodeships to ask for; an empty one means all of Poland."""
    if area.whole:
        return ("",)
    inside = sorted({unit[:2] for unit in area.units})
    return tuple(f"{_MACROREGIONS[number]}{number}00000000" for number in inside)


def _variables(source: RemoteSource, fetch: Fetch) -> tuple[str, ...]:
    stated = source.parameters.get("variables")
    if stated:
        return _listed(stated)
    subject = source.parameters.get("subject", "")
    query = _LANGUAGE | {"subject-id": subject, "page-size": str(source.page_size or 100)}
    first = fetch(f"{source.address}/variables", label=subject, query=query)
    found = [
        number
        for variable in _results(
            source, f"{source.address}/variables", subject, query, fetch, first
        )
        if _is_wanted(variable, source) and (number := text_of(variable.get("id")))
    ]
    wanted = len(_listed(source.parameters.get("n1", "")))
    if not found or len(found) != wanted:
        raise refusal(
            source.slug,
            "Subject {subject} has {found} variables of gminas that are called as the registry "
            "says; expected {wanted}. Put the right subject, n1 and n2 into parameters of "
            "[{source}] in sources.toml.",
            subject=subject,
            found=len(found),
            wanted=wanted,
            source=source.slug,
        )
    return tuple(found)


def _is_wanted(variable: Mapping[str, Any], source: RemoteSource) -> bool:
    named = [(name, _listed(source.parameters.get(name, ""))) for name in ("n1", "n2")]
    texts = all(text_of(variable.get(name)) in wanted for name, wanted in named if wanted)
    level = variable.get("level")
    return texts and isinstance(level, int) and level >= GMINA_LEVEL


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _asked(source: RemoteSource, ask: _Ask, fetch: Fetch) -> Path:
    return fetch(
        _address(source, ask), label=f"{source.slug} {ask[1]}".strip(), query=_query(source, ask)
    )


def _address(source: RemoteSource, ask: _Ask) -> str:
    return f"{source.address}/data/by-variable/{ask[0]}"


def _query(source: RemoteSource, ask: _Ask) -> dict[str, str]:
    query = _LANGUAGE | {"unit-level": str(GMINA_LEVEL), "page-size": str(source.page_size or 100)}
    if ask[1]:
        query["unit-parent-id"] = ask[1]
    if year := _YEAR.match(source.parameters.get("period", "")):
        query["year"] = year.group()
    return query


def _units(
    source: RemoteSource, ask: _Ask, fetch: Fetch, first: Path
) -> Iterator[Mapping[str, Any]]:
    yield from _results(
        source, _address(source, ask), source.slug, _query(source, ask), fetch, first
    )


def _results(
    source: RemoteSource,
    address: str,
    label: str,
    query: Mapping[str, str],
    fetch: Fetch,
    path: Path,
) -> Iterator[Mapping[str, Any]]:
    """Yield the entries of all pages; ``path`` is the first one.

    Raises
    ------
    FileRefusedError
        When a page is none, or they hold fewer entries than announced.
    """
    sent, page = 0, 0
    while True:
        answer = read_json(path, source)
        if not isinstance(answer, dict) or not isinstance(answer.get("results"), list):
            raise not_understood(path, source)
        yield from objects(answer["results"])
        sent += len(answer["results"])
        if not _has_more(answer, sent):
            return
        if not answer["results"]:
            raise cut_short(source, sent, answer.get("totalRecords", sent + 1))
        page += 1
        path = fetch(address, label=f"{label} {page + 1}…", query={**query, "page": str(page)})


def _has_more(answer: Mapping[str, Any], sent: int) -> bool:
    announced = answer.get("totalRecords")
    if isinstance(announced, int):
        return sent < announced
    links = answer.get("links")
    return isinstance(links, dict) and bool(links.get("next"))


def _attributes(path: Path, source: RemoteSource) -> tuple[frozenset[int], frozenset[int]]:
    """Return the numbers of attributes that stand for a figure not told, and of all."""
    answer = read_json(path, source)
    listed = answer.get("results") if isinstance(answer, dict) else answer
    if not isinstance(listed, list):
        raise not_understood(path, source)
    found = [entry for entry in objects(listed) if isinstance(entry.get("id"), int)]
    untold = [
        entry["id"]
        for entry in found
        if _UNTOLD & {text_of(entry.get("name")), text_of(entry.get("symbol"))}
    ]
    return frozenset(untold), frozenset(entry["id"] for entry in found)


def _figures(
    unit: Mapping[str, Any], variable: str, untold: frozenset[int], known: frozenset[int]
) -> Iterator[tuple[Any, ...]]:
    code = teryt_of(text_of(unit.get("id")) or "")
    if code is None:
        return
    for entry in objects(unit.get("values")):
        year = text_of(entry.get("year"))
        if year and _YEAR.fullmatch(year):
            value = _told(entry, untold, known)
            yield code, text_of(unit.get("name")), year, variable, value


def _told(entry: Mapping[str, Any], untold: frozenset[int], known: frozenset[int]) -> float | None:
    """Return the figure of a year; None where the bank's 0 does not mean none."""
    value, attribute = number_of(entry.get("val")), entry.get("attrId")
    unexplained = attribute is not None and attribute not in known and not value
    return None if attribute in untold or unexplained else value


def _summed(rows: Sequence[tuple[Any, ...]], variables: set[str]) -> pd.DataFrame:
    """Return one row for each gmina and year, with the sum of all variables or unknown."""
    columns = ["code", "name", "period", "variable", "value"]
    table = pd.DataFrame(rows, columns=columns).astype({"value": np.float64})
    once = table.drop_duplicates(["code", "period", "variable"])
    by = once.groupby(["code", "period"], sort=False)
    figures = by.agg(name=("name", "first")).assign(value=by["value"].sum(min_count=len(variables)))
    return figures.reset_index()[list(FIGURES)]
