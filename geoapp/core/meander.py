"""Maps of the plane onto itself that keep every area: straight lines in, borders like rivers out.

A *shear* slides the plane along one direction by a sine of the distance across it; a *twist* turns
it about a centre, less and less towards a rim. Neither changes an area, both can be undone, and so
can any chain of them. All coordinates are metres in one equal-area plane.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


@dataclass(frozen=True, slots=True)
class Shear:
    """A sine wave of given length and amplitude in metres, running along `direction` (radians)."""

    direction: float
    wavelength: float
    amplitude: float
    phase: float


@dataclass(frozen=True, slots=True)
class Twist:
    """A turn by `angle` (radians, anticlockwise) at the centre, by nothing beyond `radius` (m)."""

    x: float
    y: float
    radius: float
    angle: float


Chain = Sequence[Shear | Twist]


def meanders(
    *,
    longest: float = 26_000,
    shortest: float = 800,
    count: int = 17,
    steepness: float = 0.25,
) -> tuple[Shear, ...]:
    """Return waves from the longest to the shortest wavelength (m), each in a new direction.

    ``steepness`` is the steepest slope of every wave. The golden angle between one direction and
    the next keeps the waves from adding up to a visible grid.

    >>> [round(wave.wavelength) for wave in meanders(count=3)]
    [26000, 4561, 800]
    """
    lengths = np.geomspace(longest, shortest, count).tolist()
    return tuple(
        Shear(
            direction=at * _GOLDEN_ANGLE,
            wavelength=length,
            amplitude=steepness * length / math.tau,
            phase=at * at + 0.7,
        )
        for at, length in enumerate(lengths)
    )


def carried(points: Floats, chain: Chain) -> Floats:
    """Return where a chain of maps takes points of shape (n, 2).

    >>> carried(np.array([[0.0, 0.0], [9.0, 9.0]]), [Twist(1.0, 0.0, 4.0, 0.0)]).tolist()
    [[0.0, 0.0], [9.0, 9.0]]
    """
    for step in chain:
        points = _applied(points, step, 1)
    return points


def carried_back(points: Floats, chain: Chain) -> Floats:
    """Return the points of shape (n, 2) that a chain of maps takes to the given ones."""
    for step in reversed(chain):
        points = _applied(points, step, -1)
    return points


def twist_between(source: Floats, target: Floats, *, away: float, reach: float) -> Twist:
    """Return a twist that takes one point to another.

    Parameters
    ----------
    source, target
        Two distinct points, shape (2,).
    away
        Distance of the centre from their connecting line as a multiple of its length; positive
        to the left of the way from source to target. The larger, the gentler the turn.
    reach
        Radius of the twist as a multiple, above 1, of the distance from its centre to both points.

    Examples
    --------
    >>> twist = twist_between(np.zeros(2), np.array([2.0, 0.0]), away=1.0, reach=2.0)
    >>> carried(np.zeros((1, 2)), [twist]).round(9).tolist()
    [[2.0, 0.0]]
    """
    across = target - source
    centre = (source + target) / 2 + away * np.array([-across[1], across[0]])
    from_centre = float(np.hypot(*(source - centre)))
    turn = 2 * math.copysign(math.atan2(1, 2 * abs(away)), away)
    return Twist(
        x=float(centre[0]),
        y=float(centre[1]),
        radius=reach * from_centre,
        angle=turn / float(_fading(1 / reach**2)),
    )


def _applied(points: Floats, step: Shear | Twist, sign: int) -> Floats:
    return _sheared(points, step, sign) if isinstance(step, Shear) else _twisted(points, step, sign)


def _sheared(points: Floats, wave: Shear, sign: int) -> Floats:
    across = np.array([math.cos(wave.direction), math.sin(wave.direction)])
    along = np.array([-across[1], across[0]])
    # Summed by hand: a matrix product may round differently with the number of points.
    distance = points[:, 0] * across[0] + points[:, 1] * across[1]
    slide = wave.amplitude * np.sin(math.tau / wave.wavelength * distance + wave.phase)
    return np.asarray(points + sign * slide[:, None] * along, dtype=float)


def _twisted(points: Floats, twist: Twist, sign: int) -> Floats:
    dx, dy = points[:, 0] - twist.x, points[:, 1] - twist.y
    turn = sign * twist.angle * _fading((dx**2 + dy**2) / twist.radius**2)
    cos, sin = np.cos(turn), np.sin(turn)
    return np.column_stack([twist.x + cos * dx - sin * dy, twist.y + sin * dx + cos * dy])


def _fading(share: Floats | float) -> Floats:
    """Fall from 1 at the centre to 0 at the rim, smooth at both; `share` is the squared radius."""
    return np.asarray((1 - np.minimum(share, 1.0)) ** 2, dtype=float)
