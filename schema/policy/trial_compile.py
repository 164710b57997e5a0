"""Regular expressions of the policy file, compiled for a trial in a process that may fail.

The `regex` package, which the workers use, unrolls repetitions within repetitions: twenty nested ones take all the
memory of a machine. So a process of its own tries, with bounds on CPU and memory, before any other takes them over.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

CPU_SECONDS: Final = 3
"""For all patterns of a file together."""

MEMORY_BYTES: Final = 512 << 20
_WALL_SECONDS: Final = 30.0  # a busy machine
_FLAGS: Final = (0, 26)  # as for allow-lists, and as Presidio compiles: DOTALL, MULTILINE, IGNORECASE


_MOST_KNOWN: Final = 4096
_known: dict[str, str] = {}
"""Verdicts of patterns that were tried: a file is read several times, at the start, at each change, by commands."""


def problems_of(patterns: Sequence[str]) -> list[str]:
    """Return what is wrong with each of the patterns, "" for one that can be used; the pattern is not quoted."""
    new = [pattern for pattern in dict.fromkeys(patterns) if pattern not in _known]
    verdicts = _tried(new) if new else {}
    problems = [verdicts.get(pattern) or _known.get(pattern, "") for pattern in patterns]
    if len(_known) + len(verdicts) > _MOST_KNOWN:
        _known.clear()
    _known.update(verdicts)
    return problems


def _tried(patterns: list[str]) -> dict[str, str]:
    """Return the verdicts that a process of its own comes to; what follows the pattern that ends it has none."""
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", __file__],
            input=json.dumps(patterns),
            capture_output=True,
            encoding="utf-8",
            timeout=_WALL_SECONDS,
            check=False,
        )
        lines = done.stdout.splitlines()
    except subprocess.TimeoutExpired as error:
        lines = (error.stdout or b"").decode().splitlines()
    found = [str(json.loads(line)) for line in lines]
    if len(found) < len(patterns):
        found.append("is a regular expression that takes too much time or memory to compile")
    return dict(zip(patterns, found, strict=False))


def _problem(pattern: str) -> str:
    import regex  # noqa: PLC0415 - only the trial's own process needs it

    try:
        for flags in _FLAGS:
            compiled = regex.compile(pattern, flags)
            if compiled.fullmatch("", timeout=1) is not None:
                return "is a regular expression that the empty text matches"
    except regex.error as error:
        return f"is no regular expression ({str(error.msg).partition(chr(39))[0].strip()})"
    except Exception as error:  # noqa: BLE001 - any error here is the pattern's
        return f"is no regular expression that can be used ({type(error).__name__})"
    return ""


def _try_all() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for pattern in json.load(sys.stdin):
        sys.stdout.write(json.dumps(_problem(pattern)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _try_all()
