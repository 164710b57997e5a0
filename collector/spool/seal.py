"""The seal of the spool: requests on disk are compressed and encrypted, because they are not redacted yet."""

from __future__ import annotations

import hashlib
import secrets
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

KEY_BYTES = 32
DIGEST_BYTES = 16
_NONCE_BYTES = 12
_FORMAT = b"\x01"
_ZSTD_LEVEL = 1
_MAX_OPENED_BYTES = 256 << 20


class SealError(Exception):
    """A sealed body cannot be opened: another key, another row, or damage. The message never quotes the body."""


def bound_to(signal: str, digest: bytes) -> bytes:
    """Return the associated data of a body's encryption. It prevents swapping bodies between rows."""
    return signal.encode() + b"\0" + digest


class Seal:
    """Seals bodies with the first of its keys (32 bytes each), opens bodies of all of them, and computes digests.

    A sealed body is: format byte, 12 bytes of random nonce, AES-256-GCM of the zstd frame. An encryption key and a
    digest key are derived from each key (HKDF, RFC 5869), so that a digest reveals nothing about the encryption.
    Random nonces are safe for 2**32 bodies a key (NIST SP 800-38D, 8.3): three years at 40 requests a second.
    """

    def __init__(self, key: bytes, *older: bytes) -> None:
        for each in (key, *older):
            if len(each) != KEY_BYTES:
                raise ValueError(f"The key of the seal has {len(each)} bytes; it must have {KEY_BYTES}.")
        self._ciphers = [AESGCM(_derive(each, b"spanledger seal")) for each in (key, *older)]
        self._digest_keys = [_derive(each, b"spanledger digest") for each in (key, *older)]

    @property
    def fingerprints(self) -> list[bytes]:
        """Identifiers of the keys, the sealing key first. They reveal nothing about the keys."""
        return self.digests("fingerprint", b"")

    def seal(self, body: bytes, aad: bytes) -> bytes:
        """Return the body compressed and encrypted, bound to `aad`: it opens only with the same `aad`."""
        if len(body) > _MAX_OPENED_BYTES:
            raise SealError(f"A body of {len(body)} bytes is over the {_MAX_OPENED_BYTES} that a seal opens again.")
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + nonce + self._ciphers[0].encrypt(nonce, zstd.compress(body, level=_ZSTD_LEVEL), aad)

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """Return the body that was sealed with one of the keys and the same `aad`. Raises SealError."""
        if sealed[:1] != _FORMAT:
            raise SealError("The sealed body is in a format that this version does not know.")
        frame = self._frame(sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :], aad)
        decompressor = zstd.ZstdDecompressor()
        try:
            body = decompressor.decompress(frame, max_length=_MAX_OPENED_BYTES)
        except (ValueError, zstd.ZstdError):
            raise SealError("The sealed body opens to what is no zstd frame.") from None
        if not decompressor.eof:
            raise SealError(f"The sealed body is cut short or opens to more than {_MAX_OPENED_BYTES} bytes.")
        return body

    def digest(self, signal: str, body: bytes) -> bytes:
        """Return a keyed hash (16 bytes) of signal and body."""
        return self._digest(self._digest_keys[0], signal, body)

    def digests(self, signal: str, body: bytes) -> list[bytes]:
        """Return the digest under each key: a repeat is recognised even if the key was changed in between."""
        return [self._digest(key, signal, body) for key in self._digest_keys]

    def _frame(self, nonce: bytes, encrypted: bytes, aad: bytes) -> bytes:
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(nonce, encrypted, aad)
            except (InvalidTag, ValueError):  # ValueError: the body is too short
                continue
        raise SealError("The sealed body does not open: another key, another row, or damage.")

    @staticmethod
    def _digest(key: bytes, signal: str, body: bytes) -> bytes:
        keyed = hashlib.blake2b(digest_size=DIGEST_BYTES, key=key, person=signal.encode()[:16])
        keyed.update(body)
        return keyed.digest()


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(key)
