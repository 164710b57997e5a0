"""Files that hold keys: of the spool, and of pseudonyms. A missing file is created, and no other user may read it."""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
import stat
from typing import TYPE_CHECKING, Final

from collector.errors import UserError
from collector.spool.seal import KEY_BYTES

if TYPE_CHECKING:
    from pathlib import Path

_MAX_FILE_BYTES: Final = 4096


class KeyFileError(UserError):
    """The key cannot be used; the message names the fix."""


def load_or_create_key(path: Path, from_env: str | None, *, variable: str = "SPANLEDGER_SPOOL_KEY") -> bytes:
    """Return the only key of `load_or_create_keys`. Raises KeyFileError if there are several."""
    key, *more = load_or_create_keys(path, from_env, variable=variable)
    if more:
        raise KeyFileError(f"{variable if from_env else path} holds {len(more) + 1} keys; only one can be used here.")
    return key


def load_or_create_keys(
    path: Path, from_env: str | None, *, variable: str = "SPANLEDGER_SPOOL_KEY"
) -> tuple[bytes, ...]:
    """Return the keys in `from_env` (set in `variable`), otherwise in the file at `path`, which is created if missing.

    Each is base64 of 32 bytes. Several are separated by commas or white space; the first is the current one.
    A key file that others may read is refused: its reader can open the spool, or reverse pseudonyms by trial.
    """
    if from_env:
        return _decoded(from_env, variable)
    try:
        return _read_key(path)
    except FileNotFoundError:
        return _create_key(path)


def _read_key(path: Path) -> tuple[bytes, ...]:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(_MAX_FILE_BYTES)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise KeyFileError(f"The key file {path} cannot be read ({error.strerror}).") from None
    if mode & 0o077:
        raise KeyFileError(f"The key file {path} is open to others (mode {mode:04o}); run: chmod 600 {path}")
    return _decoded(content.decode("ascii", "replace"), f"The key file {path}")


def _create_key(path: Path) -> tuple[bytes, ...]:
    """Write a new key to a draft file and link it to `path`: a crash leaves a complete key or none, a race one key."""
    key = secrets.token_bytes(KEY_BYTES)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, base64.b64encode(key) + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            os.link(draft, path)
        except FileExistsError:
            return _read_key(path)
        finally:
            draft.unlink()
        sync_directory(path.parent)
    except OSError as error:
        raise KeyFileError(f"The key file {path} cannot be created ({error.strerror}).") from None
    return (key,)


def sync_directory(path: Path) -> None:
    """Write the directory's entries to disk. Without it, a power loss may keep a file but lose its name."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _decoded(text: str, where: str) -> tuple[bytes, ...]:
    keys = tuple(_decoded_key(part, where) for part in re.split(r"[\s,]+", text.strip()) if part)
    if not keys:
        raise KeyFileError(f"{where} is empty; it must be base64 of {KEY_BYTES} bytes: openssl rand -base64 32")
    return keys


def _decoded_key(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise KeyFileError(f"{where} is not base64 of {KEY_BYTES} bytes; make one: openssl rand -base64 32") from None
    if len(key) != KEY_BYTES:
        raise KeyFileError(f"{where} holds {len(key)} bytes; it must be base64 of {KEY_BYTES}: openssl rand -base64 32")
    return key
