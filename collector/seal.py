"""The seal of the spool: what waits on disk is compressed and encrypted, because it is not redacted yet."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
import stat
import sys
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from pathlib import Path

KEY_BYTES = 32
DIGEST_BYTES = 16
_NONCE_BYTES = 12
_FORMAT = b"\x01"
_ZSTD_LEVEL = 1
_MAX_OPENED_BYTES = 256 << 20


class SealError(Exception):
    """A sealed body cannot be opened: another key, another row, or damage. Its text never quotes the body."""


class KeyFileError(Exception):
    """The key of the seal cannot be used as it is; the text says how to put it right."""


class Seal:
    """Seals and opens bodies under one key of 32 bytes, and recognises repeats by a keyed hash.

    A sealed body is: format byte, 12 bytes of random nonce, AES-256-GCM of the zstd frame. Two keys are derived
    from the given one (HKDF, RFC 5869), so that the hash tells nothing about the encryption. Random nonces are
    safe for 2**32 bodies a key (NIST SP 800-38D, 8.3): three years at 40 requests a second.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise KeyFileError(f"The key of the seal has {len(key)} bytes; it must have {KEY_BYTES}.")
        self._cipher = AESGCM(_derive(key, b"spanledger seal"))
        self._digest_key = _derive(key, b"spanledger digest")

    def seal(self, body: bytes, aad: bytes) -> bytes:
        """Return the body compressed and encrypted, bound to `aad`: it opens only with the same `aad`."""
        if len(body) > _MAX_OPENED_BYTES:
            raise SealError(f"A body of {len(body)} bytes is over the {_MAX_OPENED_BYTES} that a seal opens again.")
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, zstd.compress(body, level=_ZSTD_LEVEL), aad)

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """Return what was sealed under the same key and `aad`, or raise SealError."""
        if sealed[:1] != _FORMAT:
            raise SealError("The sealed body is in a format that this version does not know.")
        try:
            frame = self._cipher.decrypt(sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :], aad)
            decompressor = zstd.ZstdDecompressor()
            body = decompressor.decompress(frame, max_length=_MAX_OPENED_BYTES)
        except (InvalidTag, ValueError, zstd.ZstdError):
            raise SealError("The sealed body does not open: another key, another row, or damage.") from None
        if not decompressor.eof:
            raise SealError(f"The sealed body is cut short or opens to more than {_MAX_OPENED_BYTES} bytes.")
        return body

    def digest(self, signal: str, body: bytes) -> bytes:
        """Return 16 bytes that are the same for the same signal and body, and mean nothing without the key."""
        keyed = hashlib.blake2b(digest_size=DIGEST_BYTES, key=self._digest_key, person=signal.encode()[:16])
        keyed.update(body)
        return keyed.digest()


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(key)


def load_or_create_key(path: Path, from_env: str | None, *, variable: str = "SPANLEDGER_SPOOL_KEY") -> bytes:
    """Return a key: `from_env` (base64 of 32 bytes, set in `variable`), else the file at `path`, created when missing.

    A key file that others may read is refused: whoever reads it can open the spool, or undo pseudonyms by trial.
    """
    if from_env:
        return _decoded(from_env, variable)
    try:
        return _read_key(path)
    except FileNotFoundError:
        return _create_key(path)


def _read_key(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(1024)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise KeyFileError(f"The key file {path} cannot be read ({error.strerror}).") from None
    if mode & 0o077:
        raise KeyFileError(f"The key file {path} is open to others (mode {mode:04o}); run: chmod 600 {path}")
    return _decoded(content.decode("ascii", "replace"), f"The key file {path}")


def _create_key(path: Path) -> bytes:
    """Write a new key beside its place and link it there: a crash leaves a whole key or none, and a race one winner."""
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
        _sync_directory(path.parent)
    except OSError as error:
        raise KeyFileError(f"The key file {path} cannot be created ({error.strerror}).") from None
    return key


def _sync_directory(path: Path) -> None:
    """Without this a power loss could keep the spool and forget the name of its key."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _decoded(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise KeyFileError(f"{where} is not base64 of {KEY_BYTES} bytes; make one: openssl rand -base64 32") from None
    if len(key) != KEY_BYTES:
        raise KeyFileError(f"{where} holds {len(key)} bytes; it must be base64 of {KEY_BYTES}: openssl rand -base64 32")
    return key
