from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from geoapp.ui import documents


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(documents, "_published", type(documents._published)())
    yield


def publish(kind: str, content: dict[str, object]) -> str:
    return documents.publish(documents.write(kind, content))


def test_a_document_is_found_under_the_name_in_its_address() -> None:
    content = {"title": "Ujsoły", "rows": [None, 1.5]}
    folder, name = publish("map", content).split("/")
    assert folder == "documents"
    assert json.loads(documents.find(name) or b"") == content


def test_the_address_changes_with_the_content_and_only_with_it() -> None:
    first = publish("map", {"a": 1})
    assert publish("map", {"a": 1}) == first
    assert publish("map", {"a": 2}) != first
    assert publish("table", {"a": 1}) != first


@pytest.mark.parametrize("name", ["", "map-0123456789abcdef.json", "../server.py", "map"])
def test_what_was_never_kept_is_not_found(name: str) -> None:
    assert documents.find(name) is None


def test_the_documents_asked_for_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_MOST_BYTES", 250)
    names = [publish("map", {"text": str(n) * 80}).split("/")[1] for n in range(2)]
    publish("map", {"text": "0" * 80})
    third = publish("map", {"text": "2" * 80}).split("/")[1]
    assert [documents.find(name) is not None for name in (*names, third)] == [True, False, True]


def test_a_document_larger_than_the_room_is_kept_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_MOST_BYTES", 10)
    name = publish("map", {"text": "x" * 80}).split("/")[1]
    assert documents.find(name) is not None
