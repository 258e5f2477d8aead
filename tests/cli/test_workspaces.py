"""The commands on a whole workspace: check, info, new; and which workspace they mean."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from geoapp.cli import commands
from geoapp.errors import RefusedError

PARTNERSHIP_KEYS = {
    "id", "name", "kind", "countries", "as_of", "members_known", "members_declared",
    "other_members", "leaders", "population", "population_complete", "population_declared",
    "area_ha", "area_complete", "area_computed_ha", "area_computed_complete", "area_declared_ha",
    "at_risk", "statuses", "roles",
}  # fmt: skip
LAYER_KEYS = {
    "slug", "theme", "kind", "file", "features", "vertices", "drawn", "display_bytes",
    "crs_source", "crs_origin", "accuracy_m", "source", "licence", "date", "illustrative",
    "schematic", "problems",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One folder of prepared data, so that the embedded workspace is prepared once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEOAPP_STORE", str(tmp_path_factory.mktemp("store")))
        yield


def run(*arguments: object) -> Result:
    return CliRunner().invoke(commands, [str(argument) for argument in arguments])


def printed(*arguments: object, code: int = 0) -> Any:
    result = run(*arguments, "--json")
    assert (result.exit_code, result.stderr) == (code, "")
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def embedded(repository: Path) -> dict[str, Any]:
    return dict(printed("info", "--workspace", repository))


@pytest.fixture(scope="module")
def partnerships(embedded: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {found["id"]: found for found in embedded["partnerships"]}


def test_info_has_exactly_the_promised_keys(embedded: dict[str, Any]) -> None:
    assert set(embedded) == {
        "partnerships", "layers", "municipalities", "municipalities_with_borders", "schematic",
        "problems", "drawn_municipalities", "vertex_budget", "store",
    }  # fmt: skip
    assert all(set(found) == PARTNERSHIP_KEYS for found in embedded["partnerships"])
    assert all(set(layer) == LAYER_KEYS for layer in embedded["layers"])


def test_the_embedded_workspace_in_figures(
    embedded: dict[str, Any], partnerships: dict[str, dict[str, Any]]
) -> None:
    assert (embedded["municipalities"], embedded["municipalities_with_borders"]) == (172, 172)
    assert (embedded["schematic"], embedded["problems"]) == (True, [])
    sever, sternbersko = partnerships["cz-sever"], partnerships["cz-sternbersko"]
    assert (sever["members_known"], sever["members_declared"]) == (10, 12)
    assert (sever["area_declared_ha"], sever["area_ha"]) == (21143, 21549)
    assert sever["area_complete"] is True
    assert (sternbersko["members_known"], sternbersko["members_declared"]) == (24, 26)
    beskidzka = partnerships["pl-beskidzka-cwd"]
    assert (beskidzka["members_known"], beskidzka["at_risk"]) == (6, 2)
    # invented shapes measure nothing
    assert {found["area_computed_ha"] for found in partnerships.values()} == {None}


def test_a_county_leads_without_being_a_municipality(
    partnerships: dict[str, dict[str, Any]],
) -> None:
    walecki = partnerships["pl-walecki-cwd"]
    assert walecki["members_known"] == 5
    (county,) = walecki["other_members"]
    assert (county["code"], county["kind"], county["role"]) == ("3217", "county", "leader")
    assert walecki["leaders"] == ["3217"]


def test_info_for_people(workspace_root: Path) -> None:
    (workspace_root / "data/themes/care.csv").write_text("code\n", "utf-8")
    result = run("info", "--workspace", workspace_root)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert (
        "pl-beskid: 4 of 5 declared members, residents: 21000, area (ha): 16000.5, at risk: 1"
        in (lines)
    )
    assert "pl-county: 0 members, residents: unknown, area (ha): unknown, at risk: 0" in lines
    assert "borders-cz (boundaries): 2 features schematic, 10 vertices" in lines
    assert (
        "reserve (protected-nature): 2 features illustrative, 10 vertices drawn as geojson, 377 B"
        in lines
    )
    assert "trails (cycle-routes): 2 features, 4 vertices drawn as geojson, 313 B" in lines
    assert "care (senior-care): not usable" in lines
    assert "members: 25 vertices drawn as geojson, 1.0 kB" in lines
    assert "themes of more than 40000 vertices are drawn as tiles" in lines
    assert re.fullmatch(r"prepared data: .* of 5\.0 GB in .+", lines[-1])


def test_a_clean_workspace_has_no_problems(repository: Path) -> None:
    result = run("check", "--workspace", repository)
    assert (result.exit_code, result.stdout) == (0, "problems: 0, remarks: 0\n")
    assert printed("check", "--workspace", repository) == []


@pytest.fixture
def broken(workspace_root: Path) -> Path:
    """A workspace with something wrong in every kind of file."""

    def replace(file: str, old: str, new: str) -> None:
        path = workspace_root / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")

    replace("data/municipalities.csv", "PL,2417112", "CZ,2417112")
    replace("data/municipalities.csv", "8000.5", "minus two")
    replace("data/partnerships/pl-beskid.toml", '"observer"', '"chief"')
    replace("data/partnerships/cz-sever.toml", "id =", "id")
    replace("data/status/lists.csv", "likely", "surely")
    replace("layers/trails.toml", 'kind = "line"', 'kind = "line"\ncolour = "red"')
    replace("layers/reserve.toml", "reserve.geojson", "nothing.geojson")
    replace("data/base_maps.toml", "https://", "http://")
    (workspace_root / "data/themes/nurseries.geojson").write_text("no GIS file", "utf-8")
    replace("data/themes/broadband.csv", "code,name", "kod,name")
    return workspace_root


EXPECTED = {
    ("data/municipalities.csv", "code"),
    ("data/municipalities.csv", "line 3, area_ha"),
    ("data/partnerships/pl-beskid.toml", "members[4].role"),
    ("data/partnerships/cz-sever.toml", ""),
    ("data/status/lists.csv", "line 4, certainty"),
    ("layers/trails.toml", "colour"),
    ("layers/reserve.toml", "file"),
    ("data/base_maps.toml", "base_map[0].url"),
    ("data/themes/nurseries.geojson", ""),
    ("data/themes/broadband.csv", "columns.code"),
}


def test_check_lists_every_problem_with_file_and_field(broken: Path) -> None:
    problems = printed("check", "--workspace", broken, code=1)
    assert {tuple(problem) for problem in problems} == {("severity", "file", "field", "message")}
    found = {(problem["file"], problem["field"]) for problem in problems}
    assert found >= EXPECTED
    assert {problem["severity"] for problem in problems} <= {"error", "warning"}
    assert all(len(problem["message"]) > 20 for problem in problems)


def test_check_tells_people_the_same(broken: Path) -> None:
    problems = printed("check", "--workspace", broken, code=1)
    result = run("check", "--workspace", broken)
    assert result.exit_code == 1
    *lines, summary = result.stdout.splitlines()
    assert lines == [
        ": ".join(problem[key] for key in ("severity", "file", "field", "message") if problem[key])
        for problem in problems
    ]
    errors = [problem for problem in problems if problem["severity"] == "error"]
    assert summary == f"problems: {len(errors)}, remarks: {len(problems) - len(errors)}"


def test_a_remark_is_no_problem(workspace_root: Path) -> None:
    path = workspace_root / "data/themes/nurseries.geojson"
    path.write_text(path.read_text("utf-8").replace("19.02, 49.42", "2.35, 48.86"), "utf-8")
    (remark,) = printed("check", "--workspace", workspace_root)
    assert (remark["severity"], remark["file"]) == ("warning", "data/themes/nurseries.geojson")
    result = run("check", "--workspace", workspace_root)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "problems: 0, remarks: 1")


def test_the_folder_one_stands_in_is_the_workspace_if_it_is_one(
    workspace_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace_root)
    assert printed("info")["municipalities"] == 7
    monkeypatch.chdir(tmp_path)
    assert printed("info")["municipalities"] == 172
    assert printed("info", "--workspace", "workspace")["municipalities"] == 7


@pytest.mark.parametrize(("options", "partnerships"), [([], 12), (["--empty"], 0)])
def test_a_new_workspace_is_clean(tmp_path: Path, options: list[str], partnerships: int) -> None:
    target = tmp_path / "my-region"
    result = run("new", target, *options)
    assert result.exit_code == 0
    assert result.stdout == f"made {target}\nlook at it with: geoapp serve {target}\n"
    assert printed("check", "--workspace", target) == []
    assert len(printed("info", "--workspace", target)["partnerships"]) == partnerships


def test_a_folder_with_files_is_left_as_it_is(workspace_root: Path) -> None:
    before = {path: path.stat() for path in workspace_root.rglob("*")}
    result = run("new", workspace_root)
    assert isinstance(result.exception, RefusedError)
    assert {path: path.stat() for path in workspace_root.rglob("*")} == before


def test_processes_may_prepare_the_same_workspace_at_once(
    workspace_root: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "geoapp", "info", "--json", "--workspace", workspace_root]
    store = tmp_path / "store"
    environment = {**os.environ, "GEOAPP_STORE": str(store)}
    running = [
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    told = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], told
    assert told == [told[0]] * 3
    assert json.loads(told[0][0])["municipalities_with_borders"] == 6
    assert not list(store.rglob(".draft-*"))
