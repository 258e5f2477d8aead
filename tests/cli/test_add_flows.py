"""``geoapp add flows``, and what ``geoapp check`` says of flow tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from geoapp.cli import commands
from geoapp.errors import RefusedError

TABLE = "origin;destination;flow\n2417112;2417142;40\n2417142;2417112;<5\n0201011;2417112;12\n"


@pytest.fixture(scope="module", autouse=True)
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEOAPP_STORE", str(tmp_path_factory.mktemp("store")))
        yield


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "dojazdy.csv"
    path.write_text(TABLE, "utf-8")
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(commands, [str(argument) for argument in arguments])


def added(root: Path, table: Path, *options: object) -> Result:
    return run("add", "flows", "commuting", table, "--workspace", root, *options)


def problems(root: Path) -> list[dict[str, str]]:
    result = run("check", "--workspace", root, "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == (1 if found else 0)
    return list(found)


def test_flows_are_added_and_checked(workspace_root: Path, table: Path) -> None:
    result = added(workspace_root, table, "--source", "GUS", "--date", "2021", "--name", "Dojazdy")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-2:] == [
        "added data/flows/commuting.toml",
        "wrote data/flows/commuting.csv",
    ]
    written = (workspace_root / "data/flows/commuting.csv").read_text("utf-8")
    assert written.splitlines() == [
        "origin,destination,flow",
        "020101,241711,12.0",
        "241711,241714,40.0",
    ]
    assert "withheld = 1" in (workspace_root / "data/flows/commuting.toml").read_text("utf-8")
    assert problems(workspace_root) == []


def test_an_added_table_can_be_delineated(workspace_root: Path, table: Path) -> None:
    added(workspace_root, table)
    result = run(
        *("delineate", workspace_root / "data/flows/commuting.csv"),
        *("--method", "dominant-flow", "--json"),
    )
    units = {unit["code"]: unit["area"] for unit in json.loads(result.stdout)["units"]}
    assert units == {"020101": "241714", "241711": "241714", "241714": "241714"}


def test_the_same_name_needs_replace(workspace_root: Path, table: Path) -> None:
    added(workspace_root, table)
    again = added(workspace_root, table)
    assert isinstance(again.exception, RefusedError)
    assert "choose another slug or --replace" in str(again.exception)
    assert added(workspace_root, table, "--replace", "--kind", "school").exit_code == 0
    described = (workspace_root / "data/flows/commuting.toml").read_text("utf-8")
    assert 'kind = "school"' in described


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a;b;c\n1;2;3\n", "expected the columns origin, destination and flow, found a, b, c"),
        ("origin;destination;flow\n2417112;2417142;-40\n", "a negative flow in row 2 ('-40')"),
        ("origin;destination;flow\n", "the table has no rows"),
    ],
)
def test_a_refused_file_is_told_and_nothing_written(
    text: str, told: str, workspace_root: Path, table: Path
) -> None:
    table.write_text(text, "utf-8")
    result = added(workspace_root, table)
    assert isinstance(result.exception, RefusedError)
    assert told in str(result.exception)
    assert "dojazdy.csv" in str(result.exception)
    assert not (workspace_root / "data/flows").exists()


def test_an_unknown_kind_names_the_known_ones(workspace_root: Path, table: Path) -> None:
    result = added(workspace_root, table, "--kind", "freight")
    assert result.exit_code == 2
    assert "'commuting', 'school', 'migration', 'other'" in result.stderr


def test_the_help_shows_an_example() -> None:
    told = run("add", "flows", "--help").stdout
    assert "Example:\n    geoapp add flows commuting dojazdy.csv" in told


def test_check_tells_a_table_that_cannot_be_read(workspace_root: Path, table: Path) -> None:
    added(workspace_root, table)
    (workspace_root / "data/flows/commuting.csv").write_text("origin,flow\n1,2\n", "utf-8")
    (problem,) = problems(workspace_root)
    assert (problem["severity"], problem["file"]) == ("error", "data/flows/commuting.csv")
    assert "expected the columns origin, destination and flow" in problem["message"]


def test_check_tells_a_broken_description(workspace_root: Path, table: Path) -> None:
    added(workspace_root, table)
    path = workspace_root / "data/flows/commuting.toml"
    path.write_text(path.read_text("utf-8").replace("licence", "license"), "utf-8")
    found = {(problem["file"], problem["field"]) for problem in problems(workspace_root)}
    assert found == {
        ("data/flows/commuting.toml", "licence"),
        ("data/flows/commuting.toml", "license"),
    }


def test_check_tells_a_table_that_is_gone(workspace_root: Path, table: Path) -> None:
    added(workspace_root, table)
    (workspace_root / "data/flows/commuting.csv").unlink()
    (problem,) = problems(workspace_root)
    assert (problem["file"], problem["field"]) == ("data/flows/commuting.toml", "file")
