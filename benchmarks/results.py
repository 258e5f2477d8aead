"""What a benchmark measured, and how contenders are measured in turn, each in its own process."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

Answer = TypeVar("Answer")

_REPOSITORY = Path(__file__).parents[1]
_ABSENT = 3  # exit code of a contender that is not installed here


@dataclass(frozen=True, slots=True)
class Result:
    """One contender at one workload.

    Attributes
    ----------
    workload
        What was done, with its size.
    contender
        Who did it; ours is called ``geoapp``.
    seconds
        Median of the runs; not a number where it could not be measured.
    runs
        How often.
    ratio_to_ours
        Seconds divided by ours in the same run; None where there is nothing to compare.
    peak_mb
        Largest memory of the process, with the data it read; None where it was not measured.
    note
        What a reader must know.
    """

    workload: str
    contender: str
    seconds: float
    runs: int
    ratio_to_ours: float | None
    peak_mb: float | None
    note: str = ""


class AbsentError(Exception):
    """A contender that cannot run on this machine."""


@dataclass(slots=True)
class Runs:
    """What one contender's processes told, run by run."""

    seconds: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)
    answer: Any = None
    failure: str = ""


def timed(work: Callable[[], Answer]) -> tuple[Answer, float]:
    """Return what the work returns, and its seconds."""
    begun = time.perf_counter()
    answer = work()
    return answer, time.perf_counter() - begun


def tell(work: Callable[[], tuple[object, float]]) -> None:
    """Print, as JSON, the answer and seconds of the work and the peak memory of this process."""
    try:
        answer, seconds = work()
    except AbsentError as error:
        print(error)
        sys.exit(_ABSENT)
    print(json.dumps({"answer": answer, "seconds": seconds, "peak_mb": peak_mb()}))


def peak_mb() -> float:
    """Return the largest memory that this process has had."""
    status = Path("/proc/self/status")
    if status.is_file():
        # what `getrusage` tells under Linux is at least what the parent process had
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_turn(
    module: str,
    contenders: Iterable[str],
    arguments: Sequence[str],
    *,
    runs: int,
    limit_seconds: float,
) -> dict[str, Runs]:
    """Run each contender in a process of its own, one after the other, round by round.

    Parameters
    ----------
    module
        Module that, called with ``--one CONTENDER`` and the arguments, ends in `tell`.
    contenders
        Their names; all take part in the first round.
    arguments
        Further arguments.
    runs
        Number of rounds.
    limit_seconds
        Who has worked this long in sum takes no further part.
    """
    found = {name: Runs() for name in contenders}
    for _ in range(runs):
        for name, told in found.items():
            if not told.failure and sum(told.seconds) < limit_seconds:
                _run_once(module, name, arguments, told)
    return found


def results(workload: str, found: dict[str, Runs], notes: dict[str, str]) -> list[Result]:
    """Return a row for each contender; the first one is ours."""
    ours = statistics.median(next(iter(found.values())).seconds)
    return [
        Result(workload, name, float("nan"), 0, None, None, told.failure)
        if told.failure
        else Result(
            workload,
            name,
            statistics.median(told.seconds),
            len(told.seconds),
            statistics.median(told.seconds) / ours,
            max(told.peak_mb),
            notes.get(name, ""),
        )
        for name, told in found.items()
    ]


def table(rows: Iterable[Result]) -> str:
    """Return a Markdown table."""
    lines = [
        "| workload | contender | median seconds | runs | times ours | peak MB | note |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        cells = [
            row.workload,
            row.contender,
            _number(row.seconds, ",.3g" if row.seconds < 100 else ",.0f"),
            str(row.runs),
            _number(row.ratio_to_ours, ",.2f"),
            _number(row.peak_mb, ",.0f"),
            row.note.replace("|", "/"),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _number(value: float | None, pattern: str) -> str:
    return "" if value is None or value != value else format(value, pattern)


def _run_once(module: str, name: str, arguments: Sequence[str], told: Runs) -> None:
    command = [sys.executable, "-m", module, "--one", name, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, cwd=_REPOSITORY, check=False)
    lines = run.stdout.strip().splitlines()
    if run.returncode:
        errors = run.stderr.strip().splitlines()
        told.failure = " ".join(lines if run.returncode == _ABSENT else errors[-1:])
        return
    answer = json.loads(lines[-1])
    told.seconds.append(answer["seconds"])
    told.peak_mb.append(answer["peak_mb"])
    told.answer = answer["answer"]
