"""What browsers fetch by address, so that a click sends a name and neither a map nor a table.

Documents are kept in memory, the ones asked for last: every run that shows one publishes it anew,
and the browser fetches it at once and only if it has not seen that content before.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from geoapp.core.mapspec import MapSpec
from geoapp.maps.live import live_payload
from geoapp.store.files import digest

_MOST_BYTES = 24_000_000
_lock = threading.Lock()
_published: OrderedDict[str, bytes] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Document:
    """Content as JSON, and a name that is made of it."""

    name: str
    body: bytes


def write(kind: str, content: dict[str, Any]) -> Document:
    """Write some content as a document; the same content has the same name."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Document(f"{kind}-{digest([body])}.json", body)


def map_document(spec: MapSpec) -> Document:
    """Write a map without its selection, which changes with every click and nothing else does."""
    return write("map", live_payload(spec.model_copy(update={"selected": None})))


def publish(document: Document) -> str:
    """Make a document available; return its address below the root of the app."""
    with _lock:
        _published[document.name] = document.body
        _published.move_to_end(document.name)
        while len(_published) > 1 and sum(map(len, _published.values())) > _MOST_BYTES:
            _published.popitem(last=False)
    return f"documents/{document.name}"


def find(name: str) -> bytes | None:
    """Return the JSON of a document, or None where it is no longer there or never was."""
    with _lock:
        return _published.get(name)
