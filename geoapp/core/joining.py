"""Whether the codes of a layer meet municipalities that are known, and which ones were meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from geoapp.core.checked import CheckedLayer, ProblemValue
from geoapp.core.codes import unit_key
from geoapp.core.corrections import completed, empty, noted
from geoapp.core.phrases import mark
from geoapp.core.suggestions import Known, Reason, Suggestion, differing_types, suggest
from geoapp.core.units import code_finding
from geoapp.errors import Problem

_MEANT: Mapping[Reason, str] = {
    "old-code": mark("{count} codes are no longer in use; what they became: {examples}."),
    "type-digit": mark(
        "{count} codes end in a digit that is no type of a gmina; by their first six digits they "
        "may mean: {examples}. Correct them in the file."
    ),
    "same-name": mark(
        "{count} codes do not fit, but their names do; they may mean: {examples}. Correct them in "
        "the file."
    ),
    "one-digit": mark(
        "{count} codes are one digit away from a known one; they may mean: {examples}. Correct "
        "them in the file."
    ),
}
_NOT_JOINED = mark(
    "{count} rows have the code of a municipality that this workspace does not know, and are not "
    "joined: {examples}."
)
_TYPE_CHANGED = mark(
    "{count} codes have another type digit than the known municipality; they were joined by their "
    "first six digits: {examples}."
)


def former_units(registry: pd.DataFrame) -> dict[str, str]:
    """Return the unit keys that are no longer in use, and what they became, from the registry."""
    return {
        key: str(unit)
        for unit, codes in registry["former_codes"].items()
        for code in str(codes).split()
        if (key := unit_key(code))
    }


def joined_to(
    checked: CheckedLayer, known: Known, *, codes: pd.Series | None = None
) -> CheckedLayer:
    """Return a layer with what is to be told of codes that meet no known municipality.

    Parameters
    ----------
    checked
        The layer; its features are not changed.
    known
        Municipalities of the workspace.
    codes
        Codes as the file has them, on its rows; unit keys by default.
    """
    notes = pd.concat([checked.corrections, _code_notes(checked, known, codes)], ignore_index=True)
    asked = notes[notes["kind"].isin(["code-left-out", "code-kept", "code-unknown"])]
    meant = _meant(asked, known)
    labels = {row: known.label(suggestion.unit) for row, suggestion in meant.items()}
    notes["suggestion"] = pd.Series(labels, dtype=object).reindex(notes.index, fill_value="")
    told = _problems(checked.report.file, notes, meant)
    report = checked.report.model_copy(
        update={"problems": (*checked.report.problems, *map(ProblemValue.of, told))}
    )
    ordered = notes.sort_values("feature", kind="stable", na_position="first", ignore_index=True)
    return replace(checked, report=report, corrections=ordered)


def unjoined(checked: CheckedLayer, known: Known) -> tuple[Problem, ...]:
    """Return what is to be told of the codes of a checked theme and not in its report yet."""
    told_before = len(checked.report.problems)
    found = joined_to(checked, known).report.problems[told_before:]
    return tuple(problem.problem() for problem in found)


def _code_notes(checked: CheckedLayer, known: Known, codes: pd.Series | None) -> pd.DataFrame:
    """Return the corrections of features whose readable code meets no known municipality."""
    if "unit" not in checked.frame:
        return empty()
    units = checked.frame["unit"].dropna()
    given = units if codes is None else codes.reindex(units.index)
    unknown = units.index[~units.isin(known.table.index)]
    changed = given.index[differing_types(given, known)]
    present = known.table["code"].reindex(units[changed])
    notes = (
        noted("code-unknown", unknown),
        noted("type-changed", changed, before=given[changed].tolist(), after=present.tolist()),
    )
    return completed(notes, codes=given, names=checked.frame["name"])


def _meant(asked: pd.DataFrame, known: Known) -> dict[int, Suggestion]:
    """Return the suggestion for each row of corrections that has one."""
    pairs = dict.fromkeys(zip(asked["code"], asked["name"], strict=True))
    found = {(code, name): suggest(code, name or None, known) for code, name in pairs}
    rows = zip(asked.index, asked["code"], asked["name"], strict=True)
    return {int(row): suggestion for row, code, name in rows if (suggestion := found[code, name])}


def _problems(
    file: str, notes: pd.DataFrame, meant: Mapping[int, Suggestion]
) -> tuple[Problem, ...]:
    by_reason: defaultdict[Reason, list[str]] = defaultdict(list)
    told = notes["code"].str.cat(notes["suggestion"], sep=" → ").to_dict()
    for row, suggestion in meant.items():
        by_reason[suggestion.reason].append(told[row])
    unknown = notes[(notes["kind"] == "code-unknown") & (notes["suggestion"] == "")]
    changed = notes[notes["kind"] == "type-changed"]
    return (
        *(
            problem
            for reason, text in _MEANT.items()
            for problem in code_finding(file, text, by_reason[reason])
        ),
        *code_finding(file, _NOT_JOINED, _labels(unknown)),
        *code_finding(file, _TYPE_CHANGED, _labels(changed)),
    )


def _labels(notes: pd.DataFrame) -> list[str]:
    return [
        f"{code} {name}".strip() for code, name in zip(notes["code"], notes["name"], strict=True)
    ]
