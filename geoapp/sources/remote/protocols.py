"""How each kind of source is asked: one function for each protocol of the registry."""

from __future__ import annotations

from geoapp.core.progress import Progress
from geoapp.sources.remote.bdl import pull_bdl
from geoapp.sources.remote.csu import pull_csu
from geoapp.sources.remote.czech_schools import pull_czech_schools
from geoapp.sources.remote.files import pull_files
from geoapp.sources.remote.nature import pull_nature
from geoapp.sources.remote.pulled import Area, Fetch, Pull, PulledLayer
from geoapp.sources.remote.registry import ProtocolName, RemoteSource
from geoapp.sources.remote.rspo import pull_rspo
from geoapp.sources.remote.wfs import pull_wfs


def _pull_extract(
    source: RemoteSource, area: Area, fetch: Fetch, *, progress: Progress | None = None
) -> list[PulledLayer]:
    from geoapp.sources.remote.osm_extract import pull_extract  # loads osmium

    return pull_extract(source, area, fetch, progress=progress)


def _pull_overpass(
    source: RemoteSource,
    area: Area,
    fetch: Fetch,
    *,
    progress: Progress | None = None,  # noqa: ARG001 - a small answer is read at once
) -> list[PulledLayer]:
    from geoapp.sources.remote.overpass import pull_overpass

    return pull_overpass(source, area, fetch)


PROTOCOLS: dict[ProtocolName, Pull] = {
    "wfs": pull_wfs,
    "file": pull_files,
    "osm-extract": _pull_extract,
    "overpass": _pull_overpass,
    "nature": pull_nature,
    "rspo": pull_rspo,
    "czech-schools": pull_czech_schools,
    "bdl": pull_bdl,
    "csu": pull_csu,
}
