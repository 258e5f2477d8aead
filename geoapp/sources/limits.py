"""How much an untrusted file may ask for."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from geoapp.core.raw import refusal
from geoapp.core.value import Value


class GateLimits(Value):
    """How much an untrusted file may ask for; bytes, seconds and counts.

    ``depth`` is that of nested brackets or elements; ``seconds`` and ``cpu_seconds`` are those of
    the process that reads.
    """

    file_bytes: int = Field(default=500_000_000, gt=0)
    unpacked_bytes: int = Field(default=2_000_000_000, gt=0)
    zip_ratio: int = Field(default=200, gt=0)
    zip_members: int = Field(default=1000, gt=0)
    depth: int = Field(default=32, gt=0)
    features: int = Field(default=3_000_000, gt=0)
    vertices: int = Field(default=50_000_000, gt=0)
    columns: int = Field(default=2000, gt=0)
    memory_bytes: int = Field(default=4_000_000_000, gt=0)
    cpu_seconds: int = Field(default=120, gt=0)
    seconds: int = Field(default=240, gt=0)


def refuse_size(path: Path, *, file: str, limits: GateLimits) -> None:
    """Refuse a file that is too big to be read.

    Raises
    ------
    FileRefusedError
        Telling its size and the limit in megabytes.
    """
    size = path.stat().st_size
    if size > limits.file_bytes:
        raise refusal(
            file,
            "The file has {size} MB; at most {limit} MB are read. Leave out what is not needed.",
            size=size // 1_000_000,
            limit=limits.file_bytes // 1_000_000,
        )
