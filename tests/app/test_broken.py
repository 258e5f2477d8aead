"""A workspace in which something is missing or broken: every page opens and says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from geoapp.core.choice import Choice
from geoapp.ui import cache

SCRIPT = Path(__file__).parents[2] / "streamlit_app.py"
PAGES = ("map", "partnership", "functional", "data", "about")


def missing_file(root: Path) -> None:
    (root / "data/themes/trails.geojson").unlink()


def broken_description(root: Path) -> None:
    (root / "layers/trails.toml").write_text("names = {", "utf-8")


def broken_partnership(root: Path) -> None:
    (root / "data/partnerships/pl-beskid.toml").write_text('id = "pl-beskid"', "utf-8")


def no_text(root: Path) -> None:
    (root / "data/municipalities.csv").write_bytes(b"country,code,name\nPL,2417112,\xff\xfe\n")


def borders_of_no_format(root: Path) -> None:
    (root / "data/boundaries/pl.geojson").write_text("This is no GIS file.", "utf-8")


def all_borders_broken(root: Path) -> None:
    for file in root.glob("data/boundaries/*"):
        file.write_bytes(b"\x00" * 100)


def no_borders(root: Path) -> None:
    for file in root.glob("layers/borders-*.toml"):
        file.unlink()


def no_partnerships(root: Path) -> None:
    for file in root.glob("data/partnerships/*"):
        file.unlink()


def no_municipalities(root: Path) -> None:
    no_partnerships(root)
    (root / "data/municipalities.csv").write_text("country,code,name\n", "utf-8")
    (root / "data/status/lists.csv").unlink()


def a_folder_for_a_file(root: Path) -> None:
    missing_file(root)
    (root / "data/themes/trails.geojson").mkdir()


def no_layers(root: Path) -> None:
    for file in root.glob("layers/*"):
        file.unlink()


def no_registry(root: Path) -> None:
    no_partnerships(root)
    (root / "data/municipalities.csv").unlink()


FILES: dict[Callable[[Path], None], tuple[str, ...]] = {
    missing_file: ("layers/trails.toml",),
    broken_description: ("layers/trails.toml",),
    broken_partnership: ("data/partnerships/pl-beskid.toml",),
    no_text: ("data/municipalities.csv",),
    borders_of_no_format: ("data/boundaries/pl.geojson",),
    all_borders_broken: ("data/boundaries/pl.geojson", "data/boundaries/cz.geojson"),
    no_borders: (),
    no_partnerships: (),
    no_municipalities: (),
    a_folder_for_a_file: ("layers/trails.toml",),
    no_layers: (),
    no_registry: ("data/municipalities.csv",),
}


@pytest.mark.parametrize("damage", FILES, ids=lambda damage: damage.__name__)
def test_every_page_opens_and_names_the_file(
    damage: Callable[[Path], None],
    workspace_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    damage(workspace_root)
    monkeypatch.setenv("GEOAPP_WORKSPACE", str(workspace_root))
    monkeypatch.setenv("GEOAPP_STORE", str(tmp_path / "store"))
    app = AppTest.from_file(SCRIPT, default_timeout=60)
    app.query_params = {"lang": "en", "layers": "trails,care", "municipality": "241711"}
    app.run()
    for page in PAGES:
        app.switch_page(f"geoapp/ui/pages/{page}.py").run()
        assert list(app.exception) == []
        assert len(app.title) == 1
        if page in ("map", "data"):
            shown = [found.value for kind in (app.error, app.markdown) for found in kind]
            told = "\n".join(shown).replace("\\", "")
            assert [file for file in FILES[damage] if f"**{file}**" not in told] == []
            assert page == "data" or bool(app.error) == bool(FILES[damage])
    assert b"Municipality" in cache.csv_file(Choice(), "en")
    assert cache.xlsx_file(Choice(), "en").startswith(b"PK")
