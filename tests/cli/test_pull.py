"""Pulling from the local server: from the command line to the map."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import shapely
from click.testing import CliRunner, Result

from geoapp.cli import commands, main
from geoapp.cli.pull import pull as pull_command
from geoapp.core.atlas import Atlas
from geoapp.errors import RefusedError, RegistryError
from geoapp.sources.remote.fetching import Patience
from geoapp.workspace.opening import open_workspace
from geoapp.workspace.preparing import prepare
from geoapp.workspace.pulling import pull

QUICK = Patience(first_wait_seconds=0.01, longest_wait_seconds=0.1, attempts=2, read_seconds=10)
SQUARES = {
    "2417112": ("Rajcza", shapely.box(19.0, 49.4, 19.12, 49.5)),
    "2417142": ("Ujsoły", shapely.box(19.12, 49.4, 19.2, 49.5)),
    "2417092": ("Milówka", shapely.box(19.0, 49.5, 19.1, 49.6)),
    "2417072": ("Łodygowice", shapely.box(19.1, 49.5, 19.2, 49.6)),
}
LAYER = "layers/boundaries-prg-gminy.toml"
DATA = "data/boundaries/boundaries-prg-gminy.fgb"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(commands, [str(argument) for argument in arguments])


def content(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def atlas_of(root: Path) -> Atlas:
    return prepare(open_workspace(root))


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GEOAPP_STORE", str(tmp_path / "store"))
    return tmp_path / "store"


@pytest.fixture
def gminas(serving: ModuleType) -> Callable[..., list[Any]]:
    def make(**changed: shapely.Geometry | None) -> list[Any]:
        return [
            serving.Feature(
                {"JPT_KOD_JE": code, "JPT_NAZWA_": name},
                shapely.MultiPolygon([changed.get(f"c{code}", shape)]),
            )
            for code, (name, shape) in SQUARES.items()
            if changed.get(f"c{code}", shape) is not None
        ]

    return make


@pytest.fixture
def prg(
    server: Any, serving: ModuleType, gminas: Callable[..., list[Any]], workspace_root: Path
) -> Path:
    """The small workspace, with the register of boundaries at the local server."""
    address = server.at("/prg", serving.wfs_answer(gminas()))
    lines = f'[prg-gminy]\naddress = "{address}"\npause_seconds = 0\n'
    (workspace_root / "sources.toml").write_text(lines, "utf-8")
    return workspace_root


def test_real_borders_come_by_one_command(prg: Path, server: Any) -> None:
    done = run("pull", "prg-gminy", "--area", "pl-beskid", "--workspace", prg)
    assert (done.exit_code, done.stderr) == (0, "")
    assert f"wrote {DATA}" in done.stdout
    assert "boundaries-prg-gminy: 4 features\n" in done.stdout
    spec = tomllib.loads((prg / LAYER).read_text("utf-8"))
    retrieval = spec.pop("retrieval")
    assert retrieval.pop("checksum").startswith("sha256:")
    assert retrieval.pop("retrieved")[:2] == "20"
    assert retrieval.pop("address").startswith(f"{server.address}/prg?SERVICE=WFS")
    assert retrieval == {"source": "prg-gminy", "area": "pl-beskid"}
    assert spec["attribution"] == "GUGiK, PRG"
    assert spec["units"] == ["241707", "241709", "241711", "241714"]
    assert spec["columns"] == {"code": "JPT_KOD_JE", "name": "JPT_NAZWA_"}
    atlas = atlas_of(prg)
    found = atlas.municipalities.loc[["241707", "241711"]]
    assert set(found["boundary"]) == {"boundaries-prg-gminy"}
    assert found["name"].tolist() == ["Łodygowice", "Rajcza"]
    assert found.loc["241711", "east"] == pytest.approx(19.12, abs=1e-5)


def test_nothing_stays_of_answers_that_cannot_be_confirmed_later(prg: Path, store: Path) -> None:
    assert run("pull", "prg-gminy", "--area", "pl-beskid", "--workspace", prg).exit_code == 0
    assert [path for path in (store / "fetched").rglob("*") if path.is_file()] == []


def test_the_next_pull_tells_what_changed(
    prg: Path, server: Any, serving: ModuleType, gminas: Callable[..., list[Any]]
) -> None:
    call = ("pull", "prg-gminy", "--area", "pl-beskid", "--workspace", prg)
    run(*call)
    assert "4 features; since the last pull: nothing changed\n" in run(*call).stdout
    changed = {"c2417112": shapely.box(19.0, 49.4, 19.11, 49.5), "c2417072": None}
    server.at("/prg", serving.wfs_answer(gminas(**changed)))
    told = run(*call).stdout
    assert "3 features; since the last pull: 1 removed (Łodygowice), 1 changed (Rajcza)\n" in told
    assert "nothing for 1 codes of the area: 241707" in told
    server.at("/prg", serving.wfs_answer(gminas()))
    assert "since the last pull: 1 added (Łodygowice), 1 changed (Rajcza)" in run(*call).stdout


def test_what_a_user_changed_in_the_description_stays(prg: Path) -> None:
    call = ("pull", "prg-gminy", "--area", "pl-beskid", "--workspace", prg)
    run(*call)
    text = (prg / LAYER).read_text("utf-8").replace("Boundaries of gminas (PRG)", "Our borders")
    (prg / LAYER).write_text(text, "utf-8")
    run(*call)
    assert tomllib.loads((prg / LAYER).read_text("utf-8"))["names"]["en"] == "Our borders"


def test_a_larger_area_is_never_lost_by_mistake(prg: Path) -> None:
    run("pull", "prg-gminy", "--area", "pl-beskid", "--workspace", prg)
    before = content(prg)
    with pytest.raises(
        RefusedError, match=r"241707, 241709, 241714 would be lost.*pl-beskid,241711"
    ):
        pull(prg, "prg-gminy", "241711", patience=QUICK)
    assert content(prg) == before
    done = run("pull", "prg-gminy", "--area", "241711", "--replace", "--workspace", prg)
    assert "since the last pull: 3 removed" in done.stdout


def test_several_partnerships_and_codes_are_pulled_together(prg: Path, server: Any) -> None:
    done = run("pull", "prg-gminy", "--area", "pl-county,pl-beskid, 2417112", "--workspace", prg)
    assert done.exit_code == 0
    assert "(4 municipalities)" in done.stdout


def test_a_country_is_not_limited_to_what_is_known(prg: Path) -> None:
    done = run("pull", "prg-gminy", "--area", "pl", "--workspace", prg)
    assert done.exit_code == 0
    spec = tomllib.loads((prg / LAYER).read_text("utf-8"))
    assert "units" not in spec
    assert spec["countries"] == ["PL"]


def test_a_layer_of_the_user_is_not_overwritten(prg: Path) -> None:
    (prg / DATA).write_bytes(b"mine")
    before = content(prg)
    with pytest.raises(RefusedError, match="there is such a layer or its data already"):
        pull(prg, "prg-gminy", "pl-beskid", patience=QUICK)
    assert content(prg) == before


def test_a_plan_changes_and_fetches_nothing(prg: Path, server: Any) -> None:
    before = content(prg)
    done = run("pull", "prg-gminy", "--area", "pl-beskid", "--dry-run", "--workspace", prg)
    assert done.exit_code == 0
    assert "prg-gminy for pl-beskid (4 municipalities) would fetch:" in done.stdout
    assert f"A03_Granice_gmin: {server.address}/prg (size not known)" in done.stdout
    assert "and further pages, as the answers require" in done.stdout
    assert (content(prg), server.requests) == (before, [])


def test_a_plan_tells_the_size_of_files(prg: Path, server: Any, serving: ModuleType) -> None:
    each = f"{server.address}/obec/{{code}}.zip"
    lines = f'[ruian-obce]\naddress = "{server.address}/1.zip"\naddresses.unit = "{each}"\n'
    (prg / "sources.toml").write_text(f"{lines}pause_seconds = 0\n", "utf-8")
    for code in ("562777", "562858"):
        server.at(f"/obec/{code}.zip", serving.file_answer(bytes(48_200)))
    done = run("pull", "ruian-obce", "--area", "cz-sever", "--dry-run", "--workspace", prg)
    assert done.stdout.count("(48 kB)") == 2
    assert "further" not in done.stdout
    assert {asked.method for asked in server.requests} == {"HEAD"}


@pytest.fixture
def nature(server: Any, serving: ModuleType, prg: Path) -> Path:
    park = serving.Feature(
        {"kodinspire": "PL.1", "nazwa": "Park {{ 7*7 }}"},
        shapely.MultiPolygon([shapely.box(19.0, 49.4, 19.06, 49.5)]),
    )
    address = server.at("/gdos", serving.wfs_answer([park]))
    with (prg / "sources.toml").open("a", encoding="utf-8") as file:
        file.write(f'[nature-pl]\naddress = "{address}"\ntypes = ["GDOS:ParkiNarodowe"]\n')
    return prg


def test_an_illustration_of_the_theme_gives_way(nature: Path) -> None:
    run("pull", "prg-gminy", "--area", "pl-beskid", "--workspace", nature)
    done = run("pull", "nature-pl", "--area", "pl-beskid", "--workspace", nature)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "removed layers/reserve.toml\nremoved data/themes/reserve.geojson" in done.stdout
    atlas = atlas_of(nature)
    (layer,) = [layer for layer in atlas.themes if layer.spec.theme == "protected-nature"]
    assert layer.spec.style.colour == "#225522"
    assert (layer.spec.slug, layer.spec.complete) == ("protected-nature-pl", True)
    own = atlas.figures[atlas.figures["layer"] == "protected-nature-pl"].set_index("unit")["value"]
    assert own["241711"] == pytest.approx(50, abs=0.1)
    assert own["241709"] == pytest.approx(0, abs=1e-6)
    # the source was not asked for this municipality, and so knows nothing of it
    assert own[["241708"]].isna().all()


def test_another_layer_of_the_theme_is_told(nature: Path) -> None:
    text = (nature / "layers/reserve.toml").read_text("utf-8")
    (nature / "layers/reserve.toml").write_text(text.replace("illustrative = true\n", ""), "utf-8")
    done = run("pull", "nature-pl", "--area", "2417112", "--workspace", nature)
    assert "other layers for the same area: reserve. What both hold is counted twice" in done.stdout


def test_nothing_there_changes_nothing(nature: Path) -> None:
    before = content(nature)
    done = run("pull", "nature-pl", "--area", "2417142", "--workspace", nature)
    assert done.exit_code == 0
    assert "protected-nature-pl: the source has nothing there; nothing was changed" in done.stdout
    assert content(nature) == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nowhere", "--area", "PL"), "nowhere: there is no such source; there are prg-gminy"),
        (
            ("prg-gminy", "--area", "pl-nobody"),
            "pl-nobody: expected a partnership of the workspace",
        ),
        (("prg-gminy", "--area", "cz-sever"), "cz-sever: expected municipalities in Poland"),
        (("prg-gminy", "--area", "CZ"), "CZ: the source has no data there"),
        (("prg-gminy", "--area", "PL,2417112"), "give countries or parts of them, not both"),
        (("prg-gminy", "--area", " , "), "expected municipalities in Poland"),
        (("prg-gminy", "--area", "pl-county"), "pl-county: expected municipalities in Poland"),
        (
            ("nature-pl", "--area", "2417072"),
            "nothing tells where 241707 lies; pull or add its borders",
        ),
    ],
)
def test_what_cannot_be_pulled_is_refused_in_one_line(
    arguments: tuple[str, ...],
    told: str,
    prg: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = content(prg)
    monkeypatch.setattr(sys, "argv", ["geoapp", "pull", *arguments, "--workspace", str(prg)])
    with pytest.raises(SystemExit, match="2"):
        main()
    told_there = capsys.readouterr()
    assert told in told_there.err
    assert (told_there.err.count("\n"), told_there.out) == (1, "")
    assert content(prg) == before


def test_a_call_without_source_or_area_is_told_where_to_look() -> None:
    assert "Missing SOURCE. List the sources with: geoapp pull --list" in run("pull").stderr
    assert "Missing --area" in run("pull", "osm").stderr


def test_the_sources_are_listed_as_the_workspace_has_them(prg: Path, server: Any) -> None:
    done = run("pull", "--list", "--workspace", prg)
    assert done.exit_code == 0
    assert "prg-gminy: Boundaries of gminas (PRG) (PL)\n" in done.stdout
    assert f"{server.address}/prg\n" in done.stdout
    (prg / "sources.toml").write_text("[prg-gminy]\nadress = 'x'\n[osm]\nhosts = ['/']\n", "utf-8")
    with pytest.raises(RegistryError) as listed:
        CliRunner().invoke(
            pull_command, ["--list", "--workspace", str(prg)], catch_exceptions=False
        )
    assert [problem.field for problem in listed.value.problems] == [
        "prg-gminy.adress",
        "osm.hosts.0",
    ]
    with pytest.raises(RegistryError, match=r"prg-gminy\.adress"):
        pull(prg, "prg-gminy", "pl-beskid")


@pytest.mark.parametrize(
    "fault",
    [
        lambda serving: serving.Answer(b"<html>maintenance", headers={"Content-Type": "text/html"}),
        lambda serving: serving.exception("Unknown typename", "InvalidParameterValue"),
        lambda serving: serving.Answer(b"busy", 503),
        lambda serving: serving.Answer(b"", 429, {"Retry-After": "7200"}),
        lambda serving: serving.Answer(b"", 302, {"Location": "http://169.254.169.254/"}),
        lambda serving: serving.Answer(b"x" * 1000, cut=10),
    ],
    ids=["page", "exception", "busy", "wait", "elsewhere", "cut"],
)
def test_a_source_at_fault_changes_nothing(
    fault: Callable[[ModuleType], Any], prg: Path, server: Any, serving: ModuleType
) -> None:
    before = content(prg)
    server.at("/prg", fault(serving))
    with pytest.raises(RefusedError, match="prg-gminy: "):
        pull(prg, "prg-gminy", "pl-beskid", patience=QUICK)
    assert content(prg) == before


def test_who_watches_may_end_a_pull(prg: Path) -> None:
    before = content(prg)

    def stop(_done: int, _total: int, item: str = "", /) -> None:
        if item == "prg-gminy":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(prg, "prg-gminy", "pl-beskid", progress=stop)
    assert content(prg) == before


def test_a_killed_pull_goes_on_with_the_page_it_was_at(
    prg: Path, server: Any, serving: ModuleType, gminas: Callable[..., list[Any]]
) -> None:
    inner = serving.wfs_answer(gminas())
    gate = threading.Event()

    def answering(request: Any) -> Any:
        answer = inner(request)
        if request.query.get("STARTINDEX") != "3" or gate.is_set():
            return answer
        return serving.Answer(answer.body, headers=answer.headers, cut=100, gate=gate)

    server.at("/prg", answering)
    with (prg / "sources.toml").open("a", encoding="utf-8") as file:
        file.write("page_size = 3\ntile_degrees = 20\n")
    before = content(prg)
    command = [sys.executable, "-m", "geoapp", "pull", "prg-gminy", "--area", "PL"]
    with subprocess.Popen([*command, "--workspace", str(prg)]) as child:
        deadline = time.monotonic() + 60
        while len(server.requests) < 2:
            assert child.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(child.pid, signal.SIGKILL)
    gate.set()
    assert content(prg) == before
    done = run("pull", "prg-gminy", "--area", "PL", "--workspace", prg)
    assert done.exit_code == 0
    assert "boundaries-prg-gminy: 4 features" in done.stdout
    starts = [asked.query.get("STARTINDEX") for asked in server.requests]
    assert starts == [None, "3", "3"]
