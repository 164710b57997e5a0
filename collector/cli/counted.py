"""How a command says how many there are of something."""

from __future__ import annotations


def counted(count: int, what: str) -> str:
    """Return "1 run" or "1,200 runs"."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
