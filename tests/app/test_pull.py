"""Fetching data on the page Data: off unless enabled, in the background, told when it has ended."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import shapely
from streamlit.testing.v1 import AppTest

from geoapp.ui import pulling

SCRIPT = Path(__file__).parents[2] / "streamlit_app.py"
SOURCE, AREA, SLUG = "prg-gminy", "pl-beskid", "boundaries-prg-gminy"
GMINAS = {"2417112": "Rajcza *", "2417142": "Ujsoły", "2417092": "Milówka", "2417072": "Łodygowice"}
WAIT_SECONDS = 60

Opener = Callable[..., AppTest]


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What the source waits for after the beginning of its answer."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def open_data(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, workspace_root: Path, server: Any
) -> Opener:
    def open_data(*, allowed: str = "1") -> AppTest:
        monkeypatch.setenv("GEOAPP_STORE", str(tmp_path / "store"))
        monkeypatch.setenv("GEOAPP_WORKSPACE", str(workspace_root))
        monkeypatch.setenv("GEOAPP_ALLOW_PULL", allowed)
        monkeypatch.setattr(pulling, "_latest", None)
        (workspace_root / "sources.toml").write_text(
            f'[{SOURCE}]\naddress = "{server.address}/prg"\npause_seconds = 0\n',
            "utf-8",
        )
        app = AppTest.from_file(SCRIPT, default_timeout=120)
        app.context = {"locale": "en"}
        app.run().switch_page("geoapp/ui/pages/data.py").run()
        assert list(app.exception) == []
        return app

    return open_data


def fetch(app: AppTest) -> AppTest:
    app.selectbox(key="pull-source").set_value(SOURCE)
    app.selectbox(key="pull-area").set_value(AREA)
    (button,) = [found for found in app.button if found.label == "Fetch"]
    button.click().run()
    assert list(app.exception) == []
    return app


def ended(app: AppTest) -> str:
    """Wait for the end, open the page again and return what it tells, in plain text."""
    errand = pulling.latest()
    assert errand is not None
    assert errand.ended.wait(WAIT_SECONDS)
    app.run()
    told = [*app.success, *app.info, *app.warning, *app.error]
    return "\n".join(found.value for found in told).replace("\\", "")


def gminas(serving: ModuleType) -> list[Any]:
    return [
        serving.Feature(
            {"JPT_KOD_JE": code, "JPT_NAZWA_": name},
            shapely.MultiPolygon([shapely.box(19 + 0.1 * place, 49.4, 19.1 + 0.1 * place, 49.5)]),
        )
        for place, (code, name) in enumerate(GMINAS.items())
    ]


@pytest.mark.parametrize("allowed", ["0", ""])
def test_nobody_fetches_unless_it_was_enabled(open_data: Opener, allowed: str) -> None:
    app = open_data(allowed=allowed)
    assert "Fetch" not in [button.label for button in app.button]


def test_what_was_fetched_is_told_and_is_a_layer(
    open_data: Opener, server: Any, serving: ModuleType, workspace_root: Path
) -> None:
    server.at("/prg", serving.wfs_answer(gminas(serving)))
    app = fetch(open_data())
    assert f"{SLUG}: 4 features." in ended(app)
    assert (workspace_root / f"layers/{SLUG}.toml").is_file()
    app.switch_page("geoapp/ui/pages/map.py").run()
    assert list(app.exception) == []


def test_a_source_that_refuses_changes_nothing(
    open_data: Opener, server: Any, serving: ModuleType, workspace_root: Path
) -> None:
    server.at("/prg", serving.Answer(b"<html>moved</html>", headers={"Content-Type": "text/html"}))
    app = open_data()
    before = sorted(workspace_root.rglob("*"))
    told = ended(fetch(app))
    assert told.startswith("Nothing was changed: ")
    assert sorted(workspace_root.rglob("*")) == before


def test_a_fetch_that_runs_is_shown_to_everybody_and_can_be_stopped(
    open_data: Opener, server: Any, serving: ModuleType, gate: threading.Event, workspace_root: Path
) -> None:
    whole = serving.wfs_answer(gminas(serving))

    def slow(request: Any) -> Any:
        gate.wait(WAIT_SECONDS)
        return whole(request)

    server.at("/prg", slow)
    app = fetch(open_data())
    assert [button.label for button in app.button if button.label in ("Fetch", "Stop")] == ["Stop"]
    assert not pulling.start(SOURCE, AREA), pulling.latest()
    app.button(key="pull-stop").click().run()
    gate.set()
    assert "Stopped." in ended(app)
    assert not (workspace_root / f"layers/{SLUG}.toml").exists()
