"""Where in a workspace a new layer may go: free slugs, and what may give way."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Literal

from geoapp.core.codes import Country
from geoapp.core.columns import plain_name
from geoapp.core.layer import LayerSpec
from geoapp.core.raw import refusal
from geoapp.sources.registry import read_layer_specs

Folder = Literal["boundaries", "themes"]

# Windows takes these for devices, whatever stands after a full stop.
_RESERVED = re.compile(r"con|prn|aux|nul|(com|lpt)[0-9]")


def free_slug(root: Path, countries: Iterable[Country], stem: str, *, replace: bool = False) -> str:
    """Return the slug for boundaries: the usual one, or one made of a file name if it is taken.

    With ``replace`` the usual one is returned in any case.
    """
    usual = "-".join(["boundaries", *(country.lower() for country in countries)])
    if replace or not _is_taken(root, "boundaries", usual):
        return usual
    own = f"boundaries-{plain_name(stem).replace('_', '-') or 'added'}"
    candidates = (own if number == 1 else f"{own}-{number}" for number in count(1))
    return next(slug for slug in candidates if not _is_taken(root, "boundaries", slug))


def is_reserved(stem: str) -> bool:
    """Tell whether a file cannot be called so on every system.

    >>> is_reserved("con"), is_reserved("conifers")
    (True, False)
    """
    return _RESERVED.fullmatch(stem.lower()) is not None


def refuse_taken(root: Path, folder: Folder, slug: str, *, replace: bool) -> None:
    """Refuse a slug that has a layer or a data file already, unless it is to be replaced.

    Raises
    ------
    FileRefusedError
        Telling what to do instead; also where no file can be called so on Windows.
    """
    if is_reserved(slug):
        raise refusal(f"layers/{slug}.toml", "no file can be called so on Windows; give a slug")
    if not replace and _is_taken(root, folder, slug):
        raise refusal(
            f"layers/{slug}.toml",
            "there is such a layer or its data already; give another slug, or say that it is to be "
            "replaced",
        )


def illustration(root: Path, slug: str) -> LayerSpec | None:
    """Return the layer of a slug if it is only an illustration, which may give way."""
    layers = read_layer_specs(root)[0]
    return next((spec for spec in layers if spec.slug == slug and spec.illustrative), None)


def next_precedence(root: Path, slug: str) -> int:
    """Return the precedence that lets boundaries of a slug win over all others."""
    others = [
        spec.precedence
        for spec in read_layer_specs(root)[0]
        if spec.theme == "boundaries" and spec.slug != slug
    ]
    return max(others, default=0) + 1


def _is_taken(root: Path, folder: Folder, slug: str) -> bool:
    data = (root / "data" / folder).glob(f"{slug}.*")
    return (root / f"layers/{slug}.toml").exists() or any(data)
