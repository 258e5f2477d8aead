from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoapp.core.codes import unit_key
from geoapp.core.flowspec import FlowSpec
from geoapp.core.functional.flows import flow_table
from geoapp.errors import FileRefusedError, RefusedError
from geoapp.sources.registry import read_flow_specs
from geoapp.workspace import flows as flows_module
from geoapp.workspace.flows import (
    add_flows,
    between_municipalities,
    flow_problems,
    flows_key,
    load_flows,
)
from geoapp.workspace.opening import open_workspace
from geoapp.workspace.preparing import prepare

TABLE = """\
origin,destination,flow
2417112,2417112,300
241714_2,2417112,60
2417142,241711_2,40
562777,2417112,5
2417112,562777,*
X-1,2417112,2
"""
SPELLINGS = ("2417112", "241711_2", "24 17 11 2", "PL_2417112", "1001241441711", "241711")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "dojazdy.csv"
    path.write_text(TABLE, "utf-8")
    return path


def content(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_a_table_is_added_and_found_again(workspace_root: Path, table: Path) -> None:
    spec = add_flows(
        workspace_root, "commuting", table, name="Dojazdy", source="GUS", date="2021", licence="CC0"
    )
    found, problems = read_flow_specs(workspace_root)
    assert problems == []
    assert found == (spec,)
    assert spec.file == "data/flows/commuting.csv"
    assert spec.names == {"pl": "Dojazdy", "cs": "Dojazdy", "en": "Dojazdy"}
    assert (spec.source, spec.date, spec.licence, spec.kind) == ("GUS", "2021", "CC0", "commuting")
    assert sorted(path.name for path in (workspace_root / "data/flows").iterdir()) == [
        "commuting.csv",
        "commuting.toml",
    ]


def test_codes_become_unit_keys_and_spellings_of_one_are_summed(
    workspace_root: Path, table: Path
) -> None:
    spec = add_flows(workspace_root, "commuting", table)
    read = load_flows(workspace_root, spec)
    assert read.codes == ("241711", "241714", "562777", "X-1")
    dense = pd.DataFrame(read.matrix.toarray(), index=read.codes, columns=read.codes)
    assert dense.loc["241714", "241711"] == 100
    assert dense.loc["562777", "241711"] == 5
    assert dense.loc["X-1", "241711"] == 2
    assert read.matrix.sum() == 407


def test_what_the_source_withholds_is_remembered(workspace_root: Path, table: Path) -> None:
    spec = add_flows(workspace_root, "commuting", table)
    assert spec.withheld == 1
    read = load_flows(workspace_root, spec)
    assert read.suppressed == 1
    assert "unknown and not zero, left out on adding: 1." in str(read.notes[-1])


def test_a_table_that_is_described_by_hand_may_name_its_columns(workspace_root: Path) -> None:
    folder = workspace_root / "data/flows"
    folder.mkdir()
    (folder / "szkoly.csv").write_text("skad;dokad;ile\n2417112;2417142;7\n", "utf-8")
    (folder / "school.toml").write_text(
        'slug = "school"\nkind = "school"\nfile = "data/flows/szkoly.csv"\n'
        'names = { en = "School" }\nsource = "a school"\nlicence = "free"\n'
        'columns = { origin = "skad", destination = "dokad", flow = "ile" }\n',
        "utf-8",
    )
    (spec,), problems = read_flow_specs(workspace_root)
    assert problems == []
    assert load_flows(workspace_root, spec).codes == ("241711", "241714")


def test_what_is_there_stays_unless_it_is_to_be_replaced(workspace_root: Path, table: Path) -> None:
    add_flows(workspace_root, "commuting", table, source="first")
    before = content(workspace_root)
    with pytest.raises(RefusedError, match=r"data/flows/commuting\.toml exists; .* --replace"):
        add_flows(workspace_root, "commuting", table, source="second")
    assert content(workspace_root) == before
    replaced = add_flows(workspace_root, "commuting", table, source="second", replace_existing=True)
    assert read_flow_specs(workspace_root)[0] == (replaced,)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"slug": "../up"}, "slug: .*found '../up'"),
        ({"slug": "Two Words"}, "slug: "),
        ({"kind": "freight"}, "kind: .*found 'freight'"),
        ({"date": "yesterday"}, "date: .*found 'yesterday'"),
    ],
)
def test_a_refused_option_changes_nothing(
    options: dict[str, str], told: str, workspace_root: Path, table: Path
) -> None:
    before = content(workspace_root.parent)
    slug = options.pop("slug", "commuting")
    with pytest.raises(RefusedError, match=told):
        add_flows(workspace_root, slug, table, **options)  # type: ignore[arg-type]
    assert content(workspace_root.parent) == before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("from,to,n\n1,2,3\n", "expected the columns origin, destination and flow"),
        ("origin,destination,flow\n2417112,2417142,-1\n", "a negative flow in row 2"),
        ("origin,destination,flow\n", "no rows"),
    ],
)
def test_a_refused_file_changes_nothing(
    text: str, told: str, workspace_root: Path, table: Path
) -> None:
    table.write_text(text, "utf-8")
    before = content(workspace_root)
    with pytest.raises(FileRefusedError, match=told):
        add_flows(workspace_root, "commuting", table)
    assert content(workspace_root) == before


def test_a_folder_that_is_no_workspace_is_refused(tmp_path: Path, table: Path) -> None:
    with pytest.raises(RefusedError, match="expected a workspace"):
        add_flows(tmp_path / "nowhere", "commuting", table)


def test_a_failed_write_leaves_nothing(
    workspace_root: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> str:
        raise OSError("no space left")

    monkeypatch.setattr(flows_module.tomli_w, "dumps", fail)
    with pytest.raises(OSError, match="no space left"):
        add_flows(workspace_root, "commuting", table)
    assert list((workspace_root / "data/flows").iterdir()) == []


def test_the_key_names_content_and_description(workspace_root: Path, table: Path) -> None:
    spec = add_flows(workspace_root, "commuting", table)
    key = flows_key(workspace_root, spec)
    assert flows_key(workspace_root, spec) == key
    other = spec.model_copy(update={"kind": "school"})
    assert flows_key(workspace_root, other) != key
    with (workspace_root / spec.file).open("a", encoding="utf-8") as file:
        file.write("241711,241714,1\n")
    assert flows_key(workspace_root, spec) != key


def test_a_table_that_cannot_be_read_is_a_problem_of_the_workspace(
    workspace_root: Path, table: Path, tmp_path: Path
) -> None:
    good = add_flows(workspace_root, "commuting", table)
    bad = add_flows(workspace_root, "school", table)
    (workspace_root / bad.file).write_text("origin,destination\n1,2\n", "utf-8")
    atlas = prepare(open_workspace(workspace_root), store=tmp_path / "store")
    (problem,) = atlas.problems
    assert (problem.file, problem.severity) == (bad.file, "error")
    assert "expected the columns origin, destination and flow" in problem.sentence()
    assert atlas.flows == (good, bad)


def test_a_table_is_read_once_for_its_problems(
    workspace_root: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = add_flows(workspace_root, "commuting", table)
    (workspace_root / spec.file).write_text("flow\n-1\n", "utf-8")
    first = flow_problems(workspace_root, [spec], tmp_path)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(flows_module, "load_flows", refuse)
    assert flow_problems(workspace_root, [spec], tmp_path) == first
    assert len(first) == 1


def test_a_table_that_is_gone_is_told_once(
    workspace_root: Path, table: Path, tmp_path: Path
) -> None:
    spec = add_flows(workspace_root, "commuting", table)
    (workspace_root / spec.file).unlink()
    (problem,) = prepare(open_workspace(workspace_root), store=tmp_path / "store").problems
    assert str(problem).startswith("data/flows/commuting.toml: file: the file")
    with pytest.raises(FileRefusedError, match=r"commuting\.csv"):
        load_flows(workspace_root, spec)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*SPELLINGS, "562777", "X"]),
            st.sampled_from([*SPELLINGS, "CZ_562858", "Y"]),
            st.integers(1, 1000),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_joining_spellings_loses_nobody(rows: list[tuple[str, str, int]]) -> None:
    frame = pd.DataFrame(rows, columns=["origin", "destination", "flow"])
    joined = between_municipalities(flow_table(frame))
    assert joined.matrix.sum() == frame["flow"].sum()
    expected = {unit_key(code) or code for pair in rows for code in pair[:2]}
    assert set(joined.codes) == expected
    assert between_municipalities(joined) is joined


def test_the_description_is_plain_toml(workspace_root: Path, table: Path) -> None:
    spec = add_flows(workspace_root, "commuting", table, name='Do "pracy"')
    text = (workspace_root / "data/flows/commuting.toml").read_text("utf-8")
    assert FlowSpec.model_validate(tomllib.loads(text)) == spec
