"""Office files (PPTX, XLSX, DOCX) whose bytes depend on their content and a given date alone."""

from __future__ import annotations

import datetime as dt
import io
import re
import unicodedata
import zipfile

from geoapp.errors import printable

_STAMP = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:)")
_OLDEST = dt.date(1980, 1, 1)


def written_text(text: str, most: int = 2000) -> str:
    r"""Return a text as one line that an office file can hold and shows as it stands.

    Characters that XML cannot hold or that act instead of being seen become spaces; what is
    longer than ``most`` characters ends in an ellipsis.

    >>> written_text("Raj\x07cza\u202e\ufffe"), written_text("Łódź", 3)
    ('Raj cza', 'Łó…')
    """
    plain = printable(text).translate({0xFFFE: " ", 0xFFFF: " "})
    line = unicodedata.normalize("NFC", " ".join(plain.split()))
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def dated_package(content: bytes, date: dt.date) -> bytes:
    """Return an office file with one date wherever the moment of writing stood."""
    stamp = max(date, _OLDEST)
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(target, "w") as written:
        for name in source.namelist():
            part = zipfile.ZipInfo(name, (stamp.year, stamp.month, stamp.day, 0, 0, 0))
            part.compress_type = zipfile.ZIP_DEFLATED
            held = source.read(name)
            if name == "docProps/core.xml":
                held = _STAMP.sub(rb"\g<1>" + f"{date:%Y-%m-%d}T00:00:00Z".encode() + rb"\3", held)
            written.writestr(part, held)
    return target.getvalue()
