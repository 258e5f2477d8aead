"""Answers of a WFS as they come: how much is in one, what went wrong, and several as one file.

The bytes are looked at without building the document: this is for counting and for telling
features apart, not for reading them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from geoapp.core.phrases import mark
from geoapp.core.raw import refusal
from geoapp.errors import Problem
from geoapp.sources.remote.pulled import AnswerRefusedError
from geoapp.sources.remote.registry import RemoteSource
from geoapp.sources.remote.words import first_words

_HEAD_BYTES = 8192
_COLLECTION = re.compile(rb"<(?:[\w.-]+:)?FeatureCollection\b([^>]*)>")
_REPORT = re.compile(rb"<(?:[\w.-]+:)?(?:Service)?ExceptionReport\b")
_REASON = re.compile(rb"<(?:[\w.-]+:)?(?:ExceptionText|ServiceException)\b[^>]*>(.*?)</", re.DOTALL)
_CODE = re.compile(rb"\b(?:exceptionCode|code)\s*=\s*[\"']([\w.:-]{1,60})[\"']")
_MEMBER = re.compile(
    rb"<((?:[\w.-]+:)?(?:member|featureMember))(?:\s[^>]*)?>.*?</\1\s*>", re.DOTALL
)
_ID = re.compile(rb"\s(?:[\w.-]+:)?(?:id|fid)\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_TOO_MUCH = re.compile(
    r"too (?:many|large|big|much)|exceed|limit|maximum|maxfeatures|time[d ]*out|timeout"
    r"|natural order|startindex|za du[żz]o|przekrocz|překroč|příliš",
    re.IGNORECASE,
)
_TOO_MUCH_STATUS = frozenset({413, 414, 504})


@dataclass(frozen=True, slots=True)
class Page:
    """One answer with features.

    Attributes
    ----------
    path
        The file.
    members
        Where each feature begins and ends in it.
    digests
        Of the content of each feature, without the identifiers that a server may give anew.
    matched
        How many features answer the question in all, where the server says.
    announces_next
        Whether it says where more of them are.
    """

    path: Path
    members: tuple[tuple[int, int], ...]
    digests: tuple[bytes, ...]
    matched: int | None
    announces_next: bool

    @property
    def returned(self) -> int:
        """How many features it holds."""
        return len(self.members)


def read_page(path: Path, source: RemoteSource) -> Page:
    """Look through one answer.

    Raises
    ------
    AnswerRefusedError
        When it is an exception report.
    FileRefusedError
        When it is no collection of features.
    """
    data = path.read_bytes()
    head = data[:_HEAD_BYTES]
    if _REPORT.search(head):
        path.unlink()  # it must not be taken for an answer when an interrupted pull goes on
        raise _reported(source, 200, data)
    collection = _COLLECTION.search(head)
    if collection is None:
        raise refusal(
            source.slug,
            "Expected features (GML), found “{said}”. Look at the address in a browser; if the "
            "service moved, put the new one into sources.toml.",
            said=first_words(data[:_HEAD_BYTES]),
        )
    found = [match.span() for match in _MEMBER.finditer(data)]
    return Page(
        path,
        tuple(found),
        tuple(_digest(data[start:end]) for start, end in found),
        _number(collection.group(1), b"numberMatched"),
        bool(re.search(rb"\snext\s*=\s*[\"'][^\"']", collection.group(1))),
    )


def refused_as(source: RemoteSource, error: AnswerRefusedError) -> AnswerRefusedError:
    """Return the error in the words of the exception report it carries, if it carries one."""
    return _reported(source, error.status, error.said) if _REPORT.search(error.said) else error


def too_much(error: AnswerRefusedError) -> bool:
    """Tell whether a server refused because too much was asked for, or because it cannot page."""
    reason = str(error.problem.values.get("reason", ""))
    return error.status in _TOO_MUCH_STATUS or _TOO_MUCH.search(reason) is not None


def spliced(pages: Sequence[Page], target: Path) -> int:
    """Write the features of all pages into one file, each once; return how many there are."""
    filled = [page for page in pages if page.members]
    if not filled:
        return 0
    seen: set[bytes] = set()
    with target.open("wb") as out:
        tail = b""
        for page in filled:
            data = page.path.read_bytes()
            if not seen:
                out.write(data[: page.members[0][0]])
                tail = data[page.members[-1][1] :]
            for (start, end), digest in zip(page.members, page.digests, strict=True):
                if digest not in seen:
                    out.write(data[start:end] + b"\n")
                    seen.add(digest)
        out.write(tail)
    return len(seen)


def _digest(member: bytes) -> bytes:
    return hashlib.sha256(_ID.sub(b"", member)).digest()


def _number(attributes: bytes, name: bytes) -> int | None:
    found = re.search(rb"\s" + name + rb"\s*=\s*[\"'](\d{1,12})[\"']", attributes)
    return int(found.group(1)) if found else None


def _reported(source: RemoteSource, status: int, said: bytes) -> AnswerRefusedError:
    """Tell an exception report in one sentence."""
    reasons = [first_words(text) for text in _REASON.findall(said)]
    code = _CODE.search(said)
    reason = " ".join(filter(None, reasons)) or first_words(said)
    text = mark("The server refused the question ({code}): “{reason}”.")
    values = {"code": code.group(1).decode() if code else "-", "reason": reason[:300]}
    return AnswerRefusedError(Problem(source.slug, text, values=values), status=status, said=said)
