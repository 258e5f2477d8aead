"""What somebody sees who opens an address of the app, told before it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from geoapp.core.atlas import Atlas
from geoapp.core.choice import Choice
from geoapp.core.partnership import Language
from geoapp.core.theming import layer_label
from geoapp.core.vocabulary import GROUPING_NAMES
from geoapp.text import LANGUAGE_NAMES, Text, as_language
from geoapp.ui.permalink import read_choice, write_choice

_OWN_HOSTS = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - compared with, not bound
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Seen:
    """What the recipient sees, and what may surprise; one sentence each, in plain text."""

    shown: tuple[str, ...]
    warnings: tuple[str, ...]


def address_of(page: str, choice: Choice, language: Language) -> str:
    """Return the address that shows a choice.

    Parameters
    ----------
    page
        Address of the page; its own parameters are left out.

    >>> address_of("https://maps.example/?lang=pl", Choice(layers=("roads",)), "cs")
    'https://maps.example/?lang=cs&layers=roads'
    """
    parameters = {"lang": language, **write_choice(choice)}
    parts = urlsplit(page)
    query = urlencode(parameters, safe=",")
    return parts._replace(path=parts.path or "/", query=query, fragment="").geturl()


def recipient_sees(address: str, atlas: Atlas, text: Text) -> Seen:
    """Return what somebody sees who opens an address, read back from the address itself."""
    parameters = dict(parse_qsl(urlsplit(address).query))
    choice = read_choice(parameters)
    language = as_language(parameters.get("lang"))
    return Seen(
        _shown(choice, language, atlas, text),
        (*_missing(choice, atlas, text), *_surprises(address, choice, atlas, text)),
    )


def _shown(choice: Choice, language: Language | None, atlas: Atlas, text: Text) -> tuple[str, ...]:
    names = [
        partnership.name(text.language, short=True)
        for partnership in atlas.partnerships
        if partnership.id in choice.partnerships
    ]
    layers = [
        layer_label(layer.spec, text)
        for layer in atlas.themes
        if layer.spec.slug in choice.layers and layer.geometry is not None
    ]
    told = [
        _line(text.gettext("Partnerships"), names or [text.gettext("All partnerships")]),
        _line(
            text.gettext("Group and colour by"),
            [text.gettext(GROUPING_NAMES[choice.group_by])],
        ),
        _line(text.gettext("Themes"), layers or [text.gettext("None")]),
    ]
    if choice.selected in atlas.municipalities.index:
        selected = atlas.names.get(str(choice.selected), "")
        told.append(_line(text.gettext("Selected municipality"), [selected]))
    spoken = LANGUAGE_NAMES[language] if language else text.gettext("that of their browser")
    return (*told, _line(text.gettext("Language"), [spoken]))


def _line(name: str, values: list[str]) -> str:
    return f"{name}: {', '.join(values)}"


def _missing(choice: Choice, atlas: Atlas, text: Text) -> list[str]:
    """Return what the address names and the workspace does not have."""
    partnerships = {partnership.id for partnership in atlas.partnerships}
    drawn = {layer.spec.slug for layer in atlas.themes if layer.geometry is not None}
    lost = [slug for slug in choice.partnerships if slug not in partnerships]
    lost += [slug for slug in choice.layers if slug not in drawn]
    if choice.selected and choice.selected not in atlas.municipalities.index:
        lost.append(choice.selected)
    if not lost:
        return []
    told = text.gettext("The address names what this workspace cannot show: {names}.")
    return [told.format(names=", ".join(lost))]


def _surprises(address: str, choice: Choice, atlas: Atlas, text: Text) -> list[str]:
    told = []
    if not choice.partnerships and not choice.layers and not choice.selected:
        told.append(
            text.gettext(
                "The address holds no selection: the recipient sees all partnerships without "
                "a theme."
            )
        )
    if urlsplit(address).hostname in _OWN_HOSTS:
        told.append(
            text.gettext(
                "The address is that of your own computer: nobody else can open it. Send a file, "
                "or serve the map where the recipient can reach it."
            )
        )
    base = next((found for found in atlas.base_maps if found.slug == choice.base_map), None)
    if base is not None:
        told.append(
            text.gettext(
                "The background map is loaded from {host}, which learns the address of the "
                "recipient; without a network it is missing."
            ).format(host=urlsplit(base.url).hostname or base.name)
        )
    if len(address) > _LONGEST:
        told.append(
            text.gettext("The address is very long; some mail programs cut it. Choose less.")
        )
    return told
