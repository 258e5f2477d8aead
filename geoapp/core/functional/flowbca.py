"""flowbca (Meekes & Hassink 2018): the unit with the strongest tie joins the core it depends on."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Literal

from geoapp.core.functional.delineation import (
    Delineation,
    lonely_units,
    named_areas,
    require_two_units,
)
from geoapp.core.functional.flows import FlowTable
from geoapp.core.functional.merging import (
    Merger,
    Network,
    Pair,
    Strength,
    directed,
    labels_after,
    merge_strongest,
    merger_table,
    mutual,
    network_of,
)
from geoapp.core.functional.progress import Note, Progress, require, silent

Option = Literal[1, 2, 3, 4]
Stop = Literal["q", "k", "la", "lw", "lm", "non-zero"]


def flowbca(
    flows: FlowTable,
    *,
    option: Option = 1,
    stop: Stop = "q",
    level: float = 0.15,
    progress: Progress = silent,
) -> Delineation:
    """Merge, round by round, the pair of areas with the strongest flow until a rule stops it.

    Parameters
    ----------
    flows
        In persons.
    option
        What counts as strong: 1 the share in the origin's residents, 2 the sum of this share both
        ways, 3 the flow, 4 the sum of the flows both ways.
    stop
        ``q`` the greatest strength falls below ``level``; ``k`` this many areas are left; ``la``,
        ``lw``, ``lm`` the mean, weighted mean or minimum of the internal shares ``T_AA / R_A``
        reaches it; ``non-zero`` every area has an internal flow (``level`` is not used).
    level
        Threshold of the rule. The share .15 is the usual one where there is no city; with options 3
        and 4 ``q`` is a number of persons.
    progress
        Told the share of mergers made.

    Notes
    -----
    Of pairs tied in a directed option, the origin that receives most from the other tied ones
    goes, into the destination of which the same holds; in an undirected option, the unit that
    receives most stays. What is tied then is settled by the first code. The table ``mergers`` is
    the tree. An area without residents counts with an internal share of 0.

    References
    ----------
    Meekes, J. & Hassink, W. H. J. (2018). flowbca: a flow-based cluster algorithm in Stata. Stata
    Journal 18(3), 564-584.
    """
    _check(option, stop, level)
    require_two_units(flows)
    network = network_of(flows)
    rule, merged = _stop_rule(network, stop, level)
    steps = merge_strongest(
        network,
        _strength(network, option),
        stop=rule,
        choose=_tie_rule(network, undirected=option in (2, 4)),
        merged=merged,
        progress=progress,
    )
    label = labels_after(steps, len(flows.codes))
    area, areas = named_areas(flows, label, cores={int(unit): int(unit) for unit in set(label)})
    return Delineation(
        method="flowbca",
        parameters={"option": option, "stop": stop, "level": level},
        codes=flows.codes,
        area=area,
        areas=areas,
        reserve=lonely_units(flows),
        facts={"mergers": len(steps)},
        tables={"mergers": merger_table(steps, flows.codes)},
        notes=_notes(stop, level, len(areas)),
    )


def _check(option: int, stop: str, level: float) -> None:
    rules = ("q", "k", "la", "lw", "lm", "non-zero")
    require(
        [
            (option in (1, 2, 3, 4), f"the option must be 1, 2, 3 or 4, found {option}"),
            (stop in rules, f"the stop rule must be one of {', '.join(rules)}, found {stop}"),
            (
                stop != "k" or (level >= 1 and level == int(level)),
                "k must be a whole number from 1",
            ),
            (stop != "q" or level >= 0, f"q must not be negative, found {level}"),
            (
                stop not in ("la", "lw", "lm") or 0 <= level <= 1,
                f"{stop} must lie in 0..1, found {level}",
            ),
        ]
    )


def _strength(network: Network, option: int) -> Strength:
    residents = network.residents

    def relative(a: int, b: int, ab: float, ba: float) -> float:
        # In a fixed order, so that both members of a pair see the very same number.
        first, second = (ab / residents[a] if ab else 0.0), (ba / residents[b] if ba else 0.0)
        return first + second if a < b else second + first

    if option == 2:
        return mutual(network, relative)
    if option == 4:
        return mutual(network, lambda _a, _b, ab, ba: ab + ba)
    return directed(network, relative=option == 1)


def _tie_rule(network: Network, *, undirected: bool) -> Callable[[list[Pair]], Pair]:
    def receiving_most(units: list[int]) -> int:
        if len(units) == 1:
            return units[0]
        received = dict.fromkeys(units, 0.0)
        for unit in units:
            row = network.out[unit]
            shared = row.keys() & received.keys()
            for other in shared:
                received[other] += row[other]
        return min(units, key=lambda unit: (-received[unit], unit))

    def choose(pairs: list[Pair]) -> Pair:
        side = 1 if undirected else 0
        first = receiving_most(sorted({pair[side] for pair in pairs}))
        rest = sorted({pair[1 - side] for pair in pairs if pair[side] == first})
        second = receiving_most(rest)
        return (second, first) if undirected else (first, second)

    return choose


def _stop_rule(
    network: Network, stop: Stop, level: float
) -> tuple[Callable[[float], bool], Callable[[Merger], None]]:
    """Return the question put before each round, and what keeps its figures up to date."""
    live = len(network.out)
    internal, residents = network.internal, network.residents
    shares = [_share(internal[area], residents[area]) for area in range(live)]
    lowest = [(share, area) for area, share in enumerate(shares)]
    heapq.heapify(lowest)
    total, held, of = sum(shares), sum(internal), sum(residents)
    empty = sum(value <= 0 for value in internal)
    gone: set[int] = set()
    before = list(internal)

    def merged(step: Merger) -> None:
        nonlocal live, total, held, empty
        live -= 1
        gone.add(step.gone)
        now = _share(internal[step.kept], residents[step.kept])
        total += now - shares[step.kept] - shares[step.gone]
        held += internal[step.kept] - before[step.kept] - before[step.gone]
        empty += sum(
            (internal[step.kept] <= 0, -(before[step.kept] <= 0), -(before[step.gone] <= 0))
        )
        shares[step.kept], before[step.kept] = now, internal[step.kept]
        heapq.heappush(lowest, (now, step.kept))

    def minimum() -> float:
        while lowest[0][1] in gone or lowest[0][0] != shares[lowest[0][1]]:
            heapq.heappop(lowest)
        return lowest[0][0]

    rules: dict[Stop, Callable[[float], bool]] = {
        "q": lambda strength: strength < level,
        "k": lambda _: live <= level,
        "la": lambda _: total / live >= level,
        "lw": lambda _: held / of >= level,
        "lm": lambda _: minimum() >= level,
        "non-zero": lambda _: empty == 0,
    }
    return rules[stop], merged


def _share(internal: float, residents: float) -> float:
    return internal / residents if residents > 0 else 0.0


def _notes(stop: Stop, level: float, count: int) -> tuple[Note, ...]:
    if stop != "k" or count <= level:
        return ()
    text = "{count} areas are left instead of {wanted}, because no flow joins them."
    return (Note(text, {"count": count, "wanted": int(level)}),)
