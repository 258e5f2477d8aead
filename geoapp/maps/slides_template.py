"""The presentation that slides are put into: our own, or the template of an office.

Of a foreign file only its slide size, masters, layouts, themes and their pictures are kept.
Slides, macros, embedded objects, links and whatever else may act are not read at all.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.opc.oxml import serialize_part_xml
from pptx.oxml import parse_xml
from pptx.presentation import Presentation as Deck
from pptx.slide import Slide, SlideLayout
from pptx.util import Emu, Pt

from geoapp.core.phrases import mark
from geoapp.core.raw import refusal
from geoapp.errors import FileRefusedError
from geoapp.maps.slides_shapes import EMU_PER_MM, Box

MAX_BYTES = 50_000_000
MAX_UNPACKED_BYTES = 200_000_000
MAX_PARTS = 3000

_KEPT = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels"
    r"|ppt/(_rels/)?(presentation|presProps|viewProps|tableStyles)\.xml(\.rels)?"
    r"|ppt/(slideMasters|slideLayouts|theme|notesMasters)/(_rels/)?[\w-]+\.xml(\.rels)?"
    r"|ppt/media/[\w-]+\.(png|jpe?g|gif|svg|emf|wmf|tiff?|bmp|wdp)",
    re.IGNORECASE | re.ASCII,
)
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MAIN = b"application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
_OTHER_MAIN = re.compile(
    rb"application/vnd\.(?:openxmlformats-officedocument\.presentationml\.(?:template|slideshow)"
    rb"|ms-powerpoint\.(?:presentation|template|slideshow)\.macroEnabled)\.main\+xml"
)
_SHAPES = ("graphicFrame", "pic", "sp", "grpSp", "cxnSp", "AlternateContent", "control")
_ACTING = ("hlinkClick", "hlinkHover", "hlinkMouseOver", "timing", "transition", "controls")
_OF_SLIDES = ("sldIdLst", "custShowLst", "handoutMasterIdLst", "embeddedFontLst", "modifyVerifier")
_RUNNING = (PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER)
_TITLES = (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE)
_TEXTS = (PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.BODY)
_NAVY = (0x1F, 0x3A, 0x5F)


@dataclass(frozen=True)
class Stage:
    """A presentation without slides, with the layouts for each kind of slide.

    ``area`` is where the content of a slide goes, below its title.
    """

    deck: Deck
    opening: SlideLayout
    content: SlideLayout
    plain: SlideLayout
    area: Box


def open_stage(template: Path | None = None) -> Stage:
    """Return a presentation to put slides into.

    Parameters
    ----------
    template
        A .pptx, .potx or .pptm of the user; None for our own look in 16:9.

    Raises
    ------
    FileRefusedError
        The template is missing, too big, broken, hostile or has no layout with a title.
    """
    if template is None:
        return _stage(_own_deck(), "")
    try:
        return _stage(Presentation(io.BytesIO(_cleaned(template))), template.name)
    except FileRefusedError:
        raise
    except OSError as error:
        text = mark("The template cannot be read ({reason}). Choose a .pptx file.")
        raise refusal(template.name, text, reason=error.strerror or "") from error
    except Exception as error:
        # a broken file makes the readers of zip and XML fail in ways that nobody can list
        raise _broken(template.name) from error


def fill_title(slide: Slide, text: str) -> None:
    """Write the title; a long one is set smaller, so that it stays within its placeholder."""
    title = slide.shapes.title
    if title is None:
        return
    title.text_frame.text = text
    if len(text) > 60:
        title.text_frame.paragraphs[0].runs[0].font.size = Pt(22)


def _cleaned(template: Path) -> bytes:
    """Return the parts of a template that only show, without links to anything else."""
    file = template.name
    if template.stat().st_size > MAX_BYTES:
        text = mark("The template has {found} MB; expected at most {most}. Remove its slides.")
        found = template.stat().st_size // 1_000_000
        raise refusal(file, text, found=found, most=MAX_BYTES // 1_000_000)
    target = io.BytesIO()
    with zipfile.ZipFile(template) as source, zipfile.ZipFile(target, "w") as written:
        held = source.infolist()
        kept = {part.filename for part in held if _KEPT.fullmatch(part.filename)}
        size = sum(part.file_size for part in held if part.filename in kept)
        if len(held) > MAX_PARTS or len(kept) < 3 or size > MAX_UNPACKED_BYTES:
            raise _broken(template.name)
        dropped = {name: _dropped(source, name, kept) for name in kept if name.endswith(".xml")}
        for name in (part.filename for part in held):
            if name in kept:
                written.writestr(name, _part(source.read(name), name, kept, dropped, template))
    return target.getvalue()


def _part(
    content: bytes, name: str, kept: set[str], dropped: dict[str, set[str]], template: Path
) -> bytes:
    if not name.endswith((".xml", ".rels")):
        return content
    if b"<!DOCTYPE" in content.replace(b"\0", b"").upper():
        raise _broken(template.name)
    root = parse_xml(_OTHER_MAIN.sub(_MAIN, content))
    if name.endswith(".rels"):
        _keep_relations(root, name, kept)
    elif name == "[Content_Types].xml":
        for override in root.findall("{*}Override"):
            if override.get("PartName", "").removeprefix("/") not in kept:
                root.remove(override)
    else:
        _disarm(root, dropped[name])
    return _serialised(root)


def _serialised(root: Any) -> bytes:  # noqa: ANN401 - an element of lxml, which is not typed
    return bytes(serialize_part_xml(root))


def _dropped(source: zipfile.ZipFile, name: str, kept: set[str]) -> set[str]:
    """Return the ids of the relations of a part that lead to what is not kept."""
    folder, file = posixpath.split(name)
    beside = posixpath.join(folder, "_rels", f"{file}.rels")
    if beside not in kept:
        return set()
    content = source.read(beside)
    if b"<!DOCTYPE" in content.replace(b"\0", b"").upper():
        return set()
    return {
        relation.get("Id", "")
        for relation in parse_xml(content)
        if not _stays(relation, folder, kept)
    }


def _keep_relations(root: Any, name: str, kept: set[str]) -> None:  # noqa: ANN401 - as above
    folder = posixpath.dirname(posixpath.dirname(name))
    for relation in list(root):
        if not _stays(relation, folder, kept):
            root.remove(relation)


def _stays(relation: Any, folder: str, kept: set[str]) -> bool:  # noqa: ANN401 - as above
    target = relation.get("Target", "")
    path = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
    return relation.get("TargetMode") != "External" and posixpath.normpath(path) in kept


def _disarm(root: Any, dropped: set[str]) -> None:  # noqa: ANN401 - as above
    """Take out what acts, and what refers to a relation that is no more."""
    for name in (*_ACTING, *_OF_SLIDES):
        for element in list(root.iter(f"{{*}}{name}")):
            element.getparent().remove(element)
    for sections in list(root.iter("{*}sectionLst")):
        extension = sections.getparent()
        extension.getparent().remove(extension)
    for element in list(root.iter("{*}*")):
        refers = [key for key in element.attrib if key.startswith(_RELATION)]
        if any(element.get(key) in dropped for key in refers):
            holder = next(
                (
                    found
                    for found in (element, *element.iterancestors())
                    if str(found.tag).endswith(tuple(f"}}{shape}" for shape in _SHAPES))
                ),
                element,
            )
            if holder.getparent() is not None:
                holder.getparent().remove(holder)


def _broken(file: str) -> FileRefusedError:
    text = mark(
        "The template is no presentation that can be used; expected a .pptx file with slide "
        "layouts that have a title. Save it again with PowerPoint or Impress."
    )
    return refusal(file, text)


def _stage(deck: Deck, file: str) -> Stage:
    layouts = [layout for layout in deck.slide_layouts if _of(layout, _TITLES)]
    opening = [layout for layout in layouts if _of(layout, (PP_PLACEHOLDER.CENTER_TITLE,))]
    inner = [layout for layout in layouts if layout not in opening] or layouts
    if not layouts:
        raise _broken(file)
    plain = min(inner, key=lambda layout: len(_filled(layout)))
    content = max(inner, key=lambda layout: _room(layout))
    return Stage(deck, (opening or layouts)[0], content, plain, _area(deck, content, plain))


def _of(layout: SlideLayout, kinds: tuple[PP_PLACEHOLDER, ...]) -> list[Any]:
    return [found for found in iter(layout.placeholders) if found.placeholder_format.type in kinds]


def _filled(layout: SlideLayout) -> list[Any]:
    """Return the placeholders that ask for content."""
    running = (*_RUNNING, *_TITLES)
    return [
        held for held in iter(layout.placeholders) if held.placeholder_format.type not in running
    ]


def _room(layout: SlideLayout) -> int:
    """Return how large the one text of a layout is; a layout with several is not meant for us."""
    texts = _of(layout, _TEXTS)
    if len(texts) != 1 or len(_filled(layout)) != 1 or texts[0].width is None:
        return 0
    return int(texts[0].width * texts[0].height)


def _area(deck: Deck, content: SlideLayout, plain: SlideLayout) -> Box:
    width, height = int(deck.slide_width or 0), int(deck.slide_height or 0)
    title = _of(plain, _TITLES)[0]
    below = int(title.top + title.height) if title.top is not None else height // 6
    if _room(content):
        body = _of(content, _TEXTS)[0]
        box = Box(int(body.left), int(body.top), int(body.width), int(body.height))
        large = box.width > width // 2 and box.height > height // 2
        if large and box.top >= below - 2 * EMU_PER_MM and box.right <= width:
            return box
    top = min(below + 2 * EMU_PER_MM, height // 3)
    side = width // 25
    return Box(side, top, width - 2 * side, round(height * 0.92) - top)


def _own_deck() -> Deck:
    """Return the presentation that python-pptx brings, in 16:9 and in our look."""
    deck = Presentation()
    package = deck.part.package
    for number, relation in list(package._rels.items()):
        if relation.reltype == RELATIONSHIP_TYPE.THUMBNAIL:
            package.drop_rel(number)
    deck.slide_width, deck.slide_height = Emu(12_192_000), Emu(6_858_000)
    for layout in list(deck.slide_layouts):
        if layout.name not in ("Title Slide", "Title and Content", "Title Only"):
            deck.slide_layouts.remove(layout)
    opening, content, plain = deck.slide_layouts
    master = deck.slide_master
    for holder in (master, opening, content, plain):
        for shape in iter(holder.placeholders):
            kind = shape.placeholder_format.type
            own = shape._element.spPr.find("{*}xfrm") is not None
            if own or holder is master:
                _move(shape, *_OWN_PLACES.get(kind, _OWN_PLACES[PP_PLACEHOLDER.BODY]))
    style = master._element.find(".//{*}titleStyle/{*}lvl1pPr")
    style.set("algn", "l")
    letters = style.find("{*}defRPr")
    letters.set("sz", "2800")
    letters.set("b", "1")
    letters.find("{*}solidFill").getchildren()[0].set("val", "tx2")
    _paint_opening(opening)
    return deck


_OWN_PLACES: dict[Any, tuple[int, int, int, int]] = {
    PP_PLACEHOLDER.TITLE: (457_200, 228_600, 11_277_600, 777_240),
    PP_PLACEHOLDER.CENTER_TITLE: (914_400, 2_103_120, 10_363_200, 1_463_040),
    PP_PLACEHOLDER.SUBTITLE: (914_400, 3_749_040, 10_363_200, 1_188_720),
    PP_PLACEHOLDER.BODY: (457_200, 1_051_560, 11_277_600, 5_303_520),
    PP_PLACEHOLDER.DATE: (457_200, 6_427_000, 2_743_200, 320_040),
    PP_PLACEHOLDER.FOOTER: (4_038_600, 6_427_000, 4_114_800, 320_040),
    PP_PLACEHOLDER.SLIDE_NUMBER: (8_991_600, 6_427_000, 2_743_200, 320_040),
}


def _move(shape: Any, left: int, top: int, width: int, height: int) -> None:  # noqa: ANN401
    shape.left, shape.top, shape.width, shape.height = left, top, width, height


def _paint_opening(layout: SlideLayout) -> None:
    ground = layout.background.fill
    ground.solid()
    ground.fore_color.rgb = RGBColor(*_NAVY)  # type: ignore[no-untyped-call]  # by python-pptx
    for shape in iter(layout.placeholders):
        kind = shape.placeholder_format.type
        if kind in (PP_PLACEHOLDER.CENTER_TITLE, PP_PLACEHOLDER.SUBTITLE):
            size = 4000 if kind == PP_PLACEHOLDER.CENTER_TITLE else 2000
            style = shape._element.find(".//{*}lstStyle")
            for level in style.getchildren():
                style.remove(level)
            style.append(
                parse_xml(
                    '<a:lvl1pPr xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
                    f'marL="0" indent="0" algn="l"><a:buNone/><a:defRPr sz="{size}"><a:solidFill>'
                    '<a:srgbClr val="FFFFFF"/></a:solidFill></a:defRPr></a:lvl1pPr>'
                )
            )
