"""The wheel, installed apart from the checkout: it brings all it needs and shows its map."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from geoapp import __version__

START_SECONDS = 60


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=repository, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a new environment that has the wheel, and our libraries."""
    root = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root)], check=True)
    (site,) = root.glob("lib/python*/site-packages")
    # a path in a .pth file is searched, but the .pth files there, such as the one of an editable
    # install of the checkout, are not read
    libraries = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    (site / "libraries.pth").write_text("\n".join(sorted(libraries)), "utf-8")
    python = root / "bin/python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
    return root / "bin"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"GEOAPP_STORE": str(tmp_path_factory.mktemp("store"))}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty")


@pytest.fixture(scope="module")
def url(installed: Path, environment: dict[str, str], empty: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [str(installed / "geoapp"), "serve", "--no-browser", "--port", str(port)]
    with subprocess.Popen(command, cwd=empty, env=environment) as process:
        try:
            deadline = time.monotonic() + START_SECONDS
            while not answers(f"{address}/_stcore/health"):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=20)


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2):  # noqa: S310 - our own
            return True
    except OSError:
        return False


def test_the_wheel_holds_all_that_belongs_to_it_and_no_more(wheel: Path, repository: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    embedded = {
        f"geoapp/embedded/{path.relative_to(repository).as_posix()}"
        for folder in ("layers", "data")
        for path in (repository / folder).rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    component = {
        path.relative_to(repository).as_posix()
        for path in (repository / "geoapp/ui/map_component").rglob("*")
        if path.is_file()
    }
    assert names >= embedded | component
    assert len(embedded) > 30
    assert len(component) > 15
    assert names >= {
        "geoapp/pyproject.toml",
        "geoapp/embedded/streamlit_app.py",
        "geoapp/locale/pl.po",
        "geoapp/locale/cs.po",
    }
    licences = {name for name in names if ".dist-info/licenses/" in name}
    assert {name.partition("/licenses/")[2] for name in licences} == {
        "LICENSE",
        "geoapp/ui/map_component/vendor/leaflet/LICENSE",
        *(
            f"geoapp/ui/map_component/vendor/tiles/LICENSE-{name}"
            for name in ("fflate", "pbf", "pmtiles", "point-geometry", "vector-tile")
        ),
    }
    foreign = re.compile(r"(^|/)(tests?|docs|benchmarks|__pycache__|node_modules)/|\.pyc$")
    assert not [name for name in names if foreign.search(name)]
    assert {name.partition("/")[0] for name in names} == {
        "geoapp",
        f"geoapp-{__version__}.dist-info",
    }


def test_the_program_of_the_wheel_knows_the_embedded_workspace(
    installed: Path, environment: dict[str, str], empty: Path
) -> None:
    done = subprocess.run(
        [str(installed / "geoapp"), "info", "--json"],
        cwd=empty,
        env=environment,
        capture_output=True,
        check=True,
    )
    info = json.loads(done.stdout)
    assert len(info["partnerships"]) == 12
    assert (info["municipalities_with_borders"], info["problems"]) == (172, [])
    assert list(empty.iterdir()) == []


def test_what_runs_is_the_wheel(installed: Path, environment: dict[str, str], empty: Path) -> None:
    code = (
        "import geoapp; from geoapp.workspace.opening import embedded_workspace as found;"
        "print(geoapp.__file__, found())"
    )
    done = subprocess.run(
        [str(installed / "python"), "-c", code],
        cwd=empty,
        env=environment,
        capture_output=True,
        check=True,
        text=True,
    )
    package, workspace = map(Path, done.stdout.split())
    assert package.is_relative_to(installed.parent)
    assert workspace == package.parent / "embedded"


@pytest.mark.browser
def test_the_wheel_shows_its_map_without_a_foreign_request(chromium: Browser, url: str) -> None:
    page = chromium.new_context(locale="en-GB").new_page()
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{url}/?partnerships=pl-beskidzka-cwd&lang=en")
    drawn = page.locator('.geoapp-map[data-ready="true"]')
    expect(drawn).to_have_attribute("data-layers", "municipalities", timeout=30_000)
    expect(page.locator('[data-key="241711"]')).to_have_attribute("role", "button")
    expect(drawn).to_contain_text("Schematic borders")
    expect(page.locator("h1").first).to_have_text("Beskid Agglomeration (CWD)")
    page.context.close()
    assert wrong == []
    assert any("/layers/members-" in address for address in asked)
    own = (url, url.replace("http", "ws"), "data:", "blob:")
    assert [address for address in asked if not address.startswith(own)] == []
