from pathlib import Path

import pytest

from geoapp.errors import RefusedError
from geoapp.workspace.creating import create_workspace
from geoapp.workspace.opening import is_workspace, open_workspace


def test_a_copy_has_everything_of_the_embedded_workspace(tmp_path: Path, repository: Path) -> None:
    root = create_workspace(tmp_path / "my-region")
    assert root == tmp_path / "my-region"
    mine, embedded = open_workspace(root), open_workspace(repository)
    assert mine.partnerships == embedded.partnerships
    assert mine.layers == embedded.layers
    assert mine.statuses == embedded.statuses
    assert mine.base_maps == embedded.base_maps
    assert mine.municipalities.equals(embedded.municipalities)
    assert "geoapp check" in (root / "README.md").read_text("utf-8")


def test_an_empty_workspace_has_folders_and_a_header(tmp_path: Path) -> None:
    root = create_workspace(tmp_path / "deep/my-region", empty=True)
    opened = open_workspace(root)
    assert opened.problems == ()
    assert (opened.partnerships, opened.layers, opened.statuses) == ((), (), ())
    assert opened.municipalities.empty
    assert opened.base_maps
    for folder in ("data/boundaries", "data/themes", "data/partnerships", "data/status"):
        assert (root / folder).is_dir()


def test_a_municipality_can_be_added_under_the_header(tmp_path: Path) -> None:
    root = create_workspace(tmp_path / "mine", empty=True)
    path = root / "data/municipalities.csv"
    path.write_text(path.read_text("utf-8") + "PL,2417112,Rajcza\n", "utf-8")
    opened = open_workspace(root)
    assert opened.problems == ()
    assert opened.municipalities["name"].to_dict() == {"241711": "Rajcza"}


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    target = tmp_path / "mine"
    target.mkdir()
    assert is_workspace(create_workspace(target, empty=True))


def test_a_folder_with_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    with pytest.raises(RefusedError, match="expected a new or empty folder, found files in it"):
        create_workspace(tmp_path)
    with pytest.raises(RefusedError, match="expected a new or empty folder"):
        create_workspace(tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_place_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(RefusedError, match="could not be written"):
        create_workspace(tmp_path / "file/mine")


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "geoapp.workspace.creating.embedded_workspace", lambda: tmp_path / "not-installed"
    )
    with pytest.raises(RefusedError, match="could not be written: No such file"):
        create_workspace(tmp_path / "mine", empty=True)
    assert list(tmp_path.iterdir()) == []
