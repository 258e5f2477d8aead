"""``geoapp export``: one file, or one for each partnership; a refusal leaves nothing behind."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from geoapp.cli import main
from geoapp.cli.export import export


@pytest.fixture(autouse=True, scope="module")
def _one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What one test has prepared, others find by its content."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GEOAPP_STORE", str(tmp_path_factory.mktemp("store")))
        yield


def run(workspace: Path, *arguments: object) -> Result:
    words = [*map(str, arguments), "--workspace", str(workspace), "--date", "2026-11-22"]
    return CliRunner().invoke(export, words)


def test_a_sheet_follows_the_ending_of_its_name(workspace_root: Path, tmp_path: Path) -> None:
    out = tmp_path / "map.png"
    result = run(workspace_root, "sheet", "--partnership", "pl-beskid", "--out", out)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"wrote {out}\n"
    assert out.read_bytes().startswith(b"\x89PNG")


def test_words_are_in_the_language_and_of_the_theme(workspace_root: Path, tmp_path: Path) -> None:
    out = tmp_path / "map.txt"
    asked = ("--partnership", "pl-beskid", "--theme", "broadband", "--lang", "pl")
    assert run(workspace_root, "text", *asked, "--out", out).exit_code == 0
    told = out.read_text("utf-8")
    assert "Broadband: UKE, 2023, free" in told
    assert "gminy" in told
    assert "trails" not in told.lower()


def test_all_writes_one_file_for_each_partnership(workspace_root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "maps"
    result = run(workspace_root, "table", "--all", "--out", folder / "*.csv")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in folder.iterdir()) == [
        "cz-sever.csv",
        "pl-beskid.csv",
        "pl-county.csv",
        "together.csv",
    ]
    again = run(workspace_root, "table", "--all", "--out", folder / "*.csv")
    assert "4 of the files are there already" in str(again.exception)
    assert run(workspace_root, "table", "--all", "--out", folder).exit_code == 0
    assert (folder / "cz-sever.xlsx").is_file()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("sheet --out map.docx", r"map.docx: a sheet is written as .pdf or .svg or .png"),
        ("poster --out map.pdf", "'poster' cannot be exported; expected one of: sheet"),
        ("text --partnership nobody --out a.txt", "'nobody' is no partnership"),
        ("text --theme nothing --out a.txt", "'nothing' is no theme of this workspace; known:"),
        ("portrait --out a.pdf", "a portrait is of one partnership; found 0"),
        ("minutes --out a.docx", "a minutes needs a story; known stories: none"),
        ("minutes --all --out there", "leave --all out and name a --story"),
        ("text --all --partnership pl-beskid --out there", "leave --partnership or --all out"),
        ("text --out nowhere/a.txt", "there is no such folder; make it first"),
        ("text --all --out file.txt", "expected a folder, found a file"),
    ],
)
def test_a_refusal_is_one_line_and_nothing_is_written(
    arguments: str,
    told: str,
    workspace_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").write_text("", "utf-8")
    before = sorted(tmp_path.rglob("*"))
    called = ["geoapp", "export", *arguments.split(), "--workspace", str(workspace_root)]
    monkeypatch.setattr(sys, "argv", called)
    with pytest.raises(SystemExit, match="2"):
        main()
    shown = capsys.readouterr()
    assert shown.out == ""
    assert told in shown.err
    assert shown.err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_a_partnership_that_cannot_be_exported_does_not_stop_the_others(
    workspace_root: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "there"
    (folder / "pl-beskid.txt").mkdir(parents=True)
    result = run(workspace_root, "text", "--all", "--replace", "--out", folder)
    assert result.exit_code == 1
    assert "wrote 3 files into" in result.stdout
    assert "error: pl-beskid: " in result.stderr
    assert "found a folder" in result.stderr
