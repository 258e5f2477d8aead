"""Sources that offer whole files: a GeoPackage of Europe, zipped Shapefiles of a state.

Where each municipality has a file of its own, those of a small area are fetched instead of the
whole. Of an archive only the layer that is needed is unpacked.
"""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

from geoapp.core.codes import country_of
from geoapp.core.progress import Progress, silent
from geoapp.core.raw import RawLayer, refusal
from geoapp.sources.archive import unpack
from geoapp.sources.gate import admit
from geoapp.sources.remote.features import LIMITS, as_layer, joined
from geoapp.sources.remote.pulled import Area, Fetch, PulledLayer
from geoapp.sources.remote.registry import RemoteSource
from geoapp.sources.shapefile import members

_ZIP = b"PK\x03\x04"


def pull_files(
    source: RemoteSource, area: Area, fetch: Fetch, *, progress: Progress | None = None
) -> list[PulledLayer]:
    """Return the layer of an area from the files of a source.

    Raises
    ------
    FileRefusedError
        When a file cannot be fetched, is damaged, or lacks the layer that the registry names.
    """
    tell = progress or silent
    addresses = file_addresses(source, area)
    paths = {label: fetch(address, label=label) for label, address in addresses.items()}
    raws = []
    for done, (label, path) in enumerate(paths.items()):
        tell(done, len(paths), label)
        raws.append(_read(source, path))
    tell(len(paths), len(paths), source.slug)
    return [as_layer(joined(raws), source, area)]


def file_addresses(source: RemoteSource, area: Area) -> dict[str, str]:
    """Return the addresses of the files that are needed, by what they hold.

    >>> from geoapp.sources.remote.registry import read_sources
    >>> ruian = next(source for source in read_sources()[0] if source.slug == "ruian-obce")
    >>> file_addresses(ruian, Area(frozenset({"500496"}), (17, 49, 18, 50), ("CZ",)))
    {'500496': 'https://services.cuzk.cz/shp/obec/epsg-5514/500496.zip'}
    """
    units = sorted(unit for unit in area.units if country_of(unit) in source.countries)
    each = source.addresses.get("unit")
    if each and not area.whole and len(units) <= source.unit_limit:
        return {unit: each.replace("{code}", unit) for unit in units}
    return {source.slug: source.address}


def _read(source: RemoteSource, path: Path) -> RawLayer:
    with path.open("rb") as opened:
        zipped = opened.read(len(_ZIP)) == _ZIP
    if not zipped or not source.types:
        sublayer = source.types[0] if source.types else None
        return admit(path, sublayer=sublayer, file=source.slug, limits=LIMITS)
    with tempfile.TemporaryDirectory(prefix="geoapp-pull-") as folder:
        shapefile = _unpacked(source, path, Path(folder))
        return admit(shapefile, file=source.slug, limits=LIMITS)


def _unpacked(source: RemoteSource, path: Path, folder: Path) -> Path:
    """Unpack the parts of the one Shapefile that is needed, under a name of our own."""
    parts = _parts(source, path)
    for suffix, member in parts.items():
        unpack(path, member, folder / f"layer{suffix}", file=source.slug)
    return folder / "layer.shp"


def _parts(source: RemoteSource, path: Path) -> dict[str, str]:
    try:
        found = members(path)
        with zipfile.ZipFile(path) as archive:
            sizes = {member.filename: member.file_size for member in archive.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        path.unlink()  # or a server that says it is unchanged would make us keep it for ever
        raise refusal(
            source.slug, "The archive is damaged ({reason}). Pull again.", reason=str(error)
        ) from error
    by_name = {name.casefold(): parts for name, parts in found.items()}
    parts = next(
        (by_name[kind.casefold()] for kind in source.types if kind.casefold() in by_name), None
    )
    if parts is None:
        raise refusal(
            source.slug,
            "The archive has no layer {wanted}, only {found}. If it was renamed, put types of "
            "[{source}] into sources.toml.",
            wanted=", ".join(source.types),
            found=", ".join(sorted(found)) or "-",
            source=source.slug,
        )
    if sum(sizes[member] for member in parts.values()) > LIMITS.unpacked_bytes:
        raise refusal(
            source.slug,
            "The layer would unpack to more than {limit} MB. It is not opened.",
            limit=LIMITS.unpacked_bytes // 1_000_000,
        )
    return parts
