"""The flow table: who goes where, as a sparse matrix over sorted unit codes."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from geoapp.core.functional.progress import Note
from geoapp.errors import FileRefusedError, Problem

COLUMNS = ("origin", "destination", "flow")
MOST_UNITS = 200_000
LARGEST_FLOW = 1e12
LONGEST_CODE = 100

_SUPPRESSED = re.compile(
    r"^(|\*+|x|#|c|s|:|\.{1,3}|n/?a|nan|null|i\.\s?d\.|[<≤]\s*\d+)$", re.IGNORECASE
)
_THOUSANDS = re.compile(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(?:\D|$))")
_NOTHING = frozenset({"-", "–", "—"})
_FORMULA = re.compile(r"^(?:[=+@]|-\D)|[\x00-\x1f\x7f]")

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class FlowTable:
    """Flows between units, in persons.

    Attributes
    ----------
    codes
        Codes of the units, sorted (`sorted_codes`); ties in every method fall back on this order.
    matrix
        Shape (n, n), origin in the row, destination in the column; no stored zeros.
    source
        File or table that the flows come from.
    suppressed
        Number of rows whose flow the source withholds. They are not zero, they are unknown.
    notes
        What the reader of a result must know of the data.
    """

    codes: tuple[str, ...]
    matrix: sparse.csr_array
    source: str = "flows"
    suppressed: int = 0
    notes: tuple[Note, ...] = ()

    @property
    def residents(self) -> Floats:
        """Employed residents ``R`` of each unit."""
        return np.asarray(self.matrix.sum(axis=1), dtype=float)

    @property
    def jobs(self) -> Floats:
        """Jobs ``W`` of each unit."""
        return np.asarray(self.matrix.sum(axis=0), dtype=float)

    @property
    def internal(self) -> Floats:
        """Residents who work in their own unit."""
        return np.asarray(self.matrix.diagonal(), dtype=float)

    def positions(self) -> dict[str, int]:
        """Return the position of each code in the matrix."""
        return {code: position for position, code in enumerate(self.codes)}


def sorted_codes(codes: Collection[str]) -> list[str]:
    """Sort codes: by number where all are digits (as official lists do), else as text.

    >>> sorted_codes(["10001", "1003", "0201"]), sorted_codes(["B10", "A2"])
    (['0201', '1003', '10001'], ['A2', 'B10'])
    """
    if all(code.isascii() and code.isdecimal() for code in codes):
        return sorted(codes, key=lambda code: (int(code), code))
    return sorted(codes)


def flow_table(
    frame: pd.DataFrame,
    *,
    source: str = "flows",
    known: Collection[str] | None = None,
    employed: Mapping[str, float] | None = None,
) -> FlowTable:
    """Build a flow table from long rows, checking every one of them.

    Parameters
    ----------
    frame
        Columns ``origin``, ``destination`` (codes) and ``flow`` (persons, not negative). Rows of
        the same pair are summed. A flow that is blank or marked as withheld (``*``, ``x``, ``<5``)
        is unknown: it is left out, counted and noted.
    source
        Name of the file, for messages.
    known
        Codes that exist. Rows with other codes are left out and noted.
    employed
        Employed residents by code, in persons. A unit without a flow to itself gets the residents
        that its other flows leave over.

    Raises
    ------
    FileRefusedError
        Wrong columns, blank or dangerous codes, negative or unreadable flows, residents below
        outflows, or no flow above zero. All problems are named at once.

    Examples
    --------
    >>> rows = {"origin": ["A", "A", "B"], "destination": ["A", "B", "B"], "flow": [70, 30, 50]}
    >>> flows = flow_table(pd.DataFrame(rows))
    >>> flows.codes, flows.residents.tolist(), flows.jobs.tolist()
    (('A', 'B'), [100.0, 50.0], [70.0, 80.0])
    """
    named = _with_columns(frame, source)
    origin, destination = (_code_texts(named[column]) for column in COLUMNS[:2])
    flow, withheld, faults = _flow_numbers(named["flow"])
    faults += _code_faults(origin, "origin") + _code_faults(destination, "destination")
    _refuse(source, faults)
    notes = _withheld_note(withheld)
    inside, unknown_note = _known_rows(origin, destination, known)
    table = _assemble(origin[inside], destination[inside], flow[inside], source)
    table = replace(table, suppressed=withheld, notes=(*notes, *unknown_note))
    table = _with_employed(table, employed) if employed else table
    if not table.matrix.nnz:
        _refuse(source, ["no flow above zero was found; expected at least one"])
    if not table.internal.any():
        text = (
            "No unit has a flow to itself, so that every self-containment counts only flows "
            "between units; give the employed residents to complete them."
        )
        table = replace(table, notes=(*table.notes, Note(text)))
    return table


def aggregate(flows: FlowTable, area: Integers, areas: Sequence[str]) -> FlowTable:
    """Sum flows by area; ``area`` gives each unit's position in ``areas``, -1 leaves it out."""
    into = indicator(area, len(areas))
    matrix = sparse.csr_array(into.T @ flows.matrix @ into)
    return FlowTable(tuple(areas), _tidy(matrix), flows.source, flows.suppressed, flows.notes)


def indicator(area: Integers, count: int) -> sparse.csr_array:
    """Return 1 where a unit belongs to an area (-1: to none); shape (n units, ``count`` areas)."""
    inside = np.flatnonzero(area >= 0)
    entries = (np.ones(len(inside)), (inside, area[inside]))
    return sparse.csr_array(entries, shape=(len(area), count))


def summed(values: Floats, area: Integers, count: int) -> Floats:
    """Sum the values of units by area; those of units without an area are left out."""
    inside = area >= 0
    counted = np.bincount(area[inside], weights=values[inside], minlength=count)
    return np.asarray(counted, dtype=float)


def reordered(flows: FlowTable, order: Integers) -> FlowTable:
    """Return the same flows with the units in another order, which changes how ties fall."""
    matrix = sparse.csr_array(flows.matrix[order][:, order])
    return replace(flows, codes=tuple(flows.codes[i] for i in order), matrix=_tidy(matrix))


def with_matrix(flows: FlowTable, matrix: sparse.csr_array) -> FlowTable:
    """Return a table of the same units with other flows."""
    return replace(flows, matrix=_tidy(matrix))


def at_least(flows: FlowTable, minimum: float) -> FlowTable:
    """Leave out flows below a minimum, in persons, those within a unit among them."""
    matrix = flows.matrix.copy()
    matrix.data[matrix.data < minimum] = 0
    return with_matrix(flows, matrix)


def between_units(flows: FlowTable) -> sparse.csr_array:
    """Return the flows without those of each unit to itself; shape (n, n)."""
    return _tidy(sparse.csr_array(flows.matrix - sparse.diags_array(flows.internal)))


def _tidy(matrix: sparse.csr_array) -> sparse.csr_array:
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return matrix


def _with_columns(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    found = [str(column).strip().lower() for column in frame.columns]
    missing = [column for column in COLUMNS if column not in found]
    if missing:
        listed = ", ".join(map(str, list(frame.columns)[:12])) or "none"
        _refuse(
            source,
            [
                f"expected the columns origin, destination and flow, found {listed}; "
                f"rename the columns or say which one is meant by {', '.join(missing)}"
            ],
        )
    if twice := [column for column in COLUMNS if found.count(column) > 1]:
        _refuse(source, [f"the column {', '.join(twice)} is there more than once; keep one"])
    if frame.empty:
        _refuse(source, ["the table has no rows; expected one row for each flow"])
    return frame.set_axis(found, axis=1)[list(COLUMNS)].reset_index(drop=True)


def _code_texts(column: pd.Series) -> pd.Series:
    if pd.api.types.is_float_dtype(column):
        whole = column.dropna()
        if (whole == whole.round()).all():
            column = column.astype("Int64")
    return column.astype("string").str.strip().fillna("")


def _flow_numbers(column: pd.Series) -> tuple[Floats, int, list[str]]:
    """Return flows (withheld ones as 0), how many are withheld, and what is wrong."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        numbers = column.to_numpy(dtype=float, na_value=np.nan)
        unreadable, withheld = np.zeros(len(numbers), dtype=bool), np.isnan(numbers)
    else:
        numbers, withheld, unreadable = _numbers_from_text(column)
    faults = _faulty_rows(unreadable, "a flow that is no number", column)
    with np.errstate(invalid="ignore"):
        faults += _faulty_rows(numbers < 0, "a negative flow", column)
        huge = (numbers > LARGEST_FLOW) & ~unreadable
    faults += _faulty_rows(huge, "an impossibly large flow", column)
    return np.where(withheld | unreadable, 0.0, numbers), int(withheld.sum()), faults


def _numbers_from_text(
    column: pd.Series,
) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    texts = column.astype("string").fillna("").str.strip()
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    odd = np.flatnonzero(np.isnan(numbers))
    withheld = np.zeros(len(numbers), dtype=bool)
    unreadable = np.zeros(len(numbers), dtype=bool)
    rest = [_THOUSANDS.sub("", str(text)) for text in texts.iloc[odd]]
    decimal_comma = _commas_are_decimal(rest)
    for position, text in zip(odd, rest, strict=True):
        if _SUPPRESSED.match(text):
            withheld[position] = True
            continue
        number = 0.0 if text in _NOTHING else _number(text, decimal_comma=decimal_comma)
        unreadable[position] = number is None
        numbers[position] = np.nan if number is None else number
    return numbers, withheld, unreadable


def _commas_are_decimal(texts: Sequence[str]) -> bool:
    """Tell whether a comma can only be a decimal one: ``12,5`` and not ``1,250`` throughout."""
    return any(re.fullmatch(r"0,\d+|\d+,(?:\d{1,2}|\d{4,})", text) for text in texts)


def _number(text: str, *, decimal_comma: bool) -> float | None:
    plain = text.replace(",", ".") if decimal_comma else text
    return float(plain) if re.fullmatch(r"-?\d+(?:\.\d+)?", plain) else None


def _faulty_rows(faulty: NDArray[np.bool_], what: str, column: pd.Series) -> list[str]:
    rows = np.flatnonzero(faulty)
    if not len(rows):
        return []
    # The header is row 1 of the file that a reader will look into.
    shown = ", ".join(f"row {row + 2} ({str(column.iloc[row])[:20]!r})" for row in rows[:3])
    more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
    return [f"{what} in {shown}{more}; expected a count of persons, 0 or more"]


def _code_faults(codes: pd.Series, column: str) -> list[str]:
    distinct = pd.Series(codes.unique())
    bad = distinct[
        (distinct == "") | (distinct.str.len() > LONGEST_CODE) | distinct.str.contains(_FORMULA)
    ]
    if bad.empty:
        return []
    rows = np.flatnonzero(codes.isin(bad))
    shown = ", ".join(f"row {row + 2} ({str(codes.iloc[row])[:20]!r})" for row in rows[:3])
    more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
    return [
        f"no usable code in the column {column}, {shown}{more}; expected the code of a "
        "municipality as text, neither blank nor a formula"
    ]


def _withheld_note(withheld: int) -> tuple[Note, ...]:
    if not withheld:
        return ()
    text = "Rows whose flow the source withholds, unknown and not zero, left out: {count}."
    return (Note(text, {"count": withheld}),)


def _known_rows(
    origin: pd.Series, destination: pd.Series, known: Collection[str] | None
) -> tuple[NDArray[np.bool_], tuple[Note, ...]]:
    if known is None:
        return np.ones(len(origin), dtype=bool), ()
    real = set(known)
    inside = (origin.isin(real) & destination.isin(real)).to_numpy(dtype=bool)
    strange = sorted_codes((set(origin) | set(destination)) - real)
    if not strange:
        return inside, ()
    text = "Rows left out because a code is unknown: {rows} (codes {codes})."
    listed = ", ".join(strange[:8]) + (f" and {len(strange) - 8} more" if len(strange) > 8 else "")
    return inside, (Note(text, {"rows": int((~inside).sum()), "codes": listed}),)


def _assemble(origin: pd.Series, destination: pd.Series, flow: Floats, source: str) -> FlowTable:
    positions, distinct = pd.factorize(pd.concat([origin, destination], ignore_index=True))
    codes = [str(code) for code in distinct]
    if not codes:
        _refuse(source, ["no row has two known codes; check that codes and boundaries match"])
    if len(codes) > MOST_UNITS:
        _refuse(source, [f"{len(codes)} units were found; at most {MOST_UNITS} can be handled"])
    ranked = sorted_codes(codes)
    rank = {code: position for position, code in enumerate(ranked)}
    place = np.array([rank[code] for code in codes], dtype=np.int64)[positions]
    row, column = place[: len(origin)], place[len(origin) :]
    # Summing in a fixed order keeps fractions independent of the order of the rows.
    order = np.lexsort((flow, column, row))
    shape = (len(ranked), len(ranked))
    matrix = sparse.coo_array((flow[order], (row[order], column[order])), shape=shape)
    return FlowTable(tuple(ranked), _tidy(sparse.csr_array(matrix)), source)


def _with_employed(table: FlowTable, employed: Mapping[str, float]) -> FlowTable:
    given = np.array([float(employed.get(code, np.nan)) for code in table.codes])
    left = given - table.residents
    wanting = (table.internal == 0) & ~np.isnan(given)
    short = [table.codes[i] for i in np.flatnonzero(wanting & (left < 0))]
    if short:
        listed = ", ".join(short[:5])
        _refuse(
            table.source,
            [f"fewer employed residents than outgoing commuters in {listed}; check both figures"],
        )
    derived = np.where(wanting, np.nan_to_num(left), 0.0)
    matrix = sparse.csr_array(table.matrix + sparse.diags_array(derived))
    text = "Units whose internal flow is derived from their employed residents: {count}."
    note = Note(text, {"count": int(np.count_nonzero(derived))})
    return replace(table, matrix=_tidy(matrix), notes=(*table.notes, note))


def _refuse(source: str, faults: Sequence[str]) -> None:
    if faults:
        raise FileRefusedError(
            Problem(file=source, text="{faults}", values={"faults": "; ".join(faults)})
        )
