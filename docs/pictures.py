"""Take the pictures of the user guide from the running app: ``make docs``.

The embedded workspace is served as ``geoapp serve`` does it, on a free port and with prepared
data in a folder of its own, so that every picture shows what a reader gets from these files.
"""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

REPOSITORY = Path(__file__).parents[1]
PICTURES = Path(__file__).parent / "pictures"
START_SECONDS = 60
COLOURS = 256

BESKID = "partnerships=pl-beskidzka-cwd"
RAJCZA = "municipality=241711"
THEMES = "layers=cycle-routes,childcare,protected-nature"


@dataclass(frozen=True)
class Picture:
    """One picture: what to open, in which window; its name ends with the language.

    ``width`` and ``height`` are CSS pixels of the window; ``scale`` is the number of pixels of
    the picture for each of them. ``maps`` is the number of maps on the page.
    """

    name: str
    address: str
    width: int = 1280
    height: int = 800
    scale: float = 1
    scheme: Literal["light", "dark"] = "light"
    maps: int = 1

    @property
    def language(self) -> str:
        """Language of the page and of the browser, which writes the numbers of the table."""
        return self.name.rpartition("-")[2]


ALL_PICTURES = (
    Picture("map-en", f"?{BESKID}&group=role&{RAJCZA}"),
    Picture("map-pl", "?", height=1000),
    Picture("map-cs", "?partnerships=cz-sternbersko,a4b-opole-olomouc"),
    Picture("themes-pl", f"?{BESKID}&group=status&{THEMES}&{RAJCZA}", height=1000),
    Picture("profile-cs", "partnership?partnerships=cz-sever", height=900),
    Picture("functional-en", f"functional?{RAJCZA}", height=900, maps=0),
    Picture("data-en", "data?", height=900, maps=0),
    Picture("phone-pl", f"?{BESKID}&group=role", width=390, height=844, scale=1.5),
    Picture("dark-en", f"?{BESKID}&group=role&layers=cycle-routes", scheme="dark"),
)


def take_pictures(names: list[str]) -> None:
    """Take the pictures of these names, or all of them where none is named."""
    PICTURES.mkdir(exist_ok=True)
    with served() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for picture in ALL_PICTURES:
            if not names or picture.name in names:
                target = PICTURES / f"{picture.name}.png"
                target.write_bytes(small_png(photograph(browser, url, picture)))
                print(f"{target.relative_to(REPOSITORY)}: {target.stat().st_size // 1000} kB")
        browser.close()


@contextmanager
def served() -> Iterator[str]:
    """Serve the embedded workspace and give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "geoapp", "serve", "--no-browser"),
        *("--workspace", str(REPOSITORY), "--port", str(port)),
    ]
    with tempfile.TemporaryDirectory() as store:
        environment = {**os.environ, "GEOAPP_STORE": store}
        with subprocess.Popen(command, env=environment) as process:  # noqa: S603 - our own command
            try:
                yield wait_for(f"http://127.0.0.1:{port}", process)
            finally:
                process.terminate()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> str:
    """Return the address once the server answers there."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):  # noqa: S310 - ours
                return url
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{url}: the server did not start within {START_SECONDS} seconds")


def photograph(browser: Browser, url: str, picture: Picture) -> bytes:
    """Return the PNG of a page that has come to rest."""
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        device_scale_factor=picture.scale,
        color_scheme=picture.scheme,
        locale=picture.language,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{url}/{picture.address}&lang={picture.language}")
    come_to_rest(page, picture.maps)
    taken = page.screenshot(animations="disabled")
    context.close()
    return taken


def come_to_rest(page: Page, maps: int) -> None:
    """Wait until no run of the script is under way and every map shows all its layers.

    Raises
    ------
    AssertionError
        When that does not happen, or the page shows an error.
    """
    expect(page.locator("h1").first).to_be_visible(timeout=30_000)
    expect(page.locator('[data-test-script-state="notRunning"]')).to_have_count(1)
    drawn = page.locator('[data-ready="true"][aria-busy="false"]')
    expect(drawn).to_have_count(maps)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    page.evaluate("document.fonts.ready")
    page.wait_for_load_state("networkidle")


def small_png(png: bytes) -> bytes:
    """Return a PNG with few colours, which maps and texts bear well."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    few = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    target = io.BytesIO()
    few.save(target, "PNG", optimize=True)
    return target.getvalue()


if __name__ == "__main__":
    take_pictures(sys.argv[1:])
