"""Damages pages of an SQLite file, like a failing disk."""

from __future__ import annotations

import os
import random
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_PAGE = 4096


def damage(path: Path, page_types: set[int], how_many: int) -> int:
    """Overwrite pages of a b-tree (identified by their first byte) with noise; return their number."""
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


def _overwrite(path: Path, at: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


def _pages(path: Path) -> int:
    return path.stat().st_size // _PAGE


def _in_every_second_page(path: Path, noise: random.Random) -> None:
    for page in range(0, min(40, _pages(path)), 2):
        _overwrite(path, page * _PAGE + noise.randrange(_PAGE - 64), noise.randbytes(64))


def _somewhere_in_pages(path: Path, noise: random.Random) -> None:
    for page in noise.sample(range(_pages(path)), min(_pages(path), noise.randint(1, 8))):
        _overwrite(path, page * _PAGE + noise.randrange(_PAGE - 64), noise.randbytes(noise.choice([1, 8, 64])))


def _whole_pages(path: Path, noise: random.Random) -> None:
    for page in noise.sample(range(_pages(path)), min(_pages(path), noise.randint(1, 4))):
        _overwrite(path, page * _PAGE, noise.choice([noise.randbytes(_PAGE), bytes(_PAGE)]))


def _header(path: Path, noise: random.Random) -> None:
    _overwrite(path, noise.randrange(96), noise.randbytes(4))


def _cut(path: Path, noise: random.Random) -> None:
    os.truncate(path, noise.randrange(path.stat().st_size))


def _emptied(path: Path, noise: random.Random) -> None:  # noqa: ARG001 - as the others
    os.truncate(path, 0)


def _deleted(path: Path, noise: random.Random) -> None:  # noqa: ARG001 - as the others
    path.unlink()


def _of_another_program(path: Path, noise: random.Random) -> None:
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / "other.db"
        with closing(sqlite3.connect(other)) as connection:
            connection.execute("create table bookmark (address text)")
            connection.commit()
        path.write_bytes(noise.choice([other.read_bytes(), b"this is no database"]))


def _a_tree(path: Path, noise: random.Random) -> None:
    """Destroy the root page of one table or index."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
        roots = [root for (root,) in connection.execute("select rootpage from sqlite_schema where rootpage > 0")]
    if roots:
        _overwrite(path, (noise.choice(roots) - 1) * _PAGE, noise.randbytes(_PAGE))


def _log(how: Callable[[Path, random.Random], None], suffix: str = "-wal") -> Callable[[Path, random.Random], None]:
    def harm(path: Path, noise: random.Random) -> None:
        file = path.with_name(path.name + suffix)
        if file.exists() and file.stat().st_size > _PAGE:
            how(file, noise)

    return harm


KINDS: Final[dict[str, Callable[[Path, random.Random], None]]] = {
    "64 bytes in every second page": _in_every_second_page,
    "bytes in pages": _somewhere_in_pages,
    "whole pages": _whole_pages,
    "header": _header,
    "cut": _cut,
    "emptied": _emptied,
    "deleted": _deleted,
    "of another program": _of_another_program,
    "root of a tree": _a_tree,
    "log: bytes": _log(_somewhere_in_pages),
    "log: cut": _log(_cut),
    "log: emptied": _log(_emptied),
    "log: deleted": _log(_deleted),
    "index of the log: bytes": _log(_somewhere_in_pages, "-shm"),
    "index of the log: deleted": _log(_deleted, "-shm"),
}
"""Kinds of damage to the files of a spool, by name."""
