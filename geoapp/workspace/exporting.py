"""Everything that can be taken away from a workspace, by kind and by the ending of the file.

What draws or writes a format is loaded when it is first wanted, so that a server starts quickly.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

from geoapp.core.atlas import Atlas
from geoapp.core.building import build_map, group_choice
from geoapp.core.choice import Choice
from geoapp.core.mapspec import MapSpec
from geoapp.core.partnership import Language
from geoapp.core.partnership_table import partnership_rows
from geoapp.core.profile import profile_partnership
from geoapp.core.profile_words import key_figures
from geoapp.core.progress import Progress, silent
from geoapp.core.scene import Story, scene_map
from geoapp.core.table import Table, municipality_rows
from geoapp.core.words import map_in_words
from geoapp.errors import RefusedError
from geoapp.store.files import digest, display_file, store_root
from geoapp.text import Text
from geoapp.workspace.exported_features import full_features, slide_features
from geoapp.workspace.opening import Workspace
from geoapp.workspace.portrait_links import portrait_links
from geoapp.workspace.scenes import read_stories

if TYPE_CHECKING:
    from geoapp.maps.portrait_parts import MapPage, Report
    from geoapp.maps.sheet_files import FileFormat

Kind = Literal[
    "sheet",
    "slides",
    "html",
    "table",
    "geopackage",
    "text",
    "portrait",
    "handout",
    "minutes",
]
# those of `geoapp.maps.sheet_layout`, which loads matplotlib
Paper = Literal["a4", "a3", "a0"]
Orientation = Literal["portrait", "landscape"]
KINDS: tuple[Kind, ...] = get_args(Kind)
ENDINGS: Mapping[Kind, tuple[str, ...]] = {
    "sheet": (".pdf", ".svg", ".png"),
    "slides": (".pptx",),
    "html": (".html",),
    "table": (".xlsx", ".csv"),
    "geopackage": (".gpkg", ".geojson"),
    "text": (".txt",),
    "portrait": (".pdf", ".docx"),
    "handout": (".pdf", ".pptx"),
    "minutes": (".docx",),
}
OF_STORIES: tuple[Kind, ...] = ("handout", "minutes")
"""Kinds that are made of a story; all others are made of a choice."""
MEDIA_TYPES: Mapping[str, str] = {
    ".pdf": "application/pdf",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".csv": "text/csv",
    ".html": "text/html",
    ".gpkg": "application/geopackage+sqlite3",
    ".geojson": "application/geo+json",
    ".txt": "text/plain",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted.

    Attributes
    ----------
    kind, ending
        What, and in which format; see `ENDINGS`.
    choice
        What the map shows. A portrait needs exactly one partnership.
    language
        Of every text.
    date
        The only time in the file.
    paper, orientation, dpi
        Of a sheet; ``dpi`` of one that is PNG.
    story
        Slug of the story of a handout or of minutes.
    template
        A presentation whose look slides take over.
    """

    kind: Kind
    ending: str
    choice: Choice
    language: Language
    date: dt.date
    paper: Paper = "a4"
    orientation: Orientation = "landscape"
    dpi: int = 200
    story: str | None = None
    template: Path | None = None

    @property
    def key(self) -> str:
        """What names its content, together with the state of the workspace."""
        return digest([repr(self)])


@dataclass(frozen=True)
class _Task:
    """An order with what it is made from."""

    order: Order
    workspace: Workspace
    atlas: Atlas
    text: Text
    store: Path
    progress: Progress

    def find(self, name: str) -> Path | None:
        """Find a display file with finer borders."""
        return display_file(self.store, name)

    def map(self) -> MapSpec:
        """Build the map of the choice."""
        return build_map(self.atlas, self.order.choice, self.text)

    def table(self) -> Table:
        """Return the municipalities of the choice with every source."""
        grouped = group_choice(self.atlas, self.order.choice)
        return municipality_rows(self.atlas, grouped, self.text, sources=True)

    def figures(self) -> tuple[tuple[str, str], ...]:
        """Return the key figures where the choice is one partnership."""
        if len(self.order.choice.partnerships) != 1:
            return ()
        partnership = self.atlas.partnership(self.order.choice.partnerships[0])
        profile = profile_partnership(partnership, self.atlas.municipalities, self.atlas.statuses)
        return key_figures(profile, self.text)


def order_for(kind: str, out: str, choice: Choice, language: Language, date: dt.date) -> Order:
    """Return the order of a kind whose format follows the name of a file.

    Raises
    ------
    RefusedError
        There is no such kind, or it has no such format.
    """
    if kind not in KINDS:
        raise RefusedError(f"{kind!r} cannot be exported; expected one of: {', '.join(KINDS)}")
    endings = ENDINGS[kind]
    found = Path(out).suffix.lower()
    if found not in endings:
        raise RefusedError(
            f"{out}: a {kind} is written as {' or '.join(endings)}; found "
            f"{found or 'no ending'}; change the ending of the name"
        )
    return Order(kind, found, choice, language, date)


def chosen_layers(atlas: Atlas, themes: Sequence[str]) -> tuple[str, ...]:
    """Return the slugs of the layers of some themes, or layers, of an atlas.

    Raises
    ------
    RefusedError
        One of them is neither.
    """
    layers = {layer.spec.slug: layer.spec.theme for layer in atlas.themes}
    known = list(dict.fromkeys([*layers.values(), *layers]))
    if unknown := [theme for theme in themes if theme not in known]:
        raise RefusedError(_unknown("theme", unknown[0], known))
    return tuple(slug for slug, theme in layers.items() if slug in themes or theme in themes)


def export(
    workspace: Workspace,
    atlas: Atlas,
    order: Order,
    *,
    store: Path | None = None,
    progress: Progress | None = None,
) -> bytes:
    """Return the file of an order; the same order and workspace give the same bytes.

    Parameters
    ----------
    store
        Folder of prepared data; `geoapp.store.files.store_root` by default.
    progress
        Called with steps done, their number and the one in work.

    Raises
    ------
    RefusedError
        It names a partnership, layer or story that the workspace does not have, or cannot be
        drawn so.
    """
    _refuse_unknown(workspace, atlas, order)
    task = _Task(
        order, workspace, atlas, Text(order.language), store or store_root(), progress or silent
    )
    return _MAKERS[order.kind](task)


def _refuse_unknown(workspace: Workspace, atlas: Atlas, order: Order) -> None:
    known = [partnership.id for partnership in atlas.partnerships]
    if unknown := [slug for slug in order.choice.partnerships if slug not in known]:
        raise RefusedError(_unknown("partnership", unknown[0], known))
    layers = [layer.spec.slug for layer in atlas.themes]
    if unknown := [slug for slug in order.choice.layers if slug not in layers]:
        raise RefusedError(_unknown("theme", unknown[0], layers))
    if order.kind == "portrait" and len(order.choice.partnerships) != 1:
        raise RefusedError(
            f"a portrait is of one partnership; found {len(order.choice.partnerships)}; name one "
            f"of: {', '.join(known)}"
        )
    if order.kind in OF_STORIES:
        _story(workspace, order)


def _story(workspace: Workspace, order: Order) -> Story:
    stories = {found.story.slug: found.story for found in read_stories(workspace.root)[0]}
    if order.story not in stories:
        known = ", ".join(stories) or "none; save scenes in the app first"
        named = f"{order.story!r} is no story" if order.story else f"a {order.kind} needs a story"
        raise RefusedError(f"{named}; known stories: {known}")
    story = stories[order.story]
    if not story.scenes:
        raise RefusedError(f"{order.story}: the story has no scene yet; save one in the app first")
    return story


def _unknown(what: str, found: str, known: Sequence[str]) -> str:
    return f"{found!r} is no {what} of this workspace; known: {', '.join(known) or 'none'}"


def _sheet(task: _Task) -> bytes:
    from geoapp.maps.sheet import render_sheet

    order = task.order
    return render_sheet(
        task.map(),
        phrases=task.text,
        date=order.date,
        paper=order.paper,
        orientation=order.orientation,
        format=cast("FileFormat", order.ending.removeprefix(".")),
        figures=task.figures(),
        locator=task.atlas.members,
        dpi=order.dpi,
        find=task.find,
    )


def _slides(task: _Task) -> bytes:
    from geoapp.maps.slides import render_slides
    from geoapp.maps.slides_columns import readable_rows

    spec = task.map()
    words = map_in_words(task.atlas, task.order.choice, task.text)
    table, told = readable_rows(task.atlas, task.order.choice, task.text)
    return render_slides(
        spec,
        phrases=task.text,
        date=task.order.date,
        # notices stand above the map
        bullets=[line for line in words if line not in spec.notices],
        figures=task.figures(),
        tables={task.text.gettext("Municipalities"): table},
        table_notes=told,
        features=slide_features(task.workspace, task.atlas, spec, task.store),
        template=task.order.template,
    )


def _html(task: _Task) -> bytes:
    from geoapp.maps.single_file import single_file

    return single_file(task.map(), task.table(), task.text)


def _table(task: _Task) -> bytes:
    from geoapp.maps.tables import table_csv, tables_xlsx, theme_tables

    if task.order.ending == ".csv":
        return table_csv(task.table().headed())
    everything = tuple(layer.spec.slug for layer in task.atlas.themes)
    spec = build_map(
        task.atlas, task.order.choice.model_copy(update={"layers": everything}), task.text
    )
    sheets = theme_tables(task.atlas, task.table(), task.text)
    if task.atlas.partnerships:
        rows = partnership_rows(task.atlas, task.order.choice, task.text)
        sheets[task.text.gettext("Partnerships")] = rows
    return tables_xlsx(
        sheets,
        title=spec.title,
        notes=[*spec.notices, *spec.attribution],
        notes_sheet=task.text.gettext("Sources"),
        date=task.order.date,
    )


def _geopackage(task: _Task) -> bytes:
    from geoapp.maps.geojson import render_geojson
    from geoapp.maps.geopackage import render_geopackage

    render = render_geopackage if task.order.ending == ".gpkg" else render_geojson
    spec = task.map()
    return render(
        spec,
        phrases=task.text,
        date=task.order.date,
        figures=task.table(),
        features=full_features(task.workspace, task.atlas, spec, task.store),
    )


def _text(task: _Task) -> bytes:
    from geoapp.maps.portrait_parts import made_words

    spec = task.map()
    sources = [f"- {line}" for line in spec.attribution]
    blocks = [
        spec.title,
        *map_in_words(task.atlas, task.order.choice, task.text),
        "\n".join([task.text.gettext("Sources"), *sources]),
        made_words(task.order.date, task.text),
    ]
    return ("\n\n".join(blocks) + "\n").encode()


def _portrait(task: _Task) -> bytes:
    from geoapp.maps.portrait import portrait

    partnership = task.atlas.partnership(task.order.choice.partnerships[0])
    links, assurances = portrait_links(
        task.workspace, task.atlas, partnership, task.text, task.store
    )
    report = portrait(
        task.atlas,
        partnership,
        task.text,
        date=task.order.date,
        links=links,
        assurances=assurances,
    )
    return _report(task, report)


def _handout(task: _Task) -> bytes:
    from geoapp.maps.handout import handout, handout_pptx

    story, maps = _scenes(task)
    date = task.order.date
    if task.order.ending == ".pptx":
        features = [slide_features(task.workspace, task.atlas, spec, task.store) for spec in maps]
        return handout_pptx(
            story, maps, task.text, date=date, features=features, template=task.order.template
        )
    return _report(task, handout(story, maps, task.text, date=date))


def _minutes(task: _Task) -> bytes:
    from geoapp.maps.minutes import minutes_docx

    story, maps = _scenes(task)
    return minutes_docx(story, maps, task.text, date=task.order.date)


def _scenes(task: _Task) -> tuple[Story, list[MapSpec]]:
    story = _story(task.workspace, task.order)
    maps = [
        scene_map(build_map(task.atlas, scene.choice, task.text), scene) for scene in story.scenes
    ]
    return story, maps


def _report(task: _Task, report: Report) -> bytes:
    """Write a report as PDF or DOCX."""
    order = task.order
    if order.ending == ".pdf":
        from geoapp.maps.portrait_pdf import report_pdf

        return report_pdf(
            report,
            task.text,
            locator=task.atlas.members,
            find=task.find,
            progress=task.progress,
        )
    from geoapp.maps.portrait_docx import report_docx
    from geoapp.maps.sheet import render_sheet

    def draw(page: MapPage) -> bytes:
        return render_sheet(
            page.spec,
            phrases=task.text,
            date=order.date,
            orientation="portrait",
            format="png",
            figures=page.figures,
            locator=task.atlas.members,
            find=task.find,
        )

    return report_docx(report, task.text, draw, progress=task.progress)


_MAKERS: Mapping[Kind, Callable[[_Task], bytes]] = {
    "sheet": _sheet,
    "slides": _slides,
    "html": _html,
    "table": _table,
    "geopackage": _geopackage,
    "text": _text,
    "portrait": _portrait,
    "handout": _handout,
    "minutes": _minutes,
}
