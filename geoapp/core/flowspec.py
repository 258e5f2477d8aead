"""A flow table of a workspace as its TOML file describes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from geoapp.core.layer import RelativePath
from geoapp.core.partnership import SLUG, FuzzyDate, Names, name_in
from geoapp.core.value import Value
from geoapp.errors import Problem

FOLDER = "data/flows"

FlowKind = Literal["commuting", "school", "migration", "other"]


class FlowColumns(Value):
    """What the columns are called in the file."""

    origin: str = "origin"
    destination: str = "destination"
    flow: str = "flow"


class FlowSpec(Value):
    """One file of ``data/flows/``: who goes from which municipality to which, in persons.

    Attributes
    ----------
    slug
        Name of the TOML file.
    names
        Names for the reader, by language.
    kind
        What the persons do.
    file
        CSV, XLSX or Parquet, relative to the workspace.
    columns
        Names of the three columns.
    illustrative
        Made up; labelled so wherever it appears.
    withheld
        Rows whose flow the source withholds and that are therefore not in the file.
    source, licence, date
        Whose data it is, what it may be used for, its date.
    """

    slug: str = Field(pattern=SLUG)
    names: Names = Field(min_length=1)
    kind: FlowKind = "commuting"
    file: RelativePath
    columns: FlowColumns = FlowColumns()
    illustrative: bool = False
    withheld: int = Field(default=0, ge=0)
    source: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    date: FuzzyDate | None = None

    def name(self, language: str) -> str:
        """Return the name in a language, else in English, else in any."""
        return name_in(self.names, language)


def flow_table_problems(
    specs: Sequence[FlowSpec], problems: Sequence[Problem]
) -> tuple[Problem, ...]:
    """Return the problems of a workspace that concern flow tables or their descriptions."""
    files = {spec.file for spec in specs}
    return tuple(
        problem
        for problem in problems
        if problem.file in files or problem.file.startswith(f"{FOLDER}/")
    )


def readable_flows(specs: Sequence[FlowSpec], problems: Sequence[Problem]) -> tuple[FlowSpec, ...]:
    """Return the flow tables against which no problem speaks."""
    broken = {problem.file for problem in problems if problem.severity == "error"}
    return tuple(spec for spec in specs if not {spec.file, f"{FOLDER}/{spec.slug}.toml"} & broken)
