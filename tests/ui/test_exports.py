"""Exports in the background: one for all who want the same, few at once, kept while unchanged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from geoapp.core.atlas import Atlas
from geoapp.core.choice import Choice
from geoapp.ui import exports
from geoapp.workspace.exporting import Order

SECONDS = 60


@pytest.fixture(autouse=True)
def _workspace(
    workspace_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.setenv("GEOAPP_WORKSPACE", str(workspace_root))
    monkeypatch.setenv("GEOAPP_STORE", str(tmp_path / "store"))
    yield
    for job in list(exports._jobs.values()):
        assert job.ended.wait(SECONDS)


def order(*partnerships: str) -> Order:
    choice = Choice(partnerships=partnerships)
    return Order("text", ".txt", choice, "en", dt.date(2026, 11, 22))


def test_who_wants_the_same_gets_the_same(atlas: Atlas) -> None:
    job = exports.start(order("pl-beskid"), atlas)
    assert job is not None
    assert exports.start(order("pl-beskid"), atlas) is job
    assert job.ended.wait(SECONDS)
    assert exports.find(order("pl-beskid")) is job
    assert job.content is not None
    assert job.content.startswith(b"Beskid\n")
    assert exports.find(order("cz-sever")) is None


def test_a_changed_workspace_is_exported_anew(atlas: Atlas, workspace_root: Path) -> None:
    job = exports.start(order("pl-beskid"), atlas)
    assert job is not None
    assert job.ended.wait(SECONDS)
    (workspace_root / "data/themes/care.csv").write_text("code,places\n2417112,1\n", "utf-8")
    assert exports.find(order("pl-beskid")) is None


def test_what_was_refused_is_tried_again(atlas: Atlas) -> None:
    first = exports.start(order("nobody"), atlas)
    assert first is not None
    assert first.ended.wait(SECONDS)
    assert "'nobody' is no partnership" in first.refused
    second = exports.start(order("nobody"), atlas)
    assert second is not None
    assert second is not first


def test_only_so_many_wait(atlas: Atlas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MOST_WAITING", 0)
    assert exports.start(order("together"), atlas) is None


def test_the_oldest_files_are_let_go(atlas: Atlas, monkeypatch: pytest.MonkeyPatch) -> None:
    first = exports.start(order("cz-sever"), atlas)
    assert first is not None
    assert first.ended.wait(SECONDS)
    monkeypatch.setattr(exports, "_MOST_BYTES", 1)
    second = exports.start(order("pl-beskid", "cz-sever"), atlas)
    assert second is not None
    assert second.ended.wait(SECONDS)
    exports._workers.submit(lambda: None).result()
    assert exports.find(order("pl-beskid", "cz-sever")) is second
    assert exports.find(order("cz-sever")) is None


def test_those_who_wait_know_how_many_are_before_them(atlas: Atlas) -> None:
    jobs = [exports.Job(order(str(number))) for number in range(3)]
    for job in jobs:
        exports._jobs[job.order.key] = job
    try:
        assert [exports.waiting_before(job) for job in jobs] == [0, 1, 2]
        jobs[0].begun.set()
        assert [exports.waiting_before(job) for job in jobs] == [0, 0, 1]
    finally:
        for job in jobs:
            del exports._jobs[job.order.key]
