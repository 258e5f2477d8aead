"""Exports that readers wait for: made in threads, a few at a time, and kept by their content.

An export belongs to what is wanted and not to who wants it: whoever asks for the same map while
it is made, or after, gets the same file.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from geoapp.core.atlas import Atlas
from geoapp.errors import GeoappError
from geoapp.store.files import digest
from geoapp.ui.served import served_root
from geoapp.workspace.exporting import Order, export
from geoapp.workspace.opening import fingerprint, open_workspace

MOST_AT_ONCE = 2
MOST_WAITING = 30
_MOST_BYTES = 96_000_000


@dataclass
class Job:
    """An export that waits, runs or has ended; ``share`` is how much is done, 0 to 1."""

    order: Order
    step: str = ""
    share: float = 0.0
    content: bytes | None = None
    refused: str = ""
    begun: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)


_lock = threading.Lock()
_jobs: OrderedDict[str, Job] = OrderedDict()
_workers = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="geoapp-export")


def find(order: Order) -> Job | None:
    """Return the export of an order of the workspace as it is now; None where nobody asked."""
    key = _key(order)
    with _lock:
        if key in _jobs:
            _jobs.move_to_end(key)
        return _jobs.get(key)


def start(order: Order, atlas: Atlas) -> Job | None:
    """Start an export, or return the one that was; None where too many are waiting already.

    One that was refused or went wrong is tried again.
    """
    key = _key(order)
    with _lock:
        known = _jobs.get(key)
        if known is not None and not (known.ended.is_set() and known.refused):
            return known
        if sum(not job.ended.is_set() for job in _jobs.values()) >= MOST_WAITING:
            return None
        job = _jobs[key] = Job(order)
        _jobs.move_to_end(key)
    _workers.submit(_run, job, atlas)
    return job


def waiting_before(job: Job) -> int:
    """Return how many exports are waiting that were asked for before this one."""
    with _lock:
        waiting = [found for found in _jobs.values() if not found.begun.is_set()]
    return waiting.index(job) if job in waiting else 0


def _key(order: Order) -> str:
    root = served_root()
    return digest([order.key, str(root), fingerprint(root), _stories_state(order)])


def _stories_state(order: Order) -> str:
    """Return what changes whenever the story does."""
    path = served_root() / "stories" / f"{order.story}.toml"
    return str(path.stat().st_mtime_ns) if order.story and path.is_file() else ""


def _run(job: Job, atlas: Atlas) -> None:
    def progress(done: int, total: int, item: str = "", /) -> None:
        job.step, job.share = item, min(done / max(total, 1), 1.0)

    job.begun.set()
    try:
        job.content = export(open_workspace(served_root()), atlas, job.order, progress=progress)
    except GeoappError as error:
        job.refused = str(error)
    except Exception:
        job.refused = "unexpected"
        raise
    finally:
        job.ended.set()
        _forget_oldest()


def _forget_oldest() -> None:
    """Let go of the files that were asked for longest ago, beyond a limit of memory."""
    with _lock:
        ended = [key for key, job in _jobs.items() if job.ended.is_set()]
        held = sum(len(_jobs[key].content or b"") for key in ended)
        for key in ended[:-1]:
            if held <= _MOST_BYTES:
                return
            held -= len(_jobs.pop(key).content or b"")
