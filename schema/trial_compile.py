"""Regular expressions of the policy file, compiled for a trial in a process that may fail.

The `regex` package, which the workers use, unrolls repetitions within repetitions: twenty nested ones take all the
memory of a machine. So a process of its own tries, with bounds on CPU and memory, before any other takes them over.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from functools import lru_cache
from typing import Final

CPU_SECONDS: Final = 3
"""For all patterns of a file together."""

MEMORY_BYTES: Final = 512 << 20
_WALL_SECONDS: Final = 30.0  # a busy machine
_FLAGS: Final = (0, 26)  # as for allow-lists, and as Presidio compiles: DOTALL, MULTILINE, IGNORECASE


def problems_of(patterns: tuple[str, ...]) -> list[str]:
    """Return what is wrong with each of the patterns, "" for one that can be used; the pattern is not quoted."""
    return list(_problems_of(patterns)) if patterns else []


@lru_cache(maxsize=4)  # a file is read several times: at the start, by the first look, by commands
def _problems_of(patterns: tuple[str, ...]) -> tuple[str, ...]:
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", __file__],
            input=json.dumps(patterns),
            capture_output=True,
            encoding="utf-8",
            timeout=_WALL_SECONDS,
            check=False,
        )
        found = [str(json.loads(line)) for line in done.stdout.splitlines()]
    except subprocess.TimeoutExpired as error:
        found = [str(json.loads(line)) for line in (error.stdout or b"").splitlines()]
    if len(found) < len(patterns):  # the next one ended the process; those after it were not tried
        found.append("is a regular expression that takes too much time or memory to compile")
        found += [""] * (len(patterns) - len(found))
    return tuple(found)


def _problem(pattern: str) -> str:
    import regex  # noqa: PLC0415 - only the trial's own process needs it

    try:
        for flags in _FLAGS:
            compiled = regex.compile(pattern, flags)
            if compiled.fullmatch("", timeout=1) is not None:
                return "is a regular expression that the empty text matches"
    except regex.error as error:
        return f"is no regular expression ({str(error.msg).partition(chr(39))[0].strip()})"
    except Exception as error:  # noqa: BLE001 - whatever a pattern does, it is the pattern's fault
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
