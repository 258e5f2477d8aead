"""A map, or a story of scenes, as one HTML file that needs no network and no installation.

The file holds the live map's own code, its data as JSON and a content policy that allows these
scripts and styles by their hashes and nothing else: it can ask nobody for anything.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from geoapp.core.mapspec import LegendGroup, MapLayer, MapSpec
from geoapp.core.phrases import Phrases, mark
from geoapp.core.scene import Scene, Story
from geoapp.core.table import Table
from geoapp.errors import FileRefusedError, Problem, printable
from geoapp.maps.live import component_script, component_styles, leaflet_script, live_payload
from geoapp.maps.live import phrases as texts
from geoapp.maps.live_table import table_payload

Json = dict[str, Any]

_COMPONENT = Path(__file__).parents[1] / "ui" / "map_component"
_OWN_STYLES = ("table.css", "presenter.css", "offline.css")
_DRAWN = ("key", "name", "px", "py", "rank")
_MOST_GEOMETRY_BYTES = 200_000_000

PRESENTER_NAMES = {
    "present": mark("Present"),
    "next": mark("Next scene"),
    "previous": mark("Previous scene"),
    "blank": mark("Blank screen"),
    "legend": mark("Show or hide the legend"),
    "fullscreen": mark("Full screen"),
    "help": mark("Keys"),
    "leave": mark("Leave the presentation"),
    "first-last": mark("First and last scene"),
    "into-map": mark("Into the map, where the arrow keys go from area to area; Escape leaves it"),
    "scroll": mark("Scroll a long text"),
    "space": mark("Space"),
    "place": mark("Scene {number} of {count}"),
    "blanked": mark("The screen is blank. Press B to go on."),
    "decisions": mark("Decisions"),
    "sources": mark("Sources"),
    "no-scenes": mark("This story has no scenes yet."),
}
"""Texts of the presenter, by the slug under which it looks for them."""

_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="geoapp">
<title>{title}</title>
<style>{styles}</style>
</head>
<body class="geoapp-file">
{body}
<script type="application/json" id="geoapp-data">{data}</script>
<script>{leaflet}</script>
<script type="module">{script}</script>
</body>
</html>
"""


def single_file(spec: MapSpec, table: Table, phrases: Phrases) -> bytes:
    """Return a map with its table as one HTML file.

    Parameters
    ----------
    spec
        The map. Its display files (GeoJSON, EPSG:4326) are read from their paths; layers of
        vector tiles are too large for a file and are left out, with a notice on the map.
    table
        The rows below the map, by the keys of its areas; with the sources of the figures where
        it was made so, see `geoapp.core.table.municipality_rows`.
    phrases
        In the language of the map.

    Returns
    -------
        UTF-8. The same map and rows give the same bytes.

    Raises
    ------
    FileRefusedError
        A display file is missing or is no GeoJSON FeatureCollection.
    """
    held = held_map(spec)
    caption = phrases.gettext("Municipalities with their figures; a dash stands for unknown.")
    rows = table_payload(table, caption=caption, language=phrases.language, selectable=True)
    data = {"map": live_payload(held), "table": rows, "geometry": _geometry([held])}
    body = "\n".join(
        [
            f"<main><h1>{_markup(held.title)}</h1>",
            _listed("file-notices", held.notices),
            f'<h2 class="map-unseen">{_markup(phrases.gettext("Map"))}</h2>',
            '<div id="geoapp-map" class="file-map"></div>',
            f'<p class="file-words">{_markup(held.text_alternative)}</p>',
            f"<h2>{_markup(phrases.gettext('Municipalities'))}</h2>",
            '<div id="geoapp-table"></div></main>',
            _sources(held.attribution, phrases),
        ]
    )
    return _page(held.title, phrases.language, body, data)


def story_file(story: Story, maps: Sequence[MapSpec], phrases: Phrases) -> bytes:
    """Return a story as one HTML file that presents its scenes, driven by the keyboard.

    Parameters
    ----------
    story
        What is told.
    maps
        The map of each scene, see `geoapp.core.scene.scene_map`; treated as by `single_file`.
    phrases
        The language of the controls, which should be that of the maps.

    Raises
    ------
    FileRefusedError
        A display file is missing or is no GeoJSON FeatureCollection.
    """
    held = [held_map(spec) for spec in maps]
    data = {"story": story_payload(story, held, phrases), "geometry": _geometry(held)}
    body = "\n".join(
        [
            f"<main><h1>{_markup(story.title)}</h1>",
            '<div id="geoapp-presenter"></div>',
            *(_scene(scene, spec, phrases) for scene, spec in zip(story.scenes, held, strict=True)),
            "</main>",
            _sources(dict.fromkeys(line for spec in held for line in spec.attribution), phrases),
        ]
    )
    return _page(story.title, phrases.language, body, data)


def story_payload(
    story: Story, maps: Sequence[MapSpec], phrases: Phrases, base_url: str = ""
) -> Json:
    """Return what the presenter shows, ready for JSON; ``maps`` are those of the scenes.

    Parameters
    ----------
    base_url
        Where `layers/<name>` is served, as in `geoapp.maps.live.live_payload`.
    """
    return {
        "title": story.title,
        "language": phrases.language,
        "phrases": {slug: phrases.gettext(name) for slug, name in PRESENTER_NAMES.items()},
        "scenes": [
            {
                "slug": scene.slug,
                "title": scene.title,
                "text": scene.text,
                "decisions": [
                    {"date": decision.date.isoformat(), "text": decision.text}
                    for decision in scene.decisions
                ],
                "map": live_payload(spec, base_url),
            }
            for scene, spec in zip(story.scenes, maps, strict=True)
        ],
    }


def held_map(spec: MapSpec) -> MapSpec:
    """Return the map as a file can hold it: no background map, and notices in place of tiles."""
    tiled = [layer for layer in spec.layers if layer.geometry.is_tiled]
    names = {layer.name for layer in tiled}
    told = tuple(texts(spec)["too-large"].format(layer=layer.name) for layer in tiled)
    return spec.model_copy(
        update={
            "base_map": None,
            "layers": tuple(layer for layer in spec.layers if layer not in tiled),
            "legend": tuple(_without(spec.legend, names)),
            "notices": (*spec.notices, *told),
        }
    )


def _without(legend: Iterable[LegendGroup], names: set[str]) -> Iterable[LegendGroup]:
    for group in legend:
        items = tuple(item for item in group.items if item.label not in names)
        if items or not group.items:
            yield group.model_copy(update={"items": items})


def _geometry(maps: Iterable[MapSpec]) -> dict[str, Json]:
    """Return each display file that the maps name, once, by its name."""
    layers = {layer.geometry.name: layer for spec in maps for layer in spec.layers}
    return {name: _collection(layer) for name, layer in layers.items()}


def _collection(layer: MapLayer) -> Json:
    path = layer.geometry.path
    try:
        if path.stat().st_size > _MOST_GEOMETRY_BYTES:
            raise _unusable(path, "more than 200 MB")
        collection = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _unusable(path, type(error).__name__) from error
    if not isinstance(collection, dict) or not isinstance(collection.get("features"), list):
        raise _unusable(path, "other JSON")
    # only what is drawn is copied; finer borders would have to be fetched
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {
                    name: value for name, value in feature["properties"].items() if name in _DRAWN
                },
                "geometry": feature["geometry"],
            }
            for feature in collection["features"]
        ],
    }


def _unusable(path: Path, found: str) -> FileRefusedError:
    return FileRefusedError(
        Problem(
            file=path.name,
            text="expected a GeoJSON FeatureCollection, found {found}; prepare it again",
            values={"found": found},
        )
    )


def _page(title: str, language: str, body: str, data: Json) -> bytes:
    styles = "\n".join([component_styles(), *(_own(name) for name in _OWN_STYLES)])
    leaflet, script = leaflet_script(), f"{component_script()}\nstartFile(mountMap, mountTable);\n"
    page = _PAGE.format(
        language=_markup(language),
        policy=_policy(scripts=(leaflet, script), styles=(styles,)),
        title=_markup(title),
        styles=styles,
        body=body,
        data=_json(data),
        leaflet=leaflet,
        script=script,
    )
    return page.encode()


def _own(name: str) -> str:
    return (_COMPONENT / name).read_text(encoding="utf-8")


def _policy(*, scripts: Iterable[str], styles: Iterable[str]) -> str:
    rules = {
        "default-src": "'none'",
        "script-src": " ".join(map(_hash, scripts)),
        "style-src": " ".join(map(_hash, styles)),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _json(data: Json) -> str:
    """Write data so that it ends no script, opens no comment and holds no unseen character."""
    written = json.dumps(_seen(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return written.replace("<", "\\u003c")


def _seen(value: object) -> object:
    # coordinates are most of a file and hold no text
    if isinstance(value, Mapping):
        return {
            printable(str(key)): found if key == "coordinates" else _seen(found)
            for key, found in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_seen(found) for found in value]
    return printable(value, kept="\n") if isinstance(value, str) else value


def _scene(scene: Scene, spec: MapSpec, phrases: Phrases) -> str:
    """Return a scene as a reader of the overview, or of paper, sees it."""
    heading = PRESENTER_NAMES["decisions"]
    decisions = [f"{decision.date.isoformat()}: {decision.text}" for decision in scene.decisions]
    return "\n".join(
        [
            f'<section class="file-scene" data-scene="{_markup(scene.slug)}">',
            f"<h2>{_markup(scene.title)}</h2>",
            *(f"<p>{_markup(line)}</p>" for line in scene.text.split("\n") if line),
            f'<p class="file-words">{_markup(spec.title)}. {_markup(spec.text_alternative)}</p>',
            _listed("file-notices", spec.notices),
            f"<h3>{_markup(phrases.gettext(heading))}</h3>{_listed('file-decisions', decisions)}"
            if decisions
            else "",
            "</section>",
        ]
    )


def _sources(lines: Iterable[str], phrases: Phrases) -> str:
    heading = PRESENTER_NAMES["sources"]
    listed = _listed("file-sources", lines)
    return f"<footer><h2>{_markup(phrases.gettext(heading))}</h2>{listed}</footer>"


def _listed(kind: str, lines: Iterable[str]) -> str:
    items = "".join(f"<li>{_markup(line)}</li>" for line in lines)
    return f'<ul class="{kind}">{items}</ul>' if items else ""


def _markup(text: str) -> str:
    return html.escape(printable(text))
