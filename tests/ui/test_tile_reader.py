"""The scripts that read tiles: as published, with their licences, and deaf to what data says."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import geoapp

FOLDER = Path(geoapp.__file__).parent / "ui" / "map_component" / "vendor" / "tiles"
LICENCES = {
    "fflate": "MIT License",
    "pbf": "Redistribution and use in source and binary forms",
    "pmtiles": "Redistribution and use in source and binary forms",
    "point-geometry": "Permission to use, copy, modify, and/or distribute this software",
    "vector-tile": "Redistribution and use in source and binary forms",
}


def test_the_files_are_what_the_recipe_makes() -> None:
    lines = (FOLDER / "SHA256SUMS").read_text("ascii").splitlines()
    sums = {name: digest for digest, name in (line.split() for line in lines)}
    assert {file.name for file in FOLDER.iterdir()} == {*sums, "SHA256SUMS", "README.md"}
    for name, digest in sums.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest, name


@pytest.mark.parametrize("package", LICENCES)
def test_every_package_has_its_licence_and_its_version(package: str) -> None:
    assert LICENCES[package] in (FOLDER / f"LICENSE-{package}").read_text("utf-8")
    names = (FOLDER / "tile-reader.js").read_text("utf-8").partition("*/")[0]
    versions = dict(entry.rsplit(" ", 1) for entry in names.removeprefix("/*").strip().split(", "))
    (version,) = (found for name, found in versions.items() if name.endswith(package))
    assert f"{package}@{version}" in (FOLDER / "README.md").read_text("utf-8")


def test_no_text_becomes_code_and_no_worker_is_started() -> None:
    script = (FOLDER / "tile-reader.js").read_text("utf-8")
    for word in ("eval(", "new Function", "new Worker", "innerHTML", "document.write"):
        assert word not in script, word
