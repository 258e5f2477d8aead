"""What can go wrong, in one tree.

GeoappError
├── RefusedError        the call or the file was refused; nothing was changed (exit code 2)
│   └── FileRefusedError   a file is missing, broken, hostile or not what was expected
└── RegistryError       registry or layer files have problems (exit code 1)

Anything else that surfaces is a bug.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Literal

Severity = Literal["error", "warning"]

# Steers a terminal, or the direction in which a text reads: C0 and C1, marks of direction and of
# lines, tags, halves of characters.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def printable(text: str, *, kept: str = "") -> str:
    r"""Return a text with a space for each character that acts instead of being seen.

    >>> printable("Raj\x1b[31mcza\n"), printable("a\nb\x07", kept="\n")
    ('Raj [31mcza ', 'a\nb ')
    """
    return _UNSEEN.sub(lambda found: found[0] if found[0] in kept else " ", text)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing found wrong, told in a sentence that can be translated.

    Attributes
    ----------
    file
        The file, relative to the workspace where it lies inside it.
    text
        English sentence with ``{placeholders}``; also the key of its translation.
    field
        Field, column or row, for example ``members[3].code``; empty for the whole file.
    values
        What fills the placeholders. Values are data and never interpreted.
    severity
        ``error``: the file or part of it is not used. ``warning``: it is used as described.
    """

    file: str
    text: str
    field: str = ""
    values: Mapping[str, object] = dataclass_field(default_factory=dict)
    severity: Severity = "error"

    def sentence(self, template: str | None = None) -> str:
        """Fill the values into the text, or into its translation when one is given.

        Values may come from a file of anybody, so that the sentence is made printable.
        """
        return printable((template or self.text).format(**self.values))

    def __str__(self) -> str:
        where = f"{self.file}: {self.field}" if self.field else self.file
        return f"{printable(where)}: {self.sentence()}"


class GeoappError(Exception):
    """Root of every error that geoapp raises on purpose."""


class RefusedError(GeoappError):
    """A call that cannot be carried out; nothing was changed."""


class FileRefusedError(RefusedError):
    """A file that is missing, broken, hostile or not what was expected."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class RegistryError(GeoappError):
    """Registry or layer files have problems; all of them are listed."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
