"""The command line as a whole: exit codes, refusals in one line, help with examples that parse."""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from geoapp import __version__
from geoapp.cli import commands, main, workspaces


def walk(command: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield a command and all below it, with the words that call it."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from walk(below, *path, name)


COMMANDS = dict(walk(commands))


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOAPP_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """Run the entry point and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["geoapp", *map(str, arguments)])
    with pytest.raises(SystemExit, match=r"^\d?$|None") as left:
        main()
    return int(left.value.code or 0)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("info --workspace nowhere", "nowhere: expected a workspace.*found no such folder"),
        ("check --workspace empty", r"empty: expected a workspace.*make one with: geoapp new"),
        ("serve nowhere --no-browser", "nowhere: expected a workspace"),
        ("info --workspace file.txt", r"'file\.txt' is a file.*See: geoapp info --help"),
        ("serve --bad", r"No such option '?--bad.*See: geoapp serve --help"),
        ("serve --port 99999", "99999 is not in the range"),
        ("info extra", r"unexpected extra argument.*See: geoapp info --help"),
        ("add theme", r"Missing argument 'THEME'.*See: geoapp add theme --help"),
        ("add boundaries file.txt --country DE", "'DE' is not one of 'PL', 'CZ'"),
        ("nonsense", "No such command 'nonsense'. See: geoapp --help"),
        ("new full", "full: expected a new or empty folder, found files in it"),
        ("add boundaries nowhere.gpkg", r"nowhere\.gpkg: There is no such file"),
        ("add schematic --workspace ws", r"data/municipalities\.csv: the file is missing"),
    ],
)
def test_a_refusal_is_one_line_and_exit_code_2(
    line: str,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "file.txt").write_text("", "utf-8")
    for folder in ("empty", "full", "ws/layers", "ws/data", "layers", "data"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "full/mine.txt").write_text("", "utf-8")
    assert call(monkeypatch, *shlex.split(line)) == 2
    shown = capfd.readouterr()
    assert shown.out == ""
    assert re.search(told, shown.err)
    assert re.fullmatch(r"geoapp: .+\n", shown.err)


def test_a_port_in_use_is_refused(
    workspace_root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code = call(monkeypatch, "serve", workspace_root, "--no-browser", "--port", port)
    assert code == 2
    told = capsys.readouterr().err
    assert re.fullmatch(
        rf"geoapp: cannot listen on 127\.0\.0\.1:{port}: .+; choose another one with --port\n", told
    )


def test_problems_of_a_registry_are_all_told_with_exit_code_1(
    workspace_root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = workspace_root / "data/municipalities.csv"
    path.write_text(
        "code,name,lon,lat,population,area_ha\n"
        "2417112,Rajcza,19.05,49.45,8000,8000\n2417113,Rajcza,19.1,49.45,1,1000\n",
        "utf-8",
    )
    assert call(monkeypatch, "add", "schematic", "--workspace", workspace_root) == 1
    assert capsys.readouterr().err == (
        "error: data/municipalities.csv: expected every municipality once; listed again: 241711\n"
    )


def test_an_interrupted_command_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(workspaces, "info", click.Command("info", callback=interrupted))
    assert call(monkeypatch, "info") == 2
    assert capsys.readouterr().err.strip() == "geoapp: stopped"


def test_without_a_command_the_help_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch) == 2
    told = capsys.readouterr().err
    for (name, *_), command in list(COMMANDS.items())[1:]:
        assert name in told
        assert command.short_help


def test_the_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"geoapp, version {__version__}\n"


@pytest.mark.parametrize(("broken", "code"), [(False, 0), (True, 1)])
def test_check_of_the_installed_program(workspace_root: Path, broken: bool, code: int) -> None:
    if broken:
        (workspace_root / "layers/trails.toml").write_text("=", "utf-8")
    done = run_program("check", cwd=workspace_root)
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.endswith(f"problems: {code}, remarks: 0\n")


def test_a_refusal_of_the_installed_program(tmp_path: Path) -> None:
    done = run_program("info", "--workspace", "{{ 7*7 }}", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "geoapp: {{ 7*7 }}: expected a workspace, a folder with layers/ and data/, found no such "
        "folder; make one with: geoapp new {{ 7*7 }}\n"
    )


def run_program(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "geoapp", *arguments]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, encoding="utf-8", check=False
    )


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_shows_examples_that_it_would_accept(
    path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, *path, "--help") == 0
    told = capsys.readouterr().out
    examples = re.findall(r"^ +geoapp (.+?)(?:  .*)?$", told.partition("Example")[2], re.MULTILINE)
    assert examples
    for example in examples:
        words = shlex.split(example)
        assert words[: len(path)] == list(path)
        called = max((known for known in COMMANDS if words[: len(known)] == [*known]), key=len)
        # refuses what the command does not know; nothing is carried out
        COMMANDS[called].make_context("geoapp", words[len(called) :])
