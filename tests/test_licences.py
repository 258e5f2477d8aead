"""What a user must install with geoapp may be used as freely as geoapp itself."""

import re
from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import Requirement

COPYLEFT = re.compile(r"\b(A?GPL|GNU (Affero )?General Public)", re.IGNORECASE)


def required(name: str, seen: set[str]) -> Iterator[metadata.Distribution]:
    """Yield a distribution and everything it requires on this machine."""
    if name.lower() in seen:
        return
    seen.add(name.lower())
    found = metadata.distribution(name)
    yield found
    for line in found.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield from required(requirement.name, seen)


def licence_of(found: metadata.Distribution) -> str:
    """Return what a distribution says of its licence, short of the licence text itself."""
    facts = found.metadata
    classifiers = [text for text in facts.get_all("Classifier") or () if "License" in text]
    # some put the whole text there, which names other licences
    stated = (facts.get("License") or "").splitlines()[:1]
    return " ".join([facts.get("License-Expression") or "", *classifiers, *stated])


def test_nothing_required_is_under_the_gpl() -> None:
    found = {each.metadata["Name"]: licence_of(each) for each in required("geoapp", set())}
    assert len(found) > 20
    assert {name: text for name, text in found.items() if COPYLEFT.search(text)} == {}
