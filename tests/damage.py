"""Damage to pages of an SQLite file, as a failing disk does it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PAGE = 4096


def damage(path: Path, page_types: set[int], how_many: int) -> int:
    """Overwrite pages of a b-tree (their first byte tells them apart) with noise; return how many."""
    noise = random.Random(5)
    content = bytearray(path.read_bytes())
    pages = [
        at
        for at in range(_PAGE, len(content), _PAGE)
        if content[at] in page_types and content[at + 1 : at + 3] == b"\0\0"
    ]
    chosen = noise.sample(pages, min(how_many, len(pages)))
    for at in chosen:
        content[at : at + _PAGE] = noise.randbytes(_PAGE)
    path.write_bytes(content)
    return len(chosen)
