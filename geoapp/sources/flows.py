"""Flow tables from CSV, XLSX and Parquet files that nobody has vouched for."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

from geoapp.core.encoding import choose_encoding
from geoapp.core.functional.flows import COLUMNS, FlowTable, flow_table
from geoapp.core.phrases import mark
from geoapp.core.raw import refusal
from geoapp.sources.formats import sniff
from geoapp.sources.gate import GateLimits, admit

MOST_ROWS = 20_000_000

_SEPARATORS = (",", ";", "\t", "|")
_SAMPLE_BYTES = 4_000_000
_LONGEST_HEADER = 20_000
_TELLING_BYTES = 2000
_TELLING_LINES = 200
_BLOCK_BYTES = 16_000_000


def read_flows(
    path: Path,
    *,
    columns: Mapping[str, str] | None = None,
    known: Collection[str] | None = None,
    employed: Mapping[str, float] | None = None,
    limits: GateLimits | None = None,
) -> FlowTable:
    """Read a table of origin, destination and flow (persons) into a checked flow table.

    Codes are text: a CSV file keeps its leading zeros.

    Parameters
    ----------
    path
        CSV (comma, semicolon, tab or bar), XLSX (first sheet) or Parquet.
    columns
        What the columns are called in the file, by ``origin``, ``destination`` and ``flow``.
    known, employed
        See `geoapp.core.functional.flows.flow_table`.
    limits
        How much the file may ask for.

    Raises
    ------
    FileRefusedError
        Missing, too big, of another format, harmful, or with rows that are no flows.
    """
    frame = _read(path, [(columns or {}).get(name, name) for name in COLUMNS], limits)
    named = {str(theirs).strip().lower(): ours for ours, theirs in (columns or {}).items()}
    frame = frame.rename(columns=lambda name: named.get(str(name).strip().lower(), name))
    return flow_table(frame, source=path.name, known=known, employed=employed)


def read_employed(path: Path, *, limits: GateLimits | None = None) -> dict[str, float]:
    """Read employed residents (persons) by code from a table with ``code`` and ``residents``.

    Raises
    ------
    FileRefusedError
        As for `read_flows`; also a code listed twice.
    """
    frame = _read(path, ["code", "residents"], limits)
    frame.columns = pd.Index([str(name).strip().lower() for name in frame.columns])
    missing = [name for name in ("code", "residents") if name not in frame.columns]
    if missing:
        text = mark("Expected the columns code and residents; {missing} is missing.")
        raise refusal(path.name, text, missing=", ".join(missing))
    codes = frame["code"].astype("string").str.strip()
    if codes.duplicated().any():
        text = mark("The code {code} is listed twice; keep one line for each municipality.")
        raise refusal(path.name, text, code=codes[codes.duplicated()].iloc[0])
    texts = frame["residents"].astype("string").str.strip().fillna("")
    count = pd.to_numeric(texts.where(texts != "", "nan"), errors="coerce")
    wrong = np.asarray((count.fillna(-1) < 0) & (texts != ""), dtype=bool)
    if wrong.any():
        row = int(wrong.argmax())
        text = mark("Row {row} has {found} residents; expected a number, 0 or more, or nothing.")
        raise refusal(path.name, text, row=row + 2, found=repr(texts.iloc[row][:20]))
    known = count.notna()
    return dict(zip(codes[known].astype(str), count[known].astype(float), strict=True))


def _read(path: Path, wanted: list[str], limits: GateLimits | None) -> pd.DataFrame:
    limits = limits or GateLimits()
    found = sniff(path, file=path.name)
    if found in ("xlsx", "geoparquet"):
        frame = admit(path, limits=limits).table
        _refuse_rows(len(frame), path)
        return frame
    if found != "csv":
        text = mark("Expected a table as CSV, XLSX or Parquet; found {found}.")
        raise refusal(path.name, text, found=found)
    if path.stat().st_size > limits.file_bytes:
        text = mark(
            "The file has {size} MB; at most {limit} MB are read. Leave out what is not needed."
        )
        size, limit = path.stat().st_size // 1_000_000, limits.file_bytes // 1_000_000
        raise refusal(path.name, text, size=size, limit=limit)
    return _read_csv(path, wanted)


def _read_csv(path: Path, wanted: list[str]) -> pd.DataFrame:
    _refuse_rows(_count_lines(path), path)
    encoding = _encoding(path)
    names, separator = _header(path, encoding, wanted)
    lower = {name.strip().lower() for name in wanted}
    chosen = [name for name in names if name.strip().lower() in lower]
    if len(set(names)) < len(names) or not chosen:
        # What is wrong with the columns is said where all tables are checked.
        return pd.DataFrame([[""] * len(names)], columns=names)
    text = pa.string()
    try:
        table = pa_csv.read_csv(
            path,
            read_options=pa_csv.ReadOptions(encoding=encoding, use_threads=False),
            parse_options=pa_csv.ParseOptions(delimiter=separator),
            convert_options=pa_csv.ConvertOptions(
                include_columns=chosen,
                column_types=dict.fromkeys(chosen, text),
                strings_can_be_null=False,
            ),
        )
    except (pa.ArrowException, UnicodeError) as error:
        raise refusal(
            path.name,
            "The table cannot be read ({reason}). Export it again as CSV in UTF-8.",
            reason=" ".join(str(error).split())[:200],
        ) from error
    frame: pd.DataFrame = table.to_pandas(types_mapper={text: pd.StringDtype("pyarrow")}.get)
    return frame


def _count_lines(path: Path) -> int:
    lines = 0
    with path.open("rb") as opened:
        while block := opened.read(_BLOCK_BYTES):
            lines += block.count(b"\n")
    return lines


def _refuse_rows(count: int, path: Path) -> None:
    if count > MOST_ROWS:
        text = mark(
            "The table has {count} rows; at most {most} are read. Sum up what belongs together."
        )
        raise refusal(path.name, text, count=count, most=MOST_ROWS)


def _encoding(path: Path) -> str:
    with path.open("rb") as opened:
        sample = opened.read(_SAMPLE_BYTES)
    # Only lines with letters beyond ASCII tell encodings apart, and a few of them suffice.
    telling = [line[:_TELLING_BYTES] for line in sample.splitlines() if not line.isascii()]
    found = choose_encoding(b"\n".join(telling[:_TELLING_LINES]) if telling else b"")
    # Arrow knows the mark at the beginning of UTF-8 files by itself.
    return "utf-8" if codecs.lookup(found).name == "utf-8-sig" else found


def _header(path: Path, encoding: str, wanted: list[str]) -> tuple[list[str], str]:
    """Return the names of the columns and the separator that makes most sense of them."""
    with path.open(encoding=encoding, errors="replace", newline="") as opened:
        line = opened.readline(_LONGEST_HEADER).lstrip("\ufeff").rstrip("\r\n")
    if len(line) >= _LONGEST_HEADER - 2 or not line.strip():
        text = mark("Expected the names of the columns in the first line: {columns}.")
        raise refusal(path.name, text, columns=", ".join(wanted))
    lower = {name.strip().lower() for name in wanted}

    def sense(separator: str) -> tuple[int, int]:
        names = _split(line, separator)
        return sum(name.strip().lower() in lower for name in names), len(names)

    separator = max(_SEPARATORS, key=sense)
    return _split(line, separator), separator


def _split(line: str, separator: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator), [])
