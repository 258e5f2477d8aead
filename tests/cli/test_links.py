from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from geoapp.cli.links import links
from geoapp.errors import RefusedError


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOAPP_STORE", str(tmp_path / "store"))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(links, [str(argument) for argument in arguments])


def report(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


@pytest.mark.parametrize(("code", "first"), [("2417112", "Milówka"), ("241714", "Rajcza")])
def test_embedded_municipalities_have_modelled_links(
    repository: Path, code: str, first: str
) -> None:
    found = report(code, "--workspace", repository)
    assert found["links"][0]["name"] == first
    assert found["links"][0]["components"]["labour"]["status"] == "modelled"
    sure = found["confidence"]
    assert 1 <= sure["agreeing"] <= sure["variants"]
    assert sure["first_right"] in (0.40, 0.55, 0.70, 0.88)
    assert {"services", "infrastructure"} <= set(found["missing"])
    assert "working hypothesis" in found["note"]


def test_the_declared_partnership_is_scored(repository: Path) -> None:
    scored = {
        found["id"]: found for found in report("2417112", "--workspace", repository)["partnerships"]
    }["pl-beskidzka-cwd"]
    assert scored["status"] == "modelled"
    assert scored["members"] == scored["members_with_flows"] == 6
    assert {change["code"] for change in scored["changes"]} >= {"241711", "241714"}
    # Nobody else nearby is known, so that the figure must not be taken at its word.
    assert "too high" in scored["note"]


def test_observed_flows_take_the_place_of_the_model(workspace_root: Path, tmp_path: Path) -> None:
    table = tmp_path / "flows.csv"
    table.write_text(
        "origin,destination,flow\n2417112,2417112,60\n2417112,2417092,30\n2417112,2417142,10\n"
        "2417142,2417112,50\n2417142,2417142,50\n2417092,2417092,100\n",
        "utf-8",
    )
    found = report("2417112", "--workspace", workspace_root, "--flows", table)
    assert found["confidence"] is None
    assert found["links"][0]["name"] == "Milówka"
    labour = {link["code"]: link["components"]["labour"] for link in found["links"]}
    assert labour["241709"] == {"forth": 0.3, "back": 0.0, "status": "observed"}
    assert labour["241714"] == {"forth": 0.1, "back": 0.5, "status": "observed"}
    scored = next(found for found in found["partnerships"] if found["id"] == "pl-beskid")
    assert scored["status"] == "observed"
    assert scored["supply_self_containment"] == 1


def test_real_borders_favour_neighbours(workspace_root: Path) -> None:
    found = report("2417112", "--workspace", workspace_root)
    assert "no neighbour is favoured" not in found["note"]
    assert {link["name"] for link in found["links"][:2]} == {"Milówka", "Ujsoły"}


def test_a_shared_cycle_route_connects(workspace_root: Path) -> None:
    found = report("2417112", "--workspace", workspace_root)
    strength = {link["name"]: link["components"]["infrastructure"] for link in found["links"]}
    assert strength["Ujsoły"]["forth"] == strength["Ujsoły"]["back"] > 0
    assert strength["Milówka"]["forth"] == 0
    assert found["missing"] == ["services"]


def test_weights_are_taken_over(workspace_root: Path) -> None:
    found = report("2417112", "--workspace", workspace_root, "--weight", "labour=0")
    assert found["weights"]["labour"] == 0
    assert found["weights"]["travel"] == 0.1


def test_text_names_components_and_confidence(workspace_root: Path) -> None:
    result = run("2417112", "--workspace", workspace_root, "--limit", 1)
    assert result.exit_code == 0
    assert "labour" in result.stdout
    assert "(modelled)" in result.stdout
    assert "variants of the model agree" in result.stdout
    assert "not known and left out: services" in result.stdout
    assert result.stdout.count("stronger") == 1


@pytest.mark.parametrize("code", ["Rajcza", "2417999"])
def test_unknown_codes_are_refused(workspace_root: Path, code: str) -> None:
    result = run(code, "--workspace", workspace_root)
    assert isinstance(result.exception, RefusedError)
    assert f"{code} is no municipality" in str(result.exception)


@pytest.mark.parametrize("weight", ["weather=1", "labour=much", "labour"])
def test_unknown_weights_are_refused(workspace_root: Path, weight: str) -> None:
    result = run("2417112", "--workspace", workspace_root, "--weight", weight)
    assert result.exit_code == 2
    assert "expected NAME=NUMBER" in result.output
