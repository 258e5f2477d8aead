"""The running app, as `geoapp serve` starts it, and a page that notes what must not happen."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect

START_SECONDS = 60
expect.set_options(timeout=15_000)


@dataclass
class App:
    """A page of the app."""

    page: Page
    url: str
    foreign: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def open(self, address: str = "") -> None:
        """Open an address and wait until the script has run."""
        self.page.goto(f"{self.url}/{address}")
        expect(self.page.locator("h1").first).to_be_visible()
        self.settle()

    def settle(self) -> None:
        """Wait until no run of the script is under way."""
        expect(self.page.locator('[data-test-script-state="notRunning"]')).to_have_count(1)

    @property
    def map(self) -> Locator:
        """The first map of the page, once it shows all its layers."""
        found = self.page.locator('.geoapp-map[data-ready="true"]').first
        expect(found).to_have_attribute("aria-busy", "false")
        return found

    def state(self, name: str) -> str:
        """Return a data attribute of the map."""
        return self.map.get_attribute(f"data-{name}") or ""

    def area(self, key: str) -> Locator:
        """Return the polygon of a municipality."""
        return self.page.locator(f'.geoapp-map [data-key="{key}"]').first


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Any]:
    store = tmp_path_factory.mktemp("store")

    @contextmanager
    def serve(workspace: Path) -> Iterator[str]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [
            *(sys.executable, "-m", "geoapp", "serve", "--no-browser"),
            *("--workspace", str(workspace), "--port", str(port)),
        ]
        environment = {**os.environ, "GEOAPP_STORE": str(store)}
        log = store / f"server-{port}.log"
        with (
            log.open("wb") as told,
            subprocess.Popen(command, env=environment, stderr=told) as process,
        ):
            try:
                yield wait_for(f"http://127.0.0.1:{port}", process, log)
            finally:
                process.terminate()
                process.wait(timeout=20)

    return serve


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> str:
    """Return the address once the server answers there."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):  # noqa: S310 - ours
                return url
        except OSError:
            time.sleep(0.1)
    process.kill()
    raise AssertionError(f"the server did not start: {log.read_text()}")


@pytest.fixture(scope="session")
def served(serve: Callable[[Path], Any]) -> Iterator[str]:
    """The embedded workspace, served."""
    with serve(Path(__file__).parents[2]) as url:
        yield url


@pytest.fixture
def open_app(chromium: Browser) -> Iterator[Callable[..., App]]:
    """Opens pages; at the end nothing may have gone to a foreign host, or wrong."""
    opened: list[App] = []

    def open_app(url: str, **options: Any) -> App:
        settings = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"} | options
        app = App(chromium.new_context(**settings).new_page(), url)
        watch(app)
        opened.append(app)
        return app

    yield open_app
    for app in opened:
        app.page.context.close()
        assert app.foreign == []
        assert app.dialogs == []
        assert app.errors == []
        assert app.refused == []


@pytest.fixture
def app(open_app: Callable[..., App], served: str) -> App:
    """A page on the embedded workspace."""
    return open_app(served)


def watch(app: App) -> None:
    """Note foreign requests, dialogs, errors of scripts, and what the content policy refused."""

    def note_request(request: Request) -> None:
        if not request.url.startswith((app.url, "data:", "blob:", app.url.replace("http", "ws"))):
            app.foreign.append(request.url)

    def note_console(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            app.refused.append(message.text)

    app.page.on("request", note_request)
    app.page.on("console", note_console)
    app.page.on("pageerror", lambda error: app.errors.append(str(error)))
    app.page.on("dialog", lambda dialog: (app.dialogs.append(dialog.message), dialog.dismiss()))
