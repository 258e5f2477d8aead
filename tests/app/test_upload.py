"""Adding a file on the page Data: off unless enabled, in the reader's language, all or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

SCRIPT = Path(__file__).parents[2] / "streamlit_app.py"
GOOD = json.dumps(
    {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"nazwa": name, "miejsca": 20, "kod": code},
                "geometry": {"type": "Point", "coordinates": place},
            }
            for name, code, place in [
                ("*A*", "2417112", [19.02, 49.42]),
                ("B", "2417812", [19.03, 49.43]),
                ("C", "2417112", [0, 0]),
            ]
        ],
    }
).encode()
HOSTILE = b"<OGRVRTDataSource><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTDataSource>"

Opener = Callable[..., AppTest]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def open_data(monkeypatch: pytest.MonkeyPatch, store: Path, workspace_root: Path) -> Opener:
    """A function that opens the page Data of the small workspace."""

    def open_data(*, allowed: str = "1", locale: str = "en") -> AppTest:
        monkeypatch.setenv("GEOAPP_STORE", str(store))
        monkeypatch.setenv("GEOAPP_WORKSPACE", str(workspace_root))
        monkeypatch.setenv("GEOAPP_ALLOW_UPLOAD", allowed)
        app = AppTest.from_file(SCRIPT, default_timeout=120)
        app.context = {"locale": locale}
        app.run().switch_page("geoapp/ui/pages/data.py").run()
        assert list(app.exception) == []
        return app

    return open_data


def content(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def send(app: AppTest, name: str, data: bytes, *, theme: str = "senior-care") -> AppTest:
    app.file_uploader(key="upload-file").set_value((name, data, "application/octet-stream"))
    app.selectbox(key="upload-theme").set_value(theme)
    app.text_input(key="upload-source").set_value("me")
    app.button[0].click().run()
    assert list(app.exception) == []
    return app


def plain(text: str) -> str:
    return text.replace("\\", "")


@pytest.mark.parametrize("allowed", ["0", ""])
def test_nobody_adds_files_unless_it_was_enabled(open_data: Opener, allowed: str) -> None:
    app = open_data(allowed=allowed)
    assert len(app.file_uploader) == 0


def test_an_uploaded_file_is_a_layer_at_once(open_data: Opener, workspace_root: Path) -> None:
    app = send(open_data(), "../Moje {{7*7}}.geojson", GOOD, theme="local-roads")
    assert list(app.error) == []
    told = plain(app.success[0].value)
    assert told.endswith("Features used: 2 of 3.")
    assert "0, 0, which stand for an unknown place" in plain(app.warning[0].value)
    written = {path.name for path in workspace_root.rglob("local-roads*")}
    assert written == {"local-roads.fgb", "local-roads.corrections.csv", "local-roads.toml"}
    described = (workspace_root / "layers/local-roads.toml").read_text("utf-8")
    assert "moje_7_7.geojson" in described
    assert "layers of this" not in described
    assert any("local-roads" in found.key for found in app.get("download_button"))


@pytest.mark.parametrize(
    ("locale", "beginning"),
    [("en", "Expected GeoPackage"), ("pl", "Obsługiwane formaty"), ("cs", "Podporované formáty")],
)
def test_a_hostile_file_is_told_in_one_sentence(
    open_data: Opener, workspace_root: Path, locale: str, beginning: str
) -> None:
    before = content(workspace_root)
    app = send(open_data(locale=locale), "a.geojson", HOSTILE)
    (error,) = app.error
    assert plain(error.value).startswith(f"**a.geojson**: {beginning}")
    assert "\n" not in error.value
    assert content(workspace_root) == before


def test_a_layer_that_is_there_gives_way_only_when_asked(
    open_data: Opener, workspace_root: Path
) -> None:
    send(open_data(), "a.geojson", GOOD, theme="local-roads")
    before = content(workspace_root)
    app = send(open_data(), "a.geojson", GOOD, theme="local-roads")
    assert "there is such a layer" in plain(app.error[0].value)
    assert content(workspace_root) == before
    app = open_data()
    app.checkbox(key="upload-replace").check()
    assert list(send(app, "a.geojson", GOOD, theme="local-roads").error) == []


def test_sending_nothing_is_told(open_data: Opener) -> None:
    app = open_data()
    app.button[0].click().run()
    assert app.error[0].value == "Choose a file first."
