"""The running server: what it serves for ever, what it does not, and what every answer says."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from streamlit.web.server.starlette import starlette_server

from geoapp.core.atlas import Atlas
from geoapp.core.mapspec import BaseMap
from geoapp.server import content_policy, send_at_once, server_config
from geoapp.store.files import display_name, obtain
from geoapp.workspace.opening import open_workspace
from geoapp.workspace.preparing import prepare

START_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Served:
    """The small workspace, served, and the atlas that is served."""

    port: int
    atlas: Atlas

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Send a path as it is; names of headers have underscores for hyphens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, headers=named)
            answer = connection.getresponse()
            lower = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, lower, answer.read())
        finally:
            connection.close()

    def is_up(self) -> bool:
        try:
            return self.ask("/_stcore/health").status == http.HTTPStatus.OK
        except OSError:
            return False


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, write_workspace: Callable[[Path], Path]
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    root, store = write_workspace(folder / "workspace"), folder / "store"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    found = Served(port, prepare(open_workspace(root), store=store))
    command = [sys.executable, "-m", "geoapp", "serve", str(root), "--no-browser"]
    environment = {**os.environ, "GEOAPP_STORE": str(store)}
    with subprocess.Popen([*command, "--port", str(port)], env=environment) as process:
        try:
            deadline = time.monotonic() + START_SECONDS
            while not found.is_up():
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield found
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.fixture(scope="module")
def layer(served: Served) -> str:
    """The address of the municipalities."""
    assert served.atlas.members is not None
    return f"/layers/{served.atlas.members.name}"


TILES = bytes(range(256)) * 20


@pytest.fixture(scope="module")
def tiles(served: Served) -> str:
    """The address of a file that the server takes for tiles, whose bytes tell where they lie."""
    assert served.atlas.members is not None
    store = served.atlas.members.path.parents[2]
    key = "00000000000000aa"
    obtain(store, key, lambda draft: (draft / "roads.pmtiles").write_bytes(TILES) and None)
    return f"/layers/{display_name('roads', key, '.pmtiles')}"


@pytest.fixture(scope="module")
def key(layer: str) -> str:
    """What names the content of the municipalities."""
    return layer.removesuffix(".geojson").rpartition("-")[2]


def test_small_answers_leave_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starlette_server, "_bind_socket", starlette_server._bind_socket)
    send_at_once()
    with starlette_server._bind_socket("127.0.0.1", 0, 1) as listening, socket.socket() as browser:
        listening.setblocking(True)
        browser.connect(listening.getsockname())
        with listening.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_it_is_well(served: Served) -> None:
    answer = served.ask("/_stcore/health")
    assert (answer.status, answer.body) == (200, b"ok")


def test_a_layer_is_kept_for_ever(served: Served, layer: str) -> None:
    answer = served.ask(layer)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "etag" in answer.headers
    assert served.atlas.members is not None
    assert answer.body == served.atlas.members.path.read_bytes()
    assert len(json.loads(answer.body)["features"]) == 5


def test_a_layer_travels_compressed_where_that_is_understood(served: Served, layer: str) -> None:
    plain = served.ask(layer)
    packed = served.ask(layer, Accept_Encoding="gzip")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"].lower() == "accept-encoding"
    assert len(packed.body) < len(plain.body)
    assert gzip.decompress(packed.body) == plain.body


def test_tiles_are_sent_in_parts_and_kept_for_ever(served: Served, tiles: str) -> None:
    answer = served.ask(tiles, Range="bytes=300-555", Accept_Encoding="gzip")
    assert (answer.status, answer.body) == (206, TILES[300:556])
    assert answer.headers["content-range"] == f"bytes 300-555/{len(TILES)}"
    assert answer.headers["content-length"] == "256"
    assert answer.headers["content-type"] == "application/vnd.pmtiles"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "identity"
    assert served.ask(tiles, Range="bytes=-10").body == TILES[-10:]
    assert served.ask(tiles, Range=f"bytes=0-{10 * len(TILES)}").body == TILES
    again = served.ask(tiles, Range="bytes=0-9", If_Range=answer.headers["etag"])
    assert (again.status, again.body) == (206, TILES[:10])


def test_a_whole_file_of_tiles_is_not_compressed_once_more(served: Served, tiles: str) -> None:
    answer = served.ask(tiles, Accept_Encoding="gzip")
    assert (answer.status, answer.body) == (200, TILES)
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-encoding"] == "identity"


def test_several_parts_come_together(served: Served, tiles: str) -> None:
    answer = served.ask(tiles, Range="bytes=0-3,100-103", Accept_Encoding="gzip")
    assert answer.status == 206
    assert answer.headers["content-type"].startswith("multipart/byteranges; boundary=")
    for first, last in ((0, 3), (100, 103)):
        part = f"Content-Range: bytes {first}-{last}/{len(TILES)}\r\n\r\n".encode()
        assert part + TILES[first : last + 1] in answer.body


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ("bytes=999999-", 416),
        ("bytes=9-3", 400),
        ("bytes=x-y", 400),
        ("lines=0-3", 400),
        ("bytes=" + ",".join(["0-3"] * 200), 200),
    ],
)
def test_a_part_that_is_not_there_is_refused(
    served: Served, tiles: str, wanted: str, status: int
) -> None:
    answer = served.ask(tiles, Range=wanted)
    assert answer.status == status
    if status == http.HTTPStatus.OK:
        assert answer.body == TILES
    else:
        assert "cache-control" not in answer.headers


def test_a_name_of_tiles_that_are_not_there_is_not_found(served: Served, tiles: str) -> None:
    for name in (tiles.replace("roads", "rivers"), tiles.replace(".pmtiles", ".geojson")):
        answer = served.ask(name, Range="bytes=0-3")
        assert (answer.status, answer.body) == (404, b"no such layer")


@pytest.mark.parametrize(
    "name",
    [
        "nothing",
        "polygons.parquet",
        "members-0000000000000000.geojson",
        "{key}",
        "members-{key}.geojson.bak",
        "members-{key}.json",
        "MEMBERS-{key}.geojson",
        "table-{key}.geojson",
        ".members-{key}.geojson",
        "%7B%7B7*7%7D%7D",
        "etc",
    ],
)
def test_a_name_of_no_layer_is_not_found(served: Served, key: str, name: str) -> None:
    answer = served.ask(f"/layers/{name.format(key=key)}")
    assert (answer.status, answer.body) == (404, b"no such layer")
    assert "cache-control" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/layers/../prepared/{key}/members.geojson",
        "/layers/x/../members-{key}.geojson",
        "/layers/../../../../etc/passwd",
        "/layers/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/layers/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/layers/..\\..\\etc\\passwd",
        "/layers/members-{key}.geojson%00",
    ],
)
def test_a_way_out_of_the_folder_is_refused(served: Served, key: str, path: str) -> None:
    answer = served.ask(path.format(key=key))
    assert (answer.status, answer.body) == (400, b"Bad Request")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/partnership", 200),
        ("HEAD", "/", 200),
        ("GET", "/_stcore/health", 200),
        ("GET", "/layers/nothing", 404),
        ("POST", "/layers/nothing", 405),
        ("GET", "/layers/../../etc/passwd", 400),
        ("GET", "/_stcore/bidi-components/geoapp.map/map.js", 200),
        ("GET", "/_stcore/bidi-components/geoapp.map/../../../etc/passwd", 400),
        ("GET", "/layers/", 301),
        ("PUT", "/_stcore/upload_file/a/b", 403),
        ("DELETE", "/", 405),
    ],
)
def test_every_answer_carries_the_security_headers(
    served: Served, method: str, path: str, status: int
) -> None:
    answer = served.ask(path, method)
    assert answer.status == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    policy = rules(answer.headers["content-security-policy"])
    assert foreign(policy) == {"img-src": ["https://tile.example"]}


def rules(policy: str) -> dict[str, list[str]]:
    return {name: values for name, *values in (rule.split() for rule in policy.split(";"))}


def foreign(policy: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return what a policy allows besides its own page, by rule."""
    own = ("'self'", "'none'", "data:", "blob:", "'unsafe-inline'", "'wasm-unsafe-eval'", "'sha256")
    allowed = {
        name: [value for value in values if not value.startswith(own)]
        for name, values in policy.items()
    }
    return {name: values for name, values in allowed.items() if values}


def test_scripts_come_from_the_page_itself_or_are_known_by_hash() -> None:
    policy = rules(content_policy(()))
    assert foreign(policy) == {}
    assert policy["default-src"] == policy["connect-src"] == policy["frame-ancestors"] == ["'self'"]
    assert policy["object-src"] == ["'none'"]
    assert not {"'unsafe-inline'", "'unsafe-eval'", "data:"} & set(policy["script-src"])
    assert sum(value.startswith("'sha256-") for value in policy["script-src"]) >= 1


def test_base_maps_may_send_pictures_and_nothing_else() -> None:
    base_maps = [
        BaseMap(slug=slug, name="x", url=f"https://{host}/{{z}}/{{x}}/{{y}}.png", attribution="")
        for slug, host in (("a", "a.example"), ("b", "b.example:8443"), ("c", "a.example"))
    ]
    policy = rules(content_policy(base_maps))
    assert foreign(policy) == {"img-src": ["https://a.example", "https://b.example:8443"]}


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("{s}.tile.example", ["https://*.tile.example"]),
        # after a semicolon a rule of its own would begin
        ("a.example;sandbox", None),
        ("a.example;script-src", None),
        ("[a.example", None),
        ("me@a.example", None),
        ("{z}.example", None),
    ],
)
def test_a_host_of_a_base_map_is_a_host(host: str, allowed: list[str] | None) -> None:
    base = BaseMap(slug="a", name="x", url=f"https://{host}/{{z}}/{{x}}/{{y}}.png", attribution="")
    policy = rules(content_policy([base]))
    assert set(policy) == set(rules(content_policy(())))
    assert foreign(policy).get("img-src") == allowed


def test_a_foreign_page_cannot_talk_to_the_app(served: Served) -> None:
    """A browser lets any page open a connection; the server looks at whose page it is."""
    handshake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    own = f"http://127.0.0.1:{served.port}"
    assert served.ask("/_stcore/stream", **handshake, Origin=own).status == 101
    answer = served.ask("/_stcore/stream", **handshake, Origin="http://foreign.example")
    assert answer.status == 403


def test_no_program_may_drive_the_app(served: Served) -> None:
    answer = served.ask("/_stcore/agent/interact", "POST", Content_Type="application/json")
    assert answer.status == 403
    assert b"does not serve the agent API" in answer.body


def test_nothing_is_told_to_others_and_no_detail_of_an_error_to_readers() -> None:
    config = server_config("::1", 8600)
    assert (config["server.address"], config["server.port"]) == ("::1", 8600)
    assert config["browser.gatherUsageStats"] is False
    assert config["client.showErrorDetails"] == "none"
    assert config["server.enableXsrfProtection"] is True
