"""Keeps compiled patterns in a file: compiling them takes 2.6 s of CPU time at every start.

The file is in the user's cache folder, $XDG_CACHE_HOME/spanledger or ~/.cache/spanledger. It has patterns, no text.
If it cannot be written, patterns are compiled at every start.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import hyperscan

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

_MODE: Final = hyperscan.HS_MODE_BLOCK
_KEPT: Final = 8  # files; each policy has patterns of its own
_DIGEST: Final = hashlib.sha256().digest_size


def compiled(expressions: Sequence[bytes], flags: Sequence[int]) -> hyperscan.Database:
    """Return the database of these expressions; their ids are their places in the sequence."""
    folder = _folder()
    file = folder / f"{_name(expressions, flags)}.hs" if folder else None
    database = _read(file) if file else None
    if database is None:
        database = hyperscan.Database(mode=_MODE)
        count = len(expressions)
        database.compile(expressions=expressions, ids=list(range(count)), elements=count, flags=flags)
        if file:
            _keep(file, database)
    return database


def _name(expressions: Sequence[bytes], flags: Sequence[int]) -> str:
    """Return a name made of the expressions and the version of Hyperscan, whose format other versions cannot read."""
    of_all = hashlib.sha256(version("hyperscan").encode())
    for expression, flag in zip(expressions, flags, strict=True):
        of_all.update(b"%d %d " % (flag, len(expression)) + expression)
    return of_all.hexdigest()


def _folder() -> Path | None:
    """Return the cache folder, created if needed; None if others can write to it: the engine trusts what it reads."""
    try:
        parent = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        folder = Path(parent) / "spanledger"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except (OSError, RuntimeError):  # a file system that is read-only; a user without a home
        return None
    is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o022
    return folder if is_ours else None


def _read(file: Path) -> hyperscan.Database | None:
    try:
        content = file.read_bytes()
    except OSError:
        return None
    digest, database = content[:_DIGEST], content[_DIGEST:]
    if hashlib.sha256(database).digest() != digest:
        return None  # damaged: it is written again
    try:
        loaded = hyperscan.loadb(database, _MODE)
    except hyperscan.error:  # built for another CPU or by another engine
        return None
    loaded.scratch = hyperscan.Scratch(loaded)
    return loaded


def _keep(file: Path, database: hyperscan.Database) -> None:
    content = hyperscan.dumpb(database)
    unfinished = file.with_suffix(f".{os.getpid()}")
    try:
        unfinished.write_bytes(hashlib.sha256(content).digest() + content)
        unfinished.replace(file)
        by_age = sorted(file.parent.iterdir(), key=lambda one: one.stat().st_mtime_ns, reverse=True)
        for old in by_age[_KEPT:]:
            old.unlink(missing_ok=True)
    except OSError as error:  # a full disk, or another process removed a file first
        log.debug("compiled patterns are not kept: %s", error.strerror)
