"""The server of sources, and sources that point at it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from geoapp.sources.remote.registry import RemoteSource


def _load(path: Path) -> ModuleType:
    """Load a module that is no package member, once for all who ask for it."""
    name = f"geoapp_tests_{path.stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture
def make_source() -> Callable[..., RemoteSource]:
    """A maker of sources at an address; keywords set other fields."""

    def make(address: str, **fields: object) -> RemoteSource:
        usual: dict[str, object] = {
            "slug": "test",
            "names": {"en": "Test"},
            "protocol": "file",
            "address": address,
            "theme": "boundaries",
            "code_column": "kod",
            "name_column": "nazwa",
            "countries": ["PL", "CZ"],
            "source": "test",
            "licence": "test",
        }
        return RemoteSource.model_validate(usual | fields)

    return make
