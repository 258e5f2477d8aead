"""Flow tables of a workspace: read through the gate, joined to municipalities, added by command."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import tomli_w
from pydantic import ValidationError

from geoapp.core.codes import unit_key
from geoapp.core.flowspec import FlowSpec
from geoapp.core.functional.flows import COLUMNS, FlowTable, flow_table
from geoapp.core.functional.progress import Note
from geoapp.errors import FileRefusedError, Problem, RefusedError
from geoapp.sources.flows import read_flows
from geoapp.store.files import digest, file_digest, obtain
from geoapp.text import LANGUAGES
from geoapp.workspace.opening import is_workspace

VERSION = "1"


def flows_key(root: Path, spec: FlowSpec) -> str:
    """Return what names the content of a flow table and its description."""
    return digest([file_digest(root / spec.file), spec.model_dump_json()])


def load_flows(root: Path, spec: FlowSpec) -> FlowTable:
    """Return a flow table of a workspace between municipalities, by unit key.

    Raises
    ------
    FileRefusedError
        The file is missing, harmful, or holds no flows.
    """
    read = read_flows(root / spec.file, columns=spec.columns.model_dump())
    return _with_withheld(between_municipalities(read), spec.withheld)


def flow_problems(root: Path, specs: Iterable[FlowSpec], store: Path) -> tuple[Problem, ...]:
    """Return what is wrong with the flow tables that cannot be read.

    A table is read once; ``store``, the folder of prepared data, keeps what was found. A table
    that is not there is a problem of its description, not of the table.
    """
    there = [spec for spec in specs if (root / spec.file).is_file()]
    found = (_flow_problem(root, spec, store) for spec in there)
    return tuple(problem for problem in found if problem)


def between_municipalities(read: FlowTable) -> FlowTable:
    """Return the flows with unit keys for codes, whatever spelling they came in.

    Flows of codes that become one are added up; what is no municipality code stays as it is.
    """
    keys = [unit_key(code) or code for code in read.codes]
    if keys == list(read.codes):
        return read
    entries = read.matrix.tocoo()
    rows = pd.DataFrame(
        {
            "origin": [keys[i] for i in entries.coords[0]],
            "destination": [keys[j] for j in entries.coords[1]],
            "flow": entries.data,
        }
    )
    joined = flow_table(rows, source=read.source)
    return replace(joined, suppressed=read.suppressed, notes=read.notes)


def add_flows(
    root: Path,
    slug: str,
    file: Path,
    *,
    name: str | None = None,
    kind: str = "commuting",
    source: str | None = None,
    licence: str | None = None,
    date: str | None = None,
    replace_existing: bool = False,
) -> FlowSpec:
    """Bring a flow table into a workspace as CSV with its description.

    Parameters
    ----------
    root
        The workspace.
    slug
        Name of the new table in files and addresses.
    file
        CSV, XLSX or Parquet with the columns origin, destination, flow (persons).

    Raises
    ------
    RefusedError
        The workspace, the file or an option is not what is needed; nothing was changed.
    """
    if not is_workspace(root):
        raise RefusedError(f"{root}: expected a workspace, a folder with layers/ and data/")
    folder = root / "data/flows"
    if (folder / f"{slug}.toml").exists() and not replace_existing:
        raise RefusedError(f"data/flows/{slug}.toml exists; choose another slug or --replace")
    flows = between_municipalities(read_flows(file))
    try:
        spec = FlowSpec.model_validate(
            {
                "slug": slug,
                "names": dict.fromkeys(LANGUAGES, name or slug),
                "kind": kind,
                "file": f"data/flows/{slug}.csv",
                "source": source or f"added by the user from {file.name}",
                "licence": licence or "not stated",
                "date": date,
                "withheld": flows.suppressed,
            }
        )
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in detail["loc"])
        raise RefusedError(f"{where}: {detail['msg']}; found {detail['input']!r}") from error
    _write(folder, spec, flows)
    return spec


def _with_withheld(table: FlowTable, withheld: int) -> FlowTable:
    if not withheld:
        return table
    text = "Rows withheld by the source, unknown and not zero, left out on adding: {count}."
    note = Note(text, {"count": withheld})
    return replace(table, suppressed=table.suppressed + withheld, notes=(*table.notes, note))


def _flow_problem(root: Path, spec: FlowSpec, store: Path) -> Problem | None:
    def build(draft: Path) -> None:
        facts = None
        try:
            load_flows(root, spec)
        except FileRefusedError as error:
            told = error.problem
            facts = {"text": told.text, "field": told.field, "values": dict(told.values)}
        (draft / "problem.json").write_text(json.dumps(facts, default=str), "utf-8")

    key = digest([VERSION, "flow problem", flows_key(root, spec)])
    facts = json.loads((obtain(store, key, build) / "problem.json").read_text("utf-8"))
    return Problem(file=spec.file, **facts) if facts else None


def _write(folder: Path, spec: FlowSpec, flows: FlowTable) -> None:
    """Write table and description; the description, which makes the table count, comes last."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = flows.matrix.tocoo()
    codes = pd.Index(flows.codes)
    table = pd.DataFrame(
        {
            COLUMNS[0]: codes[entries.coords[0]],
            COLUMNS[1]: codes[entries.coords[1]],
            COLUMNS[2]: entries.data,
        }
    )
    with tempfile.TemporaryDirectory(prefix=".adding-", dir=folder) as work:
        draft = Path(work) / "flows.csv"
        table.to_csv(draft, index=False)
        description = Path(work) / "flows.toml"
        description.write_text(tomli_w.dumps(spec.model_dump(exclude_none=True)), "utf-8")
        draft.replace(folder / f"{spec.slug}.csv")
        description.replace(folder / f"{spec.slug}.toml")
