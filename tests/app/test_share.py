"""The share panel: nothing is made before it is opened, files come from threads, links are told."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from geoapp.ui import exports

MOST_SECONDS = 60


def _page() -> None:
    from geoapp.ui import cache, permalink, state
    from geoapp.ui.components.share import share_panel

    permalink.adopt()
    share_panel(cache.atlas(), state.text())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def open_panel(
    monkeypatch: pytest.MonkeyPatch, store: Path, workspace_root: Path
) -> Callable[..., AppTest]:
    """A function that opens the panel at an address."""
    monkeypatch.setenv("GEOAPP_STORE", str(store))
    monkeypatch.setenv("GEOAPP_WORKSPACE", str(workspace_root))

    def open_panel(**address: str) -> AppTest:
        app = AppTest.from_function(_page, default_timeout=MOST_SECONDS)
        app.context = {"locale": "en"}
        app.query_params = dict(address)
        app.session_state["share"] = True
        app.run()
        assert list(app.exception) == []
        return app

    return open_panel


def until(app: AppTest, there: Callable[[], bool]) -> None:
    """Look again, as the page does, until something is there."""
    deadline = time.monotonic() + MOST_SECONDS
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.1)
        app.run()
        assert list(app.exception) == []


def texts(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.warning, app.error)
    return "\n".join(found.value for kind in kinds for found in kind).replace("\\", "")


def test_nothing_is_made_while_the_panel_is_closed(
    monkeypatch: pytest.MonkeyPatch, store: Path, workspace_root: Path
) -> None:
    monkeypatch.setenv("GEOAPP_STORE", str(store))
    monkeypatch.setenv("GEOAPP_WORKSPACE", str(workspace_root))
    before = len(exports._jobs)
    app = AppTest.from_function(_page, default_timeout=MOST_SECONDS).run()
    assert list(app.exception) == []
    assert list(app.selectbox) == []
    assert len(exports._jobs) == before


def test_a_preview_comes_by_itself(open_panel: Callable[..., AppTest]) -> None:
    app = open_panel(partnerships="pl-beskid")
    until(app, lambda: bool(app.get("image")))


def test_a_table_is_made_and_offered(open_panel: Callable[..., AppTest]) -> None:
    app = open_panel(partnerships="pl-beskid")
    app.selectbox(key="share-kind").set_value("table").run()
    app.button(key="share-make").click().run()
    until(app, lambda: bool(app.get("download_button")))
    (offered,) = app.get("download_button")
    assert "XLSX" in offered.proto.label


def test_kinds_of_stories_are_offered_where_there_is_one(
    open_panel: Callable[..., AppTest],
) -> None:
    kinds = open_panel().selectbox(key="share-kind").options
    assert "Portrait of the partnership" in kinds
    assert not [kind for kind in kinds if "story" in kind or "meeting" in kind]


def test_the_address_tells_what_the_recipient_sees(open_panel: Callable[..., AppTest]) -> None:
    app = open_panel(partnerships="pl-beskid", layers="reserve", base="osm")
    told = texts(app)
    assert "Themes: Reserve (illustrative)" in told
    assert "tile.example" in told


def test_what_is_refused_is_told_and_can_be_tried_again(
    open_panel: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_panel(partnerships="nowhere")
    app.selectbox(key="share-kind").set_value("text").run()
    app.button(key="share-make").click().run()
    until(app, lambda: bool(app.error))
    assert "nowhere" in texts(app)
    assert app.button(key="share-make")
