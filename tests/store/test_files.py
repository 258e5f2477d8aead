import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoapp.errors import RefusedError
from geoapp.store.files import (
    digest,
    display_file,
    display_name,
    file_digest,
    obtain,
    remembered_digest,
    store_root,
)

KEY = "0123456789abcdef"
PARTS = st.lists(st.one_of(st.text(max_size=3), st.binary(max_size=3)), max_size=4)


def as_bytes(parts: list[str | bytes]) -> list[bytes]:
    return [part.encode() if isinstance(part, str) else part for part in parts]


@given(PARTS, PARTS)
def test_only_the_same_parts_have_the_same_digest(
    first: list[str | bytes], second: list[str | bytes]
) -> None:
    assert (digest(first) == digest(second)) == (as_bytes(first) == as_bytes(second))


def test_parts_do_not_run_into_each_other() -> None:
    assert digest(["ab", "c"]) != digest(["a", "bc"])
    assert digest(["1:a"]) != digest(["1:", "a"])


def test_a_file_is_named_by_its_content(tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_bytes(b"code")
    second.write_bytes(b"code")
    assert file_digest(first) == file_digest(second)
    second.write_bytes(b"kod")
    assert file_digest(first) != file_digest(second)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file that is worth remembering."""
    path = tmp_path / "borders.gpkg"
    path.write_bytes(b"a" * 4_000_000)
    return path


def test_the_content_of_a_large_file_is_remembered(
    tmp_path: Path, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch)
    first = remembered_digest(tmp_path, large)
    assert first == file_digest(large)
    (note,) = (tmp_path / "digests").iterdir()
    note.write_text(note.read_text("utf-8").replace(first, KEY), "utf-8")
    assert remembered_digest(tmp_path, large) == KEY
    assert len(list((tmp_path / "digests").iterdir())) == 1


def test_a_large_file_that_changed_is_read_again(
    tmp_path: Path, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch)
    first = remembered_digest(tmp_path, large)
    times = large.stat()
    large.write_bytes(b"b" * 4_000_000)
    # the same size and the same time of change, as a careful copy has them
    os.utime(large, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert remembered_digest(tmp_path, large) == file_digest(large) != first


def test_a_file_that_may_still_be_changing_is_not_remembered(tmp_path: Path, large: Path) -> None:
    assert remembered_digest(tmp_path, large) == file_digest(large)
    assert not (tmp_path / "digests").exists()


def test_a_store_that_cannot_be_written_to_only_costs_time(
    tmp_path: Path, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch)
    assert remembered_digest(large, large) == file_digest(large)


def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a minute pass, after which nobody changes a file without its time showing it."""
    now = time.time_ns
    monkeypatch.setattr("geoapp.store.files.time.time_ns", lambda: now() + 60_000_000_000)


def test_the_store_is_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEOAPP_STORE", str(tmp_path))
    assert store_root() == tmp_path
    monkeypatch.delenv("GEOAPP_STORE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert store_root().name == "geoapp"


def test_what_is_there_is_not_built_again(tmp_path: Path) -> None:
    folder = obtain(tmp_path, KEY, lambda draft: note(draft, "first"))
    assert obtain(tmp_path, KEY, lambda draft: note(draft, "second")) == folder
    assert (folder / "note.txt").read_text("utf-8") == "first"


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(draft: Path) -> None:
        note(draft, "half")
        raise ValueError("the disk is full")

    with pytest.raises(ValueError, match="the disk is full"):
        obtain(tmp_path, KEY, fail)
    assert list((tmp_path / "prepared").iterdir()) == []
    folder = obtain(tmp_path, KEY, lambda draft: note(draft, "whole"))
    assert (folder / "note.txt").read_text("utf-8") == "whole"


def test_of_two_that_build_the_same_the_first_stays(tmp_path: Path) -> None:
    both = Barrier(2)

    def build(text: str) -> Path:
        def write(draft: Path) -> None:
            note(draft, text)
            both.wait(timeout=10)

        return obtain(tmp_path, KEY, write)

    with ThreadPoolExecutor(2) as pool:
        folders = set(pool.map(build, ["one", "other"]))
    assert folders == {tmp_path / "prepared" / KEY}
    assert (tmp_path / "prepared" / KEY / "note.txt").read_text("utf-8") in ("one", "other")
    assert [path.name for path in (tmp_path / "prepared").iterdir()] == [KEY]


def test_a_draft_that_is_lost_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="draft"):
        obtain(tmp_path, KEY, lambda draft: draft.rmdir())


def test_a_store_that_cannot_be_written_to_says_what_to_do(tmp_path: Path) -> None:
    note(tmp_path, "a file where the folder should be")
    with pytest.raises(RefusedError, match=r"cannot be written there .* GEOAPP_STORE"):
        obtain(tmp_path / "note.txt", KEY, lambda draft: note(draft, ""))


def test_a_display_file_is_found_by_its_name(tmp_path: Path) -> None:
    folder = obtain(tmp_path, KEY, lambda draft: note(draft, "{}", "cycle-routes.geojson"))
    name = display_name("cycle-routes", KEY)
    assert name == f"cycle-routes-{KEY}.geojson"
    assert display_file(tmp_path, name) == folder / "cycle-routes.geojson"


def test_tiles_are_display_files_too(tmp_path: Path) -> None:
    folder = obtain(tmp_path, KEY, lambda draft: note(draft, "", "roads.pmtiles"))
    name = display_name("roads", KEY, ".pmtiles")
    assert name == f"roads-{KEY}.pmtiles"
    assert display_file(tmp_path, name) == folder / "roads.pmtiles"


def test_what_is_served_counts_as_used(tmp_path: Path) -> None:
    folder = obtain(tmp_path, KEY, lambda draft: note(draft, "{}", "roads.geojson"))
    os.utime(folder, (0, 0))
    display_file(tmp_path, display_name("roads", KEY))
    assert time.time() - folder.stat().st_mtime < 3600


@pytest.mark.parametrize(
    "name",
    [
        "",
        "note.txt",
        f"other-{KEY}.geojson",
        f"cycle-routes-{KEY[::-1]}.geojson",
        f"../prepared/{KEY}/cycle-routes-{KEY}.geojson",
        f"cycle-routes-{KEY}.geojson\n",
        f"cycle-routes-{KEY.upper()}.geojson",
        f"cycle%2Droutes-{KEY}.geojson",
        f"-{KEY}.geojson",
    ],
)
def test_any_other_name_finds_nothing(tmp_path: Path, name: str) -> None:
    obtain(tmp_path, KEY, lambda draft: note(draft, "{}", "cycle-routes.geojson"))
    assert display_file(tmp_path, name) is None


def note(folder: Path, text: str, name: str = "note.txt") -> None:
    (folder / name).write_text(text, "utf-8")
