from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from email.utils import format_datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from geoapp.errors import FileRefusedError
from geoapp.sources.remote.fetching import Patience, Planned, fetching, planning
from geoapp.sources.remote.kept import Document, Place, claimed, forget_unused
from geoapp.sources.remote.pulled import AnswerRefusedError, FetchRefusedError
from geoapp.sources.remote.registry import RemoteSource

BODY = bytes(range(256)) * 8000
QUICK = Patience(first_wait_seconds=0.01, longest_wait_seconds=0.5, read_seconds=5)
MakeSource = Callable[..., RemoteSource]

CHILD = """
import sys, pathlib
from geoapp.sources.remote.fetching import fetching
from geoapp.sources.remote.registry import RemoteSource
source = RemoteSource.model_validate_json(sys.argv[1])
with fetching(source, pathlib.Path(sys.argv[2])) as fetch:
    fetch(source.address, label="it")
"""


def fetch_once(source: RemoteSource, cache: Path, **options: Any) -> bytes:
    """Fetch the address of a source and return what is kept; options go to `fetching`."""
    given = {name: options.pop(name) for name in ("query", "form", "expected") if name in options}
    with fetching(source, cache, **({"patience": QUICK} | options)) as fetch:
        return fetch(source.address, label="it", **given).read_bytes()


def test_what_is_fetched_is_kept_with_all_that_is_known_of_it(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    source = make_source(server.at("/data/gminy.zip", serving.file_answer(BODY)))
    noted: list[tuple[Document, Path]] = []
    steps: list[tuple[int, int, str]] = []
    found = fetch_once(
        source,
        tmp_path,
        note=lambda *kept: noted.append(kept),
        progress=lambda *step: steps.append(step),
    )
    assert found == BODY
    ((document, path),) = noted
    assert document.sha256 == hashlib.sha256(BODY).hexdigest()
    assert (document.size, document.address) == (len(BODY), source.address)
    assert path.name == "document-gminy.zip"
    assert steps[-1] == (len(BODY), len(BODY), "it")
    (request,) = server.requests
    assert re.fullmatch(r"geoapp/[\d.]+", request.headers["user-agent"])
    assert {"cookie", "authorization", "referer"}.isdisjoint(request.headers)


def test_nothing_of_netrc_or_cookies_is_sent(
    server: Any,
    serving: ModuleType,
    make_source: MakeSource,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    baking = serving.Answer(b"one", headers={"Set-Cookie": "who=me; Path=/"})
    source = make_source(server.at("/a", baking))
    with fetching(source, tmp_path / "cache", patience=QUICK) as fetch:
        for place in "xyz":
            fetch(source.address, label="it", query={"place": place})
    assert len(server.requests) == 3
    assert all({"cookie", "authorization"}.isdisjoint(asked.headers) for asked in server.requests)


@pytest.mark.parametrize("how", [{"etag": True}, {"etag": False, "modified": "Wed, 01 Jan 2025"}])
def test_what_did_not_change_is_not_sent_again(
    how: dict[str, Any], server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    source = make_source(server.at("/a.zip", serving.file_answer(BODY, **how)))
    noted: list[Document] = []
    for _ in range(2):
        kept = fetch_once(source, tmp_path, note=lambda document, _: noted.append(document))
        assert kept == BODY
    first, second = server.requests
    assert {"if-none-match", "if-modified-since"}.isdisjoint(first.headers)
    assert {"if-none-match", "if-modified-since"} & set(second.headers)
    assert noted[0].sha256 == noted[1].sha256
    assert noted[1].retrieved > noted[0].retrieved


def test_what_changed_is_sent_again(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    answers = serving.file_answer(b"old"), serving.file_answer(b"new")
    source = make_source(server.at("/a.zip", *answers))
    assert [fetch_once(source, tmp_path) for _ in range(2)] == [b"old", b"new"]


def test_answers_of_an_interrupted_pull_are_used_as_they_are(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    source = make_source(server.at("/wfs", serving.Answer(b"page")))
    begun = dt.datetime.now(dt.UTC)
    query = {"STARTINDEX": "0"}
    for since in (begun, begun, dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)):
        assert fetch_once(source, tmp_path, since=since, query=query) == b"page"
    assert len(server.requests) == 2


def test_a_broken_line_is_taken_up_where_it_broke(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    broken = serving.file_answer(BODY, cut=len(BODY) // 2)
    source = make_source(server.at("/a.zip", broken, serving.file_answer(BODY)))
    assert fetch_once(source, tmp_path) == BODY
    first, second = server.requests
    assert "range" not in first.headers
    came = int(second.headers["range"].removeprefix("bytes=").removesuffix("-"))
    assert len(BODY) // 4 < came <= len(BODY) // 2
    assert second.headers["if-range"].startswith('"')


def test_a_part_of_another_version_is_thrown_away(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    other = BODY[::-1]
    broken = serving.file_answer(BODY, cut=len(BODY) // 2)
    source = make_source(server.at("/a.zip", broken, serving.file_answer(other)))
    assert fetch_once(source, tmp_path) == other


def test_without_a_version_nothing_is_resumed(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    broken = serving.file_answer(BODY, etag=False, cut=1000)
    source = make_source(server.at("/a.zip", broken, serving.file_answer(BODY, etag=False)))
    assert fetch_once(source, tmp_path) == BODY
    assert all("range" not in asked.headers for asked in server.requests)


def test_a_server_that_sends_another_part_is_asked_for_the_whole(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    wrong = serving.Answer(BODY[5:], 206, {"Content-Range": f"bytes 5-9/{len(BODY)}"})
    broken = serving.file_answer(BODY, cut=500_000)
    source = make_source(server.at("/a.zip", broken, wrong, serving.file_answer(BODY)))
    assert fetch_once(source, tmp_path) == BODY
    assert ["range" in asked.headers for asked in server.requests] == [False, True, False]


def test_a_part_that_is_the_whole_already_is_taken(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    source = make_source(server.at("/a.zip", serving.file_answer(BODY)))
    whole = fetch_once(source, tmp_path)
    place = Place.of(tmp_path, source.address)
    document = place.document()
    assert document is not None
    # as a process leaves it that is killed after the last byte
    place.begin(document.version)
    place.partial.write_bytes(whole)
    (place.folder / "about.json").unlink()
    place.answer.unlink()
    assert fetch_once(source, tmp_path) == BODY
    assert [asked.headers.get("range") for asked in server.requests] == [
        None,
        f"bytes={len(BODY)}-",
    ]


def test_a_killed_process_leaves_what_the_next_one_goes_on_from(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    gate = threading.Event()
    half = len(BODY) // 2
    slow = serving.file_answer(BODY, cut=half, gate=gate)
    source = make_source(server.at("/a.zip", slow, serving.file_answer(BODY)))
    command = [sys.executable, "-c", CHILD, source.model_dump_json(), str(tmp_path)]
    partial = Place.of(tmp_path, source.address).partial
    with subprocess.Popen(command) as child:
        deadline = time.monotonic() + 30
        while not partial.is_file() or partial.stat().st_size < half // 2:
            assert child.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(child.pid, signal.SIGKILL)
    gate.set()
    here = partial.stat().st_size
    assert fetch_once(source, tmp_path) == BODY
    assert server.requests[-1].headers["range"] == f"bytes={here}-"
    assert not partial.exists()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(
    status: int, server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    busy = serving.Answer(b"busy", status)
    source = make_source(server.at("/a", busy, busy, serving.Answer(b"data")))
    assert fetch_once(source, tmp_path) == b"data"
    assert len(server.requests) == 3


@pytest.mark.parametrize("as_date", [False, True])
def test_a_server_is_left_alone_as_long_as_it_asks(
    as_date: bool, server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    # dates have whole seconds
    until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2)
    stated = format_datetime(until, usegmt=True) if as_date else "1"
    busy = serving.Answer(b"", 429, {"Retry-After": stated})
    source = make_source(server.at("/a", busy, serving.Answer(b"data")))
    start = time.monotonic()
    patience = QUICK.model_copy(update={"longest_wait_seconds": 10})
    assert fetch_once(source, tmp_path, patience=patience) == b"data"
    assert 0.8 < time.monotonic() - start < 8


def test_a_server_that_wants_to_be_left_alone_for_long_is_believed(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    source = make_source(server.at("/a", serving.Answer(b"", 429, {"Retry-After": "7200"})))
    until = dt.datetime.now(dt.UTC) + dt.timedelta(hours=2)
    with pytest.raises(FetchRefusedError, match=f"wait until {until:%Y-%m-%d}.*Try again then"):
        fetch_once(source, tmp_path)
    assert len(server.requests) == 1


def test_patience_ends(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    source = make_source(server.at("/a", serving.Answer(b"overloaded, sorry", 503)))
    with pytest.raises(AnswerRefusedError, match=r"503 Service Unavailable.*overloaded") as refused:
        fetch_once(source, tmp_path)
    assert refused.value.status == 503
    assert len(server.requests) == QUICK.attempts


def test_a_line_that_always_breaks_is_given_up(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    source = make_source(server.at("/a.zip", serving.file_answer(BODY, cut=90_000, ranges=False)))
    with pytest.raises(FetchRefusedError, match="broke off after 65536 bytes"):
        fetch_once(source, tmp_path)
    assert len(server.requests) == QUICK.attempts


def test_nobody_at_the_address_is_told(make_source: MakeSource, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        source = make_source(f"http://127.0.0.1:{port}/a")
        with pytest.raises(FetchRefusedError, match=f"127.0.0.1:{port} cannot be reached"):
            fetch_once(source, tmp_path)


def test_a_server_that_says_nothing_is_told(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    gate = threading.Event()
    source = make_source(server.at("/a", serving.Answer(b"abc", cut=1, gate=gate)))
    patience = QUICK.model_copy(update={"read_seconds": 0.2, "attempts": 2})
    try:
        with pytest.raises(FetchRefusedError, match="does not answer in time"):
            fetch_once(source, tmp_path, patience=patience)
    finally:
        gate.set()


def test_a_moved_address_is_told(server: Any, make_source: MakeSource, tmp_path: Path) -> None:
    source = make_source(f"{server.address}/gone.zip")
    with pytest.raises(AnswerRefusedError, match=r"Nothing is at .*gone.zip.*into\s+sources.toml"):
        fetch_once(source, tmp_path)


def test_one_host_may_lead_on_within_itself(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    server.at("/new", serving.Answer(b"data"))
    source = make_source(server.at("/old", serving.Answer(b"", 301, {"Location": "/new"})))
    assert fetch_once(source, tmp_path) == b"data"


@pytest.mark.parametrize("listed", [False, True])
def test_another_host_must_be_named(
    listed: bool, server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    with serving.running() as other:
        target = other.at("/new", serving.Answer(b"data"))
        moved = serving.Answer(b"", 302, {"Location": target})
        hosts = [other.address.removeprefix("http://")] if listed else []
        source = make_source(server.at("/old", moved), hosts=hosts)
        if listed:
            assert fetch_once(source, tmp_path) == b"data"
            return
        with pytest.raises(FetchRefusedError, match=r"registry does not name.*hosts of \[test\]"):
            fetch_once(source, tmp_path)
        assert other.requests == []


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://localhost/",
        "file:///etc/passwd",
        "http://me:secret@127.0.0.1/",
        "//elsewhere.example/x",
        "http://[::1",
    ],
)
def test_leading_elsewhere_is_refused(
    target: str, server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    source = make_source(server.at("/old", serving.Answer(b"", 302, {"Location": target})))
    with pytest.raises(FetchRefusedError, match="registry does not name"):
        fetch_once(source, tmp_path)


def test_going_round_in_circles_ends(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    source = make_source(server.at("/a", serving.Answer(b"", 302, {"Location": "/a"})))
    with pytest.raises(FetchRefusedError, match="without end"):
        fetch_once(source, tmp_path)
    assert len(server.requests) < 10


def test_a_protocol_cannot_ask_a_host_of_its_own(
    server: Any, make_source: MakeSource, tmp_path: Path
) -> None:
    source = make_source("https://data.example.org/a")
    with (
        fetching(source, tmp_path) as fetch,
        pytest.raises(FetchRefusedError, match="is not an address of this source"),
    ):
        fetch(f"{server.address}/a", label="it")
    assert server.requests == []


PAGE = (
    "<!DOCTYPE html><title>Przerwa\x1b[31m</title><script>alert(1)</script>"
    "<p>techniczna &amp; d\u0142uga"
).encode()


@pytest.mark.parametrize("stated", ["text/html", "application/octet-stream", ""])
def test_a_web_page_is_no_data(
    stated: str, server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    page = serving.Answer(PAGE, headers={"Content-Type": stated})
    source = make_source(server.at("/a.zip", page, serving.file_answer(b"data")))
    with pytest.raises(AnswerRefusedError, match=r"sent text/html: “Przerwa \[31m techniczna & dł"):
        fetch_once(source, tmp_path)
    assert fetch_once(source, tmp_path) == b"data"


def test_another_type_than_expected_is_refused(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    xml = serving.Answer(b"<a>no</a>", headers={"Content-Type": "application/xml"})
    source = make_source(server.at("/a", xml))
    with pytest.raises(AnswerRefusedError, match=r"Expected application/json.* “no”"):
        fetch_once(source, tmp_path, expected=("application/json",))
    assert fetch_once(source, tmp_path, expected=("application/",)) == b"<a>no</a>"


@pytest.mark.parametrize("announced", [True, False])
def test_more_than_the_registry_allows_is_refused(
    announced: bool, server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    packed = serving.Answer(gzip.compress(bytes(5_000_000)), headers={"Content-Encoding": "gzip"})
    plain = serving.Answer(bytes(2000))
    source = make_source(server.at("/a", plain if announced else packed), max_bytes=1000)
    with pytest.raises(
        FetchRefusedError, match=r"more than 1000 bytes.*raise max_bytes of \[test\]"
    ):
        fetch_once(source, tmp_path, query=None if announced else {"a": "b"})
    assert max(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 1_000_000


def test_a_packed_answer_is_unpacked(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    packed = serving.Answer(gzip.compress(BODY), headers={"Content-Encoding": "gzip"})
    source = make_source(server.at("/a", packed))
    assert fetch_once(source, tmp_path, query={"q": "1"}) == BODY
    assert server.requests[0].headers["accept-encoding"] == "gzip"


def test_a_form_is_posted(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    source = make_source(
        server.at("/a", lambda request: serving.Answer(request.form["data"].encode()))
    )
    forms = [{"data": "[out:json];"}, {"data": "node;"}]
    assert [fetch_once(source, tmp_path, form=form) for form in forms] == [b"[out:json];", b"node;"]
    assert [asked.method for asked in server.requests] == ["POST", "POST"]


def test_who_watches_may_end_it(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    source = make_source(server.at("/a.zip", serving.file_answer(BODY)))

    def enough(done: int, _total: int, _label: str = "", /) -> None:
        if done > len(BODY) // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_once(source, tmp_path, progress=enough)
    assert fetch_once(source, tmp_path) == BODY
    assert "range" in server.requests[-1].headers


def test_a_pause_is_kept_between_requests(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    source = make_source(server.at("/a", serving.Answer(b"x")), pause_seconds=0.2)
    start = time.monotonic()
    with fetching(source, tmp_path, patience=QUICK) as fetch:
        for page in range(3):
            fetch(source.address, label="it", query={"page": str(page)})
    assert time.monotonic() - start >= 0.4


def test_two_at_once_do_not_mix(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    source = make_source(server.at("/a", serving.Answer(b"x")))
    with (
        claimed(Place.of(tmp_path, source.address), "other"),
        pytest.raises(FetchRefusedError, match="being fetched by another process"),
    ):
        fetch_once(source, tmp_path)


def test_a_folder_that_takes_nothing_is_told(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x")
    source = make_source(server.at("/a", serving.Answer(b"x")))
    with pytest.raises(FetchRefusedError, match=r"cannot be written there.*GEOAPP_STORE"):
        fetch_once(source, tmp_path / "file")


def test_an_answer_that_lost_bytes_on_this_machine_is_fetched_again(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    source = make_source(server.at("/a.zip", serving.file_answer(BODY)))
    fetch_once(source, tmp_path)
    place = Place.of(tmp_path, source.address)
    place.answer.write_bytes(BODY[:-1])
    assert fetch_once(source, tmp_path) == BODY
    about = json.loads((place.folder / "about.json").read_text("utf-8"))
    assert about["size"] == len(BODY)


def test_what_nobody_asked_for_in_a_month_is_removed(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    forget_unused(tmp_path / "none yet")
    sources = [make_source(server.at(f"/{name}", serving.file_answer(BODY))) for name in "ab"]
    for source in sources:
        fetch_once(source, tmp_path)
    old, new = (Place.of(tmp_path, source.address) for source in sources)
    for path in old.folder.iterdir():
        os.utime(path, (0, 0))
    forget_unused(tmp_path)
    assert (old.document(), new.document() is None) == (None, False)
    assert fetch_once(sources[0], tmp_path) == BODY


def test_a_plan_fetches_nothing(
    server: Any, serving: ModuleType, make_source: MakeSource, tmp_path: Path
) -> None:
    source = make_source(server.at("/a.zip", serving.file_answer(BODY)))
    planned: list[Planned] = []
    for _ in range(2):
        with planning(source, tmp_path, planned.append, patience=QUICK) as fetch:
            fetch(source.address, label="a")
            path = fetch(source.address, label="b", query={"q": "1"})
            assert not path.exists()
        fetch_once(source, tmp_path)
    assert [(plan.size, plan.kept, plan.paged) for plan in planned] == [
        (len(BODY), False, False),
        (None, False, True),
        (len(BODY), True, False),
        (None, False, True),
    ]
    assert [asked.method for asked in server.requests] == ["HEAD", "GET", "HEAD", "GET"]


def test_errors_of_fetching_are_refusals() -> None:
    assert issubclass(FetchRefusedError, FileRefusedError)
    assert issubclass(AnswerRefusedError, FetchRefusedError)
