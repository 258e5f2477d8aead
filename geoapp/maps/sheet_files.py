"""A drawn sheet as a file: PDF with tags, SVG with a description, PNG.

The same sheet gives the same bytes: no file holds a time other than the date of the sheet.
"""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, time
from html import escape
from typing import Literal

from matplotlib.figure import Figure
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    PdfObject,
    TextStringObject,
)

from geoapp.maps.sheet_layout import Look
from geoapp.maps.sheet_text import FONT, inert

FileFormat = Literal["pdf", "svg", "png"]

_CREATOR = "geoapp"
_HALO_STYLE = (
    "#label-halos text{stroke:#fff;stroke-width:%.2fpx;stroke-linejoin:round;fill:#fff !important}"
)


def sheet_pdf(figure: Figure, *, title: str, words: str, language: str, day: date) -> bytes:
    """Return the sheet as a PDF of one page with embedded fonts.

    The page is one figure to a screen reader: ``words`` is what it says, in ``language``.
    """
    drawn = io.BytesIO()
    moment = datetime.combine(day, time(), UTC)
    metadata = {
        "Title": inert(title),
        "Subject": inert(words),
        "Creator": _CREATOR,
        "Producer": _CREATOR,
        "CreationDate": moment,
    }
    figure.savefig(drawn, format="pdf", metadata=metadata)
    return _tagged(drawn, title=inert(title), words=inert(words), language=language)


def sheet_svg(figure: Figure, *, title: str, words: str, language: str, look: Look) -> bytes:
    """Return the sheet as SVG: a named group for each layer, text as text, a description."""
    drawn = io.BytesIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(drawn, format="svg", metadata=nothing)
    content = drawn.getvalue().decode("utf-8")
    start = content.index("<svg ")
    inside = content.index(">", start) + 1
    head = (
        content[start : inside - 1]
        + f' role="img" xml:lang="{escape(language)}" aria-labelledby="title words">'
        + f'\n <title id="title">{escape(inert(title))}</title>'
        + f'\n <desc id="words">{escape(inert(words))}</desc>'
    )
    halo = _HALO_STYLE % (1.6 * look.factor)
    body = content[inside:].replace("</style>", f"{halo}</style>", 1)
    # where the font is missing, one of about the same width stands in for it
    body = body.replace(f"'{FONT}'", f"'{FONT}', Verdana, sans-serif")
    return (content[:start] + head + body).encode()


def sheet_png(figure: Figure, *, title: str, words: str, dpi: int) -> bytes:
    """Return the sheet as PNG with its title and description as text."""
    drawn = io.BytesIO()
    metadata = {"Title": inert(title), "Description": inert(words), "Software": _CREATOR}
    figure.savefig(drawn, format="png", dpi=dpi, metadata=metadata)
    return drawn.getvalue()


def _tagged(drawn: io.BytesIO, *, title: str, words: str, language: str) -> bytes:
    writer = PdfWriter(clone_from=drawn)
    writer.pdf_header = "%PDF-1.7"
    page = writer.pages[0]
    tree = writer._add_object(DictionaryObject())
    figure = _dictionary(
        Type=NameObject("/StructElem"),
        S=NameObject("/Figure"),
        P=tree,
        Pg=page.indirect_reference,
        K=NumberObject(0),
        T=TextStringObject(title),
        Alt=TextStringObject(words),
        Lang=TextStringObject(language),
    )
    element = writer._add_object(figure)
    parents = _dictionary(Nums=ArrayObject([NumberObject(0), ArrayObject([element])]))
    tree.get_object().update(  # type: ignore[union-attr]
        _dictionary(
            Type=NameObject("/StructTreeRoot"),
            K=element,
            ParentTree=writer._add_object(parents),
            ParentTreeNextKey=NumberObject(1),
        )
    )
    begin, end = (
        writer._add_object(_stream(data)) for data in (b"/Figure <</MCID 0>> BDC", b"EMC")
    )
    contents = page.raw_get("/Contents")
    page.update(
        _dictionary(
            Contents=ArrayObject([begin, contents, end]),
            StructParents=NumberObject(0),
            Tabs=NameObject("/S"),
        )
    )
    writer.root_object.update(
        _dictionary(
            Lang=TextStringObject(language),
            MarkInfo=_dictionary(Marked=BooleanObject(True)),
            StructTreeRoot=tree,
            ViewerPreferences=_dictionary(DisplayDocTitle=BooleanObject(True)),
        )
    )
    content = io.BytesIO()
    writer.write(content)
    return content.getvalue()


def _dictionary(**entries: PdfObject | None) -> DictionaryObject:
    return DictionaryObject({NameObject(f"/{name}"): value for name, value in entries.items()})


def _stream(data: bytes) -> DecodedStreamObject:
    stream = DecodedStreamObject()
    stream.set_data(data)
    return stream
