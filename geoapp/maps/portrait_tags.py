"""What a PDF of several pages tells readers who do not see it: tags, bookmarks, language."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DecodedStreamObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    PdfObject,
    TextStringObject,
)

from geoapp.maps.sheet_text import inert


@dataclass(frozen=True, slots=True)
class PageTag:
    """What a page is: text, or a figure with what it shows in ``words``.

    ``opens`` are the sections that begin on it.
    """

    words: str = ""
    opens: tuple[str, ...] = ()


def tagged_pages(content: bytes, tags: Sequence[PageTag], *, title: str, language: str) -> bytes:
    """Return a PDF whose pages are one tagged element each, with a bookmark for each section."""
    writer = PdfWriter(clone_from=io.BytesIO(content))
    tree = writer._add_object(DictionaryObject())
    elements = [_element(writer, tree, place, tag) for place, tag in enumerate(tags)]
    numbers: list[PdfObject] = []
    for place, element in enumerate(elements):
        numbers += [NumberObject(place), ArrayObject([element])]
    parents = writer._add_object(_dictionary(Nums=ArrayObject(numbers)))
    root = tree.get_object()
    if isinstance(root, DictionaryObject):
        root.update(
            _dictionary(
                Type=NameObject("/StructTreeRoot"),
                K=ArrayObject(elements),
                ParentTree=parents,
                ParentTreeNextKey=NumberObject(len(elements)),
            )
        )
    for place, tag in enumerate(tags):
        for section in tag.opens:
            writer.add_outline_item(title=inert(section), page_number=place)
    _describe(writer, tree, title, language)
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def _element(writer: PdfWriter, tree: IndirectObject, place: int, tag: PageTag) -> IndirectObject:
    """Tag the content of a page as a whole and return its element."""
    page = writer.pages[place]
    kind = "Figure" if tag.words else "P"
    begin = _stream(f"/{kind} <</MCID 0>> BDC".encode())
    around = [writer._add_object(begin), writer._add_object(_stream(b"EMC"))]
    page.update(
        _dictionary(
            Contents=ArrayObject([around[0], page.raw_get("/Contents"), around[1]]),
            StructParents=NumberObject(place),
            Tabs=NameObject("/S"),
        )
    )
    element = _dictionary(
        Type=NameObject("/StructElem"),
        S=NameObject(f"/{kind}"),
        P=tree,
        Pg=page.indirect_reference,
        K=NumberObject(0),
    )
    if tag.words:
        element.update(_dictionary(Alt=TextStringObject(inert(tag.words))))
    return writer._add_object(element)


def _describe(writer: PdfWriter, tree: IndirectObject, title: str, language: str) -> None:
    writer.add_metadata({"/Title": inert(title), "/Producer": "geoapp"})
    writer.root_object.update(
        _dictionary(
            Lang=TextStringObject(language),
            MarkInfo=_dictionary(Marked=BooleanObject(True)),
            StructTreeRoot=tree,
            ViewerPreferences=_dictionary(DisplayDocTitle=BooleanObject(True)),
        )
    )


def _dictionary(**entries: PdfObject | None) -> DictionaryObject:
    return DictionaryObject({NameObject(f"/{name}"): value for name, value in entries.items()})


def _stream(data: bytes) -> DecodedStreamObject:
    stream = DecodedStreamObject()
    stream.set_data(data)
    return stream
