"""The files of the map component: nothing foreign, nothing that could run data."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from streamlit.components.v2.manifest_scanner import ComponentConfig

import geoapp
from geoapp.core.vocabulary import CONTROL_NAMES
from geoapp.ui.components import map_view, search_view, table_view

PACKAGE = Path(geoapp.__file__).parent
ASSETS = PACKAGE / "ui" / "map_component"
LEAFLET = ASSETS / "vendor" / "leaflet"
MODULES = sorted(ASSETS.glob("*.js"))
IMPORT = re.compile(r"^import (?:\{ (?P<names>[\w, ]+) \} from )?'(?P<file>\./[\w/.-]+)';$")
TOP_LEVEL = re.compile(
    r"^(?:export )?(?:default )?(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE
)
UNSAFE = (
    "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function",
    "createContextualFragment", "setTimeout('", "DOMParser", ".srcdoc",
)  # fmt: skip


def _source(module: Path) -> str:
    return module.read_text(encoding="utf-8")


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_never_turns_text_into_markup_or_code(module: Path) -> None:
    assert [word for word in UNSAFE if word in _source(module)] == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_names_no_foreign_host(module: Path) -> None:
    addresses = set(re.findall(r"https?://[\w.]*", _source(module)))
    assert addresses <= {"https://", "http://www.w3.org"}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_imports_by_name_from_its_own_folder(module: Path) -> None:
    """So that the modules can be written one after the other into a single file."""
    imports = [line for line in _source(module).splitlines() if re.match(r"import\b", line)]
    for line in imports:
        match = IMPORT.match(line)
        assert match, line
        target = ASSETS / match["file"]
        assert target.is_file(), line
        if match["names"]:
            exported = re.findall(r"^export .*?(?:function|const) (\w+)", _source(target), re.M)
            assert set(match["names"].split(", ")) <= set(exported), line


def test_modules_share_no_top_level_name() -> None:
    names = Counter(name for module in MODULES for name in TOP_LEVEL.findall(_source(module)))
    assert [name for name, count in names.items() if count > 1] == []


def test_styles_ask_for_nothing() -> None:
    for name in ("map.css", "table.css", "search.css"):
        styles = _source(ASSETS / name)
        assert "url(" not in styles
        assert "@import" not in styles


def test_every_phrase_that_is_asked_for_is_known() -> None:
    sources = "".join(_source(module) for module in MODULES)
    asked = set(re.findall(r"map\.phrase\('([a-z-]+)'\)", sources))
    asked |= set(re.findall(r"'([a-z]+-[a-z]+)': 'M", sources)) | {"fullscreen", "fullscreen-exit"}
    assert asked == set(CONTROL_NAMES)


def test_vendored_files_are_what_was_published() -> None:
    lines = (LEAFLET / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    sums = {name: digest for digest, name in (line.split() for line in lines)}
    assert {file.name for file in LEAFLET.iterdir()} == {*sums, "SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256((LEAFLET / name).read_bytes()).hexdigest() == digest, name
    assert "BSD 2-Clause" in (LEAFLET / "LICENSE").read_text(encoding="utf-8")
    assert b"Leaflet 1.9.4" in (LEAFLET / "leaflet.js").read_bytes()[:100]


@pytest.mark.parametrize(
    "component", [map_view.COMPONENT, table_view.COMPONENT, search_view.COMPONENT]
)
def test_streamlit_finds_the_components_in_the_package(component: str) -> None:
    manifest = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))
    entries = manifest["tool"]["streamlit"]["component"]["components"]
    found = {f"{manifest['project']['name']}.{entry['name']}": entry for entry in entries}
    root = ComponentConfig.from_dict(found[component]).resolve_asset_root(PACKAGE)
    assert root == ASSETS.resolve()
