"""Functional areas and links in words an adviser can quote: methods, parameters, how sure it is."""

from __future__ import annotations

from geoapp.core.functional.links import Links
from geoapp.core.functional.progress import Note
from geoapp.core.phrases import Phrases, mark
from geoapp.core.value import Value

SURE_SHARE = 0.8
LEAST_SCORE = 0.01

METHOD_NAMES = {
    "labour-market-areas": mark("Labour market areas (Coombes-Bond, Istat)"),
    "flowbca": mark("Flow-based clustering (flowbca)"),
    "dominant-flow": mark("Dominant flow (Nystuen-Dacey)"),
    "self-contained-areas": mark("Self-contained labour areas"),
    "functional-urban-areas": mark("Functional urban areas (EU-OECD)"),
    "commuting-zones": mark("Commuting zones (Tolbert-Sizer)"),
    "intramax": mark("Intramax (Masser-Brown)"),
}
METHOD_USES = {
    "labour-market-areas": mark(
        "Areas where most residents work and most jobs are held by residents; for policy and "
        "planning of whole regions."
    ),
    "flowbca": mark(
        "Joins municipalities step by step along their largest relative flow; shows the centre "
        "of each area."
    ),
    "dominant-flow": mark(
        "The largest flow of each municipality; the simplest picture of who depends on whom."
    ),
    "self-contained-areas": mark(
        "Merges the least self-contained areas until each is; small areas need more."
    ),
    "functional-urban-areas": mark(
        "Cores that you choose and the municipalities that send them enough of their workers."
    ),
    "commuting-zones": mark(
        "Clusters by the strength of commuting relative to the smaller municipality."
    ),
    "intramax": mark("Merges what is linked more than size explains, down to a number of regions."),
}
PARAMETER_NAMES = {
    "min_share": mark("Smallest share of the outflow that counts"),
    "option": mark("Measure of a flow (1 to 4)"),
    "stop": mark("Stop rule"),
    "level": mark("Level of the stop rule"),
    "min_size": mark("Smallest size (employed residents)"),
    "min_self_containment": mark("Smallest self-containment"),
    "target_size": mark("Target size (employed residents)"),
    "target_self_containment": mark("Target self-containment"),
    "low": mark("Residents below which most is required"),
    "high": mark("Residents above which least is required"),
    "low_self_containment": mark("Self-containment required of large areas"),
    "high_self_containment": mark("Self-containment required of small areas"),
    "min_flow": mark("Smallest flow that counts (persons)"),
    "cores": mark("Core municipalities"),
    "threshold": mark("Share of workers that go to the core"),
    "cut": mark("Distance at which the tree is cut"),
    "regions": mark("Number of regions"),
}
COMPONENT_NAMES = {
    "labour": mark("labour"),
    "services": mark("services"),
    "infrastructure": mark("infrastructure"),
    "travel": mark("travel"),
    "institutions": mark("institutions"),
}
STATUS_NAMES = {
    "observed": mark("observed"),
    "modelled": mark("modelled"),
    "straight line": mark("straight line"),
    "road": mark("by road"),
    "registry": mark("from the registry"),
}
VERDICT_NAMES = {
    "both": mark("member, and in the functional area"),
    "functional-only": mark("in the functional area, not a member"),
    "declared-only": mark("member, in another functional area"),
}
# What the methods tell of their results is written in English where it is found out; here it is
# only marked, so that the catalogues hold it.
NOTES = (
    mark("Areas that end below the minimum self-containment: {count}."),
    mark("Borders are not known, so that enclaves are not taken in nor exclaves left out."),
    mark("Candidates are the {count} known municipalities."),
    mark("Common borders are not known, so that no neighbour is favoured."),
    mark("Jobs are not known: population stands for them, and half the variants are left out."),
    mark("Links across a national border count {factor}: an assumption, not a measurement."),
    mark("Members without any flow in the table are left out: {codes}."),
    mark(
        "No unit has a flow to itself, so that every self-containment counts only flows between "
        "units; give the employed residents to complete them."
    ),
    mark("Rows left out because a code is unknown: {rows} (codes {codes})."),
    mark("Rows whose flow the source withholds, unknown and not zero, left out: {count}."),
    mark("Rows withheld by the source, unknown and not zero, left out on adding: {count}."),
    mark("The cut is a convention, not a finding: other cuts give other zones as well founded."),
    mark("These flows are modelled from size and distance; no flow was observed."),
    mark("Trees join units by their largest flow alone; they say nothing of containment."),
    mark("Units cut off from their area: {moved} moved to a neighbouring one, {left} could not."),
    mark("Units set aside because they cannot take part: {count}, with {persons} residents."),
    mark("Units whose internal flow is derived from their employed residents: {count}."),
    mark("{count} areas are left instead of {wanted}, because no flow joins them."),
    mark("{count} flows below {least} persons are ignored, {persons} persons in all."),
    mark("{count} units belong to no functional urban area."),
    mark("{count} units have no known borders and are treated as touching nothing."),
)
REASONS = (
    mark("no area could take it in and stay as valid; joined the area of highest cohesion"),
    mark("no area could take it in, and no flow links it to one"),
    mark("no employed residents"),
    mark("no flow to or from any other unit"),
    mark("no flow to other units"),
    mark("no jobs"),
    mark("sends enough commuters but does not touch the area"),
    mark("short of the required self-containment, with no counted flow to any other area"),
)


class LinkLine(Value):
    """One link in words."""

    unit: str
    name: str
    score: float
    stronger: bool
    components: str


def confidence_words(links: Links, phrases: Phrases) -> str:
    """Return how far the first labour link can be trusted, as a sentence."""
    sure = links.confidence
    if sure is None:
        return phrases.gettext("The labour link is observed, not modelled.")
    return phrases.gettext(
        "Modelled: {agreeing} of {variants} variants of the model agree on the first labour link. "
        "Where that many agreed, the first choice was right in {right} % of measured cases and "
        "among the true top three in {top} %."
    ).format(
        agreeing=phrases.number(sure.agreeing),
        variants=phrases.number(sure.variants),
        right=phrases.number(100 * sure.first_right),
        top=phrases.number(100 * sure.in_top_three),
    )


def note_words(note: Note, phrases: Phrases) -> str:
    """Return a note of a method in the reader's language, its numbers written as there."""
    values = {
        name: phrases.number(float(value), 0 if float(value).is_integer() else 1)
        if isinstance(value, (int, float))
        else value
        for name, value in note.values.items()
    }
    return phrases.gettext(note.text).format(**values)


def missing_words(links: Links, phrases: Phrases) -> str:
    """Return which components are not known, or an empty text."""
    if not links.missing:
        return ""
    names = ", ".join(phrases.gettext(COMPONENT_NAMES[name]) for name in links.missing)
    return phrases.gettext("Not known and left out, not counted as zero: {names}.").format(
        names=names
    )


def link_lines(
    links: Links, names: dict[str, str], phrases: Phrases, *, stronger: bool, most: int
) -> list[LinkLine]:
    """Return the strongest links in words.

    Parameters
    ----------
    links
        Of one municipality.
    names
        Names of municipalities by unit key.
    stronger
        Only links to stronger municipalities, by the criterion of the links.
    most
        How many at most.
    """
    table = links.table[links.table["score"] >= LEAST_SCORE]
    if stronger:
        table = table[table["stronger"]]
    return [
        LinkLine(
            unit=str(unit),
            name=names.get(str(unit), str(unit)),
            score=float(row["score"]),
            stronger=bool(row["stronger"]),
            components=_components(links, dict(row), phrases),
        )
        for unit, row in table.head(most).iterrows()
    ]


def _components(links: Links, row: dict[object, object], phrases: Phrases) -> str:
    told = [
        f"{phrases.gettext(COMPONENT_NAMES[name])} {phrases.number(_share(row[name]), 2)} "
        f"({phrases.gettext(STATUS_NAMES.get(status, status))})"
        for name, status in links.status.items()
    ]
    return ", ".join(told)


def _share(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
