"""Pulling official and open data into a workspace: asked for, fetched, checked, written.

What comes from a source ends in the same checked, described layers as a file that is added. A pull
that was interrupted goes on where it stopped; a layer is replaced whole or not at all.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from geoapp.core.layer import Retrieval
from geoapp.core.progress import Progress, silent
from geoapp.core.value import Value
from geoapp.errors import FileRefusedError, GeoappError, RefusedError, RegistryError
from geoapp.sources.remote.fetching import Patience, Planned, fetching, planning
from geoapp.sources.remote.kept import Document, forget, forget_unused, unwritable
from geoapp.sources.remote.protocols import PROTOCOLS
from geoapp.sources.remote.pulled import FetchRefusedError
from geoapp.sources.remote.registry import RemoteSource, read_sources
from geoapp.store.files import digest, store_root
from geoapp.workspace.areas import resolve_area
from geoapp.workspace.opening import find_workspace, open_workspace
from geoapp.workspace.replacing import (
    Errand,
    PulledInto,
    draft_layer,
    nothing_found,
    refuse_conflicts,
    write_draft,
)

# after that, what an interrupted pull had fetched may no longer belong together
_UNFINISHED_HOURS = 24


class Pulled(Value):
    """What a pull brought.

    Attributes
    ----------
    source, area
        What was asked, and for what.
    municipalities
        How many were asked for; None for whole countries.
    documents, size
        Number of answers, and their bytes.
    layers
        What became of each layer.
    """

    source: str
    area: str
    municipalities: int | None
    documents: int
    size: int
    layers: tuple[PulledInto, ...]


class PullPlan(Value):
    """What a pull would fetch, as far as that is known before the first answer.

    ``more`` tells that further questions depend on the answers.
    """

    source: str
    area: str
    municipalities: int | None
    documents: tuple[Planned, ...]
    more: bool


def pull(
    root: Path | None,
    source: str,
    area: str,
    *,
    replace_existing: bool = False,
    store: Path | None = None,
    patience: Patience | None = None,
    progress: Progress | None = None,
) -> Pulled:
    """Fetch the data of a source for an area, and write it as layers of the workspace.

    Parameters
    ----------
    root
        The workspace; `geoapp.workspace.opening.find_workspace` says which by default.
    source
        Slug in the registry of sources; see `geoapp.sources.remote.registry.read_sources`.
    area
        As for `geoapp.workspace.areas.resolve_area`.
    replace_existing
        Replace layers that did not come from this source, or that cover more than the area.
    store
        Folder of prepared data, in which answers are kept until they are whole;
        `geoapp.store.files.store_root` by default.
    patience
        How long to wait for the source.
    progress
        Called with bytes or steps done, their total and what is in work. What it raises ends the
        pull; what has been fetched is kept, and the next pull goes on from there.

    Raises
    ------
    RefusedError
        When the source or area is not known, the source cannot be asked, or its answer is not
        what it should be; no layer was changed.
    RegistryError
        When the description of the source has problems.
    """
    tell = progress or silent
    errand = _errand(root, source, area, store)
    refuse_conflicts(errand, _slugs_known(errand.source), replace_existing=replace_existing)
    cache = (store or store_root()) / "fetched"
    documents: dict[Path, Document] = {}
    with (
        _unfinished(cache, errand) as since,
        fetching(
            errand.source,
            cache,
            since=since,
            patience=patience,
            progress=tell,
            note=lambda document, path: documents.update({path: document}),
        ) as fetch,
    ):
        layers = PROTOCOLS[errand.source.protocol](errand.source, errand.area, fetch, progress=tell)
        retrieval = _retrieval(errand, list(documents.values()))
        found = {layer.slug: layer for layer in layers if len(layer.table)}
        refuse_conflicts(errand, list(found), replace_existing=replace_existing)
        # all are checked before the first is written
        drafts = {slug: draft_layer(errand, layer, retrieval) for slug, layer in found.items()}
        written = []
        for done, layer in enumerate(layers):
            tell(done, len(layers), layer.slug)
            draft = drafts.get(layer.slug)
            written.append(write_draft(errand, draft) if draft else nothing_found(layer))
    for path, document in documents.items():
        if document.version.strong is None:
            forget(path)
    forget_unused(cache)
    return Pulled(
        source=errand.source.slug,
        area=area,
        municipalities=errand.municipalities,
        documents=len(documents),
        size=sum(document.size for document in documents.values()),
        layers=tuple(written),
    )


def plan_pull(
    root: Path | None,
    source: str,
    area: str,
    *,
    replace_existing: bool = False,
    store: Path | None = None,
    patience: Patience | None = None,
) -> PullPlan:
    """Return what `pull` would fetch; nothing is fetched but the size of files.

    Parameters and errors are those of `pull`.
    """
    errand = _errand(root, source, area, store)
    refuse_conflicts(errand, _slugs_known(errand.source), replace_existing=replace_existing)
    planned: list[Planned] = []
    cache = (store or store_root()) / "fetched"
    with planning(errand.source, cache, planned.append, patience=patience) as fetch:
        try:
            PROTOCOLS[errand.source.protocol](errand.source, errand.area, fetch)
        except (FileRefusedError, OSError):
            # what is not here cannot be read, and so says nothing of what would come next
            if not planned:
                raise
    return PullPlan(
        source=errand.source.slug,
        area=area,
        municipalities=errand.municipalities,
        documents=tuple(planned),
        more=any(document.paged for document in planned),
    )


def known_sources(root: Path | None) -> tuple[RemoteSource, ...]:
    """Return the sources that may be pulled into a workspace.

    Raises
    ------
    RegistryError
        When ``sources.toml`` of the workspace has problems; all of them are listed.
    """
    found, problems = read_sources(find_workspace(root))
    if problems:
        raise RegistryError(problems)
    return found


def _errand(root: Path | None, source: str, area: str, store: Path | None) -> Errand:
    workspace = open_workspace(root)
    chosen = _chosen(workspace.root, source)
    wanted = resolve_area(
        workspace, area, countries=chosen.countries, by_place=chosen.by_place, store=store
    )
    return Errand(workspace, chosen, wanted, area)


def _chosen(root: Path, slug: str) -> RemoteSource:
    found, problems = read_sources(root)
    by_slug = {source.slug: source for source in found}
    if slug in by_slug:
        return by_slug[slug]
    if own := [problem for problem in problems if problem.field.partition(".")[0] in ("", slug)]:
        raise RegistryError(own)
    raise RefusedError(
        f"{slug}: there is no such source; there are {', '.join(by_slug)}. "
        "See them with: geoapp pull --list"
    )


def _slugs_known(source: RemoteSource) -> list[str]:
    """Return the slugs of the layers that are known before the source is asked."""
    return [source.slug_of_layer] if source.theme else []


@contextmanager
def _unfinished(cache: Path, errand: Errand) -> Iterator[dt.datetime]:
    """Give the time since when answers belong to this pull, which may go on from an earlier one.

    A pull that came to its end, or to an answer that is of no use, has no continuation.
    """
    key = digest([errand.source.model_dump_json(), *sorted(errand.area.units), errand.asked])
    path = cache / "unfinished" / key
    now = dt.datetime.now(dt.UTC)
    begun = _read_time(path)
    if begun is None or not dt.timedelta() <= now - begun < dt.timedelta(hours=_UNFINISHED_HOURS):
        begun = now
        _write_time(path, begun)
    try:
        yield begun
    except FetchRefusedError:
        raise
    except GeoappError:
        path.unlink(missing_ok=True)
        raise
    path.unlink(missing_ok=True)


def _read_time(path: Path) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _write_time(path: Path, time: dt.datetime) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(time.isoformat(), "utf-8")
    except OSError as error:
        raise unwritable(path.parent, "pull", error) from error


def _retrieval(errand: Errand, documents: Sequence[Document]) -> Retrieval:
    """Return where the data came from; several answers are told by the address of the source."""
    if not documents:
        raise RefusedError(f"{errand.asked}: {errand.source.slug} has nothing to fetch for it")
    sums = [document.sha256 for document in documents]
    one = len(sums) == 1
    checksum = sums[0] if one else hashlib.sha256("\n".join(sums).encode()).hexdigest()
    return Retrieval(
        source=errand.source.slug,
        area=errand.asked,
        address=documents[0].address if one else errand.source.address,
        retrieved=max(document.retrieved for document in documents).date().isoformat(),
        checksum=f"sha256:{checksum}",
        documents=len(sums),
    )
