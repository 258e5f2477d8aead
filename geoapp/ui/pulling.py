"""Pulling data for the served workspace in the background: one at a time, for all who look.

A pull takes minutes and belongs to the workspace and not to a reader's session: whoever opens the
page sees how far it is, may stop it, and reads what came of it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from geoapp.errors import GeoappError
from geoapp.sources.remote.registry import RemoteSource
from geoapp.ui.served import served_root
from geoapp.workspace.pulling import Pulled, known_sources, pull


@dataclass
class Errand:
    """A pull that runs or has ended; ``share`` is how much of the present step is done, 0 to 1."""

    source: str
    area: str
    step: str = ""
    share: float = 0.0
    pulled: Pulled | None = None
    refused: str = ""
    stopped: bool = False
    stopping: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)


class _StoppedError(Exception):
    """Ends a pull that somebody stopped."""


_lock = threading.Lock()
_latest: Errand | None = None


def sources() -> tuple[RemoteSource, ...]:
    """Return the sources that may be pulled.

    Raises
    ------
    RegistryError
        When ``sources.toml`` of the workspace has problems.
    """
    return known_sources(served_root())


def latest() -> Errand | None:
    """Return the pull that runs or ended last; None where there was none."""
    return _latest


def start(source: str, area: str) -> bool:
    """Start a pull; False where one is running already.

    What was fetched before an interruption is used again.
    """
    global _latest
    with _lock:
        if _latest is not None and not _latest.ended.is_set():
            return False
        errand = _latest = Errand(source, area)
    threading.Thread(target=_run, args=(errand,), name="geoapp-pull", daemon=True).start()
    return True


def _run(errand: Errand) -> None:
    def progress(done: int, total: int, item: str = "", /) -> None:
        if errand.stopping.is_set():
            raise _StoppedError
        errand.step, errand.share = item, min(done / max(total, 1), 1.0)

    try:
        errand.pulled = pull(served_root(), errand.source, errand.area, progress=progress)
    except _StoppedError:
        errand.stopped = True
    except GeoappError as error:
        errand.refused = str(error)
    except Exception:
        errand.refused = "unexpected"
        raise
    finally:
        errand.ended.set()
