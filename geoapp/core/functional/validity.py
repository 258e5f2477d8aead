"""How valid a labour market area is: what it lacks in size it must have in self-containment."""

from __future__ import annotations

from dataclasses import dataclass

# A sum of fractions may miss the whole by its last digits; the area is closed all the same.
CLOSED = 1 - 1e-12


@dataclass(frozen=True, slots=True)
class Validity:
    """The rule that weighs size against self-containment; sizes in employed residents."""

    min_size: float
    min_self_containment: float
    target_size: float
    target_self_containment: float

    def __call__(self, internal: float, residents: float, jobs: float) -> float:
        """Return the validity of an area; it is accepted from 1 upwards."""
        contained = min(internal / residents, internal / jobs)
        if contained >= CLOSED:
            return 1.0
        span = self.target_size - self.min_size
        shortfall = max((self.target_size - residents) / span, 0.0)
        trade = 1 - (1 - self.min_self_containment / self.target_self_containment) * shortfall
        reached = min(contained / self.target_self_containment, 1.0)
        return reached * trade * self.target_self_containment / self.min_self_containment
