import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from geoapp.errors import RefusedError
from geoapp.store import upkeep
from geoapp.store.files import obtain, prepared_folder
from geoapp.store.upkeep import keep_in_use, store_limit, store_size, tidy

HOUR = 3600
DAY = 24 * HOUR

HALF_BUILT = """
import sys, time
from pathlib import Path
from geoapp.store.files import obtain

def build(draft):
    (draft / "data").write_bytes(b"half")
    print("half", flush=True)
    time.sleep(60)

obtain(Path(sys.argv[1]), "0123456789abcdef", build)
"""


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOAPP_STORE_LIMIT", "1000")


def kept(root: Path) -> list[str]:
    return sorted(path.name for path in prepared_folder(root).iterdir())


def fill(folder: Path, content: bytes) -> None:
    (folder / "data").write_bytes(content)


def used_before(root: Path, key: str, seconds: float, size: int = 600) -> Path:
    """A folder that some other process prepared and used that long ago."""
    folder = prepared_folder(root) / key
    folder.mkdir(parents=True)
    fill(folder, b"x" * size)
    aged(folder, seconds)
    return folder


def aged(folder: Path, seconds: float) -> None:
    then = time.time() - seconds
    for path in (*folder.rglob("*"), folder):
        os.utime(path, (then, then))


@pytest.mark.parametrize(
    ("text", "limit_bytes"),
    [
        ("", 5 * 1024**3),
        ("1000000", 1_000_000),
        ("800M", 800 * 1024**2),
        ("2G", 2 * 1024**3),
        (" 1.5 gb ", 3 * 1024**3 // 2),
        ("1TiB", 1024**4),
        ("0", 0),
    ],
)
def test_a_limit_is_written_as_people_write_it(
    text: str, limit_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEOAPP_STORE_LIMIT", text)
    assert store_limit() == limit_bytes


@pytest.mark.parametrize("text", ["much", "-1", "5 apples", "1e9", "G"])
def test_what_is_no_size_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOAPP_STORE_LIMIT", text)
    with pytest.raises(RefusedError, match="GEOAPP_STORE_LIMIT: expected a size in bytes or such"):
        store_limit()


def test_the_size_is_that_of_all_that_is_finished(tmp_path: Path, limit: None) -> None:
    assert store_size(tmp_path).used_bytes == 0
    used_before(tmp_path, "a", DAY, 300)
    used_before(tmp_path, "b", DAY, 400)
    used_before(tmp_path, ".draft-c", 0, 500)
    size = store_size(tmp_path)
    assert (size.root, size.used_bytes, size.limit_bytes) == (tmp_path, 700, 1000)


def test_below_the_limit_everything_stays(tmp_path: Path) -> None:
    used_before(tmp_path, "a", 400 * DAY)
    tidy(tmp_path, 1000)
    assert kept(tmp_path) == ["a"]


def test_what_was_used_least_recently_goes_first(tmp_path: Path) -> None:
    for key, days in (("newer", 2), ("oldest", 9), ("older", 5)):
        used_before(tmp_path, key, days * DAY)
    tidy(tmp_path, 1000)
    assert kept(tmp_path) == ["newer"]


def test_what_was_used_today_stays_above_the_limit(tmp_path: Path) -> None:
    used_before(tmp_path, "today", 23 * HOUR)
    used_before(tmp_path, "yesterday", 25 * HOUR)
    used_before(tmp_path, "now", 0)
    tidy(tmp_path, 1000)
    assert kept(tmp_path) == ["now", "today"]


def test_far_above_the_limit_only_the_last_hour_counts(tmp_path: Path) -> None:
    for hours in (0, 2, 4, 6):
        used_before(tmp_path, f"{hours}h", hours * HOUR)
    tidy(tmp_path, 1000)
    assert kept(tmp_path) == ["0h"]


def test_what_this_process_uses_stays(tmp_path: Path) -> None:
    mine = obtain(tmp_path, "mine", lambda draft: fill(draft, b"x" * 5000))
    aged(mine, 400 * DAY)
    used_before(tmp_path, "foreign", 2 * DAY)
    tidy(tmp_path, 1000)
    assert kept(tmp_path) == ["mine"]


def test_using_a_folder_makes_it_recent(tmp_path: Path) -> None:
    folder = used_before(tmp_path, "a", 2 * DAY)
    assert obtain(tmp_path, "a", lambda _: pytest.fail("it is there")) == folder
    assert time.time() - folder.stat().st_mtime < HOUR


def test_what_was_removed_is_prepared_again(tmp_path: Path) -> None:
    used_before(tmp_path, "a", 2 * DAY, 2000)
    tidy(tmp_path, 1000)
    folder = obtain(tmp_path, "a", lambda draft: fill(draft, b"new"))
    assert (folder / "data").read_bytes() == b"new"


def test_a_server_keeps_what_it_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "REFRESHED_EVERY_S", 0.01)
    folder = obtain(tmp_path, "served", lambda draft: fill(draft, b""))
    aged(folder, 400 * DAY)
    stop = threading.Event()
    thread = keep_in_use(stop)
    until = time.monotonic() + 10
    while time.time() - folder.stat().st_mtime > HOUR:
        assert time.monotonic() < until
        time.sleep(0.01)
    stop.set()
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_a_process_that_is_killed_leaves_nothing_broken(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HALF_BUILT, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n"
        process.send_signal(signal.SIGKILL)
    (draft,) = kept(tmp_path)
    assert draft.startswith(".draft-")

    folder = obtain(tmp_path, "0123456789abcdef", lambda draft: fill(draft, b"whole"))
    assert (folder / "data").read_bytes() == b"whole"
    tidy(tmp_path, 1000)
    assert draft in kept(tmp_path), "it may still be written to"
    aged(prepared_folder(tmp_path) / draft, DAY + HOUR)
    tidy(tmp_path, 1000)
    assert kept(tmp_path) == ["0123456789abcdef"]


def test_a_draft_that_grows_is_not_abandoned(tmp_path: Path) -> None:
    draft = used_before(tmp_path, ".draft-long", 2 * DAY)
    fill(draft, b"more")
    os.utime(draft, (0, 0))
    tidy(tmp_path, 1000)
    assert kept(tmp_path) == [".draft-long"]


def test_a_store_is_tidied_while_others_finish_their_drafts(tmp_path: Path) -> None:
    done = threading.Event()

    def prepare() -> None:
        number = 0
        while not done.is_set():
            obtain(tmp_path, f"{number % 4:016x}", lambda draft: fill(draft, b"whole"))
            shutil.rmtree(prepared_folder(tmp_path) / f"{number % 4:016x}")
            number += 1

    other = threading.Thread(target=prepare)
    other.start()
    try:
        for _ in range(500):
            tidy(tmp_path, 1000)
    finally:
        done.set()
        other.join()
    assert kept(tmp_path) == []


def test_a_removal_that_was_interrupted_is_finished(tmp_path: Path) -> None:
    used_before(tmp_path, ".removed-x", 0)
    tidy(tmp_path, 1000)
    assert kept(tmp_path) == []


def test_a_store_that_is_not_there_yet_is_tidy(tmp_path: Path) -> None:
    tidy(tmp_path / "nowhere", 1000)
    assert not (tmp_path / "nowhere").exists()
