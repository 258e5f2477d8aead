"""Texts of a file, mended before anything reads them: letters, control characters, column names."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from geoapp.core.corrections import CorrectionKind, noted
from geoapp.core.encoding import repair_texts, without_controls
from geoapp.core.phrases import mark
from geoapp.core.raw import RawLayer, warning
from geoapp.errors import Problem, printable


def with_mended_texts(raw: RawLayer) -> RawLayer:
    """Return the content with texts mended: letters read in a wrong encoding, control characters.

    Names of columns lose their control characters too.
    """
    table, found, notes = _with_plain_names(raw.table), list[Problem](), list[pd.DataFrame]()
    recovered = raw.encoding_recovered
    for column in table.columns:
        if pd.api.types.is_numeric_dtype(table[column]):
            continue
        before = table[column]
        mended, misreading = repair_texts(before)
        if misreading:
            recovered = True
            text = mark("Texts of column {column} were {misreading}; the letters were mended.")
            found.append(warning(raw.file, text, column=str(column), misreading=misreading))
            changed = mended.notna() & (mended != before)
            notes.append(_text_note("letters", column, before[changed], mended[changed]))
        table[column], had = without_controls(mended)
        if had.any():
            text = mark(
                "{count} texts of column {column} held control characters, which were taken out."
            )
            found.append(warning(raw.file, text, column=str(column), count=int(had.sum())))
            notes.append(_text_note("control", column, mended[had], table[column][had]))
    if not found:
        return replace(raw, table=table)
    return replace(
        raw,
        table=table,
        encoding_recovered=recovered,
        problems=(*raw.problems, *found),
        notes=(*raw.notes, *notes),
    )


def _with_plain_names(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table, not copied, with column names that can be shown and are unique."""
    names: dict[str, None] = {}
    for position, column in enumerate(table.columns, start=1):
        name = printable(str(column)).strip() or f"column_{position}"
        names[f"{name}_{position}" if name in names else name] = None
    return table.copy(deep=False).set_axis(list(names), axis=1)


def _text_note(
    kind: CorrectionKind, column: object, before: pd.Series, after: pd.Series
) -> pd.DataFrame:
    shown = [ascii(text)[1:-1] for text in before] if kind == "control" else before.tolist()
    return noted(kind, before.index, column=str(column), before=shown, after=after.tolist())
