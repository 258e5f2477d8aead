from __future__ import annotations

import csv
import io
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from geoapp.cli import main
from geoapp.cli.stats import stats
from geoapp.errors import RefusedError
from geoapp.workspace import distributed


@pytest.fixture(autouse=True, scope="module")
def _one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What one test has prepared, others find by its content."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GEOAPP_STORE", str(tmp_path_factory.mktemp("store")))
        yield


def run(workspace: Path, *arguments: object) -> Result:
    words = [*map(str, arguments), "--workspace", str(workspace)]
    return CliRunner().invoke(stats, words)


def csv_rows(content: bytes) -> dict[str, dict[str, str]]:
    table = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    return {row["key"]: row for row in table}


def json_rows(result: Result) -> dict[str, dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return {row["key"]: row for row in json.loads(result.stdout)["rows"]}


def test_csv_opens_in_a_spreadsheet_with_unknown_left_empty(workspace_root: Path) -> None:
    result = run(workspace_root, "--theme", "childcare")
    assert result.exit_code == 0, result.output
    content = result.stdout_bytes
    assert content.startswith(b"\xef\xbb\xbf")
    rows = csv_rows(content)
    assert len(rows) == 7
    rajcza = rows["241711"]
    assert (rajcza["facilities"], rajcza["places"]) == ("3", "65")
    assert rajcza["partnerships"] == "pl-beskid; together"
    assert (rajcza["source"], rajcza["licence"], rajcza["date"]) == ("register", "free", "2024")
    assert (rajcza["illustrative"], rajcza["schematic"]) == ("False", "False")
    assert rows["241714"]["facilities"] == "0"
    assert rows["562777"]["facilities"] == rows["562777"]["places"] == ""


def test_json_has_null_for_unknown_and_lists_for_several(workspace_root: Path) -> None:
    rows = json_rows(run(workspace_root, "--theme", "childcare", "--format", "json"))
    assert rows["241711"]["facilities"] == 3
    assert rows["241711"]["partnerships"] == ["pl-beskid", "together"]
    assert rows["562777"]["facilities"] is None
    assert rows["562777"]["schematic"] is True


def test_partnerships_are_rows_too(workspace_root: Path) -> None:
    result = run(workspace_root, "--theme", "childcare", "--by", "partnership", "--format", "json")
    beskid = json_rows(result)["pl-beskid"]
    assert (beskid["members"], beskid["places"], beskid["countries"]) == (4, 65, ["PL"])
    assert "3/4" in beskid["incomplete"]


def test_all_themes_come_one_after_the_other(workspace_root: Path) -> None:
    result = run(workspace_root)
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader(io.StringIO(result.stdout_bytes.decode("utf-8-sig"), newline="")))
    assert len(rows) == 5 * 7
    assert len(dict.fromkeys(row["theme"] for row in rows)) == 5
    assert {row["length_km"] for row in rows if row["theme"] == "childcare"} == {""}


def test_a_name_is_no_formula(workspace_root: Path) -> None:
    registry = workspace_root / "data/municipalities.csv"
    text = registry.read_text("utf-8").replace("Rajcza,19", "=1+1,19")
    registry.write_text(text, "utf-8")
    rows = csv_rows(run(workspace_root, "--theme", "broadband").stdout_bytes)
    assert rows["241711"]["name"] == "'=1+1"


def test_people_within_a_distance(workspace_root: Path) -> None:
    result = run(workspace_root, "--theme", "childcare", "--distance", "1000", "--format", "json")
    rajcza = json_rows(result)["241711"]
    assert rajcza["distance_m"] == 1000
    assert 0 < rajcza["population_within"] < 8000
    [basis] = rajcza["population_basis"]
    assert basis == "estimate: people spread evenly over the municipality"


def test_a_file_is_written_and_not_over_another(workspace_root: Path, tmp_path: Path) -> None:
    out = tmp_path / "childcare.csv"
    words = ("--theme", "childcare", "--out", out)
    first = run(workspace_root, *words)
    assert first.stdout == f"wrote {out}\n"
    assert csv_rows(out.read_bytes())["241711"]["places"] == "65"
    assert isinstance(run(workspace_root, *words).exception, RefusedError)
    out.write_text("old", "utf-8")
    assert run(workspace_root, *words, "--replace").exit_code == 0
    assert csv_rows(out.read_bytes())["241711"]["places"] == "65"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--theme", "schools"], "expected one of: .*childcare"),
        (["--theme", "cycle-routes", "--distance", "500"], "facilities that are points"),
        (["--features", "roads"], "name its scheduler with --scheduler"),
        (
            ["--features", "roads", "--scheduler", "tcp://x:1", "--distance", "5"],
            "leave --features or --distance out",
        ),
        (["--out", "nowhere/at/all.csv"], "there is no such folder; make it first"),
        (["--out", "data"], "expected the name of a file, found a folder"),
    ],
)
def test_what_cannot_be_done_is_refused(
    workspace_root: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], reason: str
) -> None:
    monkeypatch.chdir(workspace_root)
    result = run(workspace_root, *words)
    with pytest.raises(RefusedError, match=reason):
        raise result.exception or AssertionError(result.output)


@pytest.mark.parametrize("metres", ["0", "-5", "nan", "far"])
def test_a_distance_is_more_than_nothing(workspace_root: Path, metres: str) -> None:
    result = run(workspace_root, "--theme", "childcare", "--distance", metres)
    assert result.exit_code == 2
    assert "--distance" in result.stderr


def test_a_broken_file_is_told_and_its_theme_left_empty(workspace_root: Path) -> None:
    (workspace_root / "data/themes/trails.geojson").write_text("broken", "utf-8")
    result = run(workspace_root, "--theme", "cycle-routes")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: data/themes/trails.geojson: ")
    assert len(csv_rows(result.stdout_bytes)) == 7


def test_a_dead_scheduler_is_refused_in_one_line(
    workspace_root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(distributed, "ANSWER_S", 0.5)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{closed.getsockname()[1]}"
    words = ["geoapp", "stats", "--scheduler", address, "--workspace", str(workspace_root)]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit, match="2"):
        main()
    told = capsys.readouterr().err
    assert told.startswith(f"geoapp: {address}: no Dask scheduler answers there")
    assert told.count("\n") == 1
