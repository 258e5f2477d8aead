"""Registry files of a workspace: municipalities, partnerships, status lists, layers.

Each reader returns what is valid and every problem it met; one bad file never hides the others.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pandas as pd
from pydantic import Field, ValidationError

from geoapp.core.codes import Country, country_of, unit_key
from geoapp.core.flowspec import FlowSpec
from geoapp.core.layer import LayerSpec
from geoapp.core.mapspec import BaseMap
from geoapp.core.partnership import FuzzyDate, Partnership
from geoapp.core.phrases import mark
from geoapp.core.status import StatusRow
from geoapp.core.value import Value
from geoapp.errors import Problem

MAX_REGISTRY_BYTES = 20_000_000

Registered = TypeVar("Registered", bound=Value)
Read = tuple[tuple[Registered, ...], list[Problem]]


class MunicipalityRow(Value):
    """One row of ``data/municipalities.csv``; degrees of WGS 84, areas in hectares.

    ``children`` is the number of children of the age named in ``children_age``; ``former_codes``
    are the codes of municipalities that became this one, a space between them.
    """

    country: Country
    code: str
    name: str = Field(min_length=1)
    lon: float | None = Field(default=None, ge=-180, le=180)
    lat: float | None = Field(default=None, ge=-90, le=90)
    point_kind: str = ""
    population: float | None = Field(default=None, ge=0)
    population_date: FuzzyDate | None = None
    population_source: str = ""
    area_ha: float | None = Field(default=None, gt=0)
    area_date: FuzzyDate | None = None
    area_source: str = ""
    orp: str = ""
    children: float | None = Field(default=None, ge=0)
    children_age: str = ""
    children_date: FuzzyDate | None = None
    children_source: str = ""
    former_codes: str = ""


def read_municipalities(root: Path) -> tuple[pd.DataFrame, list[Problem]]:
    """Read ``data/municipalities.csv`` into a table indexed by unit key.

    Columns are the fields of `MunicipalityRow`; numbers are float with missing values, everything
    else is text.
    """
    file = "data/municipalities.csv"
    rows, problems = _read_csv(root, file, MunicipalityRow)
    keyed: dict[str, MunicipalityRow] = {}
    for row in rows:
        key = unit_key(row.code) or ""
        if problem := _municipality_problem(file, row, key, keyed):
            problems.append(problem)
        else:
            keyed[key] = row
    table = pd.DataFrame(
        [row.model_dump() for row in keyed.values()],
        index=pd.Index(list(keyed), name="unit", dtype=object),
        columns=list(MunicipalityRow.model_fields),
    )
    numeric = ["lon", "lat", "population", "area_ha", "children"]
    return table.astype(dict.fromkeys(numeric, "float64")), problems


def read_partnerships(root: Path) -> Read[Partnership]:
    """Read ``data/partnerships/*.toml``; the file name must be the id."""
    found, problems = _read_tomls(root, "data/partnerships", Partnership, lambda value: value.id)
    known = {partnership.id for partnership in found}
    problems += [
        Problem(
            f"data/partnerships/{partnership.id}.toml",
            "expected the id of another partnership of the registry, found {found!r}",
            f"groups[{position}].partnership",
            {"found": group.partnership},
        )
        for partnership in found
        for position, group in enumerate(partnership.groups)
        if group.partnership and group.partnership not in known - {partnership.id}
    ]
    return found, problems


def read_statuses(root: Path) -> Read[StatusRow]:
    """Read ``data/status/*.csv``."""
    rows: list[StatusRow] = []
    problems: list[Problem] = []
    for path in sorted((root / "data/status").glob("*.csv")):
        found, bad = _read_csv(root, path.relative_to(root).as_posix(), StatusRow)
        rows += found
        problems += bad
    return tuple(rows), problems


def read_layer_specs(root: Path) -> Read[LayerSpec]:
    """Read ``layers/*.toml``; the file name must be the slug and the data file must exist."""
    found, problems = _read_tomls(root, "layers", LayerSpec, lambda value: value.slug)
    problems += _missing_files(root, "layers", found)
    return found, problems


def read_flow_specs(root: Path) -> Read[FlowSpec]:
    """Read ``data/flows/*.toml``; the file name must be the slug and the table must exist."""
    found, problems = _read_tomls(root, "data/flows", FlowSpec, lambda value: value.slug)
    problems += _missing_files(root, "data/flows", found)
    return found, problems


class BaseMapFile(Value):
    """``data/base_maps.toml``: the backgrounds a reader may choose."""

    base_map: tuple[BaseMap, ...] = ()


def read_base_maps(root: Path) -> Read[BaseMap]:
    """Read ``data/base_maps.toml``; a workspace without it has no base maps."""
    path = root / "data/base_maps.toml"
    if not path.is_file():
        return (), []
    value, problems = _read_toml(path, "data/base_maps.toml", BaseMapFile)
    return (value.base_map if value else ()), problems


def check_members(
    partnerships: tuple[Partnership, ...], municipalities: pd.DataFrame
) -> list[Problem]:
    """Report members that ``data/municipalities.csv`` does not know; they stay on the map."""
    return [
        Problem(
            f"data/partnerships/{partnership.id}.toml",
            "{name} ({code}) is not in data/municipalities.csv; add a row there, "
            "else its population and area stay unknown",
            f"members[{position}].code",
            {"name": member.name, "code": member.code},
        )
        for partnership in partnerships
        for position, member in enumerate(partnership.members)
        if member.unit and member.unit not in municipalities.index
    ]


def _missing_files(root: Path, folder: str, specs: Sequence[LayerSpec | FlowSpec]) -> list[Problem]:
    return [
        Problem(
            f"{folder}/{spec.slug}.toml",
            "the file {found} does not exist; put it there or correct the path",
            "file",
            {"found": spec.file},
        )
        for spec in specs
        if not (root / spec.file).is_file()
    ]


def _municipality_problem(
    file: str, row: MunicipalityRow, key: str, keyed: dict[str, MunicipalityRow]
) -> Problem | None:
    if not key or country_of(key) != row.country:
        return Problem(
            file,
            "expected a municipality code of {country}, found {found!r} for {name}",
            "code",
            {"country": row.country, "found": row.code, "name": row.name},
        )
    if key in keyed:
        return Problem(
            file,
            "{code} is listed twice: {first} and {second}; keep one row",
            "code",
            {"code": row.code, "first": keyed[key].name, "second": row.name},
        )
    return None


def _read_tomls(
    root: Path, folder: str, model: type[Registered], slug: Callable[[Registered], str]
) -> Read[Registered]:
    found: list[Registered] = []
    problems: list[Problem] = []
    for path in sorted((root / folder).glob("*.toml")):
        file = path.relative_to(root).as_posix()
        value, bad = _read_toml(path, file, model)
        problems += bad
        if value is not None and slug(value) != path.stem:
            # used all the same, a copied file would stand for the same thing twice
            problems.append(_misnamed(file, slug(value)))
        elif value is not None:
            found.append(value)
    return tuple(found), problems


def _read_toml(
    path: Path, file: str, model: type[Registered]
) -> tuple[Registered | None, list[Problem]]:
    try:
        return model.model_validate(tomllib.loads(_text_of(path))), []
    except ValidationError as error:
        return None, list(_field_problems(file, "", error))
    except (ValueError, RecursionError, OSError) as error:
        return None, [_unreadable(file, "TOML", error)]


def _read_csv(root: Path, file: str, model: type[Registered]) -> Read[Registered]:
    try:
        reader = csv.reader(io.StringIO(_text_of(root / file)), strict=True)
        lines = [(reader.line_num, cells) for cells in reader if any(cells)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        return (), [_unreadable(file, "CSV (UTF-8, comma)", error)]
    header = lines[0][1] if lines else []
    problems = _header_problems(file, header, model)
    if problems:
        return (), problems
    rows: list[Registered] = []
    for number, cells in lines[1:]:
        if len(cells) > len(header):
            problems.append(_too_long(file, number, len(header), len(cells)))
            continue
        # what a line leaves out at its end is empty
        filled = {column: cell for column, cell in zip(header, cells, strict=False) if cell}
        try:
            rows.append(model.model_validate(filled))
        except ValidationError as error:
            problems += _field_problems(file, f"line {number}", error)
    return tuple(rows), problems


def _header_problems(file: str, header: list[str], model: type[Value]) -> list[Problem]:
    known = model.model_fields
    expected = {"columns": ", ".join(known)}
    missing = [name for name, field in known.items() if field.is_required() and name not in header]
    problems = [
        Problem(
            file,
            "expected the column {found} in the first line; the columns are {columns}",
            name,
            {"found": name, **expected},
        )
        for name in missing
    ]
    for name, times in Counter(header).items():
        if name not in known:
            text = mark("found the unknown column {found!r}; the columns are {columns}")
            problems.append(Problem(file, text, "line 1", {"found": name, **expected}))
        elif times > 1:
            text = mark("found the column {found} {times} times; keep one")
            problems.append(Problem(file, text, "line 1", {"found": name, "times": times}))
    return problems


def _text_of(path: Path) -> str:
    size = path.stat().st_size
    if size > MAX_REGISTRY_BYTES:
        raise OSError(f"{size} bytes, more than the {MAX_REGISTRY_BYTES} a registry file may have")
    return path.read_text(encoding="utf-8-sig")


def _field_problems(file: str, line: str, error: ValidationError) -> Iterator[Problem]:
    for detail in error.errors(include_url=False):
        name = "".join(
            f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"]
        )
        message = detail["msg"].removeprefix("Value error, ")
        found = detail.get("input")
        where = ", ".join(part for part in (line, name.lstrip(".")) if part)
        text = mark("{message}; found {found!r}")
        if isinstance(found, dict):
            text = mark("{message}")
        yield Problem(file, text, where, {"message": message, "found": str(found)[:80]})


def _too_long(file: str, line: int, expected: int, found: int) -> Problem:
    return Problem(
        file,
        "expected {expected} cells, found {found}; put texts that hold a comma into quotes",
        f"line {line}",
        {"expected": expected, "found": found},
    )


def _misnamed(file: str, slug: str) -> Problem:
    return Problem(
        file,
        "expected the file to be called {slug}.toml after what it describes; rename one of them",
        "slug",
        {"slug": slug},
    )


def _unreadable(file: str, kind: str, error: Exception) -> Problem:
    reason = " ".join(str(error).split())[:200]
    if isinstance(error, FileNotFoundError):
        return Problem(
            file,
            "expected a {kind} file here, found none; restore it or create it",
            "",
            {"kind": kind},
        )
    return Problem(
        file,
        "expected {kind}, found something unreadable: {reason}; correct the file",
        "",
        {"kind": kind, "reason": reason},
    )
