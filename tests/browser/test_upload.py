"""A reader adds a file on the page Data: a good one is on the map, a hostile one is refused."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

WELLS = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"nazwa": "<img src=x onerror=alert(1)>", "kod": "2417112"},
            "geometry": {"type": "Point", "coordinates": place},
        }
        for place in ([19.02, 49.42], [19.03, 49.43], [0, 0])
    ],
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, write_workspace: Callable[[Path], Path]) -> Path:
    return write_workspace(tmp_path_factory.mktemp("upload") / "workspace")


@pytest.fixture(scope="module")
def url(root: Path, serve: Callable[[Path], Any]) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEOAPP_ALLOW_UPLOAD", "1")
        with serve(root) as url:
            yield url


def send(page: Page, name: str, content: bytes) -> None:
    page.get_by_test_id("stFileUploader").locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )
    # the name of a file that is still on its way has no button beside it
    expect(page.get_by_role("button", name=f"Remove {name}")).to_be_visible()
    page.get_by_role("button", name="Add the file").click()


def test_a_good_file_becomes_a_layer_and_a_hostile_one_nothing(
    open_app: Callable[..., Any], url: str, root: Path
) -> None:
    app = open_app(url)
    app.open("data?lang=en")
    box = app.page.get_by_role("combobox", name="What it holds")
    box.click()
    box.fill("Local roads")
    app.page.get_by_role("option", name="Local roads", exact=True).click()
    send(app.page, "wells.geojson", json.dumps(WELLS).encode())
    expect(app.page.get_by_test_id("stAlert").first).to_contain_text("Features used: 2 of 3.")
    app.settle()
    with app.page.expect_download() as download:
        layer = app.page.get_by_test_id("stExpander").filter(has_text="Local roads")
        layer.locator("summary").click()
        layer.get_by_role("button", name="Download corrections").click()
    told = Path(download.value.path()).read_text("utf-8-sig")
    assert "coordinates 0, 0" in told
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    send(app.page, "bad.geojson", b"<OGRVRTDataSource/>")
    expect(app.page.get_by_test_id("stAlert").first).to_contain_text("found a VRT file")
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
    app.open("?lang=en&layers=local-roads")
    assert "local-roads" in app.state("layers").split()


def test_the_server_takes_no_file_without_a_session(url: str) -> None:
    address = f"{url}/_stcore/upload_file/nobody/nothing"
    request = urllib.request.Request(address, data=b"x", method="PUT")  # noqa: S310 - our own
    with pytest.raises(urllib.error.HTTPError, match="40") as refused:
        urllib.request.urlopen(request)  # noqa: S310 - our own
    refused.value.close()
